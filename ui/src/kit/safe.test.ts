import { render } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import SafeText from "./SafeText.svelte";
import { hasMixedScripts, safeParts, safeText } from "./safe";

describe("hostile text", () => {
  it.each([
    ["right-to-left override", "pay to \u202Etseretni\u202C", "pay to ⟦U+202E⟧tseretni⟦U+202C⟧"],
    ["isolates", "a\u2066b\u2069", "a⟦U+2066⟧b⟦U+2069⟧"],
    ["zero width", "1\u200B000\u200D0\u2060", "1⟦U+200B⟧000⟦U+200D⟧0⟦U+2060⟧"],
    ["byte order mark and soft hyphen", "\uFEFFa\u00ADb", "⟦U+FEFF⟧a⟦U+00AD⟧b"],
    ["terminal escapes", "\u001b]8;;http://x\u0007click", "⟦U+001B⟧]8;;http://x⟦U+0007⟧click"],
    ["C1 controls", "\u009b31m", "⟦U+009B⟧31m"],
    ["tag characters", "a\u{E0041}\u{E007F}", "a⟦U+E0041⟧⟦U+E007F⟧"],
    ["lone surrogate", "x\ud800y", "x⟦U+D800⟧y"],
    ["hangul filler", "ADMIN\u3164", "ADMIN⟦U+3164⟧"],
    ["line separators", "a\u2028b\u2029c", "a⟦U+2028⟧b⟦U+2029⟧c"],
    ["lines and tabs are one space", "a\nb\tc", "a b c"],
    ["plain words stay", "Straße 12, 東京, Łódź", "Straße 12, 東京, Łódź"],
  ])("shows what cannot be seen: %s", (_name, text, shown) => {
    expect(safeText(text)).toBe(shown);
  });

  it("keeps the hidden parts apart from the words", () => {
    expect(safeParts("a\u202Eb")).toEqual([{ text: "a", isHidden: false }, { text: "⟦U+202E⟧", isHidden: true }, { text: "b", isHidden: false }]);
  });

  it("renders markup as text nodes only", () => {
    const { container } = render(SafeText, { text: "<img src=x onerror=alert(1)></script>\u202E" });
    expect(container.textContent).toBe("<img src=x onerror=alert(1)></script>⟦U+202E⟧");
    expect(container.querySelector("img,script")).toBeNull();
  });

  it("marks a word of several alphabets, and only that", () => {
    expect(hasMixedScripts("Kеstrel Polymers")).toBe(true);
    expect(hasMixedScripts("Kestrel Полимер")).toBe(false);
    expect(hasMixedScripts("PO 4500012873, Ω-Line")).toBe(false);
    expect(render(SafeText, { text: "Kеstrel", identifier: true }).container.textContent).toContain("letters of several alphabets");
  });
});
