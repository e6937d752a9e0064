import { expect, it } from "vitest";
import { createViewGuard, GUARD_MS } from "./viewguard";

it("lets nothing be decided in the first 600 ms, and again when what is shown changes", () => {
  let now = 0;
  const guard = createViewGuard(() => now);
  expect(guard.isReady("a 1")).toBe(false);
  guard.see("a 1");
  now = GUARD_MS - 1;
  guard.see("a 1");
  expect([guard.isReady("a 1"), guard.remaining()]).toEqual([false, 1]);
  now = GUARD_MS;
  expect(guard.isReady("a 1")).toBe(true);
  // The same request with other content is another thing to read.
  guard.see("a 2");
  expect([guard.isReady("a 1"), guard.isReady("a 2")]).toEqual([false, false]);
  now += GUARD_MS;
  expect(guard.isReady("a 2")).toBe(true);
});
