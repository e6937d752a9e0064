import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, startClock, useTransport, type Figures, type MachineTile, type PlantBoard, type PlantFigures, type PlantWindow } from "../../api";
import { go, listenForKeys, startRouter } from "../../kit";
import Screen from "./Screen.svelte";
import { plant } from "./store.svelte";
import { time } from "./window.svelte";

const HOUR = 3_600_000;
const at = (ago: number): string => new Date(Date.now() - ago).toISOString();
const window_ = (changes: Partial<PlantWindow> = {}): PlantWindow => ({
  range: "current_shift", since: at(5 * HOUR), until: at(-3 * HOUR), as_of: at(0), time_zone: "Europe/Berlin", label: "Early shift", business_day: "2026-06-22", is_finished: false, is_calendar_assumed: false,
  previous: { since: at(13 * HOUR), until: at(5 * HOUR) }, next: null, shifts: [], ...changes,
});
const FIGURES: Figures = {
  machines: 2, unrated_machines: 0, planned_operation_s: 36_000, planned_down_s: 0, planned_busy_s: 36_000, production_s: 30_000, uncovered_s: 0, coverage: 1, is_low_confidence: false, unrated_s: 0, ideal_s: 27_000, ideal_good_s: 26_000,
  produced: 1000, good: 960, scrap: 40, rework: 0, availability: 0.8333, effectiveness: 0.9, quality: 0.963, oee: 0.7222, is_cycle_doubtful: false, scrap_ratio: 0.04, rework_ratio: 0, failures: 0, repaired: 0, mttr_s: null, mtbf_s: null, downtime_s: 740, downtime_events: 2, minor_stops: 0, minor_stop_s: 0,
};
function figures(changes: Partial<PlantFigures> = {}, total: Partial<Figures> = {}): PlantFigures {
  return {
    window: window_(), basis: { origin: "computed_here", definition: "plant.definition.figures", server_time: at(0), data_until: at(5000), corrected: 0, notes: [] }, total: { ...FIGURES, ...total }, lines: [], machines: [],
    waterfall: [{ kind: "planned_busy", is_total: true, code: null, text: null, seconds: 36_000 }, { kind: "stop_reason", is_total: false, code: "J1", text: "Jam", seconds: 6000 }, { kind: "production", is_total: true, code: null, text: null, seconds: 30_000 }, { kind: "speed", is_total: false, code: null, text: null, seconds: 3000 }, { kind: "ideal", is_total: true, code: null, text: null, seconds: 27_000 }, { kind: "quality", is_total: false, code: null, text: null, seconds: 1000 }, { kind: "good", is_total: true, code: null, text: null, seconds: 26_000 }],
    pareto: { total_s: 740, total_count: 2, by_seconds: [{ kind: "reason", code: "J1", text: "Jam", seconds: 600, count: 1, cumulative: 0.81, reasons: 1 }, { kind: "no_reason", code: null, text: null, seconds: 140, count: 1, cumulative: 1, reasons: 1 }], by_count: [] },
    trend: [], ...changes,
  };
}
function tile(id: string, status: MachineTile["machine"]["status"] = "running"): MachineTile {
  return {
    age_ms: 4000, is_stale: false, order: null,
    machine: { machine_id: id, name: `Mill ${id}`, equipment: { area: "Mills", work_center: "L1" }, status, status_raw: null, status_since: at(12 * 60_000), mode: "production", reason: null, order_id: null, product_id: null, counters: null, planned_cycle_s: null, last_cycle_s: null, alarms: [], observed_at: at(4000), incomplete: [] },
  };
}
function board(machines: MachineTile[] = [tile("M1"), tile("M2", "down")], changes: Partial<PlantBoard> = {}): PlantBoard {
  const stop = (id: string, machine_id: string, code: string | null): PlantBoard["downtime"][number] => ({ id, machine_id, equipment: { enterprise: null, site: null, work_unit: null, area: null, work_center: "L1" }, order_id: null, category: "unplanned", failure: true, reason: code === null ? null : { code, text: "Jam", group: null }, start: at(700_000), end: at(60_000), comment: null, deleted: false, updated_at: null, version: 1, incomplete: [] });
  return {
    server_time: at(0), site: "Duisburg", time_zone: "Europe/Berlin", feed: { state: "live", last_contact: at(2000), message: null, hint: null }, machines, lines: [{ name: "L1", area: "Mills", machines: machines.map((one) => one.machine.machine_id), first_stopped: null }], counts: [],
    abnormal: machines.filter((one) => one.machine.status === "down").map((one) => ({ machine_id: one.machine.machine_id, name: one.machine.name, kind: "down", priority: 1, text: null, since: one.machine.status_since })), late_orders: [], troubled_feeds: [],
    alarm_load: { last_10_min: 0, per_10_min: 0, is_above_target: false, is_flood: false, groups: [] }, downtime: [stop("d1", "M2", "J1"), stop("d2", "M1", null)], clock_skew_ms: null, ...changes,
  };
}

type Answer = (request: Record<string, unknown>) => unknown;
let answers: Record<string, Answer> = {};
let asked: [string, Record<string, unknown>][] = [];
beforeEach(() => {
  answers = { plant_board: () => board(), plant_window: () => figures() };
  asked = [];
  Object.assign(plant, { board: null, error: null, view: "board", sort: "worst" });
  plant.showAll();
  time.clear();
  startClock();
  listenForKeys();
  startRouter("plant", () => true);
  go("#/plant", { replace: true });
  useTransport({
    name: "browser", subscribe: () => () => undefined,
    call: (command, request) => { asked.push([command, request as Record<string, unknown>]); const answer = answers[command]; return answer === undefined ? new Promise(() => undefined) : Promise.resolve().then(() => answer(request as Record<string, unknown>)); },
  });
});
const press = (key: string): Promise<boolean> => fireEvent.keyDown(document.body, { key });
const view = async (name: string): Promise<void> => { await fireEvent.click(await screen.findByRole("radio", { name: new RegExp(`^${name}`) })); };
const kpi = async (): Promise<HTMLElement> => screen.findByRole("group", { name: "Key figures" });

describe("the key figures", () => {
  it("say that they are computed here, how old they are and how much is known", async () => {
    render(Screen);
    expect((await kpi()).textContent).toMatch(/72\.2.*computed here, data \d+\u2009s old/);
    expect((await kpi()).textContent).toContain("coverage 100.0");
    expect((await kpi()).className).not.toMatch(/hatch/);
  });
  it("are hatched and called of low confidence where too little is known", async () => {
    answers["plant_window"] = () => figures({}, { coverage: 0.82, is_low_confidence: true });
    render(Screen);
    expect((await kpi()).className).toMatch(/hatch/);
    expect(screen.getAllByText("Low confidence").length).toBeGreaterThan(0);
  });
  it("are hatched when the feed is old, whatever they say of themselves", async () => {
    answers["plant_board"] = () => board(undefined, { feed: { state: "stale", last_contact: at(300_000), message: null, hint: null } });
    render(Screen);
    expect((await kpi()).className).toMatch(/hatch/);
    expect((await kpi()).textContent).toMatch(/stale since \d\d:\d\d/);
  });
  it("are dashes and never zero where the MES tells no past, and the screen says why", async () => {
    answers["plant_window"] = () => figures({ basis: { ...figures().basis, notes: [{ kind: "source_missing", count: null }] } }, { oee: null, availability: null, effectiveness: null, quality: null, coverage: null });
    render(Screen);
    expect((await kpi()).textContent).not.toMatch(/0\.0/);
    await view("Trends");
    expect(await screen.findByText("This MES does not tell states of the past")).toBeTruthy();
  });
});

describe("the time of the page", () => {
  it("shows exact limits with the zone and asks every part for the same", async () => {
    answers["plant_window"] = () => figures({ window: window_({ since: "2026-06-22T04:00:00Z", until: "2026-06-22T12:00:00Z" }) });
    render(Screen);
    expect(await screen.findByText(/06:00 to 14:00 CEST$/)).toBeTruthy();
    await fireEvent.change(screen.getByRole("combobox", { name: "Time of the page" }), { target: { value: "last_24h" } });
    await view("Orders");
    await waitFor(() => { expect(asked.filter(([command]) => command === "plant_orders").at(-1)?.[1]).toEqual({ range: "last_24h" }); });
    expect(asked.filter(([command]) => command === "plant_window").at(-1)?.[1]).toEqual({ range: "last_24h" });
  });
  it("steps by [ to the shift before, by its limits, and not further than is known", async () => {
    render(Screen);
    await kpi();
    const before = time.window?.previous;
    await press("[");
    await waitFor(() => { expect(asked.filter(([command]) => command === "plant_window").at(-1)?.[1]).toEqual({ range: "custom", since: before?.since, until: before?.until }); });
    time.pick("current_shift");
    await kpi();
    const asksBefore = asked.length;
    await press("]");
    expect(time.range).toBe("current_shift");
    expect(asked.length).toBe(asksBefore);
  });
  it("marks a shift that was corrected after its end", async () => {
    answers["plant_window"] = () => figures({ window: window_({ is_finished: true }), basis: { ...figures().basis, corrected: 2 } });
    render(Screen);
    expect(await screen.findByText("corrected")).toBeTruthy();
    expect(screen.getByText("finished")).toBeTruthy();
  });
  it("never shows the numbers of one time under another", async () => {
    render(Screen);
    await kpi();
    answers["plant_window"] = () => new Promise(() => undefined);
    time.pick("last_7d");
    await waitFor(() => { expect(screen.queryByRole("group", { name: "Key figures" })).toBeNull(); });
  });
});

describe("trends", () => {
  it("show the waterfall with its formula and the same numbers as a table", async () => {
    render(Screen);
    await view("Trends");
    expect(await screen.findByText(/26,000\ss ÷ 36,000\ss = 72\.2/)).toBeTruthy();
    const figure = screen.getByRole("figure", { name: "Where the time went" });
    await fireEvent.click(within(figure).getByRole("button", { name: "Show as table" }));
    expect(within(figure).getAllByRole("row").slice(1).map((row) => within(row).getAllByRole("cell")[2]?.textContent)).toEqual(["36,000", "6,000", "30,000", "3,000", "27,000", "1,000", "26,000"]);
  });
  it("filter the stops by a cause that is pressed, also by the one nobody gave", async () => {
    render(Screen);
    await view("Trends");
    const rows = (): string[] => within(screen.getByRole("table", { name: "Stops" })).getAllByRole("rowheader").map((row) => row.textContent ?? "");
    await fireEvent.click(await screen.findByRole("button", { name: /^Jam/ }));
    expect(rows()).toEqual(["Mill M2"]);
    expect(document.querySelector(".hidden")?.textContent).toContain("only: Jam");
    await fireEvent.click(screen.getByRole("button", { name: /^No reason given/ }));
    expect(rows()).toEqual(["Mill M1"]);
    expect(screen.getByRole("button", { name: /^No reason given/ }).className).toMatch(/untold/);
  });
});

describe("many machines", () => {
  const many = Array.from({ length: 450 }, (_, index) => tile(`M${String(index).padStart(3, "0")}`, index === 7 ? "down" : "running"));
  it("are one list with a current entry that says what it is, the worst first", async () => {
    answers["plant_board"] = () => board(many);
    render(Screen);
    const map = await screen.findByRole("listbox", { name: "Machines, 450, one cell each" });
    const current = (): HTMLElement | null => document.getElementById(map.getAttribute("aria-activedescendant") ?? "");
    expect(current()?.textContent).toMatch(/^Mill M007, down, 12 minutes/);
    expect(current()?.getAttribute("aria-setsize")).toBe("450");
    map.focus();
    await fireEvent.keyDown(map, { key: "ArrowRight" });
    await waitFor(() => { expect(current()?.textContent).toMatch(/^Mill M000, running/); });
    expect(current()?.getAttribute("aria-posinset")).toBe("2");
    expect(within(map).getAllByRole("option")).toHaveLength(1);
  });
  it("say how many that are down a search hides", async () => {
    answers["plant_board"] = () => board(many);
    render(Screen);
    await fireEvent.input(await screen.findByRole("searchbox"), { target: { value: "M00" } });
    await fireEvent.input(screen.getByRole("searchbox"), { target: { value: "M11" } });
    await waitFor(() => { expect(document.querySelector(".hidden")?.textContent).toMatch(/440 machines not shown, 1 of them down/); });
  });
});

describe("what calls for attention", () => {
  it("opens a late order in the orders", async () => {
    answers["plant_board"] = () => board(undefined, { late_orders: [{ order_id: "1", number: "1007720", product: "Bracket", work_center: "L1", machine_id: "M1", due: at(42.5 * 60_000) }] });
    render(Screen);
    await fireEvent.click(await screen.findByRole("option", { name: /1007720 Bracket.*Order late, 42/ }));
    expect(plant.view).toBe("orders");
    expect(plant.search).toBe("1007720");
  });
  it("folds by area in a flood, with the rate, and unfolds", async () => {
    answers["plant_board"] = () => board(undefined, { alarm_load: { last_10_min: 14, per_10_min: 6.3, is_above_target: true, is_flood: true, groups: [] } });
    render(Screen);
    const area = await screen.findByRole("option", { name: /^Mills 1 needs attention.*first Mill M2/ });
    expect(screen.getByText("Alarm flood, 14 in 10 min")).toBeTruthy();
    await fireEvent.click(area);
    expect(within(screen.getByRole("listbox", { name: /^Needs attention/ })).getAllByRole("option")).toHaveLength(2);
  });
});

describe("the keyboard", () => {
  it("filters by state, changes the view, and Escape shows everything again", async () => {
    render(Screen);
    await kpi();
    await press("4");
    expect(document.querySelectorAll(".tile")).toHaveLength(1);
    await press("t");
    expect(screen.getByRole("table", { name: "Plant" })).toBeTruthy();
    await press("Escape");
    expect(screen.getAllByRole("rowheader")).toHaveLength(2);
  });
  it("does nothing of it while somebody types", async () => {
    render(Screen);
    const field = await screen.findByRole("searchbox");
    field.focus();
    await fireEvent.keyDown(field, { key: "4" });
    await fireEvent.keyDown(field, { key: "w" });
    expect(plant.group).toBeNull();
    expect(screen.queryByRole("dialog", { name: "Wall mode" })).toBeNull();
  });
});

describe("the wall", () => {
  it("opens by W, pauses by any key, keeps what is down in sight and has nothing to press", async () => {
    render(Screen);
    await kpi();
    await press("w");
    const wall = await screen.findByRole("dialog", { name: "Wall mode" });
    expect(within(wall).queryAllByRole("button")).toHaveLength(0);
    expect(within(wall).queryAllByRole("link")).toHaveLength(0);
    expect(within(wall).getByText("1 down")).toBeTruthy();
    expect(wall.textContent).toMatch(/live, \d/);
    await fireEvent.keyDown(wall, { key: "ArrowRight" });
    expect(within(wall).getByText("Page 2 of 2")).toBeTruthy();
    expect(within(wall).getByText("1 down")).toBeTruthy();
    expect(within(wall).getByText("Paused")).toBeTruthy();
    await fireEvent.keyDown(wall, { key: "Escape" });
    expect(screen.queryByRole("dialog", { name: "Wall mode" })).toBeNull();
  });
  it("turns its pages every fifteen seconds", async () => {
    render(Screen);
    await kpi();
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      await press("w");
      expect(await screen.findByText("Page 1 of 2")).toBeTruthy();
      await vi.advanceTimersByTimeAsync(15_000);
      expect(screen.getByText("Page 2 of 2")).toBeTruthy();
    } finally {
      vi.useRealTimers();
    }
  });
  it("is what an address with kiosk opens", async () => {
    go("#/plant?kiosk", { replace: true });
    render(Screen);
    expect(await screen.findByRole("dialog", { name: "Wall mode" })).toBeTruthy();
  });
});

describe("a part that cannot be had", () => {
  it("says so in its place and leaves the rest", async () => {
    answers["plant_quality"] = () => { throw new ApiError("not_permitted", "your role may not see quality", "Ask an admin.", "e-2"); };
    render(Screen);
    await view("Quality");
    expect(await screen.findByText("Your role may not see this")).toBeTruthy();
    expect(screen.getByText("Ask an admin.")).toBeTruthy();
    expect(screen.getByRole("complementary", { name: "Needs attention" })).toBeTruthy();
  });
});
