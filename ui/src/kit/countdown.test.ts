import { describe, expect, it } from "vitest";
import { announceOnce, countdown } from "./countdown";

const from = 1_000_000;
const until = from + 300_000;

describe("a deadline", () => {
  it("shows what is left, and its share of the whole", () => {
    expect(countdown(from, until, until - 222_000)).toMatchObject({ text: "03:42", totalS: 300, fraction: 0.74, isUrgent: false, isOver: false });
  });
  it("is urgent below two minutes", () => {
    expect(countdown(from, until, until - 120_000).isUrgent).toBe(false);
    expect(countdown(from, until, until - 119_000).isUrgent).toBe(true);
  });
  it("shows one second to the last moment, and is over at zero", () => {
    expect(countdown(from, until, until - 1)).toMatchObject({ text: "00:01", isOver: false });
    expect(countdown(from, until, until)).toMatchObject({ text: "00:00", isOver: true, fraction: 0 });
    expect(countdown(from, until, until + 9_000)).toMatchObject({ leftS: 0, isOver: true });
  });
  it("is announced once at sixty seconds, for each request", () => {
    const say = announceOnce();
    expect(say("a", 61)).toBe(false);
    expect(say("a", 60)).toBe(true);
    expect(say("a", 59)).toBe(false);
    expect(say("b", 12)).toBe(true);
    expect(say("c", 0)).toBe(false);
  });
});
