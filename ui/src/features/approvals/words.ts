// How a request's end is said, in the list and on the card.
import type { ApprovalItem, ApprovalState } from "../../api";
import { safeText } from "../../kit";
import { t, type MessageKey } from "../../messages";

/** The end of a request in a few words: "Approved by you". */
export function verdict(item: ApprovalItem, me: string | null): string {
  const who = decider(item, me);
  switch (item.state) {
    case "denied":
      return t("approvals.verdict.deniedBy", { who });
    case "expired":
      return t("approvals.verdict.expired");
    case "cancelled":
      return t("approvals.verdict.cancelled");
    case "failed":
      return item.outcome_text === null ? t("approvals.verdict.failed") : safeText(item.outcome_text);
    case "unknown":
      return t("approvals.verdict.unknown");
    case "pending":
      return t("approvals.verdict.pending");
    case "approved":
    case "claimed":
    case "dispatched":
      return t("approvals.verdict.sending", { who });
    case "succeeded":
      return t("approvals.verdict.approvedBy", { who });
  }
}

function decider(item: ApprovalItem, _me: string | null): string {
  if (item.decided_by_me) return t("approvals.you");
  if (item.decided_by === null) return "–";
  return item.decided_by === "policy" ? t("approvals.policy") : safeText(item.decided_by);
}

/** Who decided, for a sentence. */
export function deciderOf(item: ApprovalItem): string {
  return decider(item, null);
}

const HEADLINES: Readonly<Record<ApprovalState, MessageKey>> = {
  pending: "approvals.state.pending", approved: "approvals.state.approved", claimed: "approvals.state.sending", dispatched: "approvals.state.sending",
  succeeded: "approvals.state.succeeded", failed: "approvals.state.failed", unknown: "approvals.state.unknown",
  denied: "approvals.state.denied", expired: "approvals.state.expired", cancelled: "approvals.state.cancelled",
};

/** The headline of a state. */
export function headline(state: ApprovalState): MessageKey {
  return HEADLINES[state];
}
