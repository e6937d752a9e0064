// How a request's state and story are said, in the list and on the card.
import type { ApprovalCard, ApprovalItem, HindranceView, OutcomeKind, State } from "../../api";
import { formatAmount, safeText } from "../../kit";
import { t, type MessageKey } from "../../messages";

/** The end of a request in a few words: "Approved by you". `me` is the name of who looks. */
export function verdict(item: ApprovalItem, me: string | null): string {
  const who = deciders(item.decided_by, me);
  switch (item.state) {
    case "denied":
      return t("approvals.verdict.deniedBy", { who });
    case "expired":
      return t("approvals.verdict.expired");
    case "cancelled":
      return t("approvals.verdict.cancelled");
    case "failed":
      return t(outcomeKey(item.outcome ?? "refused_by_system"));
    case "unknown":
      return t("approvals.verdict.unknown");
    case "pending":
      return t("approvals.verdict.pending");
    case "approved":
    case "claimed":
    case "dispatched":
      return t("approvals.verdict.sending", { who });
    case "succeeded":
      return item.reference === null ? t("approvals.verdict.approvedBy", { who }) : t("approvals.verdict.approvedAs", { who, reference: safeText(item.reference) });
  }
}

/** Who decided, for a sentence. */
export function deciders(names: readonly string[], me: string | null): string {
  if (names.length === 0) return "–";
  return names.map((name) => (name === me ? t("approvals.you") : name === "policy" ? t("approvals.policy") : safeText(name))).join(", ");
}

/** The words for how an operation ended. */
export function outcomeKey(kind: OutcomeKind): MessageKey {
  return `approvals.outcome.${kind}`;
}

const HEADLINES: Readonly<Record<State, MessageKey>> = {
  pending: "approvals.state.pending", approved: "approvals.state.sending", claimed: "approvals.state.sending", dispatched: "approvals.state.sending",
  succeeded: "approvals.state.succeeded", failed: "approvals.state.failed", unknown: "approvals.state.unknown",
  denied: "approvals.state.denied", expired: "approvals.state.expired", cancelled: "approvals.state.cancelled",
};

/** The headline of a state. */
export function headline(state: State): MessageKey {
  return HEADLINES[state];
}

const ACTIONS: Readonly<Record<string, MessageKey>> = {
  "approval.requested": "approvals.act.requested", "approval.approved": "approvals.act.approved", "approval.voted": "approvals.act.voted",
  "approval.approved_by_policy": "approvals.act.policy", "approval.denied": "approvals.act.denied", "approval.undone": "approvals.act.undone",
  "approval.extended": "approvals.act.extended", "approval.expired": "approvals.act.expired", "approval.cancelled": "approvals.act.cancelled",
  "approval.claimed": "approvals.act.claimed", "approval.claim_returned": "approvals.act.returned", "approval.dispatched": "approvals.act.dispatched",
  "approval.succeeded": "approvals.act.succeeded", "approval.failed": "approvals.act.failed", "approval.not_sent": "approvals.act.notSent",
  "approval.unknown": "approvals.act.unknown", "approval.unknown_after_restart": "approvals.act.unknownRestart",
  "approval.reconciled": "approvals.act.reconciled", "approval.settled_by_hand": "approvals.act.settled",
};

/** The story of a request; an action the catalogue does not know is shown by its name. */
export function story(card: ApprovalCard): { at: string; what: string; who: string }[] {
  return card.timeline.map((entry) => {
    const key = ACTIONS[entry.action];
    return { at: entry.at, what: key === undefined ? entry.action : t(key), who: entry.who };
  });
}

/** When the system carried it out: its own confirmation; where that was lost, when it was sent. Not when it was decided. */
export function executedAt(card: Pick<ApprovalCard, "timeline" | "item">): string {
  const of = (action: string): string | undefined => card.timeline.findLast((entry) => entry.action === action)?.at;
  return of("approval.succeeded") ?? of("approval.dispatched") ?? card.item.decided_at ?? card.item.decide_by;
}

const PRESETS: Readonly<Record<string, MessageKey>> = {
  unauthorised_scope: "approvals.preset.unauthorised_scope", suspicious_parameters: "approvals.preset.suspicious_parameters", wrong_target: "approvals.preset.wrong_target",
  exceeds_budget: "approvals.preset.exceeds_budget", not_now: "approvals.preset.not_now",
};

/** The words of a ready reason; one the catalogue does not know is shown by its code. */
export function presetWords(code: string): string {
  const key = PRESETS[code];
  return key === undefined ? code : t(key);
}

/** A denial's reason with its ready part in words: it is kept as `wrong_target: the other plant`. */
export function reasonWords(reason: string): string {
  const [, code = "", rest] = /^([a-z_]+)(?:: ([^]*))?$/.exec(reason) ?? [];
  if (PRESETS[code] === undefined) return reason;
  return rest === undefined ? presetWords(code) : `${presetWords(code)}: ${rest}`;
}

/** The decided request's title with its money, for the list of similar ones. */
export function similarTitle(one: ApprovalCard["similar"][number]): string {
  return one.value === null ? one.title : `${one.title}, ${formatAmount(one.value.amount, one.value.currency)}`;
}

/** How a similar request ended. */
export function similarEnd(one: ApprovalCard["similar"][number], me: string | null): string {
  const who = deciders(one.decided_by, me);
  return one.state === "denied" ? t("approvals.verdict.deniedBy", { who }) : one.state === "succeeded" ? t("approvals.verdict.approvedBy", { who }) : t(headline(one.state), { who, time: "" });
}

const HINDRANCES: Readonly<Record<HindranceView, MessageKey>> = {
  role: "approvals.hindrance.role", own: "approvals.hindrance.own", voted: "approvals.hindrance.voted", not_waiting: "approvals.hindrance.not_waiting", no_key: "approvals.hindrance.no_key",
};

/** Why this person cannot approve. */
export function hindranceKey(hindrance: HindranceView): MessageKey {
  return HINDRANCES[hindrance];
}

/** The sentence of what will happen, cut around the money in it, which is what is read first. */
export function aroundValue(card: Pick<ApprovalCard, "sentence" | "value">): { text: string; isValue: boolean }[] {
  return aroundMoney(card.sentence, card.value?.currency ?? "");
}

/** What made the risk what it is, on one line, money as the operator writes it. */
export function riskReasons(card: Pick<ApprovalCard, "risk_reasons" | "value">): string {
  return aroundMoney(card.risk_reasons.join(", "), card.value?.currency ?? "").map((part) => part.text).join("");
}

function aroundMoney(words: string, currency: string): { text: string; isValue: boolean }[] {
  // A code is three letters; anything else came from a system and is not put into a pattern.
  if (!/^[A-Z]{3}$/.test(currency)) return [{ text: words, isValue: false }];
  return words
    .split(new RegExp(`(${currency}[ \\u00a0]\\d(?:[\\d.,]*\\d)?)`))
    .filter((text) => text !== "")
    .map((text) => {
      const isValue = text.startsWith(currency) && /\d$/.test(text);
      // The same digits, grouped; what is no plain decimal stays as it is.
      return { text: isValue ? formatAmount(text.slice(4), currency) : text, isValue };
    });
}
