// What a request asks of the person, as the screen shows it. The engine holds the same rules and has the last word.
import type { ApprovalCard, ApprovalItem, Risk, State } from "../../api";
import type { MessageKey } from "../../messages";

/** Most requests that can be approved together. */
export const BULK_MOST = 20;
/** Least characters of the reason for settling an outcome by hand. */
export const SETTLE_REASON = 10;

/** True when approving takes a window of its own. */
export function needsConfirm(risk: Risk): boolean {
  return risk === "high" || risk === "critical";
}

/** True when the reason is long enough for this request. */
export function isReasonEnough(card: Pick<ApprovalCard, "least_reason">, reason: string): boolean {
  return [...reason.trim()].length >= card.least_reason;
}

/** True when what was typed is the target, spaces around it aside; also when none has to be typed. */
export function isTargetTyped(card: Pick<ApprovalCard, "typed_target">, typed: string): boolean {
  return card.typed_target === null || typed.trim() === card.typed_target;
}

/** Where a request stands, as far as the screen's layout cares. */
export type Phase = "open" | "sending" | "done" | "failed" | "closed" | "unknown";

const PHASES: Readonly<Record<State, Phase>> = {
  pending: "open", approved: "sending", claimed: "sending", dispatched: "sending", succeeded: "done",
  failed: "failed", unknown: "unknown", denied: "closed", expired: "closed", cancelled: "closed",
};

/** The phase of a state. */
export function phaseOf(state: State): Phase {
  return PHASES[state];
}

/** True for what stands in the waiting list: open, or with an outcome a person must settle. */
export function needsPerson(item: Pick<ApprovalItem, "state">): boolean {
  return item.state === "pending" || item.state === "unknown";
}

/** Why `item` cannot join the marked ones, or null when it can. */
export function cannotMark(item: ApprovalItem, marked: readonly ApprovalItem[]): MessageKey | null {
  if (item.state !== "pending") return "approvals.bulk.notWaiting";
  if (item.risk !== "medium") return "approvals.bulk.onlyMedium";
  if (!item.can_approve) return "approvals.spoken.notAllowed";
  if (marked.some((one) => one.operation !== item.operation)) return "approvals.bulk.oneTool";
  if (marked.length >= BULK_MOST) return "approvals.bulk.tooMany";
  return null;
}

const ACTIONS: Readonly<Record<string, MessageKey>> = {
  "sap.create_purchase_order": "approvals.approve.order",
};

/** What the approve button says for an operation: verb and object. */
export function approveLabel(operation: string): MessageKey {
  return ACTIONS[operation] ?? "approvals.approve.request";
}

/** Four characters at a time, so that it can be compared by eye. */
export function spaced(fingerprint: string): string {
  return (fingerprint.replace(/\s/g, "").match(/.{1,4}/g) ?? []).join(" ");
}

/** Votes that count: an undo makes earlier ones void. */
export function standingVotes(card: Pick<ApprovalCard, "votes">): ApprovalCard["votes"] {
  return card.votes.filter((vote) => vote.verdict === "approve" && !vote.is_void);
}
