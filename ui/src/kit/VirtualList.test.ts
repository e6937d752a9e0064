import { render, screen } from "@testing-library/svelte";
import { createRawSnippet } from "svelte";
import { expect, it } from "vitest";
import VirtualList from "./VirtualList.svelte";

const row = createRawSnippet<[unknown, number]>((item) => ({ render: () => `<div role="option" aria-selected="false">${String(item())}</div>` }));

it("draws the rows in view and no more, on a page as long as all of them", () => {
  const items = Array.from({ length: 5000 }, (_, at) => `row ${String(at)}`);
  const { container } = render(VirtualList, { items, rowHeight: 20, key: String, role: "listbox", label: "Rows", row });
  const drawn = screen.getAllByRole("option");
  expect(drawn.length).toBeGreaterThan(20);
  expect(drawn.length).toBeLessThan(100);
  expect(drawn[0]?.textContent).toBe("row 0");
  expect(container.querySelector<HTMLElement>(".all")?.style.height).toBe("100000px");
});
