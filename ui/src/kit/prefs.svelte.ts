// How this workstation likes to look: theme, contrast, density, language, single keys. Kept in the browser's storage,
// written to the root element as data attributes. Nothing about the plant is kept here.
import { LOCALES, setLocale, type Locale } from "../messages/locale.svelte";
import { setSingleKeys } from "./keys.svelte";

export const THEMES = ["dark", "light", "system"] as const;
export const CONTRASTS = ["standard", "more", "system"] as const;
export const DENSITIES = ["compact", "default", "comfortable"] as const;

/** The settings of this workstation. */
export interface Prefs {
  theme: (typeof THEMES)[number];
  contrast: (typeof CONTRASTS)[number];
  density: (typeof DENSITIES)[number];
  language: Locale;
  singleKeys: boolean;
}

const STORE = "andon.prefs";
const FIRST: Prefs = { theme: "system", contrast: "system", density: "default", language: "en", singleKeys: true };

/** The settings in use, reactive. Change them with `setPref`. */
export const prefs = $state<Prefs>({ ...FIRST });

/** Changes one setting, applies it and keeps it. */
export function setPref<K extends keyof Prefs>(key: K, value: Prefs[K]): void {
  prefs[key] = value;
  apply();
  try {
    localStorage.setItem(STORE, JSON.stringify(prefs));
  } catch {
    // Storage may be refused or full; the setting then holds until the page is closed.
  }
}

/** Reads the kept settings and applies them; follows the system where asked to. */
export function startPrefs(): () => void {
  Object.assign(prefs, { ...FIRST, language: systemLanguage() }, readKept());
  apply();
  const queries = ["(prefers-color-scheme: light)", "(prefers-contrast: more)"].map((query) => matchMedia(query));
  for (const query of queries) query.addEventListener("change", apply);
  return () => {
    for (const query of queries) query.removeEventListener("change", apply);
  };
}

function apply(): void {
  const root = document.documentElement.dataset;
  const isLight = prefs.theme === "system" ? matchMedia("(prefers-color-scheme: light)").matches : prefs.theme === "light";
  const isMore = prefs.contrast === "system" ? matchMedia("(prefers-contrast: more)").matches : prefs.contrast === "more";
  root["theme"] = isLight ? "light" : "dark";
  root["contrast"] = isMore ? "more" : "standard";
  root["density"] = prefs.density;
  setLocale(prefs.language);
  setSingleKeys(prefs.singleKeys);
}

function systemLanguage(): Locale {
  return navigator.language.toLowerCase().startsWith("de") ? "de" : "en";
}

function readKept(): Partial<Prefs> {
  let kept: unknown;
  try {
    kept = JSON.parse(localStorage.getItem(STORE) ?? "{}");
  } catch {
    return {};
  }
  if (typeof kept !== "object" || kept === null) return {};
  const found = kept as Record<string, unknown>;
  const result: Partial<Prefs> = {};
  const theme = THEMES.find((one) => one === found["theme"]);
  const contrast = CONTRASTS.find((one) => one === found["contrast"]);
  const density = DENSITIES.find((one) => one === found["density"]);
  const language = LOCALES.find((one) => one === found["language"]);
  if (theme) result.theme = theme;
  if (contrast) result.contrast = contrast;
  if (density) result.density = density;
  if (language) result.language = language;
  if (typeof found["singleKeys"] === "boolean") result.singleKeys = found["singleKeys"];
  return result;
}
