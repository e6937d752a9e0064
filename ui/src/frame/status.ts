// What the status bar says and which banners stand: words for the engine's state of each system.
// Not here: how it is drawn.
import type { FeedState, HealthState, KeyringState, StatusView, System, SystemView } from "../api";
import { formatMillis, formatNumber, formatSpan, formatTime } from "../kit";
import { t, type MessageKey } from "../messages";

/** How an entry of the status bar is drawn. */
export type Tone = "calm" | "late" | "bad";

/** One entry of the status bar. */
export interface StatusItem {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly tone: Tone;
  readonly detail: string | null;
}

/** A line across the page. */
export interface BannerText {
  readonly id: "storage" | "keyring" | "sap" | "mes" | "gateway";
  readonly kind: "info" | "warning" | "critical";
  readonly title: string;
  readonly detail: string;
}

const HEALTH_TONE: Readonly<Record<HealthState, Tone>> = { healthy: "calm", not_configured: "calm", unknown: "calm", degraded: "late", down: "bad", unauthorized: "bad" };
const FEED_TONE: Readonly<Record<FeedState, Tone>> = { live: "calm", polling: "calm", not_configured: "calm", delayed: "late", stale: "late", offline: "bad", unauthorized: "bad" };
const KEYRING_TONE: Readonly<Record<KeyringState, Tone>> = { available: "calm", slow: "late", locked: "late", absent: "bad" };

/** The entries of the status bar at `now`; while the console is lost nothing is claimed. */
export function statusItems(status: StatusView | null, isLost: boolean, now: number): StatusItem[] {
  if (status === null) return [];
  const items = [gatewayItem(status), sapItem(status), mesItem(status, now), cacheItem(status), keyringItem(status)];
  if (!isLost) return items;
  return items.map((item) => ({ ...item, text: t("frame.health.unknown"), tone: "late", detail: null }));
}

function gatewayItem(status: StatusView): StatusItem {
  const isUp = status.gateway !== null;
  return { id: "gateway", name: t("frame.system.gateway"), text: t(isUp ? "frame.health.ready" : "frame.health.down"), tone: isUp ? "calm" : "bad", detail: status.gateway };
}

function sapItem(status: StatusView): StatusItem {
  const sap = systemOf(status, "sap");
  const state = sap?.state ?? "unknown";
  const latency = sap?.latency_ms ?? null;
  const text = state === "healthy" && latency !== null ? formatMillis(latency) : t(`frame.health.${state}`);
  return { id: "sap", name: t("frame.system.sap"), text, tone: HEALTH_TONE[state], detail: detailOf(sap?.message, sap?.hint) };
}

function mesItem(status: StatusView, now: number): StatusItem {
  const { state, last_contact, message, hint } = status.feed;
  const age = last_contact === null ? null : formatSpan(Math.max(0, now - Date.parse(last_contact)));
  const word = t(`frame.feed.${state}`);
  const text = age !== null && (state === "live" || state === "polling" || state === "delayed" || state === "stale") ? `${word}, ${age}` : word;
  return { id: "mes", name: t("frame.system.mes"), text, tone: FEED_TONE[state], detail: detailOf(message, hint) };
}

function cacheItem(status: StatusView): StatusItem {
  const { hits, misses, entries } = status.cache;
  const asked = hits + misses;
  const text = asked === 0 ? t("frame.cacheEmpty") : t("frame.cacheHits", { share: `${formatNumber((hits * 100) / asked, 0)}\u2009%` });
  return { id: "cache", name: t("frame.system.cache"), text, tone: "calm", detail: t("frame.cacheEntries", { count: entries }) };
}

function keyringItem(status: StatusView): StatusItem {
  return { id: "keyring", name: t("frame.system.keyring"), text: t(`frame.keyring.${status.keyring}`), tone: KEYRING_TONE[status.keyring], detail: null };
}

/** The banners the systems' states call for, worst first. */
export function systemBanners(status: StatusView | null): BannerText[] {
  if (status === null) return [];
  const found: BannerText[] = [];
  if (status.storage_trouble !== null) found.push({ id: "storage", kind: "critical", title: t("frame.banner.storage"), detail: `${status.storage_trouble}. ${t("frame.banner.storage.do")}` });
  if (status.keyring !== "available") found.push({ id: "keyring", kind: "warning", title: t(`frame.banner.keyring.${status.keyring}`), detail: t(`frame.banner.keyring.${status.keyring}.do`) });
  const sap = systemOf(status, "sap");
  if (sap?.state === "unauthorized") found.push(banner("sap", "frame.banner.sapRefused", "frame.banner.sapRefused.do", sap.last_contact));
  if (sap?.state === "down") found.push(banner("sap", "frame.banner.sapDown", "frame.banner.sapDown.do", sap.last_contact));
  const { state, last_contact } = status.feed;
  if (state === "unauthorized") found.push(banner("mes", "frame.banner.mesRefused", "frame.banner.mesRefused.do", last_contact));
  if (state === "offline") found.push(banner("mes", "frame.banner.mesDown", "frame.banner.mesDown.do", last_contact));
  if (status.gateway === null) found.push(banner("gateway", "frame.banner.gatewayDown", "frame.banner.gatewayDown.do", null));
  return found;
}

function banner(id: BannerText["id"], title: MessageKey, detail: MessageKey, lastContact: string | null): BannerText {
  const since = lastContact === null ? "" : ` ${t("frame.banner.lastContact", { time: formatTime(lastContact, true) })}`;
  return { id, kind: "warning", title: t(title), detail: `${t(detail)}${since}` };
}

function systemOf(status: StatusView, system: System): SystemView | null {
  return status.systems.find((one) => one.system === system) ?? null;
}

function detailOf(message: string | null | undefined, hint: string | null | undefined): string | null {
  const words = [message, hint].filter((one) => typeof one === "string" && one !== "");
  return words.length === 0 ? null : words.join("\n");
}
