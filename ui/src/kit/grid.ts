// The arithmetic of a data grid: where a key leads, what a range holds, sums over it, the order of rows, widths.
// Pure: drawing is in DataGrid.svelte, formats for copying are in copyas.ts.

/** One value: nothing, a number, or text. */
export type GridCell = null | number | string;
/** One row of values. */
export type GridRow = readonly GridCell[];

/** A column as the grid needs it. */
export interface GridColumn {
  readonly name: string;
  readonly isNumeric: boolean;
}

/** A place in the grid. Row -1 is the head. */
export interface CellAt {
  readonly row: number;
  readonly col: number;
}

/** A rectangle of cells, both ends included. */
export interface CellRange {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** How large the grid is, and how many rows a page key moves. */
export interface GridSize {
  readonly rows: number;
  readonly cols: number;
  readonly page: number;
}

/** The rectangle between two cells, in whichever order they were chosen. The head is no part of it. */
export function rangeBetween(a: CellAt, b: CellAt): CellRange {
  return {
    top: Math.max(0, Math.min(a.row, b.row)),
    left: Math.min(a.col, b.col),
    bottom: Math.max(0, a.row, b.row),
    right: Math.max(a.col, b.col),
  };
}

/** True when the cell lies in the range. */
export function isInRange(range: CellRange, row: number, col: number): boolean {
  return row >= range.top && row <= range.bottom && col >= range.left && col <= range.right;
}

/** How many cells a range holds. */
export function rangeSize(range: CellRange): number {
  return (range.bottom - range.top + 1) * (range.right - range.left + 1);
}

/** The cell a key leads to, or null when the key does not move. `far` is Ctrl or Cmd. */
export function moveCell(at: CellAt, key: string, far: boolean, size: GridSize): CellAt | null {
  const lastRow = size.rows - 1;
  const lastCol = size.cols - 1;
  if (size.cols === 0) return null;
  const to = (row: number, col: number): CellAt => ({ row: Math.max(-1, Math.min(lastRow, row)), col: Math.max(0, Math.min(lastCol, col)) });
  switch (key) {
    case "ArrowUp":
      return to(far ? 0 : at.row - 1, at.col);
    case "ArrowDown":
      return to(far ? lastRow : at.row + 1, at.col);
    case "ArrowLeft":
      return to(at.row, far ? 0 : at.col - 1);
    case "ArrowRight":
      return to(at.row, far ? lastCol : at.col + 1);
    case "Home":
      return to(far ? 0 : at.row, 0);
    case "End":
      return to(far ? lastRow : at.row, lastCol);
    case "PageUp":
      return to(Math.max(0, at.row - size.page), at.col);
    case "PageDown":
      return to(at.row + size.page, at.col);
    default:
      return null;
  }
}

/** What the foot says about a range. */
export interface RangeStats {
  readonly count: number;
  readonly sum: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** Values of numeric columns that are no number here (too large to be exact), left out of the figures. */
  readonly left: number;
}

/** Sum, mean, least and most over the numbers in a range; null when there is none. NULL counts as nothing. */
export function rangeStats(rows: readonly GridRow[], columns: readonly GridColumn[], range: CellRange): RangeStats | null {
  let count = 0;
  let left = 0;
  let sum = 0;
  // Neumaier's correction: a thousand cents must not end in .0000001.
  let lost = 0;
  let min = Infinity;
  let max = -Infinity;
  for (let row = range.top; row <= range.bottom; row += 1) {
    for (let col = range.left; col <= range.right; col += 1) {
      if (columns[col]?.isNumeric !== true) continue;
      const value = rows[row]?.[col] ?? null;
      if (value === null) continue;
      if (typeof value !== "number") {
        left += 1;
        continue;
      }
      const next = sum + value;
      lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
      sum = next;
      count += 1;
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  }
  if (count === 0) return null;
  const total = sum + lost;
  return { count, sum: total, mean: total / count, min, max, left };
}

/** A column and a direction to sort by. */
export interface SortBy {
  readonly col: number;
  readonly descending: boolean;
}

/** The sorting after another press on a column's head: up, down, as delivered. */
export function nextSort(sort: SortBy | null, col: number): SortBy | null {
  if (sort?.col !== col) return { col, descending: false };
  return sort.descending ? null : { col, descending: true };
}

/** The order of rows as indexes: numbers before text, NULL last whichever way; equal rows stay as they were. */
export function sortedOrder(rows: readonly GridRow[], sort: SortBy | null, language: string): number[] {
  const order = rows.map((_, at) => at);
  if (sort === null) return order;
  const collator = new Intl.Collator(language, { numeric: true });
  const sign = sort.descending ? -1 : 1;
  return order.sort((a, b) => {
    const x = rows[a]?.[sort.col] ?? null;
    const y = rows[b]?.[sort.col] ?? null;
    if (x === null || y === null) return x === y ? a - b : x === null ? 1 : -1;
    const found = typeof x === "number" && typeof y === "number" ? x - y : typeof x === typeof y ? collator.compare(String(x), String(y)) : typeof x === "number" ? -1 : 1;
    return found === 0 ? a - b : sign * found;
  });
}

/** The first and one past the last row to draw, with a few beyond the edge. */
export function visibleRows(scrollTop: number, height: number, rowHeight: number, count: number, beyond = 4): { from: number; to: number } {
  const from = Math.max(0, Math.floor(scrollTop / rowHeight) - beyond);
  const to = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + beyond);
  return { from, to: Math.max(from, to) };
}

// Widths of one character in the grid's two faces and in its head, in pixels.
const NUMBER_CHARACTER = 7;
const TEXT_CHARACTER = 6.4;
const HEAD_CHARACTER = 6.2;
const SORT_MARK = 16;
const PADDING = 20;
const NARROWEST = 52;
const WIDEST = 320;
const SAMPLE = 100;

/** A width for each column from its name and its first rows; what is left of `room` goes to the widest text column. */
export function columnWidths(columns: readonly GridColumn[], rows: readonly GridRow[], room: number): number[] {
  const widths = columns.map((column, col) => {
    let longest = 0;
    for (const row of rows.slice(0, SAMPLE)) longest = Math.max(longest, cellLength(row[col] ?? null));
    const head = column.name.length * HEAD_CHARACTER + SORT_MARK;
    const cells = longest * (column.isNumeric ? NUMBER_CHARACTER : TEXT_CHARACTER);
    return Math.round(Math.min(WIDEST, Math.max(NARROWEST, head + PADDING, cells + PADDING)));
  });
  const spare = room - widths.reduce((sum, width) => sum + width, 0);
  if (spare <= 0 || widths.length === 0) return widths;
  const texts = columns.map((column, col) => (column.isNumeric ? -1 : (widths[col] ?? 0)));
  const best = Math.max(...texts);
  const at = best < 0 ? widths.length - 1 : texts.indexOf(best);
  widths[at] = Math.floor((widths[at] ?? 0) + spare);
  return widths;
}

function cellLength(cell: GridCell): number {
  if (cell === null) return 4;
  // Separators and a thin sign come on top of the digits.
  return typeof cell === "number" ? Math.min(16, String(cell).length + 1) : Math.min(60, cell.length);
}

/** True for a numeric column that counts or measures; ids, codes and years are shown without separators. */
export function isQuantity(name: string): boolean {
  return !/(^|_)(id|no|nr|number|num|code|year|key|version|item|line|position)$/i.test(name);
}

/** The decimals a numeric column is drawn with, so that its points line up: as many as its values have, four at most. */
export function columnDigits(rows: readonly GridRow[], col: number): number {
  let most = 0;
  for (const row of rows) {
    const value = row[col] ?? null;
    if (typeof value !== "number" || Number.isInteger(value)) continue;
    const [mantissa = "", exponent] = String(value).split("e");
    most = Math.max(most, exponent === undefined ? (mantissa.split(".")[1]?.length ?? 0) : 4);
    if (most >= 4) return 4;
  }
  return most;
}
