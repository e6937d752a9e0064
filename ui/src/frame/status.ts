// What the status bar says and which banners stand: words for the engine's state of each system.
// Not here: how it is drawn.
import type { Health, SystemStatus } from "../api";
import { formatNumber, formatQuantity, formatTime } from "../kit";
import { t, type MessageKey } from "../messages";

/** One entry of the status bar. */
export interface StatusItem {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly tone: "calm" | "late" | "bad";
  readonly detail: string | null;
}

/** A line across the page. */
export interface BannerText {
  readonly id: string;
  readonly kind: "info" | "warning" | "critical";
  readonly title: string;
  readonly detail: string;
}

type SystemId = "gateway" | "sap" | "mes" | "cache" | "keyring";
const SHOWN: readonly SystemId[] = ["gateway", "sap", "mes", "cache", "keyring"];

/** The entries of the status bar; while the console is lost nothing is claimed. */
export function statusItems(status: SystemStatus | null, isLost: boolean): StatusItem[] {
  if (status === null) return [];
  return SHOWN.map((id) => {
    const health = status[id];
    if (isLost) return { id, name: t(`frame.system.${id}`), text: t("frame.health.unknown"), tone: "late" as const, detail: null };
    return { id, name: t(`frame.system.${id}`), text: healthText(id, health, status), tone: tone(health), detail: health.detail };
  });
}

function healthText(id: SystemId, health: Health, status: SystemStatus): string {
  if (health.state !== "ok") return t(`frame.health.${health.state}`);
  const hits = status.cache.hit_percent;
  if (id === "cache" && typeof hits === "number") return t("frame.cacheHits", { share: `${formatNumber(hits, 0)}\u2009%` });
  if (id === "keyring") return t("frame.keyringOpen");
  return health.latency_ms === null ? t("frame.health.ok") : formatQuantity(Math.round(health.latency_ms), "ms");
}

function tone(health: Health): StatusItem["tone"] {
  if (health.state === "down" || health.state === "unauthorised") return "bad";
  if (health.state === "degraded" || health.state === "locked") return "late";
  return "calm";
}

/** The banners the systems' states call for, worst first. */
export function systemBanners(status: SystemStatus | null): BannerText[] {
  if (status === null) return [];
  const found: BannerText[] = [];
  if (isDown(status.storage)) found.push(banner("storage", "critical", "frame.banner.storage", "frame.banner.storage.do", status.storage));
  if (status.keyring.state === "locked") found.push(banner("keyring", "warning", "frame.banner.keyringLocked", "frame.banner.keyringLocked.do", status.keyring));
  else if (isDown(status.keyring)) found.push(banner("keyring", "warning", "frame.banner.keyringDown", "frame.banner.keyringDown.do", status.keyring));
  for (const id of ["sap", "mes"] as const) {
    const health = status[id];
    if (health.state === "unauthorised") found.push(banner(id, "warning", `frame.banner.${id}Refused`, `frame.banner.${id}Refused.do`, health));
    else if (health.state === "down") found.push(banner(id, "warning", `frame.banner.${id}Down`, `frame.banner.${id}Down.do`, health));
  }
  if (isDown(status.gateway)) found.push(banner("gateway", "warning", "frame.banner.gatewayDown", "frame.banner.gatewayDown.do", status.gateway));
  return found;
}

function isDown(health: Health): boolean {
  return health.state === "down" || health.state === "degraded";
}

function banner(id: string, kind: BannerText["kind"], title: MessageKey, detail: MessageKey, health: Health): BannerText {
  const since = health.last_contact === null ? "" : ` ${t("frame.banner.lastContact", { time: formatTime(health.last_contact, true) })}`;
  return { id, kind, title: t(title), detail: `${t(detail)}${since}` };
}
