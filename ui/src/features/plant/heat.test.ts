import { describe, expect, it } from "vitest";
import type { AbnormalItem, Alarm, LateOrder, MachineState, MachineTile, PlantBoard } from "../../api";
import { entriesOf, floodGroups } from "./alarms";
import { cellSide, cellUnder, heatGroups, keepOrder, layoutHeat, sortTiles } from "./heat";
import { reach } from "./reach";
import { shownState, type ShownState } from "./states";
import { downNow, LINES_FROM, pixelShift, TILES_PER_PAGE, wallPages } from "./wall";
import { isAbout } from "./words";

const NOW = Date.parse("2026-06-22T12:00:00Z");
const iso = (ago: number): string => new Date(NOW - ago).toISOString();
const MINUTE = 60_000;

function tile(id: string, status: MachineState = "running", minutes: number | null = 10, more: { line?: string; stale?: boolean; alarms?: Alarm[] } = {}): MachineTile {
  return {
    age_ms: 1000, is_stale: more.stale ?? false, order: null,
    machine: { machine_id: id, name: null, equipment: { area: "Hall", work_center: more.line ?? "L1" }, status, status_raw: null, status_since: minutes === null ? null : iso(minutes * MINUTE), mode: "production", reason: null, order_id: null, product_id: null, counters: null, planned_cycle_s: null, last_cycle_s: null, alarms: more.alarms ?? [], observed_at: iso(1000), incomplete: [] },
  };
}
function board(machines: MachineTile[]): PlantBoard {
  const lines = [...new Set(machines.map((one) => one.machine.equipment.work_center ?? ""))].map((name) => ({ name, area: "Hall", machines: machines.filter((one) => one.machine.equipment.work_center === name).map((one) => one.machine.machine_id), first_stopped: null }));
  return { server_time: iso(0), site: null, time_zone: null, feed: { state: "live", last_contact: iso(0), message: null, hint: null }, machines, lines, counts: [], abnormal: [], late_orders: [], troubled_feeds: [], alarm_load: { last_10_min: 0, per_10_min: 0, is_above_target: false, is_flood: false, groups: [] }, downtime: [], clock_skew_ms: null };
}
const states = (machines: readonly MachineTile[]): Map<string, ShownState> => new Map(machines.map((one) => [one.machine.machine_id, shownState(one, false, new Set())]));
const ids = (machines: readonly MachineTile[]): string[] => machines.map((one) => one.machine.machine_id);
const all = (machines: readonly MachineTile[]): Set<string> => new Set(ids(machines));

describe("the order of cells", () => {
  const alarm: Alarm = { id: "a", code: null, text: null, priority: 1, raised_at: null, acknowledged: false };
  const machines = [tile("run"), tile("down-short", "down", 2), tile("stale", "down", 90, { stale: true }), tile("down-long", "down", 50), tile("alarm", "running", 5, { alarms: [alarm] }), tile("idle", "idle", 30), tile("untold", "down", null)];
  it("is the worst first and the longest first within it; stale is not down", () => {
    expect(ids(sortTiles(machines, states(machines), "worst"))).toEqual(["down-long", "down-short", "untold", "alarm", "stale", "idle", "run"]);
  });
  it("is the longest in state first, or by name", () => {
    expect(ids(sortTiles(machines, states(machines), "longest")).slice(0, 3)).toEqual(["stale", "down-long", "idle"]);
    expect(ids(sortTiles(machines, states(machines), "name"))).toEqual([...ids(machines)].sort());
  });
  it("puts lines with stopped machines first and counts every state in the heading", () => {
    const plant = [tile("a", "running", 1, { line: "L1" }), tile("b", "down", 1, { line: "L2" }), tile("c", "running", 1, { line: "L2", stale: true })];
    const groups = heatGroups(board(plant), states(plant), all(plant), "worst");
    expect(groups.map((group) => group.name)).toEqual(["L2", "L1"]);
    expect(groups[0]?.counts).toMatchObject({ stopped: 1, stale: 1, running: 0 });
  });
  it("counts lines and machines as people do", () => {
    const plant = ["M10", "M9", "M2"].map((id, at) => tile(id, "running", 1, { line: ["L10", "L9", "L2"][at] ?? "" }));
    expect(heatGroups(board(plant), states(plant), all(plant), "name").map((group) => group.name)).toEqual(["L2", "L9", "L10"]);
    expect(ids(sortTiles(plant, states(plant), "name"))).toEqual(["M2", "M9", "M10"]);
  });
  it("stays as it is while somebody points at it, with new machines at the end", () => {
    const before = heatGroups(board(machines), states(machines), all(machines), "worst");
    const now = [...machines.map((one) => (one.machine.machine_id === "run" ? tile("run", "down", 100) : one)), tile("new", "down", 200)];
    const after = heatGroups(board(now), states(now), all(now), "worst");
    expect(after[0]?.ids[0]).toBe("new");
    expect(keepOrder(before, after)[0]?.ids).toEqual([...(before[0]?.ids ?? []), "new"]);
  });
});

describe("the places of cells", () => {
  const machines = Array.from({ length: 5000 }, (_, at) => tile(`M${String(at).padStart(4, "0")}`, "running", 1, { line: `L${String(at % 12)}` }));
  const layout = layoutHeat(heatGroups(board(machines), states(machines), all(machines), "name"), 900);
  it("are at least 14 pixels wide, one for each of 5,000 machines, none over another", () => {
    expect(cellSide(5000)).toBeGreaterThanOrEqual(14);
    expect(layout.cells).toHaveLength(5000);
    expect(new Set(layout.cells.map((cell) => `${String(Math.round(cell.left))} ${String(Math.round(cell.top))}`)).size).toBe(5000);
    expect(Math.max(...layout.cells.map((cell) => cell.left + cell.width))).toBeLessThanOrEqual(900);
    expect(layout.heads).toHaveLength(12);
  });
  it("are found under the pointer, and nothing between them", () => {
    const cell = layout.cells[17];
    expect(cellUnder(layout, (cell?.left ?? 0) + 3, (cell?.top ?? 0) + 3)?.id).toBe(cell?.id);
    expect(cellUnder(layout, 1, 1)).toBeNull();
  });
  it("are reached by arrows, also into the next group", () => {
    const first = layout.cells.findIndex((cell) => cell.id === "M0000");
    const right = reach(layout.cells, first, "ArrowRight");
    expect(layout.cells[right ?? -1]?.top).toBe(layout.cells[first]?.top);
    const below = reach(layout.cells, first, "ArrowDown");
    expect(layout.cells[below ?? -1]?.left).toBe(layout.cells[first]?.left);
  });
});

describe("what calls for attention", () => {
  const item = (machine_id: string, kind: AbnormalItem["kind"], since: number | null): AbnormalItem => ({ machine_id, name: null, kind, priority: 1, text: null, since: since === null ? null : iso(since * MINUTE) });
  const items = [item("A1", "down", 5), item("B1", "down", 9), item("A2", "alarm", 12), item("A3", "offline", null)];
  const areaOf = (id: string): string | null => (id.startsWith("A") ? "Hall A" : null);
  const late: LateOrder = { order_id: "1", number: "1007720", product: null, work_center: null, machine_id: null, due: iso(42 * MINUTE) };
  it("is each machine in the engine's order, then late orders", () => {
    expect(entriesOf(items, [late], false, new Set(), areaOf).map((entry) => entry.type)).toEqual(["machine", "machine", "machine", "machine", "order"]);
  });
  it("folds in a flood to areas with their first cause, the one that began first on top", () => {
    const groups = floodGroups(items, areaOf);
    expect(groups.map((group) => [group.area, group.first.machine_id, group.items.length])).toEqual([["Hall A", "A2", 3], ["", "B1", 1]]);
    expect(entriesOf(items, [], true, new Set(), areaOf).map((entry) => entry.type)).toEqual(["area", "area"]);
    expect(entriesOf(items, [], true, new Set(["Hall A"]), areaOf)).toHaveLength(5);
  });
  it("finds the requests that name a machine as a word of its own", () => {
    const press = tile("PS-07");
    expect(isAbout("Raise cycle-time target on PS-07", press)).toBe(true);
    expect(isAbout("Raise cycle-time target on PS-071", press)).toBe(false);
  });
});

describe("the wall", () => {
  it("shows machines that fit, line by line, and lines where there are too many", () => {
    const few = Array.from({ length: 40 }, (_, at) => tile(`M${String(at)}`, "running", 1, { line: `L${String(at % 2)}` }));
    const pages = wallPages(board(few), states(few));
    expect(pages[0]?.kind).toBe("overview");
    const tiles = pages.flatMap((page) => (page.kind === "tiles" ? page.tiles : []));
    expect(new Set(ids(tiles)).size).toBe(40);
    for (const page of pages) if (page.kind === "tiles") expect(page.tiles.length).toBeLessThanOrEqual(TILES_PER_PAGE);
    const many = Array.from({ length: LINES_FROM }, (_, at) => tile(`M${String(at)}`));
    expect(wallPages(board(many), states(many)).map((page) => page.kind)).toEqual(["overview", "lines"]);
  });
  it("keeps machines that are down on every page, the longest first, without those nothing is known of now", () => {
    const plant = [tile("a", "down", 2), tile("b", "down", 60), tile("c", "down", 90, { stale: true }), tile("d")];
    expect(ids(downNow(board(plant), states(plant)))).toEqual(["b", "a"]);
  });
  it("moves by a few pixels from minute to minute", () => {
    const places = Array.from({ length: 12 }, (_, minute) => pixelShift(minute * MINUTE));
    expect(new Set(places.map(({ x, y }) => `${String(x)} ${String(y)}`)).size).toBeGreaterThan(6);
    for (const { x, y } of places) expect(Math.max(x, y)).toBeLessThanOrEqual(6);
  });
});
