// What the palette offers for the words typed: the screens' own entries, places to go, keys to run, and asking.
import { allBindings, go, href, type Feature, type IconName, type RiskLevel } from "../kit";
import { t } from "../messages";

/** One line of the palette. */
export interface PaletteEntry {
  readonly id: string;
  readonly text: string;
  readonly icon: IconName;
  readonly run: () => void;
  readonly keys?: string;
  readonly risk?: RiskLevel;
}

const LONGEST = 40;

/** The entries for `typed`, best kind first. */
export function paletteEntries(features: readonly Feature[], typed: string, canAsk: boolean): PaletteEntry[] {
  const words = typed.trim();
  const own: PaletteEntry[] = features.flatMap((feature) => feature.palette?.(words) ?? []);
  const found = [...own, ...goEntries(features), ...keyEntries()].filter((entry) => matches(entry.text, words)).slice(0, LONGEST);
  if (canAsk && words !== "") {
    found.push({ id: "ask", text: t("frame.palette.askFor", { words }), icon: "query", keys: "Tab", run: () => { go(href("query", [], { ask: words })); } });
  }
  return found;
}

function goEntries(features: readonly Feature[]): PaletteEntry[] {
  return features.map((feature) => ({
    id: `go-${feature.id}`, text: t("frame.goTo", { screen: t(feature.title) }), icon: feature.icon, keys: `g ${feature.goKey}`, run: () => { go(href(feature.id)); },
  }));
}

function keyEntries(): PaletteEntry[] {
  return allBindings()
    .filter((binding) => binding.hidden !== true && !binding.id.startsWith("go-") && (binding.when?.() ?? true))
    .map((binding) => {
      const keys = binding.keys[0];
      return { id: `key-${binding.id}`, text: t(binding.label), icon: "keyboard" as const, ...(keys === undefined ? {} : { keys }), run: () => { binding.run(new KeyboardEvent("keydown")); } };
    });
}

/** True when every word typed begins a word of `text`, in any order. */
export function matches(text: string, typed: string): boolean {
  const inText = text.toLowerCase().split(/\s+/);
  return typed.toLowerCase().split(/\s+/).filter((word) => word !== "").every((word) => inText.some((one) => one.includes(word)));
}

/** Cuts `text` around the first place where `typed` stands in it. */
export function splitMatch(text: string, typed: string): { before: string; match: string; after: string } {
  const words = typed.trim();
  const at = words === "" ? -1 : text.toLowerCase().indexOf(words.toLowerCase());
  if (at < 0) return { before: text, match: "", after: "" };
  return { before: text.slice(0, at), match: text.slice(at, at + words.length), after: text.slice(at + words.length) };
}
