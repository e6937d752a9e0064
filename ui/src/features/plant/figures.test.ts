import { describe, expect, it } from "vitest";
import type { FigureBasis, Figures, PlantWindow, WaterfallStep } from "../../api";
import { barName, basisAge, basisNotes, foldReasons, formatDuration, formatShare, hasNoSource, isShort, limitsText, percent, stepName, waterfallBars, waterfallGap, waterfallTable } from "./figures";
import { siteInstant, zoneOffset } from "./times";

const NOW = Date.parse("2026-06-22T12:00:00Z");
const iso = (ago: number): string => new Date(NOW - ago).toISOString();
const basis = (changes: Partial<FigureBasis> = {}): FigureBasis => ({ origin: "computed_here", definition: "plant.definition.figures", server_time: iso(0), data_until: iso(12_000), corrected: 0, notes: [], ...changes });
const step = (kind: WaterfallStep["kind"], seconds: number, is_total = false, text: string | null = null): WaterfallStep => ({ kind, is_total, code: text, text, seconds });
const sure = { is_low_confidence: false } as Figures;

describe("a share", () => {
  it("has one decimal, a dash where it is not known, and may exceed one hundred", () => {
    expect([formatShare(0.74793), formatShare(null), formatShare(1.062), formatShare(0)]).toEqual(["74.8\u2009%", "–", "106.2\u2009%", "0.0\u2009%"]);
    expect([percent(0.74793), percent(null)]).toEqual([74.8, null]);
  });
  it("is coloured only below its target, where enough is known and the data is fresh", () => {
    expect(isShort(0.6, 0.75, sure, false)).toBe(true);
    expect(isShort(0.8, 0.75, sure, false)).toBe(false);
    expect(isShort(0.6, 0.75, { is_low_confidence: true } as Figures, false)).toBe(false);
    expect(isShort(0.6, 0.75, sure, true)).toBe(false);
    expect(isShort(0.6, null, sure, false)).toBe(false);
    expect(isShort(null, 0.75, sure, false)).toBe(false);
  });
});

describe("a length of time", () => {
  it("is short, and of hundreds of hours in whole hours", () => {
    expect([40, 754, 11_520, 3_600_000, -120].map(formatDuration)).toEqual(["40\u2009s", "13\u2009min", "3:12\u2009h", "1,000\u2009h", "−2\u2009min"]);
  });
});

describe("the waterfall", () => {
  const steps = [step("planned_busy", 1000, true), step("stop_reason", 150, false, "Jam"), step("no_reason", 50), step("production", 800, true), step("speed", 100), step("ideal", 700, true), step("quality", 20), step("good", 680, true)];
  it("hangs each loss from what was left before it, down to the next total", () => {
    expect(waterfallBars(steps).map(({ from, to }) => [from, to])).toEqual([[0, 1000], [850, 1000], [800, 850], [0, 800], [700, 800], [0, 700], [680, 700], [0, 680]]);
  });
  it("closes: the losses and the last total are the first", () => {
    expect(waterfallGap(steps)).toBe(0);
    expect(waterfallGap([...steps.slice(0, -1), step("good", 600, true)])).toBe(80);
  });
  it("lets a gain reach beyond what was left", () => {
    const bars = waterfallBars([step("production", 800, true), step("speed", -50), step("ideal", 850, true)]);
    expect([bars[1]?.from, bars[1]?.to]).toEqual([800, 850]);
  });
  it("has the same seconds in its table as in its bars", () => {
    expect(waterfallTable(steps).rows.map((row) => row[2])).toEqual(steps.map((one) => one.seconds));
    expect(waterfallTable(steps).rows.map((row) => row[3])).toEqual([100, 15, 5, 80, 10, 70, 2, 68]);
  });
  it("gathers the smallest reasons in one step and still closes", () => {
    const many = [step("planned_busy", 1000, true), ...Array.from({ length: 12 }, (_, at) => step("stop_reason", 12 - at, false, `R${String(at)}`)), step("idle", 22), step("production", 900, true)];
    const folded = foldReasons(many);
    expect(folded.map((one) => one.text ?? one.kind)).toEqual(["planned_busy", "R0", "R1", "R2", "R3", "R4", "R5", "R6", "5 more reasons", "idle", "production"]);
    expect(waterfallGap(folded)).toBe(0);
    expect(foldReasons(steps)).toEqual(steps);
  });
  it("names a reason by the plant's own words, made visible", () => {
    expect(stepName(step("stop_reason", 1, false, "Ja\u202em"))).toBe("Ja⟦U+202E⟧m");
    expect(stepName(step("no_data", 1))).toBe("No data");
  });
});

describe("a bar of the Pareto", () => {
  const bar = (kind: "reason" | "no_reason" | "other", text: string | null, reasons = 1): Parameters<typeof barName>[0] => ({ kind, code: null, text, seconds: 1, count: 1, cumulative: 1, reasons });
  it("names the unknown reason and how many are in the rest", () => {
    expect([barName(bar("reason", "Jam")), barName(bar("no_reason", null)), barName(bar("other", null, 5))]).toEqual(["Jam", "No reason given", "Other (5)"]);
  });
});

describe("what a figure rests on", () => {
  it("says how old it is, and calls it stale with the feed or by itself", () => {
    expect(basisAge(basis(), false, "UTC", NOW)).toEqual({ text: "data 12\u2009s old", isStale: false });
    expect(basisAge(basis({ data_until: iso(120_000) }), false, "UTC", NOW).text).toBe("delayed, 2\u2009min");
    expect(basisAge(basis({ data_until: iso(600_000) }), false, "UTC", NOW)).toEqual({ text: "stale since 11:50", isStale: true });
    expect(basisAge(basis(), true, "UTC", NOW).isStale).toBe(true);
    expect(basisAge(basis({ data_until: null }), false, "UTC", NOW).isStale).toBe(true);
    expect(basisAge(basis({ notes: [{ kind: "source_stale", count: null }] }), false, "UTC", NOW).isStale).toBe(true);
  });
  it("says what is left out, the grave first, and when a MES tells no past", () => {
    const notes = basisNotes(basis({ notes: [{ kind: "machines_unrated", count: 2 }, { kind: "source_missing", count: null }] }));
    expect(notes.map((note) => [note.kind, note.isGrave])).toEqual([["source_missing", true], ["machines_unrated", false]]);
    expect(notes[1]?.text).toBe("2 machines without planned cycle or counts are left out of OEE.");
    expect(hasNoSource(basis({ notes: [{ kind: "source_missing", count: null }] }))).toBe(true);
    expect(hasNoSource(basis())).toBe(false);
  });
});

describe("the limits of the page's time", () => {
  const window = (since: string, until: string, time_zone: string | null = "Europe/Berlin"): PlantWindow => ({ range: "current_shift", since, until, as_of: until, time_zone, label: null, business_day: null, is_finished: false, is_calendar_assumed: false, previous: null, next: null, shifts: [] });
  it("are exact and with the zone, with dates where they are of another day", () => {
    expect(limitsText(window("2026-06-22T04:00:00Z", "2026-06-22T12:00:00Z"), NOW)).toBe("06:00 to 14:00 CEST");
    expect(limitsText(window("2026-06-21T20:00:00Z", "2026-06-22T04:00:00Z"), NOW)).toBe("2026-06-21 22:00 to 2026-06-22 06:00 CEST");
    expect(limitsText(window("2026-06-20T04:00:00Z", "2026-06-20T12:00:00Z"), NOW)).toBe("2026-06-20 06:00 to 14:00 CEST");
  });
  it("of one's own are the site's clock, also across a change of clocks", () => {
    expect(new Date(siteInstant("2026-03-29T01:30", "Europe/Berlin") ?? 0).toISOString()).toBe("2026-03-29T00:30:00.000Z");
    expect(new Date(siteInstant("2026-03-29T06:00", "Europe/Berlin") ?? 0).toISOString()).toBe("2026-03-29T04:00:00.000Z");
    expect(siteInstant("yesterday", "Europe/Berlin")).toBeNull();
    expect(zoneOffset(NOW, "Asia/Kolkata")).toBe(330);
  });
});
