import { afterEach, describe, expect, it } from "vitest";
import { setLocale } from "../messages";
import { formatAmount, formatClock, formatDate, formatDecimal, formatMillis, formatMoment, formatNumber, formatQuantity, formatSpan, formatTime } from "./format";

afterEach(() => {
  setLocale("en");
});

describe("numbers", () => {
  it("puts a thin space before the unit", () => {
    expect(formatQuantity(184, "ms")).toBe("184\u2009ms");
  });
  it("never calls a round trip 0", () => {
    expect(formatMillis(0)).toBe("< 1\u2009ms");
    expect(formatMillis(184.4)).toBe("184\u2009ms");
  });
  it("never passes an amount through a floating-point number", () => {
    expect(formatAmount("90071992547409931234.10", "EUR")).toBe("EUR\u00a090,071,992,547,409,931,234.10");
    expect(formatDecimal("1284600.00")).toBe("1,284,600.00");
    expect(formatDecimal("-0.5")).toBe("−0.5");
  });
  it("uses the separators of the language", () => {
    setLocale("de");
    expect(formatDecimal("1284600.00")).toBe("1.284.600,00");
    expect(formatNumber(1234.5, 1)).toBe("1.234,5");
  });
  it("leaves what is no decimal as it is", () => {
    expect(formatDecimal("1e9")).toBe("1e9");
    expect(formatDecimal("n/a")).toBe("n/a");
    expect(formatNumber(Number.NaN)).toBe("–");
  });
});

describe("times", () => {
  const when = new Date(2026, 5, 22, 14, 3, 8);
  it("are 24-hour and ISO", () => {
    expect(formatTime(when)).toBe("14:03");
    expect(formatTime(when, true)).toBe("14:03:08");
    expect(formatDate(when)).toBe("2026-06-22");
    expect(formatTime("never")).toBe("–");
  });
  it("name the day only when it is another", () => {
    expect(formatMoment(when, new Date(2026, 5, 22, 23))).toBe("14:03");
    expect(formatMoment(when, new Date(2026, 5, 23))).toBe("2026-06-22 14:03");
  });
  it("count down in minutes, then hours, and never below zero", () => {
    expect(formatClock(222)).toBe("03:42");
    expect(formatClock(3723)).toBe("1:02:03");
    expect(formatClock(-5)).toBe("00:00");
  });
  it("are rough for ages", () => {
    expect([42_000, 7 * 60_000, 3 * 3_600_000, 50 * 3_600_000].map(formatSpan)).toEqual(["42\u2009s", "7\u2009min", "3\u2009h", "2\u2009d"]);
  });
});
