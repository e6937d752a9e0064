// What a risk asks of the person, as the screen shows it. The engine holds the same rules and has the last word.
import type { ApprovalCard, ApprovalItem, ApprovalState, Risk } from "../../api";
import type { MessageKey } from "../../messages";

/** Most requests that can be approved together. */
export const BULK_MOST = 20;
/** Characters a reason needs, 0 when it is optional. */
export const REASON_NEEDED: Readonly<Record<Risk, number>> = { LOW: 0, MEDIUM: 0, HIGH: 1, CRITICAL: 20 };
/** Reasons an agent is told when its request is denied. */
export const DENY_PRESETS = ["unauthorised_scope", "suspicious_parameters", "wrong_target", "exceeds_budget", "not_now"] as const;
export type DenyPreset = (typeof DENY_PRESETS)[number];

/** True when approving takes a window of its own. */
export function needsConfirm(risk: Risk): boolean {
  return risk === "HIGH" || risk === "CRITICAL";
}

/** True when the reason is long enough for the risk. */
export function isReasonEnough(risk: Risk, reason: string): boolean {
  return [...reason.trim()].length >= REASON_NEEDED[risk];
}

/** True when what was typed is the target, spaces around it aside. */
export function isTargetTyped(card: Pick<ApprovalCard, "risk" | "target">, typed: string): boolean {
  return card.risk !== "CRITICAL" || (card.target !== null && typed.trim() === card.target.trim());
}

/** Where a request stands, as far as the screen's layout cares. */
export type Phase = "open" | "sending" | "done" | "failed" | "closed" | "unknown";

const PHASES: Readonly<Record<ApprovalState, Phase>> = {
  pending: "open", approved: "sending", claimed: "sending", dispatched: "sending", succeeded: "done",
  failed: "failed", unknown: "unknown", denied: "closed", expired: "closed", cancelled: "closed",
};

/** The phase of a state. */
export function phaseOf(state: ApprovalState): Phase {
  return PHASES[state];
}

/** Why `item` cannot join the marked ones, or null when it can. */
export function cannotMark(item: ApprovalItem, marked: readonly ApprovalItem[]): MessageKey | null {
  if (item.state !== "pending") return "approvals.bulk.notWaiting";
  if (item.risk !== "MEDIUM") return "approvals.bulk.onlyMedium";
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
export function fingerprint(digest: string): string {
  return (digest.replace(/^sha256:/, "").slice(0, 12).match(/.{1,4}/g) ?? []).join(" ");
}
