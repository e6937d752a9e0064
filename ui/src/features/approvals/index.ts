// The Approvals screen, as the frame knows it.
import { go, href, safeText, type Feature } from "../../kit";
import { t } from "../../messages";
import Screen from "./Screen.svelte";
import { approvals } from "./store.svelte";

const MOST_IN_PALETTE = 20;

/** The screen where people decide what agents ask for. */
export const feature: Feature = {
  id: "approvals",
  order: 1,
  icon: "approvals",
  title: "approvals.title",
  goKey: "a",
  screen: Screen,
  badge() {
    const count = approvals.open.length;
    if (count === 0) return null;
    return { text: String(count), isHot: approvals.highest === "critical", spoken: t("approvals.countWaiting", { count }) };
  },
  lamp: () => approvals.highest,
  palette: () =>
    approvals.open.slice(0, MOST_IN_PALETTE).map((item) => ({
      id: `approval-${item.id}`, text: safeText(item.title), icon: "approvals" as const, risk: item.risk, run: () => { go(href("approvals", [item.id])); },
    })),
  start: () => approvals.start(),
};
