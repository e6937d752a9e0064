import { fireEvent, render, screen } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";
import DataGrid from "./DataGrid.svelte";

const columns = [{ name: "name", isNumeric: false }, { name: "lines", isNumeric: true }];
const rows = [["Norrland", 3], ["Acciai", 1000.5], [null, null], ["Trans\u202eport <b>x</b>", 2]] as const;

function show(extra: Record<string, unknown> = {}): HTMLElement {
  render(DataGrid, { label: "Result", columns, rows, rowCount: 900, ...extra });
  return screen.getByRole("grid", { name: "Result" });
}
const current = (grid: HTMLElement): HTMLElement | null => document.getElementById(grid.getAttribute("aria-activedescendant") ?? "");
const press = async (grid: HTMLElement, key: string, more: KeyboardEventInit = {}): Promise<void> => { await fireEvent.keyDown(grid, { key, ...more }); };
const firstColumn = (): string[] => screen.getAllByRole("row").slice(1).map((row) => row.querySelector("[role=gridcell]")?.textContent?.trim() ?? "");

describe("the grid", () => {
  it("counts all rows with the head, not only those drawn", () => {
    const grid = show();
    expect(grid.getAttribute("aria-rowcount")).toBe("901");
    expect(grid.getAttribute("aria-colcount")).toBe("3");
    expect(screen.getAllByRole("row").map((row) => row.getAttribute("aria-rowindex"))).toEqual(["1", "2", "3", "4", "5"]);
  });
  it("is one tab stop and names the current cell", async () => {
    const grid = show();
    expect(grid.tabIndex).toBe(0);
    expect(grid.querySelectorAll("[tabindex='0']")).toHaveLength(0);
    await press(grid, "ArrowDown");
    await press(grid, "ArrowRight");
    expect(current(grid)?.textContent?.trim()).toBe("1,000.5");
    expect(current(grid)?.getAttribute("aria-colindex")).toBe("3");
  });
  it("shows figures of a range in its foot", async () => {
    const grid = show();
    await press(grid, "ArrowRight");
    await press(grid, "ArrowDown", { shiftKey: true });
    expect(screen.getByRole("status").textContent).toMatch(/2 cells in lines\s+Sum 1,003\.5\s+Mean 501\.75\s+Min 3\s+Max 1,000\.5/);
    expect(grid.querySelectorAll("[aria-selected='true']")).toHaveLength(2);
  });
  it("sorts from the head by keyboard, NULL last, and says so", async () => {
    const grid = show();
    await press(grid, "ArrowRight");
    await press(grid, "ArrowUp");
    await press(grid, "Enter");
    expect(screen.getByRole("columnheader", { name: /lines/ }).getAttribute("aria-sort")).toBe("ascending");
    expect(firstColumn()[0]).toContain("Trans");
    expect(firstColumn().at(-1)).toBe("NULL");
    await press(grid, "Enter");
    expect(firstColumn()[0]).toBe("Acciai");
  });
  it("shows foreign text as text, hidden characters by number", () => {
    const grid = show();
    expect(grid.querySelector("b")).toBeNull();
    expect(grid.textContent).toContain("Trans⟦U+202E⟧port <b>x</b>");
  });
  it("opens a value with Enter and copies with Ctrl C", async () => {
    const onopen = vi.fn();
    const oncopy = vi.fn();
    const grid = show({ onopen, oncopy });
    await press(grid, "Enter");
    expect(onopen).toHaveBeenCalledWith("name", "Norrland");
    await press(grid, "c", { ctrlKey: true });
    expect(oncopy).toHaveBeenCalledOnce();
  });
  it("makes a column wider by keyboard from the head", async () => {
    const grid = show();
    const width = (): string => grid.querySelector<HTMLElement>("[role=row]")?.style.gridTemplateColumns ?? "";
    const before = width();
    await press(grid, "ArrowUp");
    await press(grid, "ArrowRight", { altKey: true });
    expect(width()).not.toBe(before);
  });
});
