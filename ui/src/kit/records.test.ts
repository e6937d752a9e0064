import { describe, expect, it } from "vitest";
import { moveRecord, nextRecordSort, recordTemplate, windowsFor } from "./records";

describe("windows of a record table", () => {
  it("cover every row in view and no more", () => {
    expect(windowsFor(0, 30, 100)).toEqual([0]);
    expect(windowsFor(90, 110, 100)).toEqual([0, 100]);
    expect(windowsFor(100, 200, 100)).toEqual([100]);
    expect(windowsFor(-5, 0, 100)).toEqual([]);
  });
});

describe("keys of a record table", () => {
  it("move by row, page and end, and stay inside", () => {
    expect(moveRecord("ArrowDown", -1, 5, 3)).toBe(0);
    expect(moveRecord("j", 4, 5, 3)).toBe(4);
    expect(moveRecord("PageDown", 1, 5, 3)).toBe(4);
    expect(moveRecord("PageUp", 1, 5, 3)).toBe(0);
    expect(moveRecord("End", 0, 5, 3)).toBe(4);
    expect(moveRecord("x", 0, 5, 3)).toBeNull();
    expect(moveRecord("ArrowDown", 0, 0, 3)).toBeNull();
  });
});

describe("sorting of a record table", () => {
  it("goes up, down, and back to the order of the source", () => {
    const up = nextRecordSort(null, "net_value");
    const down = nextRecordSort(up, "net_value");
    expect([up, down, nextRecordSort(down, "net_value")]).toEqual([{ field: "net_value", descending: false }, { field: "net_value", descending: true }, null]);
    expect(nextRecordSort(down, "supplier")).toEqual({ field: "supplier", descending: false });
  });
  it("leaves what is left over to the columns that grow", () => {
    expect(recordTemplate([{ id: "a", name: "A", width: 80 }, { id: "b", name: "B", width: 120, grows: true }])).toBe("80px minmax(120px, 1fr)");
  });
});
