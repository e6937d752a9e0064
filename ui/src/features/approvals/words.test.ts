import { describe, expect, it } from "vitest";
import type { ApprovalItem } from "../../api";
import { aroundValue, executedAt, reasonWords, riskReasons, verdict } from "./words";

const item = (more: Partial<ApprovalItem>): ApprovalItem => ({
  id: "a", title: "t", operation: "o", requester: "agent", risk: "medium", state: "pending", requested_at: "", decide_by: "", decided_at: null,
  decided_by: [], votes: 0, quorum: 1, undo_until: null, outcome: null, reference: null, digest: "d", can_approve: true, ...more,
});

describe("how a request ended", () => {
  it.each([
    [item({ state: "denied", decided_by: ["K. Lindqvist"] }), "Denied by K. Lindqvist"],
    [item({ state: "succeeded", decided_by: ["M. Ito"], reference: "4500012880" }), "Approved by you: 4500012880"],
    [item({ state: "succeeded", decided_by: ["policy"] }), "Approved by policy"],
    [item({ state: "expired" }), "Expired, nobody decided"],
    [item({ state: "dispatched", decided_by: ["M. Ito"] }), "Sending, approved by you"],
    [item({ state: "failed", outcome: "not_sent" }), "Not sent"],
    [item({ state: "unknown" }), "Outcome unknown, check needed"],
    [item({ state: "denied", decided_by: ["\u202Eotl .K"] }), "Denied by ⟦U+202E⟧otl .K"],
  ])("is said in a few words", (one, words) => {
    expect(verdict(one, "M. Ito")).toBe(words);
  });
});

it("puts the ready part of a reason into words", () => {
  expect(["wrong_target", "not_now: after the audit", "Terms not agreed.", "other_code: x"].map(reasonWords)).toEqual(["Wrong target", "Not now: after the audit", "Terms not agreed.", "other_code: x"]);
});

it("tells when the system did it, not when a person decided", () => {
  const entry = (at: string, action: string) => ({ at, action, who: "Andon" });
  const decided = item({ decided_at: "10:00" });
  const sent = [entry("09:59", "approval.requested"), entry("10:05", "approval.dispatched")];
  expect(executedAt({ item: decided, timeline: [...sent, entry("10:06", "approval.succeeded")] })).toBe("10:06");
  expect(executedAt({ item: decided, timeline: [...sent, entry("10:40", "approval.reconciled")] })).toBe("10:05");
  expect(executedAt({ item: decided, timeline: [] })).toBe("10:00");
});

describe("the money in a sentence", () => {
  it("is set apart", () => {
    expect(aroundValue({ sentence: "Orders coil for EUR 1,284,600.00. Soon.", value: { amount: "1284600.00", currency: "EUR" } })).toEqual([
      { text: "Orders coil for ", isValue: false }, { text: "EUR\u00a01,284,600.00", isValue: true }, { text: ". Soon.", isValue: false },
    ]);
  });
  it("is grouped, digit for digit", () => {
    expect(aroundValue({ sentence: "for EUR 1284600.00.", value: { amount: "1284600.00", currency: "EUR" } })[1]).toEqual({ text: "EUR\u00a01,284,600.00", isValue: true });
    expect(riskReasons({ risk_reasons: ["EUR 8545.60 commits money", "limit of EUR 5"], value: { amount: "8545.60", currency: "EUR" } })).toBe("EUR\u00a08,545.60 commits money, limit of EUR\u00a05");
  });
  it("is left alone when the currency is no code", () => {
    expect(aroundValue({ sentence: "for .* 5", value: { amount: "5", currency: ".*" } })).toEqual([{ text: "for .* 5", isValue: false }]);
  });
});
