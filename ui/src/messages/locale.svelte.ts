// The language in use, as reactive state. Kept apart from the catalogue so that formatting can read it alone.

export const LOCALES = ["en", "de"] as const;
/** A language the catalogue is complete in. */
export type Locale = (typeof LOCALES)[number];

let current = $state<Locale>("en");

/** The language in use. */
export function locale(): Locale {
  return current;
}

/** Changes the language of everything on screen and of the document itself. */
export function setLocale(next: Locale): void {
  current = next;
  document.documentElement.lang = next;
}
