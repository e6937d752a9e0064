import { describe, expect, it } from "vitest";
import type { MachineState, PlantWindow } from "../../api";
import { clip, clockChanges, drawnRow, shiftMarks, shortCount, ticks, totals, type CompactSegment } from "./gantt";

const HOUR = 3_600_000;
const SINCE = Date.parse("2026-06-22T04:00:00Z");
const UNTIL = SINCE + 8 * HOUR;
const NOW = SINCE + 5 * HOUR;
const window = (changes: Partial<PlantWindow> = {}): PlantWindow => ({ range: "current_shift", since: new Date(SINCE).toISOString(), until: new Date(UNTIL).toISOString(), as_of: new Date(NOW).toISOString(), time_zone: "Europe/Berlin", label: null, business_day: null, is_finished: false, is_calendar_assumed: false, previous: null, next: null, shifts: [], ...changes });
const at = (from: number, to: number, state: MachineState | null): CompactSegment => [SINCE + from * HOUR, SINCE + to * HOUR, state];

describe("a row of the timeline", () => {
  it("begins at the window's edge, ends now, and bridges no gap", () => {
    const row = clip([at(-2, 1, "running"), at(2, 9, "down")], SINCE, UNTIL, NOW);
    expect(row.map((one) => one.state)).toEqual(["running", null, "down"]);
    expect(row[0]?.from).toBe(SINCE);
    expect(row.at(-1)?.to).toBe(NOW);
    row.slice(1).forEach((one, index) => { expect(one.from).toBe(row[index]?.to); });
  });
  it("says no data up to now when nothing is known of the end, and draws nothing in the future", () => {
    const drawn = drawnRow([at(0, 3, "running")], window(), 800, NOW);
    expect(drawn.map((one) => [one.kind, one.left, one.width])).toEqual([["state", 0, 300], ["no_data", 300, 200]]);
    expect(drawnRow([at(6, 7, "running")], window(), 800, NOW).map((one) => [one.kind, one.width])).toEqual([["no_data", 500]]);
  });
  it("gathers what is thinner than two pixels into one mark with the count of stops", () => {
    const minute = 1 / 60;
    // 100 px an hour: a minute is 1.7 px.
    const drawn = drawnRow([at(0, 1, "running"), at(1, 1 + minute, "idle"), at(1 + minute, 1 + 2 * minute, "running"), at(1 + 2 * minute, 1 + 3 * minute, "down"), at(1 + 3 * minute, 5, "running")], window(), 800, NOW);
    expect(drawn.map((one) => one.kind)).toEqual(["state", "short", "state"]);
    expect(drawn[1]).toMatchObject({ state: "down", count: 2 });
    expect(drawn[1]?.width).toBeGreaterThanOrEqual(2);
    expect(shortCount(drawn)).toBe(2);
  });
  it("never gathers time that nothing is known of", () => {
    const drawn = drawnRow([at(0, 2, "running"), at(2.005, 5, "running")], window(), 800, NOW);
    expect(drawn.map((one) => one.kind)).toEqual(["state", "no_data", "state"]);
  });
  it("adds up to the window so far, for its words and its table", () => {
    const sums = totals({ machine_id: "M", name: null, work_center: null, segments: [at(0, 2, "running"), at(2.5, 4, "down")] }, window(), NOW);
    expect([...sums]).toEqual([["running", 7200], [null, 5400], ["down", 5400]]);
  });
});

describe("the scale", () => {
  it("has round times of the site's clock", () => {
    expect(ticks(window()).map((one) => new Date(one.at).toISOString().slice(11, 16))).toEqual(["04:00", "05:00", "06:00", "07:00", "08:00", "09:00", "10:00", "11:00", "12:00"]);
  });
  it("marks where the clocks change, and stays round after it", () => {
    const change = window({ since: "2026-03-28T21:00:00Z", until: "2026-03-29T05:00:00Z" });
    expect(clockChanges(change)).toEqual([{ at: Date.parse("2026-03-29T01:00:00Z"), minutes: 60 }]);
    expect(clockChanges(window())).toEqual([]);
    expect(ticks(change, 5).map((one) => new Date(one.at).toISOString().slice(11, 16))).toEqual(["21:00", "23:00", "02:00", "04:00"]);
  });
  it("shades breaks and marks limits of shifts that lie within", () => {
    const shift = { id: "s", shift: null, business_day: null, site: null, start: new Date(SINCE - 8 * HOUR).toISOString(), end: new Date(SINCE + 2 * HOUR).toISOString(), breaks: [{ start: new Date(SINCE - HOUR).toISOString(), end: new Date(SINCE + HOUR).toISOString() }] };
    expect(shiftMarks(window({ shifts: [shift] }))).toEqual({ breaks: [{ from: SINCE, to: SINCE + HOUR }], limits: [SINCE + 2 * HOUR] });
  });
});
