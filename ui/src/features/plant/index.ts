// The Plant screen, as the frame knows it.
import { systemStatus } from "../../api";
import { go, href, safeText, type Feature } from "../../kit";
import { t } from "../../messages";
import Screen from "./Screen.svelte";
import { plant } from "./store.svelte";

const MOST_IN_PALETTE = 60;

/** The screen where people see their machines. */
export const feature: Feature = {
  id: "plant",
  order: 3,
  icon: "plant",
  title: "plant.title",
  goKey: "p",
  screen: Screen,
  badge() {
    const count = systemStatus()?.abnormal ?? 0;
    return count === 0 ? null : { text: String(count), isHot: false, spoken: t("plant.attention", { count }) };
  },
  palette: (typed) =>
    typed === "" ? [] : (plant.board?.machines ?? []).slice(0, MOST_IN_PALETTE).map(({ machine }) => ({
      id: `machine-${machine.machine_id}`, text: `${safeText(machine.name ?? machine.machine_id)} ${safeText(machine.machine_id)}`, icon: "plant" as const, run: () => { go(href("plant", [machine.machine_id])); },
    })),
};
