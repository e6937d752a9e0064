import type { Feature } from "../../kit";
import Screen from "./Screen.svelte";
export const feature: Feature = { id: "approvals", order: 1, icon: "approvals", title: "approvals.title", goKey: "a", screen: Screen };
