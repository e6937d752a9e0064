// Takes pictures of the built page over the fixture server, to lay beside the design's.
// Run: npm run build && node dev/shots.mjs [folder]
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";
import { startFixture } from "./fixture-server.mjs";

const folder = process.argv[2] ?? "/tmp/shots";
mkdirSync(folder, { recursive: true });
const server = await startFixture(0);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--font-render-hinting=none"] });

async function shot(name, prefs, steps = async () => undefined, size = { width: 1440, height: 900 }, path = "") {
  const page = await browser.newPage({ viewport: size });
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) console.log(name, message.type(), message.text()); });
  page.on("pageerror", (error) => { console.log(name, "pageerror", error.message); });
  await page.addInitScript((kept) => { localStorage.setItem("andon.prefs", JSON.stringify(kept)); }, prefs);
  await page.goto(server.url + path);
  await page.waitForTimeout(900);
  await steps(page);
  await page.screenshot({ path: `${folder}/${name}.png` });
  await page.close();
}

const dark = { theme: "dark", contrast: "standard", density: "default", language: "en", singleKeys: true };
await shot("approvals", dark, async (page) => { await page.fill("textarea", "Stock cover checked with planning, terms agreed with K. Lindqvist today"); });
await shot("approvals-light", { ...dark, theme: "light" });
await shot("approvals-more", { ...dark, contrast: "more" });
await shot("approvals-de", { ...dark, language: "de" });
await shot("approvals-narrow", dark, undefined, { width: 1024, height: 680 });
await shot("confirm", dark, async (page) => { await page.keyboard.press("a"); await page.waitForTimeout(200); });
await shot("hostile", dark, async (page) => { await page.keyboard.press("j"); await page.waitForTimeout(300); });
await shot("deny", dark, async (page) => { await page.keyboard.press("d"); await page.waitForTimeout(200); });
await shot("palette", dark, async (page) => { await page.keyboard.press("Control+k"); await page.keyboard.type("rel"); await page.waitForTimeout(200); });
await shot("shortcuts", dark, async (page) => { await page.keyboard.press("?"); await page.waitForTimeout(200); });
await shot("user", dark, async (page) => { await page.click(".open"); await page.waitForTimeout(200); });
await shot("unknown", dark, undefined, undefined, "#/approvals/ap-23?view=decided");
await shot("denied", dark, undefined, undefined, "#/approvals/ap-21?view=decided");
await shot("missing", dark, undefined, undefined, "#/approvals/nothing-here");
server.fixture.empty = true;
await shot("empty", dark);
server.fixture.empty = false;
await shot("offline", dark, async (page) => { server.away(true); await page.waitForTimeout(5500); });
server.away(false);
server.fixture.status = { keyring: "locked", systems: [{ system: "sap", state: "unauthorized", message: "refused", hint: null, latency_ms: null, checked_at: null, last_contact: new Date().toISOString() }] };
await shot("banners", dark);
server.fixture.status = {};
await browser.close();
server.close();
