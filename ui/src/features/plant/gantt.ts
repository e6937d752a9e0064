// A machine's states over a window as they are drawn: from the window's edge, to now and no further, gaps as gaps, and what
// is thinner than two pixels gathered into marks that say how many. Also the scale: ticks, shifts, breaks, changed clocks.
// Pure: drawing is in Gantt.svelte.
import type { MachineState, MachineTimeline, PlantWindow } from "../../api";
import { zoneOffset } from "./times";

/** From and to in milliseconds since 1970, and the state; none: no data. */
export type CompactSegment = MachineTimeline["segments"][number];

/** A stretch of a row, in pixels from the window's start. */
export interface DrawnStretch {
  readonly kind: "state" | "no_data" | "short";
  /** Of several short ones the gravest. */
  readonly state: MachineState | null;
  readonly left: number;
  readonly width: number;
  /** In milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** How many are gathered in it. */
  readonly count: number;
}

/** Thinner than this nothing can be pointed at. */
export const THINNEST_PX = 2;

const GRAVEST: readonly MachineState[] = ["down", "unknown", "offline", "setup", "maintenance", "idle", "running"];
const graver = (a: MachineState | null, b: MachineState | null): MachineState | null => {
  if (a === null || b === null) return a ?? b;
  return GRAVEST.indexOf(a) <= GRAVEST.indexOf(b) ? a : b;
};

interface Clipped { readonly from: number; readonly to: number; readonly state: MachineState | null }

/** The segments within the window, in order, without overlap, ending now at the latest; what is missing between is no data. */
export function clip(segments: readonly CompactSegment[], since: number, until: number, now: number): Clipped[] {
  const end = Math.min(until, now);
  const out: Clipped[] = [];
  let at = since;
  for (const [start, stop, state] of [...segments].sort((a, b) => a[0] - b[0])) {
    const from = Math.max(at, start);
    const to = Math.min(end, stop);
    if (to <= from) continue;
    if (from > at) out.push({ from: at, to: from, state: null });
    out.push({ from, to, state });
    at = to;
  }
  if (at < end) out.push({ from: at, to: end, state: null });
  return out;
}

/** A row as it is drawn over `width` pixels. */
export function drawnRow(segments: readonly CompactSegment[], window: PlantWindow, width: number, now: number): DrawnStretch[] {
  const [since, until] = [Date.parse(window.since), Date.parse(window.until)];
  if (!(until > since) || width <= 0) return [];
  const scale = width / (until - since);
  const drawn: DrawnStretch[] = [];
  // A mark grows until what it covers is wide enough to be pointed at, and no further.
  let short: (Clipped & { count: number }) | null = null;
  const flush = (): void => {
    if (short === null) return;
    drawn.push({ kind: "short", state: short.state, from: short.from, to: short.to, left: (short.from - since) * scale, width: Math.max(THINNEST_PX, (short.to - short.from) * scale), count: short.count });
    short = null;
  };
  for (const one of clip(segments, since, until, now)) {
    const wide = (one.to - one.from) * scale;
    // Time nothing is known of is never gathered into a mark: it would be bridged.
    if (one.state === null || wide >= THINNEST_PX) {
      flush();
      drawn.push({ kind: one.state === null ? "no_data" : "state", state: one.state, from: one.from, to: one.to, left: (one.from - since) * scale, width: wide, count: 1 });
      continue;
    }
    const adds = one.state === "running" ? 0 : 1;
    short = short === null ? { ...one, count: adds } : { from: short.from, to: one.to, state: graver(short.state, one.state), count: short.count + adds };
  }
  flush();
  return drawn;
}

/** How many short stops a row's marks gather. */
export function shortCount(row: readonly DrawnStretch[]): number {
  return row.filter((one) => one.kind === "short").reduce((sum, one) => sum + one.count, 0);
}

/** Seconds in each state, no data included, for the words and the table of a row. */
export function totals(timeline: MachineTimeline, window: PlantWindow, now: number): ReadonlyMap<MachineState | null, number> {
  const sums = new Map<MachineState | null, number>();
  for (const one of clip(timeline.segments, Date.parse(window.since), Date.parse(window.until), now)) sums.set(one.state, (sums.get(one.state) ?? 0) + (one.to - one.from) / 1000);
  return sums;
}

/** A mark on the scale of time. */
export interface Tick {
  readonly at: number;
  readonly isDay: boolean;
}

const MINUTE = 60_000;
const STEPS = [15, 30, 60, 120, 240, 360, 720, 1440].map((minutes) => minutes * MINUTE);

/** Round times of the site's clock, about so many, also where the clocks change within the window. */
export function ticks(window: PlantWindow, most = 10): Tick[] {
  const [since, until] = [Date.parse(window.since), Date.parse(window.until)];
  if (!(until > since)) return [];
  const step = STEPS.find((one) => (until - since) / one <= most) ?? 1440 * MINUTE;
  const found: Tick[] = [];
  // Each quarter of an hour is a possible mark; which of them are round depends on the zone's clock at that moment.
  for (let at = Math.ceil(since / (15 * MINUTE)) * 15 * MINUTE; at <= until; at += 15 * MINUTE) {
    const wall = at + zoneOffset(at, window.time_zone) * MINUTE;
    if (wall % step === 0) found.push({ at, isDay: wall % (1440 * MINUTE) === 0 });
  }
  return found;
}

/** Moments within the window at which the site's clocks are put forward or back, with the minutes. */
export function clockChanges(window: PlantWindow): { readonly at: number; readonly minutes: number }[] {
  const [since, until] = [Date.parse(window.since), Date.parse(window.until)];
  const found: { at: number; minutes: number }[] = [];
  let before = zoneOffset(since, window.time_zone);
  for (let at = Math.ceil(since / (15 * MINUTE)) * 15 * MINUTE; at <= until; at += 15 * MINUTE) {
    const offset = zoneOffset(at, window.time_zone);
    if (offset !== before) found.push({ at, minutes: offset - before });
    before = offset;
  }
  return found;
}

/** Breaks and shift limits within the window. */
export function shiftMarks(window: PlantWindow): { readonly breaks: { readonly from: number; readonly to: number }[]; readonly limits: number[] } {
  const [since, until] = [Date.parse(window.since), Date.parse(window.until)];
  const breaks = window.shifts.flatMap((shift) => shift.breaks)
    .map((one) => ({ from: Math.max(since, Date.parse(one.start)), to: Math.min(until, Date.parse(one.end)) }))
    .filter((one) => one.to > one.from);
  const limits = [...new Set(window.shifts.flatMap((shift) => [Date.parse(shift.start), Date.parse(shift.end)]))].filter((at) => at > since && at < until);
  return { breaks, limits: limits.sort((a, b) => a - b) };
}
