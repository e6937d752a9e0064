import { describe, expect, it } from "vitest";
import type { ApprovalItem } from "../../api";
import { BULK_MOST, cannotMark, isReasonEnough, isTargetTyped, needsConfirm, phaseOf, spaced, standingVotes } from "./rules";

const item = (more: Partial<ApprovalItem> = {}): ApprovalItem => ({
  id: "a", title: "t", operation: "sap.create_purchase_order", requester: "agent", risk: "medium", state: "pending", requested_at: "", decide_by: "", decided_at: null,
  decided_by: [], votes: 0, quorum: 1, undo_until: null, outcome: null, reference: null, digest: "d", can_approve: true, ...more,
});

describe("bulk", () => {
  it("takes MEDIUM of one tool, twenty at most", () => {
    expect(cannotMark(item(), [])).toBeNull();
    expect(cannotMark(item({ risk: "high" }), [])).toBe("approvals.bulk.onlyMedium");
    expect(cannotMark(item({ operation: "mes.hold" }), [item()])).toBe("approvals.bulk.oneTool");
    expect(cannotMark(item(), Array.from({ length: BULK_MOST }, () => item()))).toBe("approvals.bulk.tooMany");
    expect(cannotMark(item({ state: "denied" }), [])).toBe("approvals.bulk.notWaiting");
    expect(cannotMark(item({ can_approve: false }), [])).toBe("approvals.spoken.notAllowed");
  });
});

describe("friction", () => {
  it("grows with the risk", () => {
    expect((["low", "medium", "high", "critical"] as const).map(needsConfirm)).toEqual([false, false, true, true]);
  });
  it("counts characters of the reason as read, spaces around it aside", () => {
    expect(isReasonEnough({ least_reason: 20 }, `  ${"ä".repeat(19)}  `)).toBe(false);
    expect(isReasonEnough({ least_reason: 20 }, "😀".repeat(20))).toBe(true);
    expect(isReasonEnough({ least_reason: 0 }, "")).toBe(true);
  });
  it("wants the target exactly", () => {
    expect(isTargetTyped({ typed_target: "4500012873" }, " 4500012873 ")).toBe(true);
    expect(isTargetTyped({ typed_target: "4500012873" }, "450001287")).toBe(false);
    expect(isTargetTyped({ typed_target: null }, "")).toBe(true);
  });
});

describe("states", () => {
  it("are never called done before the system answered", () => {
    expect((["approved", "claimed", "dispatched"] as const).map(phaseOf)).toEqual(["sending", "sending", "sending"]);
    expect(phaseOf("unknown")).toBe("unknown");
  });
  it("count only votes that stand", () => {
    const vote = { person: "K", verdict: "approve", at: "", reason: null, is_void: false } as const;
    expect(standingVotes({ votes: [vote, { ...vote, is_void: true }, { ...vote, verdict: "deny" }] })).toEqual([vote]);
  });
  it("space a fingerprint for the eye", () => {
    expect(spaced("7d4f0c2fa91b")).toBe("7d4f 0c2f a91b");
  });
});
