// One part of the screen that asks the engine for itself: its last answer, why the last question failed, and the asking
// again. The last good answer stays; an answer to another question is never shown under the new one.
import { call, onPushed, toApiError, type ApiError, type CommandName, type Commands, type Pushed } from "../../api";

/** The least time between two questions, whatever is pushed. */
const LEAST_MS = 2_000;
/** What took long is not asked for again at once. */
const REST_SHARE = 4;

/** A part of the screen with its own command. */
export class Panel<C extends CommandName> {
  data = $state.raw<Commands[C]["response"] | null>(null);
  error = $state.raw<ApiError | null>(null);
  #asked = "";
  readonly #command: C;
  readonly #events: readonly Pushed["kind"][];

  /** `events`: what may have changed the answer. */
  constructor(command: C, events: readonly Pushed["kind"][] = ["plant_changed"]) {
    this.#command = command;
    this.#events = events;
  }

  /** Asks now, every `everyMs`, and when something changed, until the returned function is called. */
  follow(request: Commands[C]["request"], everyMs: number): () => void {
    const key = JSON.stringify(request);
    if (key !== this.#asked) {
      this.#asked = key;
      this.data = null;
      this.error = null;
    }
    let isOver = false;
    let isAsking = false;
    let isStale = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = -Infinity;
    let took = 0;
    // One question at a time: where answers take longer than changes come, asking anew each time would never end.
    const run = async (): Promise<void> => {
      clearTimeout(timer);
      isAsking = true;
      isStale = false;
      last = performance.now();
      await this.#ask(request, key);
      isAsking = false;
      took = performance.now() - last;
      if (isOver) return;
      if (isStale) soon();
      else timer = setTimeout(() => void run(), everyMs);
    };
    const soon = (): void => {
      if (isOver) return;
      isStale = true;
      if (isAsking) return;
      clearTimeout(timer);
      timer = setTimeout(() => void run(), Math.max(0, last + Math.max(LEAST_MS, REST_SHARE * took) - performance.now()));
    };
    void run();
    this.#again = soon;
    const ends = [...this.#events, "resync" as const].map((kind) => onPushed(kind, soon));
    return () => {
      isOver = true;
      clearTimeout(timer);
      for (const end of ends) end();
    };
  }

  #again: () => void = () => undefined;
  /** Asks again, for a button. */
  retry(): void {
    this.#again();
  }

  /** Forgets the answer, for another person. */
  clear(): void {
    this.#asked = "";
    this.data = null;
    this.error = null;
  }

  async #ask(request: Commands[C]["request"], key: string): Promise<void> {
    try {
      const data = await call(this.#command, request);
      // Meanwhile another question was put: this answer is not to it.
      if (key !== this.#asked) return;
      this.data = data;
      this.error = null;
    } catch (raw) {
      if (key === this.#asked) this.error = toApiError(raw);
    }
  }
}
