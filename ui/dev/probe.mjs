// Drives the built page over the fixture server by keyboard alone, and lets axe look at every view in both themes.
// Run: npm run build && npm run probe. Ends with 1 when something is not as it should be.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { startFixture } from "./fixture-server.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const only = process.argv[2];
let failures = 0;

async function scene(name, steps, { path = "", prefs = {}, size = { width: 1440, height: 900 }, prepare = () => undefined } = {}) {
  if (only !== undefined && !name.includes(only)) return;
  const server = await startFixture(0);
  prepare(server);
  const context = await browser.newContext({ viewport: size, reducedMotion: "reduce" });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(`page error: ${error.message}`));
  page.on("console", (message) => { if (/Content Security Policy|\[svelte\]|effect_update/.test(message.text())) problems.push(message.text()); });
  await page.addInitScript((kept) => { localStorage.setItem("andon.prefs", JSON.stringify(kept)); }, { theme: "dark", contrast: "standard", density: "default", language: "en", singleKeys: true, ...prefs });
  const expect = (isTrue, what) => { if (!isTrue) problems.push(`not so: ${what}`); };
  const t = {
    page, server, expect, press: async (...keys) => { for (const key of keys) await page.keyboard.press(key); },
    wait: (ms) => page.waitForTimeout(ms), text: (selector) => page.locator(selector).first().innerText(), see: (words, ms = 4000) => page.getByText(words).first().waitFor({ timeout: ms }),
    title: () => page.locator("#request-title").innerText(),
    // Through the debugger, so that the page keeps its content security policy.
    axe: async (where) => {
      const client = await context.newCDPSession(page);
      await client.send("Runtime.evaluate", { expression: axe });
      const { result } = await client.send("Runtime.evaluate", { expression: "axe.run(document,{resultTypes:['violations']}).then(r=>JSON.stringify(r.violations.map(v=>({id:v.id,nodes:v.nodes.map(n=>n.target.join(' ')+' '+(n.any[0]?.message??''))}))))", awaitPromise: true });
      for (const violation of JSON.parse(result.value)) problems.push(`axe ${where}: ${violation.id}\n    ${violation.nodes.slice(0, 5).join("\n    ")}`);
    },
  };
  try {
    await page.goto(server.url + path);
    await page.locator(".status .one").first().waitFor();
    await steps(t);
  } catch (error) {
    problems.push(String(error).split("\n").slice(0, 6).join("\n    "));
  }
  await context.close();
  server.close();
  if (problems.length > 0) failures += 1;
  console.log(`${problems.length === 0 ? "ok  " : "FAIL"} ${name}${problems.map((one) => `\n  - ${one}`).join("")}`);
}

const GUARD = 700;
await scene("moves with J, K and arrows, and the detail follows", async (t) => {
  await t.see("Release purchase order");
  await t.press("j"); await t.wait(200);
  t.expect((await t.title()).startsWith("Change bank"), "J goes to the second");
  await t.press("ArrowDown", "ArrowDown"); await t.wait(200);
  t.expect((await t.title()).startsWith("Stop line"), "arrows go on");
  await t.press("k"); await t.wait(200);
  t.expect((await t.title()).includes("600 bearings"), "K goes back");
  await t.press("Enter"); await t.wait(100);
  t.expect(await t.page.evaluate(() => document.activeElement?.id === "request-title"), "Enter opens");
  await t.press("Escape"); await t.wait(100);
  t.expect(await t.page.evaluate(() => document.activeElement?.getAttribute("role") === "option"), "Escape goes back to the list");
});
await scene("nothing is decided in the first 600 ms", async (t) => {
  await t.see("Raise cycle-time");
  await t.page.goto(`${t.server.url}#/approvals/ap-4`);
  await t.page.locator("#request-title", { hasText: "Raise cycle-time" }).waitFor();
  await t.press("a"); await t.wait(900);
  t.expect(t.server.fixture.approvals.find((a) => a.id === "ap-4").state === "pending", "an early A decides nothing");
});
await scene("A approves MEDIUM, the bar counts down, Z takes it back", async (t) => {
  await t.wait(GUARD + 300);
  await t.press("a"); await t.wait(450);
  t.expect(t.server.fixture.approvals.find((a) => a.id === "ap-4").state === "approved", "A approves");
  await t.see(/Approving “Raise cycle-time target on PS-11”, sends in [345] s/);
  t.expect(!(await t.title()).startsWith("Raise"), "the next request is in view");
  t.expect(await t.page.evaluate(() => document.activeElement?.getAttribute("aria-selected") === "true"), "the focus is on the next request");
  await t.press("z"); await t.wait(600);
  t.expect(t.server.fixture.approvals.find((a) => a.id === "ap-4").state === "pending", "Z takes it back");
}, { path: "#/approvals/ap-4" });
await scene("never says executed before the system has", async (t) => {
  await t.wait(GUARD + 300);
  await t.press("a"); await t.wait(500);
  await t.page.goto(`${t.server.url}#/approvals/ap-4`);
  await t.see(/Approved, sends in \d s/);
  t.expect((await t.page.getByText("Executed at").count()) === 0, "not executed yet");
  await t.see(/Approved by you, sending/, 7000);
  await t.see(/Executed at/, 4000);
}, { path: "#/approvals/ap-4" });
await scene("HIGH asks for a reason in a window of its own", async (t) => {
  await t.wait(GUARD + 300);
  await t.press("a"); await t.wait(200);
  t.expect((await t.page.locator("dialog[open]").count()) === 1, "the window opens");
  await t.axe("confirm");
  await t.wait(GUARD);
  await t.press("Control+Enter"); await t.wait(200);
  t.expect(t.server.fixture.approvals.find((a) => a.id === "ap-3").state === "pending", "nothing without a reason");
  await t.page.keyboard.type("Agreed with shift lead");
  await t.press("Enter"); await t.wait(600);
  t.expect(t.server.fixture.approvals.find((a) => a.id === "ap-3").state === "approved", "approved with a reason");
}, { path: "#/approvals/ap-3" });
await scene("CRITICAL needs 20 characters, the target typed, and a second admin", async (t) => {
  const request = t.server.fixture.approvals.find((a) => a.id === "ap-1");
  await t.wait(GUARD + 300);
  await t.press("a"); await t.wait(GUARD + 100);
  await t.page.keyboard.type("Stock cover checked with planning");
  await t.press("Control+Enter"); await t.wait(200);
  t.expect((request.votes ?? []).length === 0, "not without the target");
  await t.press("Tab"); await t.page.keyboard.type("4500012873"); await t.press("Control+Enter"); await t.wait(700);
  t.expect((request.votes ?? []).length === 1, "first approval counted");
  await t.see("1 of 2 approvals");
  await t.see("You have approved this, another admin must too");
  await t.axe("voted");
  await t.page.click(".open"); await t.page.getByText("K. Lindqvist Admin").click(); await t.wait(900);
  t.expect((await t.title()).startsWith("Release"), "the same request for the second admin");
  await t.wait(GUARD); await t.press("a"); await t.wait(GUARD + 100);
  await t.page.keyboard.type("Terms are agreed with the buyer"); await t.press("Tab"); await t.page.keyboard.type("4500012873"); await t.press("Control+Enter"); await t.wait(900);
  t.expect(["approved", "dispatched", "succeeded"].includes(request.state), "second approval sends");
}, { path: "#/approvals/ap-1" });
await scene("D denies with a preset", async (t) => {
  await t.wait(GUARD + 300);
  await t.press("d"); await t.wait(200);
  await t.axe("deny");
  await t.press("3", "Control+Enter"); await t.wait(500);
  const request = t.server.fixture.approvals.find((a) => a.id === "ap-5");
  t.expect(request.state === "denied" && request.reason === "wrong_target", "denied with wrong_target");
}, { path: "#/approvals/ap-5" });
await scene("G A goes and never approves", async (t) => {
  await t.wait(GUARD + 300);
  await t.press("g", "a"); await t.wait(500);
  t.expect(t.server.fixture.approvals.find((a) => a.id === "ap-4").state === "pending", "still pending");
}, { path: "#/approvals/ap-4" });
await scene("single keys do nothing in the reason, and can be off", async (t) => {
  await t.wait(GUARD + 300);
  await t.page.locator("textarea").first().focus();
  await t.page.keyboard.type("a d x z"); await t.wait(300);
  t.expect(t.server.fixture.approvals.find((a) => a.id === "ap-4").state === "pending", "typing decides nothing");
}, { path: "#/approvals/ap-4" });
await scene("single keys off", async (t) => {
  await t.wait(GUARD + 300);
  await t.press("a"); await t.wait(500);
  t.expect(t.server.fixture.approvals.find((a) => a.id === "ap-4").state === "pending", "A is off");
}, { path: "#/approvals/ap-4", prefs: { singleKeys: false } });
await scene("X marks, A approves the marked together", async (t) => {
  await t.wait(400);
  await t.press("Shift+X"); await t.wait(400);
  await t.see("2 selected");
  await t.press("a"); await t.wait(GUARD + 100);
  await t.axe("bulk");
  await t.press("Control+Enter"); await t.wait(1200);
  t.expect(["ap-6", "ap-7"].every((id) => t.server.fixture.approvals.find((a) => a.id === id).state === "approved"), "both approved");
  await t.see(/Approving “2 requests”/);
}, { path: "#/approvals/ap-6" });
await scene("a long value must be opened before approving", async (t) => {
  await t.wait(GUARD + 300);
  await t.press("a"); await t.wait(400);
  t.expect(t.server.fixture.approvals.find((a) => a.id === "ap-5").state === "pending", "not while folded");
  await t.page.getByText(/Show all, 900/).click(); await t.press("a"); await t.wait(500);
  t.expect(t.server.fixture.approvals.find((a) => a.id === "ap-5").state === "approved", "approved when opened");
}, { path: "#/approvals/ap-5" });
await scene("new requests wait behind R while the list has focus", async (t) => {
  await t.wait(300);
  await t.press("j"); await t.wait(200);
  const before = await t.page.locator("[role=option] .t").allInnerTexts();
  const copy = { ...t.server.fixture.approvals.find((a) => a.id === "ap-3"), id: "ap-99", title: "Newly arrived" };
  t.server.fixture.approvals.push(copy); t.server.push({ kind: "approval_arrived", id: "ap-99" });
  await t.see("1 new, press");
  t.expect(JSON.stringify(await t.page.locator("[role=option] .t").allInnerTexts()) === JSON.stringify(before), "the list did not move");
  await t.press("r"); await t.see("Newly arrived");
});
await scene("somebody else decides the request in view", async (t) => {
  await t.see("Raise cycle-time");
  Object.assign(t.server.fixture.approvals.find((a) => a.id === "ap-4"), { state: "denied", by: { id: "u-lindqvist", name: "K. Lindqvist" }, decided: Date.now(), reason: "Terms not agreed." });
  t.server.push({ kind: "approval_changed", id: "ap-4" });
  await t.see(/Denied by K. Lindqvist at/); await t.see("Terms not agreed.");
  await t.axe("decided elsewhere");
}, { path: "#/approvals/ap-4" });
await scene("the console goes away and comes back", async (t) => {
  await t.wait(GUARD + 300);
  t.server.away(true); await t.see("Console lost", 9000);
  await t.press("a"); await t.wait(300);
  await t.axe("offline");
  t.server.away(false); await t.press("r"); await t.wait(800);
  t.expect((await t.page.getByText("Console lost").count()) === 0, "the banner goes");
  t.expect(t.server.fixture.approvals.find((a) => a.id === "ap-4").state === "pending", "nothing was queued");
}, { path: "#/approvals/ap-4" });
await scene("an unknown outcome is checked in SAP", async (t) => {
  await t.see("Check in SAP"); await t.axe("unknown");
  await t.page.getByText("Settle by hand").click(); await t.wait(200); await t.axe("settle"); await t.press("Escape"); await t.wait(100);
  await t.page.getByText("Check in SAP").click();
  await t.see(/Executed at/, 4000);
}, { path: "#/approvals/ap-23" });
await scene("palette finds and goes", async (t) => {
  await t.press("Control+k"); await t.page.keyboard.type("stop line"); await t.wait(150); await t.axe("palette");
  await t.press("Enter"); await t.wait(400);
  t.expect((await t.title()).startsWith("Stop line"), "Enter opens the request");
  await t.press("?"); await t.wait(150); await t.axe("sheet"); await t.press("Escape"); await t.wait(100);
  t.expect((await t.page.locator("dialog[open]").count()) === 0, "Escape closes");
});
await scene("hostile words stay words", async (t) => {
  await t.see("⟦U+202E⟧"); await t.see("<script>alert(1)</script>"); await t.see("letters of several alphabets");
  await t.axe("hostile");
}, { path: "#/approvals/ap-2" });
for (const [name, prefs] of [["dark", {}], ["light", { theme: "light" }], ["high contrast", { contrast: "more" }], ["light high contrast", { theme: "light", contrast: "more" }], ["German", { language: "de" }]]) {
  await scene(`axe is clean: ${name}`, async (t) => {
    await t.wait(GUARD + 300); await t.axe(name);
    await t.page.click(".open"); await t.wait(150); await t.axe(`${name}, menu`);
  }, { prefs });
}
await scene("axe is clean: empty, and failed", async (t) => {
  await t.see("Nothing waits for you"); await t.axe("empty");
  await t.page.goto(`${t.server.url}#/approvals/none-such`); await t.see("No such request"); await t.axe("failed");
}, { prepare: (server) => { server.fixture.empty = true; } });
await scene("axe is clean: 1024 x 680", async (t) => { await t.wait(800); await t.axe("narrow"); }, { size: { width: 1024, height: 680 } });

await browser.close();
console.log(failures === 0 ? "all well" : `${failures} scenes failed`);
process.exit(failures === 0 ? 0 : 1);
