import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, useTransport, type QueryAnswer, type QueryDesk } from "../../api";
import Screen from "./Screen.svelte";
import { desk } from "./store.svelte";

const DESK: QueryDesk = {
  tables: [{ name: "inventory", description: "Stock", columns: [{ name: "material", description: null, class: "class_ii" }], hidden: 2 }],
  ready: [{ id: "r", text: "Materials with negative stock", sql: "SELECT material FROM inventory WHERE quantity < 0" }],
  model: null, row_limit: 1000,
  history: [{ id: "h1", actor: "M. Ito", at: "2026-06-22T12:00:00Z", question: "Salaries", sql: "SELECT salary FROM hr", is_allowed: false, rows: null, elapsed_ms: null, problem: "table not allowed: hr" }],
};
const ANSWER: QueryAnswer = {
  id: "q1", verdict: "allowed", question: null, assumptions: null, sql_written: "SELECT material FROM inventory WHERE quantity < 0", sql_run: "SELECT material FROM inventory WHERE quantity < ? LIMIT 1001",
  params: [0], changes: [{ code: "limit_added", rule: "lim-01", message: "row limit added: 1000" }], reasons: [], score: { total: 3, limit: 100, parts: [{ kind: "where", count: 1, points: 3 }] },
  reads: [{ table: "inventory", columns: ["material", "quantity"], class: "class_ii" }], class: "class_ii", columns: [{ name: "material", is_numeric: false }], rows: [["HX-220"]], row_count: 1, is_truncated: false, row_limit: 1000,
  checked_us: 900, elapsed_ms: 12, at: "2026-06-22T12:00:00Z", attempts: [], model: null, tokens: null,
};
const REFUSED: QueryAnswer = {
  ...ANSWER, id: null, verdict: "refused", sql_run: null, params: [], changes: [], columns: [], rows: [], row_count: 0, reads: [], class: null, score: null,
  reasons: [
    { code: "table_not_allowed", rule: "dlp-11", message: "table not allowed: hr_salary", hint: "Ask an admin.", object: "hr_salary", nearest: null, line: 1, column: 20 },
    { code: "unknown_table", rule: "sql-04", message: "no such table: inventry", hint: "Did you mean inventory?", object: "inventry", nearest: "inventory", line: null, column: null },
  ],
};

const calls: [string, unknown][] = [];
let answers: Record<string, (request: unknown) => unknown> = {};
beforeEach(() => {
  calls.length = 0;
  answers = { query_desk: () => DESK, query_run: () => ANSWER, query_cancel: () => ({}) };
  useTransport({
    name: "browser",
    call: (command, request) => {
      calls.push([command, request]);
      const found = answers[command];
      return found === undefined ? Promise.reject(new ApiError("not_found", `no such command: ${command}`)) : Promise.resolve(found(request));
    },
    subscribe: () => () => undefined,
  });
  desk.shown = { kind: "nothing" };
  desk.clear();
  desk.desk = null;
});

async function runReady(): Promise<void> {
  render(Screen);
  const list = await screen.findByText("Ready questions");
  const button = list.parentElement?.querySelector("button");
  if (!button) throw new Error("no ready question");
  await fireEvent.click(button);
}

describe("the Query screen", () => {
  it("says that no model is set up and offers the ready questions", async () => {
    render(Screen);
    expect(await screen.findByText(/No language model is set up\./)).toBeTruthy();
    expect(screen.getByRole("button", { name: /^Ask/ }).getAttribute("aria-disabled")).toBe("true");
    expect(screen.getAllByText("Materials with negative stock").length).toBeGreaterThan(0);
  });
  it("fills in and runs a ready question, and marks the line the guard added", async () => {
    await runReady();
    expect(await screen.findByText("Allowed with 1 change")).toBeTruthy();
    expect(calls.find(([command]) => command === "query_run")?.[1]).toMatchObject({ sql: DESK.ready[0]?.sql, question: DESK.ready[0]?.text });
    expect(screen.getByText("added by the guard").parentElement?.textContent).toMatch(/^LIMIT\s+1001/);
    expect(screen.getByRole("grid").textContent).toContain("HX-220");
  });
  it("shows a refusal as an outcome: every reason with rule and hint, and no rows", async () => {
    answers["query_run"] = () => REFUSED;
    await runReady();
    expect((await screen.findAllByText("Blocked, the SQL did not run")).length).toBeGreaterThan(0);
    for (const words of ["Table not allowed: hr_salary", "dlp-11", "Ask an admin.", "No such table: inventry", "sql-04"]) expect(screen.getByText(words)).toBeTruthy();
    expect(screen.getByText(/line 1, column 20/)).toBeTruthy();
    expect(screen.queryByRole("grid")).toBeNull();
  });
  it("says that more rows exist, and reads the windows that did not come along", async () => {
    const rows = Array.from({ length: 1000 }, (_, at) => [`M-${String(at)}`]);
    answers["query_run"] = () => ({ ...ANSWER, rows: rows.slice(0, 500), row_count: 1000, is_truncated: true });
    answers["query_rows"] = (request) => { const { offset, limit } = request as { offset: number; limit: number }; return { offset, rows: rows.slice(offset, offset + limit) }; };
    await runReady();
    expect(await screen.findByText("1,000 rows shown, more exist")).toBeTruthy();
    await waitFor(() => { expect(desk.shown.kind === "answered" && desk.shown.rows.length).toBe(1000); });
    expect(calls.filter(([command]) => command === "query_rows").map(([, request]) => request)).toEqual([{ id: "q1", offset: 500, limit: 500 }]);
  });
  it("keeps the rows it has when the rest cannot be read, and says so", async () => {
    answers["query_run"] = () => ({ ...ANSWER, rows: [["A"]], row_count: 2 });
    await runReady();
    expect(await screen.findByText(/1 of 2 rows were read/)).toBeTruthy();
    expect(screen.getByRole("grid").textContent).toContain("A");
  });
  it("shows a failure with its hint and its reference", async () => {
    answers["query_run"] = () => { throw new ApiError("timed_out", "the database did not answer in time: 10 s", "Ask for a shorter period.", "e-7f31"); };
    await runReady();
    expect(await screen.findByText("The database did not answer in time: 10 s")).toBeTruthy();
    expect(screen.getByText("Ask for a shorter period.")).toBeTruthy();
    expect(screen.getByText("e-7f31")).toBeTruthy();
  });
  it("says when a query found nothing", async () => {
    answers["query_run"] = () => ({ ...ANSWER, rows: [], row_count: 0 });
    await runReady();
    expect(await screen.findByText("No rows")).toBeTruthy();
  });
  it("cancels the run it started, by its key", async () => {
    answers["query_run"] = () => new Promise(() => undefined);
    await runReady();
    const button = await screen.findByRole("button", { name: /Cancel/ });
    await fireEvent.click(button);
    const key = (name: string): unknown => (calls.find(([command]) => command === name)?.[1] as { run?: string } | undefined)?.run;
    expect(key("query_cancel")).toBe(key("query_run"));
    expect(key("query_run")).toMatch(/^[0-9a-f]{32}$/);
    // The run's own answer, which never comes here, would end it.
    desk.shown = { kind: "nothing" };
  });
  it("lists blocked queries in the history and marks them", async () => {
    render(Screen);
    const option = await screen.findByRole("option", { name: /Salaries/ });
    expect(option.textContent).toContain("Blocked");
    await fireEvent.click(option);
    expect(desk.sql).toBe("SELECT salary FROM hr");
    expect(await screen.findByText("Table not allowed: hr")).toBeTruthy();
  });
  it("draws hostile SQL and values as text", async () => {
    const hostile = "SELECT '</script><img src=x onerror=alert(1)>' AS a\u202eb";
    answers["query_run"] = () => ({ ...ANSWER, sql_run: hostile, rows: [["<img src=x onerror=alert(1)>"]], params: ["<b>\u0007"] });
    await runReady();
    await screen.findByRole("grid");
    expect(document.querySelector("img, script, .sql b")).toBeNull();
    expect(document.querySelector(".code")?.textContent).toContain("⟦U+202E⟧");
    expect(document.querySelector(".params")?.textContent).toContain("'<b>⟦U+0007⟧'");
    vi.restoreAllMocks();
  });
});
