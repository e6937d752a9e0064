// The message catalogue: every visible word comes from here, in English and in German.
// English is the source of the keys; a key that German lacks fails the type check.
// Not here: numbers, dates and amounts (see kit/format).
import approvalsDe from "./de/approvals.json";
import connectorsDe from "./de/connectors.json";
import erpDe from "./de/erp.json";
import frameDe from "./de/frame.json";
import kitDe from "./de/kit.json";
import plantDe from "./de/plant.json";
import queryDe from "./de/query.json";
import approvalsEn from "./en/approvals.json";
import connectorsEn from "./en/connectors.json";
import erpEn from "./en/erp.json";
import frameEn from "./en/frame.json";
import kitEn from "./en/kit.json";
import plantEn from "./en/plant.json";
import queryEn from "./en/query.json";
import { locale, type Locale } from "./locale.svelte";

export { locale, setLocale, LOCALES, type Locale } from "./locale.svelte";

const en = { ...frameEn, ...kitEn, ...approvalsEn, ...queryEn, ...plantEn, ...erpEn, ...connectorsEn };
const de = { ...frameDe, ...kitDe, ...approvalsDe, ...queryDe, ...plantDe, ...erpDe, ...connectorsDe };

/** A key of the catalogue. */
export type MessageKey = keyof typeof en;
/** One message: a text, or its plural forms chosen by the parameter `count`. */
export type Message = string | Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>;
/** What fills the `{name}` places of a message. Numbers are written with the locale's separators. */
export type Params = Readonly<Record<string, string | number>>;

const catalogues: Record<Locale, Record<MessageKey, Message>> = { en, de };
const plurals: Record<Locale, Intl.PluralRules> = { en: new Intl.PluralRules("en"), de: new Intl.PluralRules("de") };
const numbers: Record<Locale, Intl.NumberFormat> = { en: new Intl.NumberFormat("en"), de: new Intl.NumberFormat("de") };

/** The text of `key` in the language in use. Reactive: a change of language re-renders what called it. */
export function t(key: MessageKey, params: Params = {}): string {
  return translate(locale(), key, params);
}

/** The text of `key` in a given language. */
export function translate(language: Locale, key: MessageKey, params: Params = {}): string {
  // A word that is missing in spite of the type check must not take the page with it.
  const message: Message | undefined = catalogues[language][key];
  if (message === undefined) return key;
  return fill(language, choose(language, message, params), params);
}

function choose(language: Locale, message: Message, params: Params): string {
  if (typeof message === "string") return message;
  const count = Number(params["count"] ?? 0);
  return message[plurals[language].select(count)] ?? message.other;
}

function fill(language: Locale, text: string, params: Params): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? numbers[language].format(value) : value;
  });
}
