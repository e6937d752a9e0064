// The heat map for more machines than tiles can show: one cell for each, grouped by line, the worst first. Which cell lies
// where, and which lies under a point. Pure: painting is in paint.ts, keys and roles in HeatMap.svelte.
import type { MachineTile, PlantBoard } from "../../api";
import type { Box } from "./reach";
import { headCount, needsEye, type Group, type ShownState } from "./states";
import { lineTitle, machineName } from "./words";

/** How the cells of a group are ordered. */
export const HEAT_SORTS = ["worst", "longest", "name"] as const;
/** One of the orders. */
export type HeatSort = (typeof HEAT_SORTS)[number];

/** The machines of one line, in the order they are drawn. */
export interface HeatGroup {
  readonly key: string;
  readonly name: string;
  readonly area: string | null;
  readonly total: number;
  /** Of the machines shown. */
  readonly counts: Readonly<Record<Group, number>>;
  readonly ids: readonly string[];
}

const WORST: readonly ShownState[] = ["down", "minor_stop", "offline", "unknown", "stale", "setup", "maintenance", "idle", "running"];
const RANK: Readonly<Record<ShownState, number>> = Object.fromEntries(WORST.map((state, at) => [state, at])) as Record<ShownState, number>;
// An alarm nobody has seen comes right after what has stopped.
const ALARM_RANK = 1.5;

/** Since when a machine is in its state; what does not say comes last. */
function sinceOf(tile: MachineTile): number {
  const at = Date.parse(tile.machine.status_since ?? "");
  return Number.isNaN(at) ? Infinity : at;
}

function rankOf(tile: MachineTile, state: ShownState): number {
  return needsEye(tile, state) ? Math.min(ALARM_RANK, RANK[state]) : RANK[state];
}

/** Orders tiles: the worst first and the longest first within it, the longest in their state first, or by name. */
export function sortTiles(tiles: readonly MachineTile[], states: ReadonlyMap<string, ShownState>, sort: HeatSort): MachineTile[] {
  const keyed = tiles.map((tile) => ({ tile, rank: rankOf(tile, states.get(tile.machine.machine_id) ?? "unknown"), since: sinceOf(tile), name: machineName(tile) }));
  const byName = (a: (typeof keyed)[number], b: (typeof keyed)[number]): number => byNumberedName(a.name, b.name);
  // Comparing, not subtracting: two that do not say since when are equal, and no difference of infinities is.
  const bySince = (a: (typeof keyed)[number], b: (typeof keyed)[number]): number => (a.since === b.since ? 0 : a.since < b.since ? -1 : 1);
  keyed.sort((a, b) => {
    if (sort === "worst") return a.rank - b.rank || bySince(a, b) || byName(a, b);
    return sort === "longest" ? bySince(a, b) || byName(a, b) : byName(a, b);
  });
  return keyed.map((one) => one.tile);
}

/** The board's lines as groups of the machines shown, without empty ones. Lines with something down come first when sorted by the worst. */
export function heatGroups(board: PlantBoard, states: ReadonlyMap<string, ShownState>, shown: ReadonlySet<string>, sort: HeatSort): HeatGroup[] {
  const groups = linesOf(board).map(({ key, title, tiles }): HeatGroup => {
    const seen = sortTiles(tiles.filter((tile) => shown.has(tile.machine.machine_id)), states, sort);
    return { key, ...title, total: tiles.length, ids: seen.map((tile) => tile.machine.machine_id), counts: headCount(seen.map((tile) => states.get(tile.machine.machine_id) ?? "unknown")) };
  }).filter((group) => group.ids.length > 0);
  return sort === "worst" ? groups.sort((a, b) => b.counts.stopped - a.counts.stopped) : groups;
}

const numbered = new Intl.Collator("en", { numeric: true });
/** Orders names as people count: L2 before L10. */
export function byNumberedName(a: string, b: string): number {
  return numbered.compare(a, b);
}

/** A line with its machines. */
export interface BoardLine {
  readonly key: string;
  readonly title: { readonly name: string; readonly area: string | null };
  readonly tiles: readonly MachineTile[];
  /** The machine that stopped first while others of the line stand. */
  readonly firstStopped: string | null;
}

/** The lines by name, each with its machines in flow order; machines of no line come last. */
export function linesOf(board: PlantBoard): BoardLine[] {
  const byId = new Map(board.machines.map((tile) => [tile.machine.machine_id, tile]));
  const placed = new Set(board.lines.flatMap((line) => line.machines));
  const loose = board.machines.filter((tile) => !placed.has(tile.machine.machine_id)).map((tile) => tile.machine.machine_id);
  const all = loose.length === 0 ? board.lines : [...board.lines, { name: "", area: null, machines: loose, first_stopped: null }];
  return [...all].sort((a, b) => (a.name === "" || b.name === "" ? Number(a.name === "") - Number(b.name === "") : byNumberedName(a.name, b.name))).map((line) => {
    const tiles = line.machines.map((id) => byId.get(id)).filter((tile): tile is MachineTile => tile !== undefined);
    return { key: `${line.area ?? ""} ${line.name}`, title: lineTitle(line, tiles), tiles, firstStopped: line.first_stopped };
  });
}

/** The new groups in the order of the old ones, for as long as somebody points at them: nothing moves under the pointer. */
export function keepOrder(before: readonly HeatGroup[], after: readonly HeatGroup[]): HeatGroup[] {
  const place = new Map(before.map((group, at) => [group.key, at]));
  const ranks = new Map(before.flatMap((group) => group.ids).map((id, at) => [id, at]));
  const rank = (id: string): number => ranks.get(id) ?? Infinity;
  const stable = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);
  return [...after]
    .sort((a, b) => stable(place.get(a.key) ?? Infinity, place.get(b.key) ?? Infinity))
    .map((group) => ({ ...group, ids: [...group.ids].sort((a, b) => stable(rank(a), rank(b))) }));
}

/** Where a group's heading lies. */
export interface HeatHead extends Box {
  readonly group: HeatGroup;
}

/** A machine's cell. */
export interface HeatCell extends Box {
  readonly id: string;
}

/** Everything's place, from the top left of the map. */
export interface HeatLayout {
  readonly height: number;
  readonly cell: number;
  readonly heads: readonly HeatHead[];
  readonly cells: readonly HeatCell[];
}

/** The height of a group's heading. */
export const HEAD_HEIGHT = 28;
const GAP = 2;
const COLUMN_GAP = 20;
const GROUP_GAP = 12;
const NARROWEST_COLUMN = 270;
const EDGE = 16;

/** The side of a cell, never under 14 px: what the screen can spare for so many. */
export function cellSide(count: number): number {
  return count <= 1000 ? 22 : count <= 2500 ? 18 : 14;
}

/** Lays the groups out in columns: each group goes where there is room first. */
export function layoutHeat(groups: readonly HeatGroup[], width: number): HeatLayout {
  const cell = cellSide(groups.reduce((sum, group) => sum + group.ids.length, 0));
  const room = Math.max(NARROWEST_COLUMN, width - 2 * EDGE);
  const columns = Math.max(1, Math.min(groups.length, Math.floor((room + COLUMN_GAP) / (NARROWEST_COLUMN + COLUMN_GAP))));
  const columnWidth = (room - (columns - 1) * COLUMN_GAP) / columns;
  const perRow = Math.max(1, Math.floor((columnWidth + GAP) / (cell + GAP)));
  const filled = Array.from({ length: columns }, () => EDGE / 2);
  const heads: HeatHead[] = [];
  const cells: HeatCell[] = [];
  for (const group of groups) {
    const column = filled.indexOf(Math.min(...filled));
    const left = EDGE + column * (columnWidth + COLUMN_GAP);
    const top = filled[column] ?? 0;
    heads.push({ group, left, top, width: columnWidth, height: HEAD_HEIGHT });
    for (const [at, id] of group.ids.entries()) {
      cells.push({ id, left: left + (at % perRow) * (cell + GAP), top: top + HEAD_HEIGHT + Math.floor(at / perRow) * (cell + GAP), width: cell, height: cell });
    }
    filled[column] = top + HEAD_HEIGHT + Math.ceil(group.ids.length / perRow) * (cell + GAP) + GROUP_GAP;
  }
  return { height: Math.max(0, ...filled), cell, heads, cells };
}

/** The machine whose cell lies under a point of the map, or null between them. */
export function cellUnder(layout: HeatLayout, x: number, y: number): HeatCell | null {
  return layout.cells.find((one) => x >= one.left && x < one.left + one.width && y >= one.top && y < one.top + one.height) ?? null;
}

/** True when any part of a box is in the stretch of the map that is in view. */
export function isInView(box: Box, scrollTop: number, height: number): boolean {
  return box.top + box.height >= scrollTop && box.top <= scrollTop + height;
}

