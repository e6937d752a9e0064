// What a wall screen shows, page after page: how many machines are how, then the machines or, of many, the lines. Machines
// that are down are on every page. Pure: drawing and turning are in Wall.svelte.
import type { MachineTile, PlantBoard } from "../../api";
import { linesOf } from "./heat";
import { headCount, type Group, type ShownState } from "./states";

/** A page turns after so long. */
export const PAGE_MS = 15_000;
/** Above so many machines the lines are shown instead of the machines. */
export const LINES_FROM = 121;
/** What fits in letters that are read from five metres. */
export const TILES_PER_PAGE = 16;
export const LINES_PER_PAGE = 8;
/** Machines down that fit beside every page. */
export const DOWN_SHOWN = 6;

/** A line on a page. */
export interface WallLine {
  readonly name: string;
  readonly total: number;
  readonly counts: Readonly<Record<Group, number>>;
}

/** One page of the wall. */
export type WallPage =
  | { readonly kind: "overview" }
  | { readonly kind: "tiles"; readonly title: string; readonly tiles: readonly MachineTile[] }
  | { readonly kind: "lines"; readonly lines: readonly WallLine[] };

/** The pages of a board. */
export function wallPages(board: PlantBoard, states: ReadonlyMap<string, ShownState>): WallPage[] {
  const lines = linesOf(board).filter((line) => line.tiles.length > 0);
  if (board.machines.length >= LINES_FROM) {
    const rows = lines.map((line): WallLine => ({ name: line.title.name, total: line.tiles.length, counts: headCount(line.tiles.map((tile) => states.get(tile.machine.machine_id) ?? "unknown")) }));
    return [{ kind: "overview" }, ...chunks(rows, LINES_PER_PAGE).map((part): WallPage => ({ kind: "lines", lines: part }))];
  }
  const pages = packed(lines.map((line) => ({ title: line.title.name, tiles: line.tiles })));
  return [{ kind: "overview" }, ...pages];
}

/** The machines that are down now, the longest first. Stale ones are not among them: nothing is known of them now. */
export function downNow(board: PlantBoard, states: ReadonlyMap<string, ShownState>): MachineTile[] {
  const since = (tile: MachineTile): number => { const at = Date.parse(tile.machine.status_since ?? ""); return Number.isNaN(at) ? Infinity : at; };
  return board.machines
    .filter((tile) => states.get(tile.machine.machine_id) === "down")
    .sort((a, b) => { const [x, y] = [since(a), since(b)]; return x === y ? 0 : x < y ? -1 : 1; });
}

/** Where the page is moved to at a moment, in pixels: no pixel shows the same for hours. */
export function pixelShift(now: number): { readonly x: number; readonly y: number } {
  const minute = Math.floor(now / 60_000);
  const swing = (at: number): number => Math.abs((at % 12) - 6);
  return { x: swing(minute), y: swing(minute + 3) };
}

// Lines that fit share a page; a longer line has pages of its own.
function packed(lines: readonly { readonly title: string; readonly tiles: readonly MachineTile[] }[]): WallPage[] {
  const pages: { titles: string[]; tiles: MachineTile[] }[] = [];
  for (const line of lines) {
    const last = pages.at(-1);
    if (last !== undefined && last.tiles.length + line.tiles.length <= TILES_PER_PAGE) {
      last.titles.push(line.title);
      last.tiles.push(...line.tiles);
    } else for (const part of chunks(line.tiles, TILES_PER_PAGE)) pages.push({ titles: [line.title], tiles: [...part] });
  }
  return pages.map((page) => ({ kind: "tiles", title: page.titles.join(", "), tiles: page.tiles }));
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}
