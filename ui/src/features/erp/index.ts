// The ERP screen, as the frame knows it.
import type { Feature } from "../../kit";
import Screen from "./Screen.svelte";

/** The screen of purchase orders, stock, cost centres and materials. */
export const feature: Feature = {
  id: "erp",
  order: 4,
  icon: "table",
  title: "erp.title",
  goKey: "e",
  screen: Screen,
};
