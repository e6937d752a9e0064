import { describe, expect, it } from "vitest";
import type { QueryAnswer, QueryRecord } from "../../api";
import { changeTitle, checkTime, historyOutcome, historyTime, verdictTitle } from "./words";

const RECORD: QueryRecord = { id: "h", actor: "M. Ito", at: "2026-06-22T12:00:00Z", question: null, sql: "SELECT 1", is_allowed: true, rows: 1, elapsed_ms: 3, problem: null };
const answer = (verdict: "allowed" | "refused", changes: number): QueryAnswer => ({ verdict, changes: Array.from({ length: changes }, () => ({ code: "limit_added", rule: "lim-01", message: "m" })) }) as unknown as QueryAnswer;

describe("the verdict", () => {
  it("says that nothing ran when the guard refused", () => {
    expect(verdictTitle(answer("refused", 0))).toBe("Blocked, the SQL did not run");
  });
  it("counts changes", () => {
    expect([0, 1, 2].map((count) => verdictTitle(answer("allowed", count)))).toEqual(["Allowed", "Allowed with 1 change", "Allowed with 2 changes"]);
  });
});

describe("the history", () => {
  it("tells blocked, failed and run apart", () => {
    expect(historyOutcome({ ...RECORD, is_allowed: false, rows: null, problem: "table not allowed: hr" })).toEqual({ text: "Blocked", isBad: true });
    expect(historyOutcome({ ...RECORD, rows: null, problem: "no answer in time" })).toEqual({ text: "Failed", isBad: true });
    expect(historyOutcome(RECORD)).toEqual({ text: "1 row", isBad: false });
  });
  it("gives the time today, the weekday this week, the date before", () => {
    const now = Date.parse("2026-06-22T15:00:00Z");
    expect(historyTime("2026-06-22T12:00:00Z", now)).toMatch(/^\d\d:\d\d$/);
    expect(historyTime("2026-06-19T12:00:00Z", now)).toBe("Fri");
    expect(historyTime("2026-06-01T12:00:00Z", now)).toBe("2026-06-01");
  });
});

describe("words", () => {
  it("fall back to the guard's own for a change that is not known", () => {
    expect(changeTitle({ code: "something_new", rule: "x", message: "column renamed: a\u202eb" })).toBe("column renamed: a⟦U+202E⟧b");
  });
  it("give the guard's time in the unit that fits", () => {
    expect([320, 9120, 12_400].map(checkTime)).toEqual(["320\u2009µs", "9.1\u2009ms", "12\u2009ms"]);
  });
});
