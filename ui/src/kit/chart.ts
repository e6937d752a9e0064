// The arithmetic of the small charts: places along a scale, a line with its gaps, and the figures of a chart as a table.
// Pure: drawing is in the components, formats for export are in copyas.ts.
import { columnDigits, type GridColumn, type GridRow } from "./grid";

/** The numbers behind a chart. What is drawn and what is exported both come from here. */
export interface ChartTable {
  readonly columns: readonly GridColumn[];
  readonly rows: readonly GridRow[];
}

/** A place on a scale from 0 to 1, kept inside it. What is not known stays unknown. */
export function placeOn(value: number | null, from: number, to: number): number | null {
  if (value === null || !Number.isFinite(value) || to <= from) return null;
  return Math.min(1, Math.max(0, (value - from) / (to - from)));
}

/** The smallest and largest of the known values, with everything in `also` inside; null when nothing is known. */
export function extent(values: readonly (number | null)[], also: readonly (number | null)[] = []): { readonly from: number; readonly to: number } | null {
  const known = [...values, ...also].filter((value): value is number => value !== null && Number.isFinite(value));
  if (!values.some((value) => value !== null && Number.isFinite(value))) return null;
  return { from: Math.min(...known), to: Math.max(...known) };
}

/** A point of a line in the drawing's own units. */
export interface LinePoint {
  readonly x: number;
  readonly y: number;
  readonly at: number;
}

/** The stretches of a line that are known, spread over `width`; a gap is left open and never bridged. */
export function lineParts(values: readonly (number | null)[], range: { readonly from: number; readonly to: number }, width: number, height: number): LinePoint[][] {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const parts: LinePoint[][] = [];
  let open: LinePoint[] | null = null;
  for (const [at, value] of values.entries()) {
    const place = range.to > range.from ? placeOn(value, range.from, range.to) : value === null ? null : 0.5;
    if (place === null) {
      open = null;
      continue;
    }
    if (open === null) parts.push((open = []));
    open.push({ x: Math.round(at * step * 10) / 10, y: Math.round((1 - place) * height * 10) / 10, at });
  }
  return parts;
}

/** Round values for the ticks of a scale from 0 to at least `most`. */
export function ticksUpTo(most: number, count = 4): number[] {
  if (!(most > 0)) return [0];
  const raw = most / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= raw) ?? 10 * power;
  const ticks: number[] = [];
  for (let at = 0; at < most + step * 0.999; at += step) ticks.push(Number(at.toPrecision(12)));
  return ticks;
}

/** The decimals each numeric column of the table is written with. */
export function tableDigits(table: ChartTable): number[] {
  return table.columns.map((column, col) => (column.isNumeric ? columnDigits(table.rows, col) : 0));
}
