// Takes pictures of the Query and Plant screens over the fixture server, and asks axe about each.
// Run: npm run build && node dev/shots-more.mjs [folder] [only this name]
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { startFixture } from "./fixture-server.mjs";

const folder = process.argv[2] ?? "/tmp/shots";
const only = process.argv[3];
mkdirSync(folder, { recursive: true });
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const server = await startFixture(0);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--font-render-hinting=none"] });
const { fixture } = server;

async function shot(name, prefs, path, steps = async () => undefined, size = { width: 1440, height: 900 }) {
  if (only !== undefined && !name.includes(only)) return;
  const page = await browser.newPage({ viewport: size, timezoneId: "Europe/Berlin", bypassCSP: false });
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) console.log(name, message.type(), message.text()); });
  page.on("pageerror", (error) => { console.log(name, "pageerror", error.message); });
  await page.addInitScript((kept) => { localStorage.setItem("andon.prefs", JSON.stringify(kept)); }, prefs);
  await page.addInitScript(axe);
  await page.goto(server.url + path);
  await page.waitForTimeout(700);
  await steps(page);
  await page.screenshot({ path: `${folder}/${name}.png` });
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }).then((result) => result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).slice(0, 4).join(" | ")} ${one.nodes[0].failureSummary}`)));
  for (const one of found) console.log(name, "axe", one);
  await page.close();
}

const dark = { theme: "dark", contrast: "standard", density: "default", language: "en", singleKeys: true };
const light = { ...dark, theme: "light" };
const ready = async (page) => { await page.click(".start li:first-child button"); await page.waitForTimeout(500); };
const late = async (page) => {
  await ready(page);
  await page.click('[role="gridcell"][aria-colindex="7"] >> nth=0');
  await page.keyboard.down("Shift");
  for (let step = 0; step < 5; step += 1) await page.keyboard.press("ArrowDown");
  await page.keyboard.up("Shift");
  await page.waitForTimeout(100);
};

await shot("query-start", dark, "#/query");
await shot("query", dark, "#/query", late);
await shot("query-light", light, "#/query", late);
await shot("query-compact", { ...dark, density: "compact" }, "#/query", late);
await shot("query-de", { ...dark, language: "de" }, "#/query", late);
await shot("query-narrow", dark, "#/query", late, { width: 1024, height: 680 });
await shot("query-menu", dark, "#/query", async (page) => { await ready(page); await page.keyboard.press("y"); await page.waitForTimeout(100); });
await shot("query-truncated", dark, "#/query", async (page) => { await page.click(".start li:nth-child(2) button"); await page.waitForTimeout(600); await page.keyboard.press("Control+End"); await page.waitForTimeout(200); });
await shot("query-cell", dark, "#/query", async (page) => { await page.click(".start li:nth-child(2) button"); await page.waitForTimeout(600); await page.dblclick('[role="gridcell"][aria-colindex="5"] >> nth=3'); await page.waitForTimeout(200); });
await shot("query-empty", dark, "#/query", async (page) => { await page.click(".start li:nth-child(3) button"); await page.waitForTimeout(500); });
await shot("query-blocked", dark, "#/query", async (page) => { await page.click("text=Salaries by cost centre"); await page.waitForTimeout(100); await page.click("text=Run again"); await page.waitForTimeout(500); });
await shot("query-blocked-light", light, "#/query", async (page) => { await page.click("text=Salaries by cost centre"); await page.waitForTimeout(100); await page.click("text=Run again"); await page.waitForTimeout(500); });
await shot("query-edit", dark, "#/query", async (page) => { await ready(page); await page.keyboard.press("e"); await page.waitForTimeout(100); });
await shot("query-tables", dark, "#/query", async (page) => { await page.click("role=tab[name=Tables]"); await page.click("summary >> nth=1"); await page.waitForTimeout(100); });
fixture.slowMs = 60_000;
await shot("query-running", dark, "#/query", async (page) => { await page.click(".start li:first-child button"); await page.waitForTimeout(2300); });
await shot("query-cancelled", dark, "#/query", async (page) => { await page.click(".start li:first-child button"); await page.waitForTimeout(600); await page.keyboard.press("Escape"); await page.waitForTimeout(400); });
fixture.slowMs = 120;
fixture.queryError = { code: "timed_out", message: "the database did not answer in time: 10 s", hint: "Ask for a shorter period.", request_id: "e-7f31" };
await shot("query-failed", dark, "#/query", ready);
fixture.queryError = undefined;
fixture.model = "qwen2.5-coder-7b";
await shot("query-model", dark, "#/query?ask=Which%20vendors%20delivered%20coil%20late%3F", async (page) => { await page.waitForTimeout(600); });
fixture.model = null;

await shot("plant", dark, "#/plant/PS-01");
await shot("plant-light", light, "#/plant/PS-01");
await shot("plant-more", { ...dark, contrast: "more" }, "#/plant/WC-06");
await shot("plant-de", { ...dark, language: "de" }, "#/plant/PS-01");
await shot("plant-narrow", dark, "#/plant/PS-01", undefined, { width: 1024, height: 680 });
await shot("plant-abnormal", dark, "#/plant", async (page) => { await page.keyboard.press("a"); await page.waitForTimeout(100); });
await shot("plant-table", dark, "#/plant/PS-01", async (page) => { await page.keyboard.press("t"); await page.waitForTimeout(150); });
await shot("plant-table-light", light, "#/plant/PS-01", async (page) => { await page.keyboard.press("t"); await page.waitForTimeout(150); });
for (const view of ["Trends", "Timeline", "Orders", "Quality"]) {
  await shot(`plant-${view.toLowerCase()}`, dark, "#/plant/PS-01", async (page) => { await page.click(`role=radio[name=${view}]`); await page.waitForTimeout(400); });
  await shot(`plant-${view.toLowerCase()}-light`, light, "#/plant/PS-01", async (page) => { await page.click(`role=radio[name=${view}]`); await page.waitForTimeout(400); });
}
await shot("plant-wall", dark, "#/plant?kiosk", undefined, { width: 1920, height: 1080 });
await shot("plant-search", dark, "#/plant", async (page) => { await page.keyboard.press("/"); await page.keyboard.type("nothing"); await page.waitForTimeout(150); });
fixture.perLine = 40;
await shot("plant-dense", dark, "#/plant/PS-01");
fixture.perLine = 500;
await shot("plant-heat", dark, "#/plant/PS-01");
await shot("plant-heat-light", light, "#/plant/PS-01");
fixture.perLine = undefined;
fixture.flood = true;
await shot("plant-flood", dark, "#/plant");
fixture.flood = false;
fixture.calm = true;
await shot("plant-calm", dark, "#/plant");
fixture.calm = false;
for (const state of ["stale", "offline", "unauthorized", "not_configured"]) {
  fixture.feedState = state;
  await shot(`plant-${state}`, dark, "#/plant");
}
fixture.feedState = undefined;
await shot("plant-lost", dark, "#/plant", async (page) => { server.away(true); await page.waitForTimeout(4500); });
server.away(false);
await browser.close();
server.close();
