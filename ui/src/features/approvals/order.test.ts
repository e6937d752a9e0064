import { describe, expect, it } from "vitest";
import type { Risk } from "../../api";
import { afterLeaving, arrange, byRiskThenTime } from "./order";

const item = (id: string, risk: Risk, minute = 5): { id: string; risk: Risk; decide_by: string } => ({ id, risk, decide_by: `2026-06-22T14:0${String(minute)}:00.000Z` });
const a = item("a", "high", 4);
const b = item("b", "medium", 2);
const c = item("c", "medium", 3);

describe("the waiting list", () => {
  it("is sorted by risk, then by time left", () => {
    expect([c, b, a].sort(byRiskThenTime).map((one) => one.id)).toEqual(["a", "b", "c"]);
  });
  it("is sorted anew while nobody works in it", () => {
    expect(arrange(["c"], [a, b, c], false)).toEqual({ ids: ["a", "b", "c"], behind: [] });
  });
  it("does not move while it is held: new requests wait behind", () => {
    expect(arrange(["b", "c"], [a, b, c], true)).toEqual({ ids: ["b", "c"], behind: ["a"] });
  });
  it("keeps the place of what was decided elsewhere while it is held", () => {
    expect(arrange(["b", "c"], [c], true).ids).toEqual(["b", "c"]);
  });
  it("lets a CRITICAL in at the top", () => {
    expect(arrange(["b", "c"], [item("x", "critical"), b, c, a], true)).toEqual({ ids: ["x", "b", "c"], behind: ["a"] });
  });
  it("fills at once when it was empty", () => {
    expect(arrange([], [b], true)).toEqual({ ids: ["b"], behind: [] });
  });
  it("hands the focus to the next, at the end to the one before, never to the top", () => {
    expect(afterLeaving(["a", "b", "c"], "b")).toBe("c");
    expect(afterLeaving(["a", "b", "c"], "c")).toBe("b");
    expect(afterLeaving(["a"], "a")).toBeNull();
  });
});
