// One part of the screen that asks the engine for itself: its last answer, why the last question failed, and the asking
// again. The last good answer stays; an answer to another question is never shown under the new one.
import { call, onPushed, toApiError, type ApiError, type CommandName, type Commands, type Pushed } from "../../api";

/** The least time between two questions, whatever is pushed. */
const LEAST_MS = 2_000;

/** A part of the screen with its own command. */
export class Panel<C extends CommandName> {
  data = $state.raw<Commands[C]["response"] | null>(null);
  error = $state.raw<ApiError | null>(null);
  #asked = "";
  #running = 0;
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
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = -Infinity;
    const run = async (): Promise<void> => {
      clearTimeout(timer);
      last = performance.now();
      await this.#ask(request, key);
      if (!isOver) timer = setTimeout(() => void run(), everyMs);
    };
    const soon = (): void => {
      if (isOver) return;
      clearTimeout(timer);
      timer = setTimeout(() => void run(), Math.max(0, last + LEAST_MS - performance.now()));
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
    const own = (this.#running += 1);
    try {
      const data = await call(this.#command, request);
      // Answers may overtake each other; only the last question's counts.
      if (key !== this.#asked || own !== this.#running) return;
      this.data = data;
      this.error = null;
    } catch (raw) {
      if (key === this.#asked && own === this.#running) this.error = toApiError(raw);
    }
  }
}
