// The Plant screen on the real console and its demo plant: views, time, keyboard, many machines, the wall, a lost MES.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { openBrowser } from "./support/browser.mjs";
import { startConsole } from "./support/console.mjs";
import { until } from "./support/until.mjs";

const VIEWS = ["Board", "Table", "Trends", "Timeline", "Orders", "Quality"];
const view = (tab, name) => tab.page.getByRole("radio", { name: new RegExp(`^${name}`) }).click();

test("twenty-four machines", async (t) => {
  const console = await startConsole();
  const tab = await openBrowser(console);
  try {
    await tab.go("Plant");
    await tab.see(/24 machines/);

    await t.test("every view is clean under axe in both themes, and keeps the page's policy", async () => {
      for (const theme of ["dark", "light"]) {
        await tab.theme(theme);
        await tab.page.getByRole("radio", { name: /^Board/ }).waitFor();
        for (const name of VIEWS) {
          await view(tab, name);
          await tab.page.locator(".work [aria-busy=true]").waitFor({ state: "detached" });
          await tab.accessible(`plant, ${name}, ${theme}`);
        }
      }
      tab.quiet();
    });

    await t.test("the head-count is what the board says, and a filter says what it hides", async () => {
      await view(tab, "Board");
      await console.control("machines/CR-05/stop", { reason: "E312" });
      await tab.page.getByRole("button", { name: /^Cold mill 5, down/ }).waitFor();
      const count = async (name) => Number((await tab.page.getByRole("group", { name: "Machines by state" }).getByRole("button", { name }).locator(".v").innerText()).replace(/\D.*$/, ""));
      const running = await count(/^Running/);
      assert.equal(await tab.page.locator(".tile.running").count(), running);
      await tab.press("1");
      await until("only running machines are shown", async () => (await tab.page.locator(".tile").count()) === await count(/^Running/));
      await tab.see(/machines not shown, \d+ of them down/);
      await tab.press("Escape");
      await console.control("machines/CR-05/recover");
      tab.quiet();
    });

    await t.test("arrows lead from tile to tile, Enter opens, Escape goes back", async () => {
      const first = tab.page.locator("[data-machine]").first();
      await first.focus();
      await tab.press("ArrowRight", "ArrowDown", "Enter");
      await until("the machine's heading has the focus", () => tab.page.evaluate(() => document.activeElement?.id === "machine-title"));
      const title = await tab.page.locator("#machine-title").innerText();
      await tab.press("Escape");
      await until("the focus is back on the tile", () => tab.page.evaluate((name) => document.activeElement?.querySelector("b")?.textContent === name, title));
      tab.quiet();
    });

    await t.test("the time of the page has exact limits with the zone, and every part is of it", async () => {
      await tab.page.getByRole("combobox", { name: "Time of the page" }).selectOption("last_24h");
      await tab.see(/ to .* CES?T$/);
      await view(tab, "Trends");
      await tab.page.getByRole("figure", { name: "Where the time went" }).waitFor();
      const { window } = await console.call("plant_window", { range: "last_24h" });
      assert.equal(Date.parse(window.until) - Date.parse(window.since), 24 * 3_600_000);
      await tab.page.getByRole("combobox", { name: "Time of the page" }).selectOption("current_shift");
      tab.quiet();
    });

    await t.test("a chart is exported with the numbers it shows", async () => {
      await view(tab, "Trends");
      const figure = tab.page.getByRole("figure", { name: "Downtime by reason" });
      const waiting = tab.page.waitForEvent("download");
      await figure.getByRole("button", { name: "CSV" }).click();
      const download = await waiting;
      assert.equal(download.suggestedFilename(), "andon-downtime-pareto.csv");
      const text = await readFile(await download.path(), "utf8");
      assert.match(text, /^Reason,Code,Seconds,Count,Cumulative %\r\n/);
      await figure.getByRole("button", { name: "Show as table" }).click();
      const rows = await figure.getByRole("row").count();
      assert.equal(text.trimEnd().split("\r\n").length, rows);
      tab.quiet();
    });

    await t.test("the wall keeps what is down, has nothing to press, and Escape leaves it", async () => {
      await view(tab, "Board");
      await tab.page.setViewportSize({ width: 1920, height: 1080 });
      await tab.press("w");
      const wall = tab.page.getByRole("dialog", { name: "Wall mode" });
      await wall.waitFor();
      assert.equal(await wall.getByRole("button").count(), 0);
      const sizes = await wall.evaluate((root) => [...root.querySelectorAll("*")].filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "")).map((one) => parseFloat(getComputedStyle(one).fontSize)));
      assert.ok(Math.min(...sizes) >= 24, `the smallest letters are ${Math.min(...sizes)} px`);
      assert.equal(await tab.page.evaluate(() => { const dialog = document.querySelector("dialog.wall"); return dialog.scrollHeight > dialog.clientHeight; }), false);
      await tab.accessible("the wall");
      await tab.press("ArrowRight");
      await tab.see("Paused");
      await tab.press("Escape");
      await wall.waitFor({ state: "detached" });
      await tab.page.setViewportSize({ width: 1440, height: 900 });
      tab.quiet();
    });

    await t.test("a MES that is gone is never drawn as running, and what was missed is said when it is back", async () => {
      await console.faults({ mes: "down" });
      await until("nothing is drawn as running", async () => (await tab.page.locator(".tile.running").count()) === 0, 60_000);
      await tab.see(/stale since|offline, showing/);
      assert.equal(await tab.page.getByRole("group", { name: "Machines by state" }).getByRole("button", { name: /^Running/ }).locator(".v").innerText().then((text) => Number(text.replace(/\D.*$/, ""))), 0);
      await tab.accessible("a MES that is gone");
      await console.faults({ mes: "ok" });
      await tab.see(/^Data is back\./, 60_000);
      tab.quiet();
    });
  } finally {
    await tab.close();
    await console.remove();
  }
});

test("two thousand machines are one map, fast enough to be looked at", async (t) => {
  const console = await startConsole({ plant: ["--quiet-agent", "--machines", "2000"] });
  const tab = await openBrowser(console);
  try {
    await tab.go("Plant");
    const map = tab.page.getByRole("listbox", { name: /^Machines, 2,000/ });
    await map.waitFor({ timeout: 30_000 });
    assert.equal(await map.locator("canvas").count(), 1);
    await map.focus();
    const current = () => map.evaluate((root) => document.getElementById(root.getAttribute("aria-activedescendant"))?.textContent ?? "");
    const before = await current();
    await tab.press("ArrowRight");
    await until("the next machine is current", async () => (await current()) !== before);
    await tab.press("End");
    await until("the last machine is in view", async () => map.evaluate((root) => root.scrollTop > 0 || root.scrollHeight <= root.clientHeight));
    // How long a frame takes while the map is scrolled from end to end.
    const frames = await map.evaluate(async (root) => {
      const taken = [];
      for (let step = 0; step < 60; step += 1) {
        root.scrollTop = ((root.scrollHeight - root.clientHeight) * step) / 60;
        const began = performance.now();
        await new Promise((done) => requestAnimationFrame(() => { setTimeout(done); }));
        taken.push(performance.now() - began);
      }
      return taken.sort((a, b) => a - b);
    });
    t.diagnostic(`frames while scrolling: median ${frames[30].toFixed(1)} ms, slowest ${frames.at(-1).toFixed(1)} ms`);
    await tab.page.getByRole("searchbox", { name: "Find a machine" }).fill("no such machine");
    await tab.see("No machine matches");
    await tab.see(/2,000 machines not shown/);
    await tab.page.getByRole("searchbox", { name: "Find a machine" }).fill("");
    await tab.accessible("two thousand machines");
    await view(tab, "Table");
    assert.ok((await tab.page.getByRole("row").count()) < 100, "rows are drawn as they come into view");
    await tab.accessible("two thousand machines as a table");
    await view(tab, "Timeline");
    await tab.page.getByRole("figure", { name: "Timeline" }).or(tab.page.getByText("This MES does not tell states of the past")).first().waitFor();
    tab.quiet();
  } finally {
    await tab.close();
    await console.remove();
  }
});
