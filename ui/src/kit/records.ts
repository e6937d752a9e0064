// The arithmetic of a table whose rows are fetched window by window: which windows a view needs, where a key leads.
// Pure: drawing is in RecordTable.svelte.

/** A column of a record table. `sort` is the field the source sorts by; without one the column cannot be sorted. */
export interface RecordColumn {
  readonly id: string;
  readonly name: string;
  /** Least width in pixels; a column that grows takes what is left. */
  readonly width: number;
  readonly grows?: boolean;
  readonly isNumeric?: boolean;
  readonly sort?: string;
}

/** What the rows are sorted by at their source. */
export interface RecordSort {
  readonly field: string;
  readonly descending: boolean;
}

/** The sorting after another press on a column's head: up, down, as delivered. */
export function nextRecordSort(sort: RecordSort | null, field: string): RecordSort | null {
  if (sort?.field !== field) return { field, descending: false };
  return sort.descending ? null : { field, descending: true };
}

/** The offsets of the windows of `size` rows that cover rows `from` to `to` (not included). */
export function windowsFor(from: number, to: number, size: number): number[] {
  const offsets: number[] = [];
  for (let offset = Math.floor(Math.max(0, from) / size) * size; offset < to; offset += size) offsets.push(offset);
  return offsets;
}

/** The row a key leads to, or null when the key does not move. */
export function moveRecord(key: string, at: number, count: number, page: number): number | null {
  if (count === 0) return null;
  const to = (row: number): number => Math.min(count - 1, Math.max(0, row));
  switch (key) {
    case "ArrowDown":
    case "j":
      return to(at + 1);
    case "ArrowUp":
    case "k":
      return to(at < 0 ? 0 : at - 1);
    case "PageDown":
      return to(Math.max(0, at) + page);
    case "PageUp":
      return to(at - page);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return null;
  }
}

/** The grid's column template: fixed widths, and what is left for those that grow. */
export function recordTemplate(columns: readonly RecordColumn[]): string {
  return columns.map((column) => (column.grows === true ? `minmax(${String(column.width)}px, 1fr)` : `${String(column.width)}px`)).join(" ");
}
