import { fireEvent, render, screen } from "@testing-library/svelte";
import { createRawSnippet } from "svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import { extent, lineParts, placeOn, ticksUpTo } from "./chart";
import ChartFigure from "./ChartFigure.svelte";
import LimitBullet from "./LimitBullet.svelte";
import Sparkline from "./Sparkline.svelte";

describe("a scale", () => {
  it("keeps what is not known unknown, and everything else inside", () => {
    expect([placeOn(null, 0, 1), placeOn(5, 0, 10), placeOn(50, 0, 10), placeOn(-1, 0, 10), placeOn(5, 3, 3)]).toEqual([null, 0.5, 1, 0, null]);
    expect(extent([null, null], [0.5])).toBeNull();
    expect(extent([0.4, null, 0.6], [0.75])).toEqual({ from: 0.4, to: 0.75 });
  });
  it("has round ticks that reach the largest value", () => {
    expect(ticksUpTo(87)).toEqual([0, 25, 50, 75, 100]);
    expect(ticksUpTo(0)).toEqual([0]);
  });
});

describe("a line", () => {
  it("is open where a value is missing", () => {
    const parts = lineParts([1, 2, null, 2, null, 1], { from: 1, to: 2 }, 50, 10);
    expect(parts.map((part) => part.map((one) => one.at))).toEqual([[0, 1], [3], [5]]);
  });
  it("marks the last value only when the last one is known", async () => {
    const { container, rerender } = render(Sparkline, { values: [0.7, 0.8], label: "OEE" });
    expect(container.querySelectorAll(".last")).toHaveLength(1);
    await rerender({ values: [0.7, null], label: "OEE" });
    expect(container.querySelectorAll(".last")).toHaveLength(0);
  });
  it("draws nothing of nothing", () => {
    const { container } = render(Sparkline, { values: [null, null], label: "OEE" });
    expect(container.querySelectorAll("rect, polyline, circle")).toHaveLength(0);
    expect(screen.getByRole("img", { name: "OEE" })).toBeTruthy();
  });
});

describe("a value against its limits", () => {
  it("is drawn outside when it is outside, also with one limit only", () => {
    const out = (value: number, lower: number | null, upper: number | null): number => {
      const { container, unmount } = render(LimitBullet, { props: { value, lower, target: null, upper, label: "Gap" } });
      const found = container.querySelectorAll(".out").length;
      unmount();
      return found;
    };
    expect([out(1.224, 1.15, 1.22), out(1.2, 1.15, 1.22), out(2.1, 2.4, null), out(0.31, null, 0.3)]).toEqual([1, 0, 1, 1]);
  });
});

describe("a chart", () => {
  const table = { columns: [{ name: "Reason", isNumeric: false }, { name: "Seconds", isNumeric: true }], rows: [["=HYPERLINK(\"http://x\")", 740], ["Tool change", 60], [null, null]] as const };
  const children = createRawSnippet(() => ({ render: () => "<p>drawn</p>" }));
  let saved: Blob[] = [];
  afterEach(() => { saved = []; });
  function show(asTable: boolean): { toggled: boolean[] } {
    const toggled: boolean[] = [];
    render(ChartFigure, { title: "Downtime", table, file: "downtime", asTable, ontoggle: (next: boolean) => { toggled.push(next); }, children });
    return { toggled };
  }

  it("has the same numbers as a table", async () => {
    const { toggled } = show(false);
    expect(screen.queryByRole("table")).toBeNull();
    await fireEvent.click(screen.getByRole("button", { name: "Show as table" }));
    expect(toggled).toEqual([true]);
  });
  it("writes what is not known as a dash, and figures with separators", () => {
    show(true);
    const cells = screen.getAllByRole("cell").map((cell) => cell.textContent);
    expect(cells).toEqual(["=HYPERLINK(\"http://x\")", "740", "Tool change", "60", "–", "–"]);
  });
  it("exports those numbers, with no cell that a spreadsheet would run", async () => {
    vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: (blob: Blob) => { saved.push(blob); return "blob:x"; }, revokeObjectURL: () => undefined }));
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
    show(false);
    await fireEvent.click(screen.getByRole("button", { name: "CSV" }));
    // jsdom's blobs have no text().
    const text = await new Promise<string>((done) => { const reader = new FileReader(); reader.onload = () => { done(String(reader.result)); }; reader.readAsText(saved[0] ?? new Blob()); });
    expect(text).toBe("Reason,Seconds\r\n\"'=HYPERLINK(\"\"http://x\"\")\",740\r\nTool change,60\r\n,\r\n");
  });
});
