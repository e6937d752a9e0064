// What the Query screen says about an answer, in the words of the catalogue.
import type { ChangeView, QueryAnswer, QueryRecord, ScorePartView } from "../../api";
import { formatDate, formatQuantity, formatTime, formatWeekday, safeText } from "../../kit";
import { t, type MessageKey } from "../../messages";

const DAY = 86_400_000;

/** When an entry of the history was made: the time today, the weekday within the week, else the date. */
export function historyTime(at: string, now: number): string {
  if (formatDate(at) === formatDate(now)) return formatTime(at);
  return now - Date.parse(at) < 6 * DAY ? formatWeekday(at) : formatDate(at);
}

/** How an entry of the history ended. */
export function historyOutcome(record: QueryRecord): { readonly text: string; readonly isBad: boolean } {
  if (!record.is_allowed) return { text: t("query.history.blocked"), isBad: true };
  if (record.problem !== null) return { text: t("query.history.failed"), isBad: true };
  return { text: t("query.rowCount", { count: record.rows ?? 0 }), isBad: false };
}

/** The head of the verdict card. */
export function verdictTitle(answer: QueryAnswer): string {
  if (answer.verdict === "refused") return t("query.verdict.refused");
  return answer.changes.length === 0 ? t("query.verdict.allowed") : t("query.verdict.changed", { count: answer.changes.length });
}

/** Microseconds of the guard as text. */
export function checkTime(us: number): string {
  return us < 1000 ? formatQuantity(us, "µs") : formatQuantity(us / 1000, "ms", us < 10_000 ? 1 : 0);
}

// Routine of every query: a value that became a parameter changes nothing about what is read.
const ROUTINE = new Set(["literal_bound", "name_added", "alias_resolved"]);

/** True for a change that alters what is read or how much of it. */
export function isNotable(change: ChangeView): boolean {
  return !ROUTINE.has(change.code);
}

const CHANGE_TITLES: Readonly<Record<string, MessageKey>> = {
  limit_added: "query.change.limit_added",
  limit_lowered: "query.change.limit_lowered",
  star_expanded: "query.change.star_expanded",
  wildcard_expanded: "query.change.star_expanded",
  column_left_out: "query.change.column_left_out",
  literal_bound: "query.change.literal_bound",
  join_spelled_out: "query.change.join_spelled_out",
  alias_resolved: "query.change.alias_resolved",
  name_added: "query.change.name_added",
};

/** A change in a few words; the guard's own words for one that is not known here. */
export function changeTitle(change: ChangeView): string {
  const key = CHANGE_TITLES[change.code];
  return key === undefined ? safeText(change.message) : t(key);
}

const PART_TITLES: Readonly<Record<string, MessageKey>> = {
  join: "query.score.join",
  where: "query.score.where",
  subquery: "query.score.subquery",
  group_by: "query.score.group_by",
};

/** A part of the score in a word. */
export function partTitle(part: ScorePartView): string {
  const key = PART_TITLES[part.kind];
  return key === undefined ? safeText(part.kind) : t(key);
}
