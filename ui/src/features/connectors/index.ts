// The Connectors screen, as the frame knows it.
import { systemStatus } from "../../api";
import type { Feature } from "../../kit";
import { t } from "../../messages";
import Screen from "./Screen.svelte";

/** The screen of the connected systems: how they are, what was exchanged, their feeds. */
export const feature: Feature = {
  id: "connectors",
  order: 5,
  icon: "plug",
  title: "connectors.title",
  goKey: "c",
  screen: Screen,
  badge: () => {
    const bad = (systemStatus()?.systems ?? []).filter((one) => one.state === "down" || one.state === "unauthorized").length;
    return bad === 0 ? null : { text: String(bad), isHot: true, spoken: t("connectors.badge", { count: bad }) };
  },
};
