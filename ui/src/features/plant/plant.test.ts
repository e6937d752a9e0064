import { describe, expect, it } from "vitest";
import type { AbnormalItem, DowntimeEvent, FeedView, MachineState, MachineTile, PlantBoard } from "../../api";
import { reach } from "./reach";
import { ALARM_SHAPES, attention, groupOf, headCount, isBoardStale, isUnseenDown, priorityOf, SHOWN_STATES, shortStops, shownState, STATE_CODE, topAlarm } from "./states";
import { stretches, STRIP_MS } from "./strip";
import { Summary } from "./summary";
import { ageNow, feedLabel, formatLasting, formatPieces, siteTime, spokenSpan } from "./times";
import { lineTitle, tileLabel } from "./words";

const NOW = Date.parse("2026-06-22T12:00:00Z");
const iso = (ago: number): string => new Date(NOW - ago).toISOString();
const MINUTE = 60_000;

function tile(changes: Partial<MachineTile["machine"]> = {}, rest: Partial<MachineTile> = {}): MachineTile {
  const equipment = { area: "Press shop", work_center: "L3" };
  return {
    age_ms: 4000, is_stale: false, order: null,
    machine: { machine_id: "MI-03", name: "Mill 3", equipment, status: "running", status_raw: null, status_since: iso(12 * MINUTE), mode: "production", reason: null, order_id: null, product_id: null, counters: null, planned_cycle_s: null, last_cycle_s: null, alarms: [], observed_at: iso(4000), incomplete: [], ...changes },
    ...rest,
  };
}
function stop(changes: Partial<DowntimeEvent> = {}): DowntimeEvent {
  return { id: "d", machine_id: "MI-03", equipment: { enterprise: null, site: null, work_unit: null, ...tile().machine.equipment }, order_id: null, category: "unplanned", failure: true, reason: null, start: iso(60 * MINUTE), end: iso(30 * MINUTE), comment: null, deleted: false, updated_at: null, version: 1, incomplete: [], ...changes };
}
function board(changes: Partial<PlantBoard> = {}): PlantBoard {
  return { server_time: iso(0), site: null, time_zone: null, feed: { state: "live", last_contact: iso(2000), message: null, hint: null }, machines: [], lines: [], counts: [], abnormal: [], late_orders: [], troubled_feeds: [], alarm_load: { last_10_min: 0, per_10_min: 0, is_above_target: false, is_flood: false, groups: [] }, downtime: [], clock_skew_ms: null, ...changes };
}

describe("states", () => {
  const ENGINE: MachineState[] = ["running", "idle", "setup", "down", "maintenance", "offline", "unknown"];
  it("each have a fill, a glyph of their own and a word", () => {
    expect(Object.keys(STATE_CODE).sort()).toEqual([...SHOWN_STATES].sort());
    for (const state of ENGINE) expect(SHOWN_STATES).toContain(state);
    expect(new Set(SHOWN_STATES.map((state) => STATE_CODE[state].glyph)).size).toBe(SHOWN_STATES.length);
    expect(new Set(SHOWN_STATES.map((state) => STATE_CODE[state].word)).size).toBe(SHOWN_STATES.length);
  });
  it("are stale, whatever the machine last said, when the tile, the feed or the board is too old", () => {
    expect(shownState(tile({}, { is_stale: true }), false, new Set())).toBe("stale");
    expect(shownState(tile(), true, new Set())).toBe("stale");
    expect(isBoardStale(board(), NOW)).toBe(false);
    expect(isBoardStale(board(), NOW + 16_000)).toBe(true);
    for (const state of ["stale", "offline", "unauthorized"] as const) expect(isBoardStale(board({ feed: { ...board().feed, state } }), NOW)).toBe(true);
    for (const state of ["polling", "delayed"] as const) expect(isBoardStale(board({ feed: { ...board().feed, state } }), NOW)).toBe(false);
  });
  it("never count what is stale as running", () => {
    const counts = headCount([shownState(tile(), false, new Set()), shownState(tile({}, { is_stale: true }), false, new Set())]);
    expect(counts).toMatchObject({ running: 1, stale: 1 });
  });
  it("show an open short stop as one, but never over a state that is worse known", () => {
    const stops = shortStops([stop({ category: "minor_stop", end: null }), stop({ machine_id: "X", category: "minor_stop" })]);
    expect([...stops]).toEqual(["MI-03"]);
    expect(shownState(tile({ status: "idle" }), false, stops)).toBe("minor_stop");
    expect(shownState(tile({ status: "maintenance" }), false, stops)).toBe("maintenance");
    expect(groupOf("minor_stop")).toBe("stopped");
  });
});

describe("alarms", () => {
  const alarm = (id: string, priority: number | null, acknowledged: boolean | null): MachineTile["machine"]["alarms"][number] => ({ id, code: null, text: id, priority, raised_at: null, acknowledged });
  it("have four shapes, and a priority out of range has none", () => {
    expect(new Set(Object.values(ALARM_SHAPES)).size).toBe(4);
    expect([1, 4, 0, 5, null].map(priorityOf)).toEqual([1, 4, null, null, null]);
  });
  it("show the most urgent that nobody acknowledged", () => {
    expect(topAlarm(tile({ alarms: [alarm("a", 1, true), alarm("b", 3, false), alarm("c", 2, false)] }))?.id).toBe("c");
    expect(topAlarm(tile())).toBeNull();
  });
  it("acknowledged on a down machine mean that somebody has seen it", () => {
    expect(isUnseenDown(tile({ status: "down" }))).toBe(true);
    expect(isUnseenDown(tile({ status: "down", alarms: [alarm("a", 1, true)] }))).toBe(false);
    expect(isUnseenDown(tile({ status: "idle" }))).toBe(false);
  });
});

describe("needs attention", () => {
  const item = (machine_id: string, kind: AbnormalItem["kind"], priority: number): AbnormalItem => ({ machine_id, name: null, kind, priority, text: null, since: null });
  it("stays in the order the engine gives", () => {
    const items = [item("B", "down", 1), item("A", "down", 1), item("C", "offline", 2), item("A", "alarm", 3)];
    expect(attention(items).map((one) => `${one.machine_id} ${one.kind}`)).toEqual(["B down", "A down", "C offline", "A alarm"]);
  });
  it("names one thing once", () => {
    expect(attention([item("B", "down", 1), item("B", "down", 1)])).toHaveLength(1);
  });
});

describe("ages and times", () => {
  const feed = (state: FeedView["state"], ago: number | null = 2000): FeedView => ({ state, last_contact: ago === null ? null : iso(ago), message: null, hint: null });
  const label = (view: FeedView, old = false): string => feedLabel(view, old, iso(0), "UTC", NOW);
  it("word the feed as the rule says", () => {
    expect(label(feed("live"))).toBe("live, 2\u2009s");
    expect(label(feed("polling", 5000))).toBe("polling, 5\u2009s");
    expect(label(feed("delayed", 40_000))).toBe("delayed, 40\u2009s");
    expect(label(feed("stale", 3_600_000), true)).toBe("stale since 11:00");
    expect(label(feed("offline", 120_000), true)).toBe("offline, showing 11:58");
    expect(label(feed("unauthorized", null), true)).toBe("sign-in refused");
    expect(label(feed("not_configured", null))).toBe("no MES set up");
  });
  it("never call a board live that the console stopped sending", () => {
    expect(label(feed("live"), true)).toBe("offline, showing 12:00");
  });
  it("keep growing between two boards", () => {
    expect(ageNow(tile(), iso(6000), NOW)).toBe(10_000);
    expect(ageNow(tile({}, { age_ms: null }), iso(0), NOW)).toBeNull();
  });
  it("tick without decimals that move", () => {
    expect([0, 724_000, 3_600_000 * 3 + 12 * MINUTE, 86_400_000 * 2 + 3 * 3_600_000, -5].map(formatLasting)).toEqual(["00:00", "12:04", "3:12\u2009h", "2\u2009d 3\u2009h", "00:00"]);
  });
  it("are said in whole words with their plural", () => {
    expect([1000, 4000, 12 * MINUTE, 3_600_000].map(spokenSpan)).toEqual(["1 second", "4 seconds", "12 minutes", "1 hour"]);
  });
  it("are in the site's zone", () => {
    expect(siteTime("2026-06-22T12:00:00Z", "Europe/Berlin")).toBe("14:00");
    expect(siteTime("2026-06-22T12:00:00Z", "Asia/Kolkata", true)).toBe("17:30:00");
    expect(siteTime("2026-06-22T12:00:00Z", "Not/AZone")).toMatch(/^\d\d:\d\d$/);
  });
  it("show counts exactly, with a unit when they are no pieces", () => {
    expect([formatPieces("1081", "C62"), formatPieces("12.5", "KGM"), formatPieces(null, "C62")]).toEqual(["1,081", "12.5\u2009KGM", "–"]);
  });
});

describe("the name of a tile", () => {
  it("says machine, state, how long, why, and how old the data is", () => {
    const down = tile({ status: "down", reason: { code: "S1", text: "spindle overload", group: null } });
    expect(tileLabel(down, "down", 4000, NOW)).toBe("Mill 3, down, 12 minutes, spindle overload, data 4 seconds old");
  });
  it("says of a stale one what it was, and no time in state", () => {
    expect(tileLabel(tile({}, { is_stale: true }), "stale", 240_000, NOW)).toBe("Mill 3, stale, last running, data 4 minutes old");
  });
  it("shows hidden characters of a foreign name", () => {
    expect(tileLabel(tile({ name: "Mi\u202ell" }), "running", null, NOW)).toContain("Mi⟦U+202E⟧ll, running");
  });
  it("keeps the raw word of a state that is not understood", () => {
    expect(tileLabel(tile({ status: "unknown", status_raw: "REWORK_7" }), "unknown", 4000, NOW)).toContain("REWORK_7");
  });
  it("gives a line the area its machines share", () => {
    expect(lineTitle({ name: "L3", area: "Press shop", machines: [], first_stopped: null }, [tile(), tile()])).toEqual({ name: "L3", area: "Press shop" });
  });
});

describe("the strip of the last eight hours", () => {
  it("bridges no gap and covers the whole window without overlap", () => {
    const parts = stretches(tile(), [stop()], false, NOW);
    expect(parts.map((part) => part.state)).toEqual([null, "down", null, "running"]);
    expect(parts[0]?.from).toBe(NOW - STRIP_MS);
    expect(parts.at(-1)?.to).toBe(NOW);
    parts.slice(1).forEach((part, at) => { expect(part.from).toBe(parts[at]?.to); });
  });
  it("ends a stale value where it was measured", () => {
    const parts = stretches(tile({ observed_at: iso(5 * MINUTE) }, { is_stale: true }), [], true, NOW);
    expect(parts.map((part) => part.state)).toEqual([null, "running", null]);
    expect(parts[1]?.to).toBe(NOW - 5 * MINUTE);
  });
  it("draws what began before the window from its edge, and nothing in the future", () => {
    const parts = stretches(tile({ status_since: iso(-MINUTE) }), [stop({ start: iso(STRIP_MS * 2), end: iso(STRIP_MS / 2) })], false, NOW);
    expect(parts.map((part) => part.state)).toEqual(["down", null]);
    expect(parts[0]?.from).toBe(NOW - STRIP_MS);
  });
  it("gives each moment to what began first, and leaves out deleted and impossible stops", () => {
    const parts = stretches(tile({ status: "down", status_since: iso(10 * MINUTE) }), [stop({ start: iso(20 * MINUTE), end: null, category: "setup" }), stop({ id: "x", deleted: true }), stop({ id: "y", start: iso(MINUTE), end: iso(5 * MINUTE) })], false, NOW);
    expect(parts.map((part) => part.state)).toEqual([null, "setup"]);
  });
});

describe("arrows on the board", () => {
  // Two lines: three tiles and two, then a line of one.
  const boxes = [[0, 0], [110, 0], [220, 0], [0, 100], [110, 100], [0, 230]].map(([left = 0, top = 0]) => ({ left, top, width: 100, height: 90 }));
  it("lead to the tile that lies that way", () => {
    expect(reach(boxes, 0, "ArrowRight")).toBe(1);
    expect(reach(boxes, 1, "ArrowDown")).toBe(4);
    expect(reach(boxes, 2, "ArrowDown")).toBe(4);
    expect(reach(boxes, 4, "ArrowDown")).toBe(5);
    expect(reach(boxes, 5, "ArrowUp")).toBe(3);
    expect(reach(boxes, 0, "ArrowRight", true)).toBeNull();
  });
  it("stop at the edge, and Home and End go to the ends", () => {
    expect(reach(boxes, 2, "ArrowRight")).toBeNull();
    expect(reach(boxes, 0, "ArrowUp")).toBeNull();
    expect(reach(boxes, 3, "End")).toBe(5);
    expect(reach(boxes, 3, "Home")).toBe(0);
    expect(reach(boxes, -1, "ArrowDown")).toBe(0);
    expect(reach([], -1, "ArrowDown")).toBeNull();
  });
});

describe("what is said aloud", () => {
  it("is at most one summary in ten seconds, of all that changed", () => {
    const summary = new Summary();
    expect(summary.take(0)).toBeNull();
    summary.note(["Mill 1"], []);
    expect(summary.take(0)).toEqual({ down: ["Mill 1"], recovered: [] });
    summary.note(["Mill 2"], []);
    expect(summary.take(9_999)).toBeNull();
    summary.note(["Mill 3"], ["Mill 1"]);
    expect(summary.take(10_000)).toEqual({ down: ["Mill 2", "Mill 3"], recovered: ["Mill 1"] });
    expect(summary.take(60_000)).toBeNull();
  });
  it("is silent about a machine that went down and came back between two", () => {
    const summary = new Summary();
    summary.note(["Mill 1"], []);
    summary.note([], ["Mill 1"]);
    expect(summary.take(0)).toBeNull();
  });
});
