import { describe, expect, it } from "vitest";
import { matches, splitMatch } from "./palette";

describe("the palette", () => {
  it("finds words in any order", () => {
    expect(matches("Release purchase order 4500012873", "order rel")).toBe(true);
    expect(matches("Release purchase order 4500012873", "2873")).toBe(true);
    expect(matches("Release purchase order", "vendor")).toBe(false);
    expect(matches("anything", "")).toBe(true);
  });
  it("cuts around the words typed", () => {
    expect(splitMatch("Release order", "ORD")).toEqual({ before: "Release ", match: "ord", after: "er" });
    expect(splitMatch("Release order", "")).toEqual({ before: "Release order", match: "", after: "" });
  });
});
