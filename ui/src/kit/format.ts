// Numbers, times and amounts as the operator reads them: thin space before units, ISO dates, 24-hour clock,
// the locale's separators. Amounts are exact decimal text and never pass through a floating-point number.
import { locale } from "../messages/locale.svelte";

const THIN = "\u2009";

/** A number with the locale's separators; `digits` fixes the decimals. */
export function formatNumber(value: number, digits?: number): string {
  if (!Number.isFinite(value)) return "–";
  return numberFormat(locale(), digits).format(value);
}

// Making a formatter costs far more than using it, and a grid formats hundreds of numbers in a frame.
const formats = new Map<string, Intl.NumberFormat>();
function numberFormat(language: string, digits: number | undefined): Intl.NumberFormat {
  const key = `${language} ${String(digits)}`;
  const known = formats.get(key) ?? new Intl.NumberFormat(language, digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits });
  formats.set(key, known);
  return known;
}

/** A number and its unit, a thin space between: `12 ms`. */
export function formatQuantity(value: number | string, unit: string, digits?: number): string {
  const text = typeof value === "number" ? formatNumber(value, digits) : formatDecimal(value);
  return `${text}${THIN}${unit}`;
}

/** A round trip in whole milliseconds; a shorter one is below 1, never 0. */
export function formatMillis(milliseconds: number): string {
  const whole = Math.round(milliseconds);
  return whole < 1 ? `< ${formatQuantity(1, "ms")}` : formatQuantity(whole, "ms");
}

/** Exact decimal text with the locale's separators; what is no decimal stays as it is. */
export function formatDecimal(text: string): string {
  const match = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return text;
  const [, sign = "", whole = "", fraction] = match;
  const [group, point] = locale() === "de" ? [".", ","] : [",", "."];
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, group);
  return `${sign === "-" ? "−" : ""}${grouped}${fraction === undefined ? "" : point + fraction}`;
}

/** An amount of money: `EUR 1,284,600.00`. */
export function formatAmount(amount: string, currency: string): string {
  return `${currency}\u00a0${formatDecimal(amount)}`;
}

/** Whole seconds as `03:42`, or `1:03:42` from an hour on. Never negative. */
export function formatClock(totalSeconds: number): string {
  const seconds = Math.max(0, Math.floor(totalSeconds));
  const hours = Math.floor(seconds / 3600);
  const rest = `${pad(Math.floor((seconds % 3600) / 60))}:${pad(seconds % 60)}`;
  return hours === 0 ? rest : `${String(hours)}:${rest}`;
}

/** A rough length of time for "… ago": `42 s`, `7 min`, `3 h`, `2 d`. */
export function formatSpan(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return formatQuantity(seconds, "s");
  if (seconds < 3600) return formatQuantity(Math.floor(seconds / 60), "min");
  if (seconds < 86_400) return formatQuantity(Math.floor(seconds / 3600), "h");
  return formatQuantity(Math.floor(seconds / 86_400), "d");
}

type When = string | number | Date;

/** Local time of day, `14:03` or with seconds `14:03:18`. */
export function formatTime(when: When, withSeconds = false): string {
  const date = new Date(when);
  if (Number.isNaN(date.getTime())) return "–";
  const short = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  return withSeconds ? `${short}:${pad(date.getSeconds())}` : short;
}

/** Local ISO date, `2026-06-22`. */
export function formatDate(when: When): string {
  const date = new Date(when);
  if (Number.isNaN(date.getTime())) return "–";
  return `${String(date.getFullYear())}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/** Local date and time, `2026-06-22 14:03`; only the time when it is of the same day as `today`. */
export function formatMoment(when: When, today: When): string {
  const day = formatDate(when);
  return day === formatDate(today) ? formatTime(when) : `${day} ${formatTime(when)}`;
}

/** Short name of the zone the clocks are in, such as `CEST`. */
export function zoneName(when: When): string {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" }).formatToParts(new Date(when));
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "UTC";
}

/** Weekday in the language in use, short. */
export function formatWeekday(when: When): string {
  return new Intl.DateTimeFormat(locale(), { weekday: "short" }).format(new Date(when));
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
