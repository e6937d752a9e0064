// Waiting for something that must come true, with a limit and a name for the message.

/** Looks every 50 ms until `look` gives something truthy, and gives that back. */
export async function until(what, look, limitMs = 10_000) {
  const began = performance.now();
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() - began > limitMs) throw new Error(`not within ${limitMs / 1000} s: ${what}`);
    await new Promise((go) => setTimeout(go, 50));
  }
}
