// Whether the console answers, and the events it pushes. While it does not answer, decisions are locked:
// nothing is queued here to be sent later.
import { serverNow } from "./clock.svelte";
import type { Pushed, Transport } from "./transport";

type Listener = (event: Pushed) => void;

let lostSince = $state<number | null>(null);
let attempts = $state(0);
const listeners = new Map<string, Set<Listener>>();

/** The state of the way to the console, reactive. */
export const connection = {
  get isLost(): boolean {
    return lostSince !== null;
  },
  /** When it was lost, on the engine's clock. */
  get lostSince(): number | null {
    return lostSince;
  },
  get attempts(): number {
    return attempts;
  },
};

/** An answer came. */
export function noteReached(): void {
  const wasLost = lostSince !== null;
  lostSince = null;
  attempts = 0;
  if (wasLost) emit({ kind: "resync" });
}

/** An answer did not come. */
export function noteUnreached(): void {
  lostSince ??= serverNow();
  attempts += 1;
}

/** Calls `listener` for each event of `kind`; `resync` is sent when the console answers again or events were missed. */
export function onPushed(kind: Pushed["kind"], listener: Listener): () => void {
  const set = listeners.get(kind) ?? new Set<Listener>();
  set.add(listener);
  listeners.set(kind, set);
  return () => {
    set.delete(listener);
  };
}

/** Opens the event stream; `probe` asks the console for a sign of life when the stream breaks. */
export function startEvents(transport: Transport, probe: () => void): () => void {
  let wasOpen = false;
  return transport.subscribe(emit, (open) => {
    // What was pushed while the stream was away is lost, so everybody asks again.
    if (open && wasOpen) emit({ kind: "resync" });
    if (open) wasOpen = true;
    else probe();
  });
}

function emit(event: Pushed): void {
  for (const listener of listeners.get(event.kind) ?? []) listener(event);
}
