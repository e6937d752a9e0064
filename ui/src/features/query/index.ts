// The Query screen, as the frame knows it.
import { go, href, type Feature } from "../../kit";
import Screen from "./Screen.svelte";
import { desk } from "./store.svelte";

/** The screen where people ask the plant's data. */
export const feature: Feature = {
  id: "query",
  order: 2,
  icon: "query",
  title: "query.title",
  goKey: "q",
  screen: Screen,
  palette: () =>
    (desk.desk?.ready ?? []).map((ready) => ({
      id: `ready-${ready.id}`, text: ready.text, icon: "query" as const, run: () => { go(href("query")); void desk.runReady(ready); },
    })),
};
