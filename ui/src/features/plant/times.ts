// Times and ages as the plant's screen words them: how fresh the feed is, how long a state lasts, how old a value is, and
// clock times in the site's zone.
import type { FeedView, MachineTile } from "../../api";
import { formatNumber, formatQuantity, formatSpan, formatTime } from "../../kit";
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

function inZone(when: string | number, zone: string, withSeconds: boolean): string | null {
  const date = new Date(when);
  if (Number.isNaN(date.getTime())) return null;
  try {
    return new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", ...(withSeconds ? { second: "2-digit" } : {}), hourCycle: "h23" }).format(date);
  } catch {
    return null;
  }
}

/** The name of the site's zone, where it is another than the workstation's; null where there is nothing to say. */
export function foreignZone(zone: string | null, here = new Intl.DateTimeFormat().resolvedOptions().timeZone): string | null {
  return zone === null || zone === here ? null : zone;
}

/** A count as delivered, exact; with its unit when it is not pieces. */
export function formatPieces(amount: string | null, uom: string | null): string {
  if (amount === null) return "–";
  const value = Number(amount);
  const text = Number.isSafeInteger(value) ? formatNumber(value) : formatQuantity(amount, "").trimEnd();
  return uom === null || uom === "C62" ? text : `${text}\u2009${uom}`;
}
