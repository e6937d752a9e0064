// Chromium on the real page. Every page notes what must never happen: errors, words on the browser's console, and
// violations of the content security policy; `quiet()` fails with them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { chromium } from "playwright-core";
import { until } from "./until.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** How long a request must have been in view before it can be decided, and a little more. */
const IN_VIEW_MS = 750;

/** A browser with its tab on a console, signed in by the link. */
export async function openBrowser(console, { theme = "dark", link = console.link } = {}) {
  const browser = await chromium.launch({ executablePath: process.env.ANDON_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", timezoneId: "Europe/Berlin" });
  const tab = new Tab(browser, context, await context.newPage());
  await tab.listen(theme);
  await tab.page.goto(link);
  return tab;
}

class Tab {
  /** What went wrong in the page so far. */
  problems = [];
  /** True while the console is meant to be away: requests may then fail. */
  mayLose = false;

  constructor(browser, context, page) {
    Object.assign(this, { browser, context, page });
  }

  async listen(theme) {
    this.page.on("pageerror", (error) => this.problems.push(`page error: ${error.message}`));
    this.page.on("console", (message) => {
      const isLost = /Failed to load resource|ERR_(CONNECTION|INCOMPLETE|EMPTY|NETWORK)/.test(message.text());
      if (["error", "warning"].includes(message.type()) && !(this.mayLose && isLost)) this.problems.push(`console: ${message.text()} ${message.location().url}`);
    });
    await this.page.exposeFunction("andonViolation", (text) => { this.problems.push(`content security policy: ${text}`); });
    await this.page.addInitScript((theme) => {
      if (localStorage.getItem("andon.prefs") === null) localStorage.setItem("andon.prefs", JSON.stringify({ theme, contrast: "standard", density: "default", language: "en", singleKeys: true }));
      document.addEventListener("securitypolicyviolation", (event) => { window.andonViolation(`${event.violatedDirective} ${event.blockedURI}`); });
    }, theme);
  }

  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async type(words) {
    await this.page.keyboard.type(words);
  }

  /** Waits until these words are to be seen. */
  async see(words, limitMs = 8_000) {
    await this.page.getByText(words).filter({ visible: true }).first().waitFor({ timeout: limitMs });
  }

  async seesNot(words) {
    assert.equal(await this.page.getByText(words).filter({ visible: true }).count(), 0, `to be seen: ${words}`);
  }

  /** The heading of the request in view. */
  title() {
    return this.page.locator("#request-title").innerText();
  }

  /** Opens the request whose title holds these words, by J and K as far as the list goes, and lets it rest in view. */
  async open(words, limitMs = 10_000) {
    const item = this.page.getByRole("option").filter({ hasText: words }).first();
    // While the list has the focus new requests wait behind a button.
    await until(`a request: ${words}`, async () => {
      if (await item.count()) return true;
      const more = this.page.getByRole("button", { name: / new, press/ });
      if (await more.count()) await more.click();
      return false;
    }, limitMs);
    const place = () => item.evaluate((one) => [...one.parentElement.children].indexOf(one) - [...one.parentElement.children].findIndex((other) => other.ariaSelected === "true"));
    for (let away = await place(); away !== 0; away = await place()) {
      const before = this.page.url();
      await this.press(away > 0 ? "j" : "k");
      await until("the next request is in view", () => this.page.url() !== before, 2_000);
    }
    const title = await item.locator(".t bdi").innerText();
    await this.page.locator("#request-title").filter({ hasText: title }).waitFor();
    await this.rest();
  }

  /** Lets what is in view be long enough in view to be decided. */
  rest() {
    return this.page.waitForTimeout(IN_VIEW_MS);
  }

  /** Becomes another person by the user menu. */
  async be(name) {
    await this.page.locator("button.open").click();
    await this.page.getByRole("dialog").locator("button.person").filter({ hasText: name }).click();
    await this.page.locator("button.open").filter({ hasText: name }).waitFor();
  }

  /** Goes to a screen. */
  async go(screen) {
    await this.page.getByRole("navigation").getByRole("link", { name: new RegExp(`^${screen}`) }).click();
    await this.page.getByRole("heading", { name: screen, exact: true }).first().waitFor();
  }

  /** Fails with everything axe finds, read by way of the debugger so that the page keeps its policy. */
  async accessible(where) {
    const client = await this.context.newCDPSession(this.page);
    await client.send("Runtime.evaluate", { expression: axe });
    const look = "axe.run(document,{resultTypes:['violations']}).then(r=>JSON.stringify(r.violations.map(v=>v.id+': '+v.nodes.slice(0,4).map(n=>n.target.join(' ')+' '+(n.any[0]?.message??'')).join('; '))))";
    const { result } = await client.send("Runtime.evaluate", { expression: look, awaitPromise: true });
    await client.detach();
    assert.deepEqual(JSON.parse(result.value), [], `axe: ${where}`);
  }

  async theme(theme) {
    await this.page.evaluate((theme) => { localStorage.setItem("andon.prefs", JSON.stringify({ ...JSON.parse(localStorage.getItem("andon.prefs") ?? "{}"), theme })); }, theme);
    await this.page.reload();
    await this.page.locator(`html[data-theme="${theme}"]`).waitFor();
  }

  /** Fails when something went wrong in the page. */
  quiet() {
    assert.deepEqual(this.problems, []);
  }

  /** Keeps a picture of how the tab was left, for whoever looks into a failure, and closes the browser. */
  async close() {
    const name = basename(process.argv[1] ?? "tab").replace(/\..*$/, "");
    await this.page.screenshot({ path: join(import.meta.dirname, `../../artifacts/${name}.png`) }).catch(() => undefined);
    await this.browser.close();
  }
}
