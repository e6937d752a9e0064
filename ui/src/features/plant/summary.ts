// What is said aloud about a board that changes all the time: at most one summary in ten seconds, of what matters.

/** What changed for the worse or the better since the last summary. */
export interface Changes {
  readonly down: readonly string[];
  readonly recovered: readonly string[];
}

/** At most one summary in this time. */
export const QUIET_MS = 10_000;

/** Gathers changes and gives them out no more often than every ten seconds. */
export class Summary {
  #down = new Set<string>();
  #recovered = new Set<string>();
  #last = -Infinity;

  /** Notes machines that went down or came back. One that did both is not mentioned. */
  note(down: readonly string[], recovered: readonly string[]): void {
    for (const name of down) {
      if (!this.#recovered.delete(name)) this.#down.add(name);
    }
    for (const name of recovered) {
      if (!this.#down.delete(name)) this.#recovered.add(name);
    }
  }

  /** What is to be said now, or null: nothing, or too soon. */
  take(now: number): Changes | null {
    if (this.#down.size + this.#recovered.size === 0 || now - this.#last < QUIET_MS) return null;
    const changes = { down: [...this.#down], recovered: [...this.#recovered] };
    this.#down.clear();
    this.#recovered.clear();
    this.#last = now;
    return changes;
  }
}
