import { describe, expect, it } from "vitest";
import type { StatusView } from "../api";
import { statusItems, systemBanners } from "./status";

const NOW = Date.parse("2026-06-22T14:04:36.000Z");
const healthy: StatusView = {
  server_time: "2026-06-22T14:04:36.000Z", systems: [{ system: "sap", state: "healthy", message: "answers", hint: null, latency_ms: 184, checked_at: null, last_contact: "2026-06-22T14:04:35.000Z" }],
  feed: { state: "live", last_contact: "2026-06-22T14:04:34.000Z", message: null, hint: null }, cache: { hits: 87, misses: 13, evicted: 0, entries: 3, bytes: 0 }, keyring: "available", storage_trouble: null,
  model: null, gateway: "http://127.0.0.1:1/mcp", waiting: 0, highest_risk: null, abnormal: 0,
};
const sap = (state: "down" | "unauthorized"): StatusView => ({ ...healthy, systems: [{ system: "sap", state, message: "m", hint: "h", latency_ms: null, checked_at: null, last_contact: null }] });

describe("the status bar", () => {
  it("is calm and short when all is well", () => {
    const items = statusItems(healthy, false, NOW);
    expect(items.map((item) => `${item.name} ${item.text}`)).toEqual(["Gateway ready", "SAP 184\u2009ms", "MES live, 2\u2009s", "Cache hits 87\u2009%", "Keyring unlocked"]);
    expect(new Set(items.map((item) => item.tone))).toEqual(new Set(["calm"]));
    expect(systemBanners(healthy)).toEqual([]);
  });
  it("claims nothing while the console is lost", () => {
    expect(new Set(statusItems(healthy, true, NOW).map((item) => item.text))).toEqual(new Set(["unknown"]));
  });
});

describe("banners", () => {
  it.each([
    ["a wrong SAP password", sap("unauthorized"), "SAP refused the sign-in"],
    ["a stopped SAP", sap("down"), "SAP does not answer"],
    ["a stopped MES", { ...healthy, feed: { ...healthy.feed, state: "offline" } } satisfies StatusView, "MES does not answer"],
    ["a locked keyring", { ...healthy, keyring: "locked" } satisfies StatusView, "Keyring locked"],
    ["a full disk", { ...healthy, storage_trouble: "the disk is full" } satisfies StatusView, "Storage unavailable"],
    ["a gateway that does not run", { ...healthy, gateway: null } satisfies StatusView, "Agents cannot reach the gateway"],
  ])("say what happened and what to do: %s", (_name, status, title) => {
    const [banner] = systemBanners(status);
    expect(banner?.title).toBe(title);
    expect(banner?.detail.length).toBeGreaterThan(20);
  });
});
