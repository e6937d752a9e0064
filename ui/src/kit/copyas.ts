// Rows as text for other programs: TSV for a spreadsheet, CSV, JSON, a Markdown table, a list for SQL's IN.
// A value that a spreadsheet would run as a formula is made harmless; numbers are left as they are.
import type { GridCell, GridRow } from "./grid";

export const COPY_FORMATS = ["tsv", "csv", "json", "markdown"] as const;
/** A form of text. */
export type CopyFormat = (typeof COPY_FORMATS)[number];

/** A piece of a table to copy. */
export interface CopyTable {
  readonly names: readonly string[];
  readonly rows: readonly GridRow[];
}

/** The table as text of one form. One cell alone goes without its name. */
export function copyAs(table: CopyTable, format: CopyFormat): string {
  const isOneCell = table.names.length === 1 && table.rows.length === 1;
  switch (format) {
    case "tsv":
      return isOneCell ? tsvField(table.rows[0]?.[0] ?? null) : [table.names.map(tsvField), ...table.rows.map((row) => row.map(tsvField))].map((row) => row.join("\t")).join("\n");
    case "csv":
      return [table.names.map(csvField), ...table.rows.map((row) => row.map(csvField))].map((row) => row.join(",")).join("\r\n") + "\r\n";
    case "json":
      return JSON.stringify(table.rows.map((row) => Object.fromEntries(uniqueNames(table.names).map((name, at) => [name, row[at] ?? null]))), null, 2);
    case "markdown":
      return [line(table.names.map(markdownField)), line(table.names.map(() => "---")), ...table.rows.map((row) => line(row.map(markdownField)))].join("\n");
  }
}

/** Text that a spreadsheet would take for a formula gets an apostrophe before it. */
export function neutralise(text: string): string {
  // Spaces and marks that are drawn as nothing are skipped by some programs before they look for the sign.
  return /^[\s\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠]/u.test(text) || /^[\t\r\n]/.test(text) ? `'${text}` : text;
}

/** One field of CSV: quoted where needed, harmless to a spreadsheet. */
export function csvField(cell: GridCell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const safe = neutralise(cell);
  return /[",;\r\n\t']|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One field of TSV: tabs and line ends become spaces. */
export function tsvField(cell: GridCell): string {
  if (cell === null) return "";
  return typeof cell === "number" ? String(cell) : neutralise(cell).replace(/[\t\r\n]+/g, " ");
}

function markdownField(cell: GridCell): string {
  if (cell === null) return "";
  return typeof cell === "number" ? String(cell) : cell.replace(/[\\|`*_<>[\]]/g, (mark) => `\\${mark}`).replace(/[\r\n]+/g, " ");
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

// Two columns of one name would lose one of them as keys.
function uniqueNames(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name}_${String(times)}`;
  });
}

/** Hands `text` to the browser as a file to keep. */
export function saveFile(name: string, text: string, type = "text/csv;charset=utf-8"): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  // A name from elsewhere must not lead out of the folder, nor hide its ending.
  link.download = name.replace(/[^\p{L}\p{N}._ -]+/gu, "_").replace(/^\.+/, "").slice(0, 120) || "result.csv";
  document.body.append(link);
  link.click();
  link.remove();
  // Some engines read the address only after the click has been handled.
  setTimeout(() => { URL.revokeObjectURL(url); }, 10_000);
}
