// The arithmetic of a deadline. The caller brings the time; what is drawn from it is in Countdown.svelte.
import { formatClock } from "./format";

/** Under this many seconds the clock is orange. */
export const URGENT_S = 120;
/** At this many seconds it is said aloud, once. */
export const ANNOUNCE_S = 60;

/** A deadline as it stands now. */
export interface CountdownState {
  readonly leftS: number;
  readonly totalS: number;
  /** What is left, 0 to 1. */
  readonly fraction: number;
  readonly isUrgent: boolean;
  readonly isOver: boolean;
  readonly text: string;
}

/** The state of the time from `from` to `until`, at `now` (milliseconds). */
export function countdown(from: number, until: number, now: number): CountdownState {
  const leftMs = Math.max(0, until - now);
  const totalMs = Math.max(1, until - from);
  // Rounded up: "00:01" is shown until the last moment, and "00:00" means that it is over.
  const leftS = Math.ceil(leftMs / 1000);
  return {
    leftS,
    totalS: Math.round(totalMs / 1000),
    fraction: Math.min(1, leftMs / totalMs),
    isUrgent: leftS < URGENT_S,
    isOver: leftMs === 0,
    text: formatClock(leftS),
  };
}

/** Remembers what was said, so that each deadline is announced once however often it is asked. */
export function announceOnce(): (id: string, leftS: number) => boolean {
  const said = new Set<string>();
  return (id, leftS) => {
    if (leftS > ANNOUNCE_S || leftS <= 0 || said.has(id)) return false;
    said.add(id);
    return true;
  };
}
