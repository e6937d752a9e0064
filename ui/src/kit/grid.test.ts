import { describe, expect, it } from "vitest";
import { columnDigits, columnWidths, isInRange, isQuantity, moveCell, nextSort, rangeBetween, rangeSize, rangeStats, sortedOrder, visibleRows, type GridRow } from "./grid";

const SIZE = { rows: 100, cols: 5, page: 10 };
const COLUMNS = [{ name: "name", isNumeric: false }, { name: "value", isNumeric: true }];

describe("a range of cells", () => {
  it("is the rectangle between two cells in whichever order they were chosen", () => {
    const expected = { top: 2, left: 1, bottom: 6, right: 3 };
    expect(rangeBetween({ row: 6, col: 1 }, { row: 2, col: 3 })).toEqual(expected);
    expect(rangeBetween({ row: 2, col: 3 }, { row: 6, col: 1 })).toEqual(expected);
    expect(rangeSize(expected)).toBe(15);
    expect(isInRange(expected, 6, 3)).toBe(true);
    expect(isInRange(expected, 7, 3)).toBe(false);
  });
  it("never holds the head", () => {
    expect(rangeBetween({ row: -1, col: 0 }, { row: 1, col: 0 })).toEqual({ top: 0, left: 0, bottom: 1, right: 0 });
  });
});

describe("the keyboard", () => {
  it("moves one cell, and stops at every edge", () => {
    expect(moveCell({ row: 3, col: 2 }, "ArrowDown", false, SIZE)).toEqual({ row: 4, col: 2 });
    expect(moveCell({ row: 99, col: 2 }, "ArrowDown", false, SIZE)).toEqual({ row: 99, col: 2 });
    expect(moveCell({ row: 3, col: 0 }, "ArrowLeft", false, SIZE)).toEqual({ row: 3, col: 0 });
    expect(moveCell({ row: 3, col: 4 }, "ArrowRight", false, SIZE)).toEqual({ row: 3, col: 4 });
  });
  it("reaches the head from the first row and goes no further", () => {
    expect(moveCell({ row: 0, col: 2 }, "ArrowUp", false, SIZE)).toEqual({ row: -1, col: 2 });
    expect(moveCell({ row: -1, col: 2 }, "ArrowUp", false, SIZE)).toEqual({ row: -1, col: 2 });
  });
  it("goes to the ends with Home, End, Ctrl and the page keys", () => {
    expect(moveCell({ row: 3, col: 2 }, "Home", false, SIZE)).toEqual({ row: 3, col: 0 });
    expect(moveCell({ row: 3, col: 2 }, "End", true, SIZE)).toEqual({ row: 99, col: 4 });
    expect(moveCell({ row: 3, col: 2 }, "Home", true, SIZE)).toEqual({ row: 0, col: 0 });
    expect(moveCell({ row: 3, col: 2 }, "ArrowDown", true, SIZE)).toEqual({ row: 99, col: 2 });
    expect(moveCell({ row: 3, col: 2 }, "PageDown", false, SIZE)).toEqual({ row: 13, col: 2 });
    expect(moveCell({ row: 3, col: 2 }, "PageUp", false, SIZE)).toEqual({ row: 0, col: 2 });
  });
  it("ignores keys that do not move, and a grid without columns", () => {
    expect(moveCell({ row: 3, col: 2 }, "x", false, SIZE)).toBeNull();
    expect(moveCell({ row: 0, col: 0 }, "ArrowDown", false, { rows: 0, cols: 0, page: 1 })).toBeNull();
  });
});

describe("the figures in the foot", () => {
  const rows: GridRow[] = [["a", 10], ["b", null], ["c", 0.1], ["d", 0.2], ["e", "9007199254740993"]];
  it("are over numbers of numeric columns, NULL counting as nothing", () => {
    expect(rangeStats(rows, COLUMNS, { top: 0, left: 0, bottom: 3, right: 1 })).toEqual({ count: 3, sum: 10.3, mean: 10.3 / 3, min: 0.1, max: 10, left: 0 });
  });
  it("say how many values were too large to add exactly", () => {
    expect(rangeStats(rows, COLUMNS, { top: 3, left: 1, bottom: 4, right: 1 })).toMatchObject({ count: 1, left: 1 });
  });
  it("do not exist for text", () => {
    expect(rangeStats(rows, COLUMNS, { top: 0, left: 0, bottom: 4, right: 0 })).toBeNull();
  });
  it("add a thousand cents to ten, without the dust of binary fractions", () => {
    const cents: GridRow[] = Array.from({ length: 1000 }, () => ["x", 0.01]);
    expect(rangeStats(cents, COLUMNS, { top: 0, left: 1, bottom: 999, right: 1 })?.sum).toBe(10);
  });
});

describe("sorting", () => {
  it("goes up, down, and back to as delivered", () => {
    const up = nextSort(null, 1);
    const down = nextSort(up, 1);
    expect([up, down, nextSort(down, 1)]).toEqual([{ col: 1, descending: false }, { col: 1, descending: true }, null]);
    expect(nextSort(down, 0)).toEqual({ col: 0, descending: false });
  });
  it("keeps NULL last both ways and equal rows in their order", () => {
    const rows: GridRow[] = [["b", 2], ["a", null], ["c", 1], ["d", 2]];
    expect(sortedOrder(rows, { col: 1, descending: false }, "en")).toEqual([2, 0, 3, 1]);
    expect(sortedOrder(rows, { col: 1, descending: true }, "en")).toEqual([0, 3, 2, 1]);
  });
  it("reads digits in text as numbers and letters as the language does", () => {
    expect(sortedOrder([["M-10"], ["M-9"], ["Äpfel"], ["Zug"]], { col: 0, descending: false }, "de")).toEqual([2, 1, 0, 3]);
  });
});

describe("drawing", () => {
  it("takes the rows in view and a few beyond, never more than there are", () => {
    expect(visibleRows(0, 280, 28, 1000)).toEqual({ from: 0, to: 14 });
    expect(visibleRows(28 * 990, 280, 28, 1000)).toEqual({ from: 986, to: 1000 });
    expect(visibleRows(0, 280, 28, 0)).toEqual({ from: 0, to: 0 });
  });
  it("gives what is left of the width to the widest text column", () => {
    const widths = columnWidths(COLUMNS, [["a long name of a vendor", 1]], 800);
    expect(widths.reduce((sum, one) => sum + one, 0)).toBe(800);
    expect(widths[0]).toBeGreaterThan(widths[1] ?? 0);
  });
  it("lines points up, with four decimals at most", () => {
    expect(columnDigits([[1], [2.5], [3.25], [null]], 0)).toBe(2);
    expect(columnDigits([[1 / 3]], 0)).toBe(4);
    expect(columnDigits([[1], [2]], 0)).toBe(0);
  });
  it("puts no separators into ids, codes and years", () => {
    expect(["vendor_id", "plant_code", "year", "item_no"].map(isQuantity)).toEqual([false, false, false, false]);
    expect(["penalty_eur", "lines", "count"].map(isQuantity)).toEqual([true, true, true]);
  });
});
