import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "svelte/compiler";
import { describe, expect, it } from "vitest";
import { translate, type Message } from "./index";

const SRC = join(process.cwd(), "src");
const NAMES = ["frame", "kit", "approvals", "query", "plant"];
const read = (language: string, name: string): Record<string, Message> => JSON.parse(readFileSync(join(SRC, "messages", language, `${name}.json`), "utf8")) as Record<string, Message>;
const forms = (message: Message): string[] => (typeof message === "string" ? [message] : Object.values(message));
const places = (message: Message): string[] => [...new Set(forms(message).flatMap((form) => [...form.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "")))].sort();

describe.each(NAMES)("the catalogue %s", (name) => {
  const en = read("en", name);
  const de = read("de", name);
  it("has the same keys in both languages", () => {
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
  });
  it("fills the same places in both languages", () => {
    for (const [key, message] of Object.entries(en)) expect([key, places(de[key] ?? "")]).toEqual([key, places(message)]);
  });
  it("keeps the style: no empty text, no exclamation mark, no dash as a pause, no middle dot", () => {
    for (const message of [...Object.values(en), ...Object.values(de)]) for (const form of forms(message)) expect(form).toMatch(/^(?!.*( [–—-] |·|!|^\s*$)).+$/);
  });
});

it("chooses the plural form and writes numbers with the language's separators", () => {
  expect(translate("en", "kit.reason.count", { count: 1 })).toBe("1 character");
  expect(translate("en", "kit.reason.count", { count: 1500 })).toBe("1,500 characters");
  expect(translate("de", "kit.reason.count", { count: 1500 })).toBe("1.500 Zeichen");
});

// Words that stand in the markup itself: the product's name, and what is the same in every language.
const ALLOWED = /^(Andon|OEE|CSV|SQL|NULL|SELECT …)$/;
const ATTRIBUTES = ["title", "aria-label", "placeholder", "alt", "label"];

interface Node { type: string; data?: string; name?: string; value?: unknown; [key: string]: unknown }
function literals(node: unknown, found: string[] = []): string[] {
  if (Array.isArray(node)) for (const one of node) literals(one, found);
  else if (typeof node === "object" && node !== null) {
    const { type, data, name, value } = node as Node;
    if (type === "Text" && typeof data === "string") found.push(data);
    if (type === "StyleDirective") return found;
    if (type === "Attribute") {
      if (ATTRIBUTES.includes(String(name)) && Array.isArray(value)) literals(value, found);
    } else for (const [key, child] of Object.entries(node)) if (key !== "metadata" && key !== "attributes") literals(child, found);
    for (const attribute of ((node as Node)["attributes"] as Node[] | undefined) ?? []) literals(attribute, found);
  }
  return found;
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".svelte"));
it.each(files)("%s takes every visible word from the catalogue", (file) => {
  const { fragment } = parse(readFileSync(join(SRC, file), "utf8"), { modern: true });
  const words = literals(fragment).map((text) => text.trim()).filter((text) => /\p{L}{2,}/u.test(text) && !ALLOWED.test(text));
  expect(words).toEqual([]);
});
