// Times and ages as the plant's screen words them: how fresh the feed is, how long a state lasts, how old a value is, and
// clock times in the site's zone.
import type { FeedView, MachineTile } from "../../api";
import { formatDate, formatNumber, formatQuantity, formatSpan, formatTime } from "../../kit";
import { t } from "../../messages";

/** A length of time that ticks: `12:04`, from an hour on `3:12 h`, from a day on `2 d 3 h`. */
export function formatLasting(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const pad = (value: number): string => String(value).padStart(2, "0");
  if (seconds < 3600) return `${pad(Math.floor(seconds / 60))}:${pad(seconds % 60)}`;
  if (seconds < 86_400) return formatQuantity(`${String(Math.floor(seconds / 3600))}:${pad(Math.floor((seconds % 3600) / 60))}`, "h");
  return `${formatQuantity(Math.floor(seconds / 86_400), "d")} ${formatQuantity(Math.floor((seconds % 86_400) / 3600), "h")}`;
}

/** The same for a screen reader, in whole words: `12 minutes`. */
export function spokenSpan(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return t("plant.spoken.seconds", { count: seconds });
  if (seconds < 3600) return t("plant.spoken.minutes", { count: Math.floor(seconds / 60) });
  if (seconds < 86_400) return t("plant.spoken.hours", { count: Math.floor(seconds / 3600) });
  return t("plant.spoken.days", { count: Math.floor(seconds / 86_400) });
}

/** How old a machine's values are now: what the engine said, and what has passed since. Null when the source does not say. */
export function ageNow(tile: MachineTile, boardTime: string, now: number): number | null {
  if (tile.age_ms === null) return null;
  return tile.age_ms + Math.max(0, now - Date.parse(boardTime));
}

/** How fresh the feed is, always in sight: `live, 2 s`, `delayed, 40 s`, `stale since 13:02`, `offline, showing 12:58`. */
export function feedLabel(feed: FeedView, isBoardStale: boolean, boardTime: string, zone: string | null, now: number): string {
  const contact = feed.last_contact;
  const span = contact === null ? null : formatSpan(Math.max(0, now - Date.parse(contact)));
  const at = contact === null ? null : siteTime(contact, zone);
  switch (feed.state) {
    case "not_configured":
      return t("plant.feed.not_configured");
    case "unauthorized":
      return at === null ? t("plant.feed.unauthorized") : t("plant.feed.unauthorizedShowing", { time: at });
    case "offline":
      return at === null ? t("plant.feed.offline") : t("plant.feed.offlineShowing", { time: at });
    case "stale":
      return at === null ? t("plant.feed.never") : t("plant.feed.stale", { time: at });
    default:
      if (isBoardStale) return t("plant.feed.offlineShowing", { time: siteTime(boardTime, zone) });
      return span === null ? t("plant.feed.never") : t(`plant.feed.${feed.state}`, { span });
  }
}

/** Time of day in the site's zone; in the workstation's when the zone is not told or not known. */
export function siteTime(when: string | number, zone: string | null, withSeconds = false): string {
  const parts = zone === null ? null : inZone(when, zone, withSeconds);
  return parts ?? formatTime(when, withSeconds);
}

/** The site's calendar day, `2026-06-22`; the workstation's when the zone is not told or not known. */
export function siteDate(when: string | number, zone: string | null): string {
  const date = new Date(when);
  if (zone === null || Number.isNaN(date.getTime())) return formatDate(when);
  try {
    return new Intl.DateTimeFormat("sv-SE", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(date);
  } catch {
    return formatDate(when);
  }
}

/** The short name of the zone at that moment, `CEST`: it changes within a window when the clocks do. */
export function zoneShort(when: string | number, zone: string | null): string {
  const date = new Date(when);
  if (Number.isNaN(date.getTime())) return "";
  try {
    const parts = new Intl.DateTimeFormat("en-GB", { ...(zone === null ? {} : { timeZone: zone }), timeZoneName: "short" }).formatToParts(date);
    return parts.find((part) => part.type === "timeZoneName")?.value ?? "";
  } catch {
    return "";
  }
}

// Making a formatter costs far more than using it, and a week's scale asks hundreds of times.
const walls = new Map<string, Intl.DateTimeFormat>();
function wallFormat(zone: string | null): Intl.DateTimeFormat {
  const key = zone ?? "";
  const known = walls.get(key) ?? new Intl.DateTimeFormat("en-GB", { ...(zone === null ? {} : { timeZone: zone }), year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  walls.set(key, known);
  return known;
}

/** How far the site's clocks are ahead of UTC at that moment, in minutes; zero when the zone is not known. */
export function zoneOffset(when: number, zone: string | null): number {
  try {
    const parts = wallFormat(zone).formatToParts(new Date(when));
    const get = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.find((part) => part.type === type)?.value ?? 0);
    const wall = Date.UTC(get("year"), get("month") - 1, get("day"), get("hour"), get("minute"));
    return Math.round((wall - Math.floor(when / 60_000) * 60_000) / 60_000);
  } catch {
    return 0;
  }
}

/** The instant of a time of the site's clock, `2026-06-22T06:00`; null for what is no time. */
export function siteInstant(wall: string, zone: string | null): number | null {
  const asUtc = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(wall) ? Date.parse(`${wall}:00Z`) : NaN;
  if (Number.isNaN(asUtc)) return null;
  // The offset is that of the instant looked for, which is known only once it is found.
  const first = asUtc - zoneOffset(asUtc, zone) * 60_000;
  return asUtc - zoneOffset(first, zone) * 60_000;
}

function inZone(when: string | number, zone: string, withSeconds: boolean): string | null {
  const date = new Date(when);
  if (Number.isNaN(date.getTime())) return null;
  try {
    return new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", ...(withSeconds ? { second: "2-digit" } : {}), hourCycle: "h23" }).format(date);
  } catch {
    return null;
  }
}

/** A count as delivered, exact; with its unit when it is not pieces. */
export function formatPieces(amount: string | null, uom: string | null): string {
  if (amount === null) return "–";
  const value = Number(amount);
  const text = Number.isSafeInteger(value) ? formatNumber(value) : formatQuantity(amount, "").trimEnd();
  return uom === null || uom === "C62" ? text : `${text}\u2009${uom}`;
}
