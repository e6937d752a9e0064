// How much calls for attention at once: the rate against what one person can follow, and, in a flood, groups by area with
// the first cause instead of single lines (ISA-18.2: about one in ten minutes; more than ten in ten minutes is a flood).
import type { AbnormalItem, PlantBoard } from "../../api";

/** The stretch of time that is counted over. */
export const LOAD_MS = 10 * 60_000;
/** More than so many in it are a flood. */
export const FLOOD_OVER = 10;
/** So many in it one person can follow on average. */
export const LOAD_AVERAGE = 1;

/** Counts what was raised lately, also what has gone again since this page first saw it. */
export class AlarmLoad {
  readonly #raised = new Map<string, number>();

  /** Notes the alarms of a board, and machines that are down without one. */
  note(board: PlantBoard): void {
    for (const { machine } of board.machines) {
      for (const alarm of machine.alarms) this.#keep(`${machine.machine_id} ${alarm.id} ${alarm.raised_at ?? ""}`, alarm.raised_at);
      if (machine.status === "down" && machine.alarms.length === 0) this.#keep(`${machine.machine_id} ${machine.status_since ?? ""}`, machine.status_since);
    }
  }

  /** How many were raised in the ten minutes before `now`. */
  count(now: number): number {
    for (const [key, at] of this.#raised) {
      if (at < now - LOAD_MS) this.#raised.delete(key);
    }
    return this.#raised.size;
  }

  /** Forgets everything, for another person. */
  clear(): void {
    this.#raised.clear();
  }

  // Without a time nothing can be said about the rate.
  #keep(key: string, at: string | null): void {
    const time = Date.parse(at ?? "");
    if (!Number.isNaN(time)) this.#raised.set(key, time);
  }
}

/** True when it is more than one person can follow. */
export function isFlood(count: number): boolean {
  return count > FLOOD_OVER;
}

/** What calls for attention in one area, with what began it. */
export interface FloodGroup {
  /** Empty: the machines name no area. */
  readonly area: string;
  readonly first: AbnormalItem;
  readonly items: readonly AbnormalItem[];
}

/** The lines as groups by area, each with its first cause; the one that began first comes first. */
export function floodGroups(items: readonly AbnormalItem[], areaOf: (machine: string) => string | null): FloodGroup[] {
  const byArea = new Map<string, AbnormalItem[]>();
  for (const item of items) {
    const area = areaOf(item.machine_id) ?? "";
    byArea.set(area, [...(byArea.get(area) ?? []), item]);
  }
  const since = (item: AbnormalItem): number => { const at = Date.parse(item.since ?? ""); return Number.isNaN(at) ? Infinity : at; };
  return [...byArea]
    .map(([area, own]) => ({ area, items: own, first: own.reduce((first, item) => (since(item) < since(first) ? item : first)) }))
    .sort((a, b) => { const [x, y] = [since(a.first), since(b.first)]; return x === y ? 0 : x < y ? -1 : 1; });
}
