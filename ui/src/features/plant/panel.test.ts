import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connection, startClock, useTransport } from "../../api";
import { noteReached, noteUnreached } from "../../api/connection.svelte";
import { Panel } from "./panel.svelte";

let asked: string[] = [];
let answer: ((value: unknown) => void)[] = [];
beforeEach(() => {
  asked = [];
  answer = [];
  vi.useFakeTimers();
  startClock();
  useTransport({ name: "browser", subscribe: () => () => undefined, call: (_command, request) => { asked.push(JSON.stringify(request)); return new Promise((resolve) => { answer.push(resolve); }); } });
});
afterEach(() => { vi.useRealTimers(); });
// What the console sends when it is reached again: everybody asks anew.
function somethingChanged(): void {
  noteUnreached();
  expect(connection.isLost).toBe(true);
  noteReached();
}

describe("a part of the screen", () => {
  it("asks one question at a time, however often something changes, and takes the answer that comes", async () => {
    const panel = new Panel("plant_window");
    const end = panel.follow({ range: "current_shift" }, 15_000);
    for (let times = 0; times < 5; times += 1) {
      somethingChanged();
      await vi.advanceTimersByTimeAsync(3000);
    }
    expect(asked).toHaveLength(1);
    answer[0]?.({ slow: true });
    await vi.advanceTimersByTimeAsync(0);
    expect(panel.data).toEqual({ slow: true });
    // It changed meanwhile, so it asks again; after a rest, since the answer took long.
    await vi.advanceTimersByTimeAsync(2000);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(2);
    end();
  });
  it("never takes the answer to another question", async () => {
    const panel = new Panel("plant_window");
    panel.follow({ range: "last_8h" }, 15_000)();
    panel.follow({ range: "last_7d" }, 15_000)();
    answer[0]?.({ of: "last_8h" });
    await vi.advanceTimersByTimeAsync(0);
    expect(panel.data).toBeNull();
    answer[1]?.({ of: "last_7d" });
    await vi.advanceTimersByTimeAsync(0);
    expect(panel.data).toEqual({ of: "last_7d" });
  });
  it("asks no more once nobody looks", async () => {
    const end = new Panel("plant_orders").follow({ range: "current_shift" }, 15_000);
    answer[0]?.({});
    await vi.advanceTimersByTimeAsync(0);
    end();
    somethingChanged();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(1);
  });
});
