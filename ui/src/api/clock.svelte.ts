// Time as the engine has it. Deadlines are compared with this clock and never with the workstation's,
// whose clock may be wrong or be changed while a request waits.

let offset = $state(0);
let tick = $state(readLocal());
let timer: ReturnType<typeof setInterval> | undefined;

// Monotonic: a change of the wall clock does not move it.
function readLocal(): number {
  return performance.timeOrigin + performance.now();
}

/** Takes the engine's time from an answer; half of the round trip has passed since it was written. */
export function noteServerTime(iso: string, roundTripMs = 0): void {
  const server = Date.parse(iso);
  if (Number.isNaN(server)) return;
  const next = server + roundTripMs / 2 - readLocal();
  // Small differences are jitter of the answer's way; following them would make clocks hop.
  if (Math.abs(next - offset) > 250) offset = next;
}

/** The engine's time now, in milliseconds since 1970. Not reactive. */
export function serverNow(): number {
  return readLocal() + offset;
}

/** The engine's time now, reactive, four times a second. */
export function now(): number {
  return tick + offset;
}

/** Starts the one ticker behind every clock on screen; returns what stops it. */
export function startClock(): () => void {
  timer ??= setInterval(() => {
    tick = readLocal();
  }, 250);
  tick = readLocal();
  return () => {
    clearInterval(timer);
    timer = undefined;
  };
}
