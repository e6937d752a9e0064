import { fireEvent, render, screen, within } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";
import { ApiError, startClock, useTransport, type FeedState, type MachineTile, type PlantBoard } from "../../api";
import Screen from "./Screen.svelte";
import { plant } from "./store.svelte";

const at = (ago: number): string => new Date(Date.now() - ago).toISOString();

function tile(id: string, status: MachineTile["machine"]["status"], more: Partial<MachineTile["machine"]> = {}, is_stale = false): MachineTile {
  return {
    age_ms: 4000, is_stale, order: null,
    machine: {
      machine_id: id, name: `Mill ${id.slice(-1)}`, equipment: { area: "Mills", work_center: "L1" }, status, status_raw: null, status_since: at(12 * 60_000), mode: "production",
      reason: null, order_id: "1007720", product_id: null, counters: null, planned_cycle_s: null, last_cycle_s: null, alarms: [], observed_at: at(4000), incomplete: [], ...more,
    },
  };
}
function board(state: FeedState = "live", machines: MachineTile[] = [tile("M1", "running"), tile("M2", "down", { reason: { code: null, text: "spindle overload", group: null } }), tile("M3", "running", {}, true)]): PlantBoard {
  return {
    server_time: at(0), site: "Duisburg", time_zone: null, feed: { state, last_contact: at(2000), message: null, hint: state === "live" ? null : "Set the address." }, machines, lines: [{ name: "L1", area: "Mills", machines: machines.map((one) => one.machine.machine_id), first_stopped: null }],
    counts: [], abnormal: machines.filter((one) => one.machine.status === "down").map((one) => ({ machine_id: one.machine.machine_id, name: one.machine.name, kind: "down", priority: 1, text: "spindle overload", since: one.machine.status_since })), late_orders: [], troubled_feeds: [], alarm_load: { last_10_min: 0, per_10_min: 0, is_above_target: false, is_flood: false, groups: [] }, downtime: [], clock_skew_ms: null,
  };
}

let answer: () => PlantBoard = () => board();
beforeEach(() => {
  answer = () => board();
  plant.board = null;
  plant.error = null;
  plant.view = "board";
  plant.showAll();
  startClock();
  useTransport({ name: "browser", call: (command) => (command === "plant_board" ? new Promise((resolve) => { resolve(answer()); }) : new Promise(() => undefined)), subscribe: () => () => undefined });
});
const group = (name: RegExp): string => screen.getByRole("button", { name }).textContent?.replace(/\s+/g, " ") ?? "";

describe("the Plant screen", () => {
  it("names each tile in one sentence", async () => {
    render(Screen);
    expect(await screen.findByRole("button", { name: /^Mill 2, down, 12 minutes, spindle overload, data \d seconds old$/ })).toBeTruthy();
  });
  it("counts as running only what is fresh", async () => {
    render(Screen);
    await screen.findByRole("button", { name: /^Mill 1/ });
    expect(group(/^Running/)).toContain("1of 3");
    expect(group(/^Stale/)).toContain("1of 3");
    expect(screen.getByRole("button", { name: /^Mill 3, stale, last running/ }).className).toMatch(/\bstale\b/);
  });
  it.each(["stale", "offline", "unauthorized"] as const)("keeps the tiles when the feed is %s, none of them drawn as running", async (state) => {
    answer = () => board(state);
    render(Screen);
    await screen.findByRole("button", { name: /^Mill 1, stale, last running/ });
    expect(group(/^Running/)).toContain("0of 3");
    expect(document.querySelectorAll(".tile.running")).toHaveLength(0);
    expect(document.querySelector(".feed")?.textContent).toMatch(/stale since|offline, showing|sign-in refused, showing/);
  });
  it("says plainly that no MES is set up, and what to do", async () => {
    answer = () => board("not_configured", []);
    render(Screen);
    expect(await screen.findByText("No MES is set up")).toBeTruthy();
    expect(screen.getByText("Set the address.")).toBeTruthy();
  });
  it("shows a failure with its reference when there is no board at all", async () => {
    answer = () => { throw new ApiError("not_permitted", "your role may not see the plant", "Ask an admin.", "e-1"); };
    render(Screen);
    expect(await screen.findByText("Your role may not see the plant")).toBeTruthy();
    expect(screen.getByText("e-1")).toBeTruthy();
  });
  it("says how many are hidden, and how many of them are down", async () => {
    render(Screen);
    await screen.findByRole("button", { name: /^Mill 1/ });
    await fireEvent.click(screen.getByRole("button", { name: /^Running/ }));
    expect(document.querySelector(".hidden")?.textContent).toMatch(/2 machines not shown, 1 of them down/);
    await fireEvent.click(screen.getByRole("button", { name: "Show all" }));
    expect(document.querySelector(".hidden")).toBeNull();
  });
  it("has one tab stop among the tiles", async () => {
    render(Screen);
    await screen.findByRole("button", { name: /^Mill 1/ });
    expect([...document.querySelectorAll("[data-machine]")].map((one) => (one as HTMLElement).tabIndex).sort()).toEqual([-1, -1, 0]);
  });
  it("shows the machine that needs attention first in full", async () => {
    render(Screen);
    expect(await screen.findByRole("heading", { name: "Mill 2" })).toBeTruthy();
    expect(within(screen.getByRole("listbox")).getAllByRole("option")).toHaveLength(1);
  });
  it("draws the plant's words as text", async () => {
    answer = () => board("live", [tile("M1", "down", { name: "<b>Mill</b>\u202e", reason: { code: null, text: "<img src=x onerror=alert(1)>", group: null }, status_raw: "<script>" })]);
    render(Screen);
    await screen.findByRole("heading", { name: "<b>Mill</b>⟦U+202E⟧" });
    expect(document.querySelector("img, script, .tile b b")).toBeNull();
  });
});
