// Query and Plant on the real console, and every screen in both themes under axe.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addAgent, order } from "./support/agent.mjs";
import { openBrowser } from "./support/browser.mjs";
import { startConsole } from "./support/console.mjs";
import { until } from "./support/until.mjs";

let console, tab, agent;
before(async () => {
  console = await startConsole();
  tab = await openBrowser(console);
  agent = await addAgent(console);
});
after(async () => {
  await tab?.close();
  await console?.remove();
});

test("a ready question runs and shows rows, and says that no model is set up", async () => {
  await until("the mirror has orders", async () => (await console.call("connection_list")).connections.some((one) => one.feeds.some((feed) => feed.feed === "purchase_orders" && feed.records > 0)));
  await tab.go("Query");
  await tab.see("No language model is set up.");
  await tab.page.getByRole("button", { name: /How many purchase orders are in which status/ }).click();
  await tab.see(/^\d+ rows$/);
  await tab.page.getByRole("gridcell").first().waitFor();
  assert.ok(await tab.page.getByRole("gridcell").count() > 4);
  await tab.see(/^Allowed/);
  tab.quiet();
});

test("SQL that the guard refuses is not run, with every reason", async () => {
  await tab.press("Escape");
  await tab.page.getByRole("button", { name: /^New/ }).click();
  await tab.page.getByRole("button", { name: /Write SQL/ }).click();
  await tab.page.getByLabel("SQL to run").fill("SELECT bank_account FROM purchase_orders; DROP TABLE machines");
  await tab.press("Control+Enter");
  await tab.see("Blocked, the SQL did not run");
  await tab.see("sql-01");
  await tab.accessible("a refused query");
  await tab.press("e");
  await tab.page.getByLabel("SQL to run").fill("SELECT password FROM users");
  await tab.press("Control+Enter");
  await tab.see("sql-04");
  tab.quiet();
});

test("a machine goes down within 40 s of the start and is in the list, with ages", async (t) => {
  await tab.go("Plant");
  await tab.see(/24 machines/);
  const down = tab.page.getByRole("listbox").getByRole("option").filter({ hasText: /Down, / });
  await down.first().waitFor({ timeout: 40_000 });
  const took = (Date.now() - console.startedAt) / 1000;
  t.diagnostic(`first machine down after ${took.toFixed(1)} s at the latest`);
  assert.ok(took < 40, `it took ${took} s`);
  await down.first().click();
  await tab.see(/^(live|polling), \d/);
  await tab.see(/Measured/);
  await tab.see(/\d+\s?s ago/);
  await console.control("machines/CR-05/stop", { reason: "E312" });
  await tab.page.getByRole("option").filter({ hasText: "Cold mill 5" }).waitFor();
  await console.control("machines/CR-05/recover");
  await until("it recovers", async () => (await tab.page.getByRole("option").filter({ hasText: "Cold mill 5" }).count()) === 0);
  tab.quiet();
});

test("every screen is clean under axe in both themes", async () => {
  void agent.ask(order(110));
  void agent.ask(order(10));
  for (const theme of ["dark", "light"]) {
    await tab.theme(theme);
    await tab.go("Approvals");
    await tab.open("Order 10 PC");
    await tab.accessible(`approvals, ${theme}`);
    await tab.page.locator("button.open").click();
    await tab.accessible(`user menu, ${theme}`);
    await tab.press("Escape");
    await tab.go("Query");
    await tab.accessible(`query, ${theme}`);
    await tab.page.getByRole("button", { name: /Which machines are down now/ }).first().click();
    await tab.see(/^\d+ rows?$/);
    await tab.accessible(`query with rows, ${theme}`);
    await tab.go("Plant");
    // The list of what needs attention is empty while no machine does.
    const abnormal = tab.page.getByRole("listbox", { name: /^Needs attention/ }).getByRole("option").first();
    if (await abnormal.count()) await abnormal.click();
    await tab.accessible(`plant, ${theme}`);
    await tab.press("t");
    await tab.accessible(`plant as a table, ${theme}`);
  }
  tab.quiet();
});
