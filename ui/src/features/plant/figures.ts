// Key figures as the screen words and draws them: shares with one decimal, "–" for what is not known, the steps of the loss
// waterfall with where they begin and end, and what an answer's notes mean for its reader. Nothing is computed anew here.
import type { FigureBasis, FigureNoteKind, Figures, ParetoBar, PlantWindow, WaterfallKind, WaterfallStep } from "../../api";
import { formatNumber, formatQuantity, formatSpan, safeText, type ChartTable } from "../../kit";
import { t, type MessageKey } from "../../messages";
import { siteDate, siteTime, zoneShort } from "./times";

/** A share of one as per cent with one decimal; "–" when it is not known. Over 100 % is shown as it is. */
export function formatShare(share: number | null): string {
  return share === null ? "–" : formatQuantity(share * 100, "%", 1);
}

/** A share as a number of per cent for a table or a file. */
export function percent(share: number | null): number | null {
  return share === null ? null : Math.round(share * 1000) / 10;
}

/** Whole seconds with their unit. */
export function formatSeconds(seconds: number): string {
  return formatQuantity(Math.round(seconds), "s", 0);
}

/** A length of time to compare by: `3:12 h`, `12 min`, `40 s`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  const sign = seconds < 0 ? "−" : "";
  if (whole < 60) return `${sign}${formatQuantity(whole, "s", 0)}`;
  if (whole < 3600) return `${sign}${formatQuantity(Math.round(whole / 60), "min", 0)}`;
  // Of hundreds of hours the minutes are noise.
  if (whole >= 100 * 3600) return `${sign}${formatQuantity(Math.round(whole / 3600), "h", 0)}`;
  const minutes = Math.round(whole / 60);
  return `${sign}${formatQuantity(`${formatNumber(Math.floor(minutes / 60))}:${String(minutes % 60).padStart(2, "0")}`, "h")}`;
}

/** A step of the waterfall and the stretch of seconds it is drawn over. */
export interface WaterfallBar {
  readonly step: WaterfallStep;
  readonly from: number;
  readonly to: number;
}

/** Totals stand from zero; a loss hangs from what was left before it. A gain (a negative loss) reaches beyond. */
export function waterfallBars(steps: readonly WaterfallStep[]): WaterfallBar[] {
  let left = 0;
  return steps.map((step) => {
    if (step.is_total) {
      left = step.seconds;
      return { step, from: 0, to: step.seconds };
    }
    const before = left;
    left -= step.seconds;
    return { step, from: Math.min(before, left), to: Math.max(before, left) };
  });
}

/** The smallest reasons gathered in one step, so that a screen holds the rest. The table keeps them all, and the sums stay. */
export function foldReasons(steps: readonly WaterfallStep[], most = 8): WaterfallStep[] {
  const reasons = steps.filter((step) => step.kind === "stop_reason").sort((a, b) => b.seconds - a.seconds);
  if (reasons.length <= most) return [...steps];
  const small = new Set(reasons.slice(most - 1));
  const seconds = [...small].reduce((sum, step) => sum + step.seconds, 0);
  const rest: WaterfallStep = { kind: "stop_reason", is_total: false, code: null, text: t("plant.loss.otherReasons", { count: small.size }), seconds };
  const at = Math.max(...[...small].map((step) => steps.indexOf(step)));
  return steps.flatMap((step, index) => (index === at ? [rest] : small.has(step) ? [] : [step]));
}

/** How far the losses and the last total miss the first total, in seconds. Zero when the sums close. */
export function waterfallGap(steps: readonly WaterfallStep[]): number {
  const totals = steps.filter((step) => step.is_total);
  const [first, last] = [totals[0], totals.at(-1)];
  if (first === undefined || last === undefined) return 0;
  const lost = steps.filter((step) => !step.is_total).reduce((sum, step) => sum + step.seconds, 0);
  return first.seconds - lost - last.seconds;
}

/** The words of a step: the plant's own for a reason, ours for the rest. */
export function stepName(step: WaterfallStep): string {
  const reason = step.text ?? step.code;
  return step.kind === "stop_reason" && reason !== null ? safeText(reason).slice(0, 200) : t(`plant.loss.${step.kind}`);
}

/** Losses whose cause nobody told are hatched. */
export function isUntold(kind: WaterfallKind): boolean {
  return kind === "no_reason" || kind === "no_data" || kind === "unknown_state" || kind === "offline";
}

/** The waterfall as a table: what, seconds, share of the first total. */
export function waterfallTable(steps: readonly WaterfallStep[]): ChartTable {
  const whole = steps[0]?.seconds ?? 0;
  return {
    columns: [{ name: t("plant.col.step"), isNumeric: false }, { name: t("plant.col.what"), isNumeric: false }, { name: t("plant.col.seconds"), isNumeric: true }, { name: t("plant.col.sharePbt"), isNumeric: true }],
    rows: steps.map((step) => [stepName(step), t(step.is_total ? "plant.col.total" : "plant.col.loss"), Math.round(step.seconds), percent(whole > 0 ? step.seconds / whole : null)]),
  };
}

/** The words of a bar of the Pareto. */
export function barName(bar: ParetoBar): string {
  if (bar.kind === "other") return t("plant.pareto.other", { count: bar.reasons });
  if (bar.kind === "no_reason") return t("plant.stops.noReason");
  return safeText(bar.text ?? bar.code ?? "–").slice(0, 200);
}

/** What stands beside every figure of an answer, worst first. */
export interface BasisNote {
  readonly kind: FigureNoteKind;
  readonly text: string;
  readonly isGrave: boolean;
}

const GRAVE: ReadonlySet<FigureNoteKind> = new Set<FigureNoteKind>(["source_missing", "source_stale"]);

/** The notes of an answer in words, the grave ones first. */
export function basisNotes(basis: FigureBasis): BasisNote[] {
  return basis.notes
    .map((note) => ({ kind: note.kind, isGrave: GRAVE.has(note.kind), text: note.kind === "source_missing" ? t(missingKey(basis)) : t(`plant.note.${note.kind}`, { count: note.count ?? 0 }) }))
    .sort((a, b) => Number(b.isGrave) - Number(a.isGrave));
}

// What the MES does not tell is named by what the answer is about.
function missingKey(basis: FigureBasis): MessageKey {
  if (basis.definition.endsWith(".orders")) return "plant.note.source_missing.orders";
  return basis.definition.endsWith(".quality") ? "plant.note.source_missing.quality" : "plant.note.source_missing.history";
}

/** True when the MES does not tell what the answer rests on, so that nothing of it can be shown: states of the past, orders, quality. */
export function hasNoSource(basis: FigureBasis): boolean {
  return basis.notes.some((note) => note.kind === "source_missing");
}

/** An answer is late when the source last answered so long ago. */
const LATE_MS = 90_000;
const STALE_MS = 180_000;

/** How old what an answer rests on is: `data 12 s old`, `delayed, 2 min`, `stale since 13:02`. */
export function basisAge(basis: FigureBasis, isFeedStale: boolean, zone: string | null, now: number): { readonly text: string; readonly isStale: boolean } {
  if (basis.data_until === null) return { text: t("plant.feed.never"), isStale: true };
  const age = now - Date.parse(basis.data_until);
  const isStale = isFeedStale || age > STALE_MS || basis.notes.some((note) => note.kind === "source_stale");
  if (isStale) return { text: t("plant.feed.stale", { time: siteTime(basis.data_until, zone) }), isStale };
  return { text: t(age > LATE_MS ? "plant.feed.delayed" : "plant.age.old", { span: formatSpan(age) }), isStale };
}

/** Whether a figure may be coloured: only where enough is known and the data is not old. */
export function isShort(value: number | null, target: number | null, figures: Figures, isStale: boolean): boolean {
  return value !== null && target !== null && value < target && !figures.is_low_confidence && !isStale;
}

/** The exact limits of a window, `06:00 to 14:00 CEST`, with dates where they are of two days or of another day than today. */
export function limitsText(window: PlantWindow, now: number): string {
  const zone = window.time_zone;
  const [from, to, today] = [siteDate(window.since, zone), siteDate(window.until, zone), siteDate(now, zone)];
  const start = from === today && to === today ? siteTime(window.since, zone) : `${from} ${siteTime(window.since, zone)}`;
  const end = from === to ? siteTime(window.until, zone) : `${to} ${siteTime(window.until, zone)}`;
  return t("plant.time.limits", { from: start, to: end, zone: zoneShort(window.since, zone) });
}
