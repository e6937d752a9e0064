// The 600 ms after a request comes into view in which nothing can be decided, so that a key meant for the last
// request cannot decide this one. Counted from when what is on screen changed, by id and by fingerprint.

/** How long a request must have been in view. */
export const GUARD_MS = 600;

/** Watches what is in view. The clock is handed in, in milliseconds. */
export interface ViewGuard {
  /** Something is in view; the same again changes nothing. */
  see(what: string): void;
  /** True when `what` is in view and has been long enough. */
  isReady(what: string): boolean;
  /** Milliseconds until ready, 0 when it is. */
  remaining(): number;
}

/** A guard that reads `clock`. */
export function createViewGuard(clock: () => number): ViewGuard {
  let seen: string | null = null;
  let since = 0;
  return {
    see(what) {
      if (what === seen) return;
      seen = what;
      since = clock();
    },
    isReady(what) {
      return what === seen && clock() - since >= GUARD_MS;
    },
    remaining() {
      return seen === null ? GUARD_MS : Math.max(0, GUARD_MS - (clock() - since));
    },
  };
}
