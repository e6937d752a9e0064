import { describe, expect, it } from "vitest";
import { checkLine, hitShare, percentile } from "./figures";

const check = (latency_ms: number | null) => ({ at: "2026-06-22T10:00:00.000Z", state: latency_ms === null ? "down" : "healthy", latency_ms }) as const;

describe("percentiles", () => {
  it("are taken from the samples and are none without any", () => {
    expect(percentile([], 0.5)).toBeNull();
    expect(percentile([5], 0.95)).toBe(5);
    expect(percentile([30, 10, 20, 40], 0.5)).toBe(20);
    expect(percentile([30, 10, 20, 40], 0.95)).toBe(40);
  });
});

describe("the share of cache hits", () => {
  it("is unknown while nothing was asked", () => {
    expect(hitShare({ hits: 0, misses: 0, evicted: 0, entries: 0, bytes: 0 })).toBeNull();
    expect(hitShare({ hits: 3, misses: 1, evicted: 0, entries: 1, bytes: 0 })).toBe(0.75);
  });
});

describe("the line of checks", () => {
  it("breaks where a check had no answer", () => {
    const line = checkLine([check(10), check(20), check(null), check(40)]);
    expect(line.most).toBe(40);
    expect(line.failed).toEqual([2 / 3]);
    expect(line.pieces).toEqual([[{ x: 0, y: 0.25 }, { x: 1 / 3, y: 0.5 }], [{ x: 1, y: 1 }]]);
  });
  it("has nothing to draw without checks", () => {
    expect(checkLine([])).toEqual({ pieces: [], failed: [], most: 1 });
  });
});
