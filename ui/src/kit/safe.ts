// Hostile text made visible. Control characters, direction marks, zero-width and tag characters are cut out of foreign
// text and shown by their number, so that what is read is what is there. Not here: markup, which never exists at all.

/** A stretch of text as it may be shown, or one hidden character by its number. */
export interface SafePart {
  readonly text: string;
  readonly isHidden: boolean;
}

// Line feeds become spaces: one line is one line, and a paragraph cannot fake a new field.
// Controls, format and tag characters, line separators, lone surrogates, and all that is drawn as nothing.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Cuts `text` into what may be shown and what must be named. */
export function safeParts(text: string): SafePart[] {
  const parts: SafePart[] = [];
  let from = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > from) parts.push({ text: text.slice(from, match.index), isHidden: false });
    parts.push({ text: visible(match[0]), isHidden: match[0] !== "\n" && match[0] !== "\t" });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), isHidden: false });
  return parts;
}

/** The same as plain text, for names, titles and what is copied. */
export function safeText(text: string): string {
  return safeParts(text).map((part) => part.text).join("");
}

/** True when one word mixes letters of scripts that look alike, as in a forged vendor name. */
export function hasMixedScripts(text: string): boolean {
  return text.split(/[^\p{L}\p{M}]+/u).some((word) => {
    const scripts = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u, /\p{Script=Armenian}/u];
    return scripts.filter((script) => script.test(word)).length > 1;
  });
}

function visible(character: string): string {
  if (character === "\n" || character === "\t") return " ";
  const number = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `⟦U+${number}⟧`;
}
