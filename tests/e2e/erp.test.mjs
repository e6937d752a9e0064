// ERP and Connectors on the real console and its demo plant: filters reach SAP, the order is of the whole list, clearance
// hides fields, and a connection is tested, examined and paused.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { openBrowser } from "./support/browser.mjs";
import { startConsole } from "./support/console.mjs";
import { until } from "./support/until.mjs";

let console, tab;
before(async () => {
  console = await startConsole();
  tab = await openBrowser(console);
});
after(async () => {
  await tab?.close();
  await console?.remove();
});

const rows = () => tab.page.locator('[role="row"][aria-rowindex]:not([aria-rowindex="1"])');
const cellTexts = async (column) => {
  const heads = await tab.page.getByRole("columnheader").allInnerTexts();
  const at = heads.findIndex((head) => head.trim() === column);
  // Another list is on its way.
  if (at < 0) return [];
  return rows().evaluateAll((found, index) => found.sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).map((row) => row.children[index].innerText.trim()), at);
};
const amount = (text) => Number(text.replace(/^[A-Z]{3}\s*/u, "").replace(/,/g, "").replace("−", "-"));

test("orders are listed with their value, the whole list sorted and filtered at its source", async () => {
  await tab.go("ERP");
  await tab.see(/Rows 1 to \d+ of 300/);
  await tab.page.getByRole("columnheader", { name: "Net value" }).getByRole("button").click();
  await tab.page.getByRole("columnheader", { name: "Net value" }).getByRole("button").click();
  await until("the dearest stands first", async () => {
    const eur = (await cellTexts("Net value")).filter((text) => text !== "–").map(amount);
    return eur.length > 5 && eur.every((value, at) => at === 0 || eur[at - 1] >= value);
  });
  await tab.page.getByRole("combobox", { name: "Status" }).selectOption("rejected");
  await until("only rejected ones", async () => {
    const words = await cellTexts("Status");
    return words.length > 0 && words.every((word) => word === "Rejected");
  });
  assert.match(tab.page.url(), /status=rejected/, "the address is the state");
  await tab.press("Escape");
  await rows().first().click();
  await tab.page.getByRole("complementary", { name: "Record in view" }).waitFor();
  await tab.see("Our reference");
  await tab.accessible("an order beside the list");
  tab.quiet();
});

test("stock has an estimate of its value, cost centres a budget that may be unknown, materials a text", async () => {
  await tab.press("2");
  await tab.see("Value, estimate");
  const values = await until("stock is listed", async () => { const found = await cellTexts("Value, estimate"); return found.length > 5 && found; });
  assert.ok(values.some((value) => /^[A-Z]{3}\s[\d,.]+$/u.test(value)), values.join(" "));
  await tab.press("3");
  const budgets = await until("cost centres are listed", async () => { const found = await cellTexts("Budget"); return found.length > 2 && found; });
  assert.ok(budgets.includes("–"), `a cost centre without a plan has no budget of zero: ${budgets.join(" ")}`);
  assert.ok(budgets.some((value) => /^EUR/.test(value)), budgets.join(" "));
  await tab.accessible("cost centres");
  await tab.press("4");
  const texts = await until("materials are listed", async () => { const found = await cellTexts("Description"); return found.length > 3 && found; });
  assert.ok(texts.every((text) => text !== "–"), texts.join(" "));
  tab.quiet();
});

test("everything that matches is kept as a file, formulas neutralised, and searching narrows it", async () => {
  await tab.press("2");
  await tab.see(/Rows 1 to/);
  await tab.page.getByPlaceholder("Search in the answer").fill("HX-220");
  await tab.press("Enter");
  await until("only what was searched for", async () => { const found = await cellTexts("Material"); return found.length > 0 && found.every((text) => text.includes("HX-220")); });
  await tab.page.getByRole("grid").focus();
  const [download] = await Promise.all([tab.page.waitForEvent("download"), tab.press("s")]);
  const text = await readFile(await download.path(), "utf8");
  const [head, ...lines] = text.trim().split(/\r?\n/);
  assert.match(head, /material/);
  assert.ok(lines.length > 0 && lines.every((line) => line.includes("HX-220")), text);
  tab.quiet();
});

test("who may not call systems is told which role may, and sees the connections without their errors", async () => {
  // The browser notes the refusal on its own account.
  tab.mayLose = true;
  await tab.be("S. Okafor");
  await tab.go("ERP");
  await tab.see(/operator/i);
  assert.equal(await rows().count(), 0);
  await tab.go("Connectors");
  await tab.see("An admin sees them.");
  assert.equal(await tab.page.getByRole("button", { name: /^Pause/ }).count(), 0);
  await tab.be("erika");
  tab.mayLose = false;
  tab.quiet();
});

test("a connection is examined thing by thing, and a feed is paused and goes on", async () => {
  await tab.go("Connectors");
  await tab.see("Feeds into the mirror");
  await tab.see("sap.get_cost_centers");
  await tab.press("x");
  await tab.page.getByRole("complementary", { name: "What was found" }).waitFor({ timeout: 30_000 });
  await tab.see(/API_COSTCENTER_SRV/);
  await tab.accessible("connectors, examined");
  const orders = tab.page.getByRole("row").filter({ hasText: "Purchase orders" });
  await orders.getByRole("button", { name: "Pause Purchase orders" }).click();
  await orders.getByText("Paused").waitFor();
  await orders.getByRole("button", { name: "Resume Purchase orders" }).click();
  await orders.getByText("Polling").waitFor();
  await tab.press("j");
  await tab.see("mes.hold_production_order");
  await tab.see("Shift calendar");
  await tab.accessible("connectors, MES");
  tab.quiet();
});
