// The last hours of one machine as stretches of time, from what the board knows: its stops and the state it is in now.
// What is not known is "no data" and is never bridged; nothing lies in the future.
import type { DowntimeEvent, MachineTile, TimelineSegment } from "../../api";
import type { ShownState } from "./states";

/** Eight hours. */
export const STRIP_MS = 8 * 3_600_000;

/** One stretch, in milliseconds since 1970. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** Null: no data. */
  readonly state: ShownState | null;
}

const CATEGORY_STATE: Readonly<Record<DowntimeEvent["category"], ShownState>> = {
  unplanned: "down", planned: "maintenance", setup: "setup", minor_stop: "minor_stop", waiting: "idle", unknown: "unknown",
};

/** The state a stop is drawn as. */
export function stateOfStop(event: DowntimeEvent): ShownState {
  return CATEGORY_STATE[event.category];
}

/** The stops of a machine that touch the window, newest first. Marked deleted or impossible ones are left out. */
export function stopsOf(machine: string, events: readonly DowntimeEvent[], since: number, now: number): DowntimeEvent[] {
  return events
    .filter((event) => event.machine_id === machine && !event.deleted && event.start !== null)
    .filter((event) => {
      const from = Date.parse(event.start ?? "");
      const to = event.end === null ? now : Date.parse(event.end);
      return to >= from && to >= since && from <= now;
    })
    .sort((a, b) => Date.parse(b.start ?? "") - Date.parse(a.start ?? ""));
}

/** The stretches of the window that ends now, without gaps and without overlap. A value too old ends where it was measured. */
export function stretches(tile: MachineTile, events: readonly DowntimeEvent[], isStale: boolean, now: number): Stretch[] {
  const since = now - STRIP_MS;
  const measured = tile.machine.observed_at === null ? now : Math.min(now, Date.parse(tile.machine.observed_at));
  const known: Stretch[] = stopsOf(tile.machine.machine_id, events, since, now).map((event) => ({
    from: Date.parse(event.start ?? ""),
    to: event.end === null ? (isStale ? measured : now) : Date.parse(event.end),
    state: stateOfStop(event),
  }));
  const began = tile.machine.status_since === null ? NaN : Date.parse(tile.machine.status_since);
  if (!Number.isNaN(began)) known.push({ from: began, to: isStale ? measured : now, state: tile.machine.status });
  return fill(known, since, now);
}

/** The segments the engine tells, up to now. Between two of them nothing is bridged. */
export function told(segments: readonly TimelineSegment[], since: number, now: number): Stretch[] {
  return fill(segments.map((one) => ({ from: Date.parse(one.start), to: Date.parse(one.end), state: one.state })), since, now);
}

// The event that began first has each moment, as in the Pareto of losses.
function fill(known: readonly Stretch[], since: number, now: number): Stretch[] {
  const sorted = [...known].sort((a, b) => a.from - b.from);
  const out: Stretch[] = [];
  let at = since;
  for (const one of sorted) {
    const from = Math.max(at, one.from);
    const to = Math.min(now, one.to);
    if (to <= from) continue;
    if (from > at) out.push({ from: at, to: from, state: null });
    out.push({ from, to, state: one.state });
    at = to;
  }
  if (at < now) out.push({ from: at, to: now, state: null });
  return out;
}
