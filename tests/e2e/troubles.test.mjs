// What the page says when something is gone: SAP, the MES, the console, the session. Words, never a blank page; and
// nothing can be decided that would not arrive.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addAgent, order } from "./support/agent.mjs";
import { openBrowser } from "./support/browser.mjs";
import { freePort, startConsole } from "./support/console.mjs";

let console, tab;
before(async () => {
  console = await startConsole({ port: await freePort() });
  tab = await openBrowser(console);
});
after(async () => {
  await tab?.close();
  await console?.remove();
});
const statusOf = (name) => tab.page.locator(".status .one").filter({ hasText: name });

test("a link works once", async () => {
  await tab.page.locator(".status .one").first().waitFor();
  const answer = await fetch(console.link, { redirect: "manual" });
  assert.ok(answer.status >= 400 || answer.headers.get("set-cookie") === null, `${answer.status}`);
  const other = await openBrowser(console);
  try {
    other.problems.length = 0;
    assert.doesNotMatch(await other.page.locator("body").innerText(), /Cleared to/);
    assert.match(await other.page.locator("body").innerText(), /link|sign/i);
  } finally {
    await other.close();
  }
});

test("SAP and MES that are gone are said so, in words, and coming back too", async () => {
  await console.faults({ sap: "down", mes: "down" });
  // The MES told its changes by itself: its silence is seen at once, and its values are late before they are too old.
  await statusOf("MES").filter({ hasText: "delayed" }).waitFor({ timeout: 20_000 });
  await tab.see("SAP does not answer", 45_000);
  await tab.see(/Values already read stay, with their age\. .*check the address and the network/);
  await statusOf("SAP").filter({ hasText: "no answer" }).waitFor();
  await tab.accessible("the banner");
  await tab.go("Plant");
  await tab.see(/^(delayed, |offline, showing |stale since )/);
  await console.faults({ sap: "ok", mes: "ok" });
  await tab.page.getByText("SAP does not answer").waitFor({ state: "hidden", timeout: 20_000 });
  await statusOf("SAP").filter({ hasText: /\d+\s?ms|connected/ }).waitFor();
  await statusOf("MES").filter({ hasText: "live" }).waitFor({ timeout: 30_000 });
  tab.quiet();
});

test("a console that is gone locks every decision; started again, it asks to sign in", async () => {
  await console.faults({ sap: "ok", mes: "ok" });
  await tab.go("Approvals");
  const agent = await addAgent(console);
  void agent.ask(order(12));
  await tab.open("Order 12 PC");
  tab.mayLose = true;
  await console.kill();
  await tab.see("Console lost", 15_000);
  await tab.see("Locked while the console is away. Nothing is queued.");
  await statusOf("SAP").filter({ hasText: "unknown" }).waitFor();
  await tab.accessible("offline");
  await tab.press("a");
  await tab.seesNot(/Approving “/);
  await console.start();
  await tab.see("You are not signed in", 20_000);
  await tab.see(/andonctl open/);
  await tab.accessible("signed out");
  await tab.page.goto(await console.freshLink());
  await tab.open("Order 12 PC");
  await tab.see(/Approve order/);
  assert.equal((await console.call("approval_list", { view: "waiting" })).items[0].state, "pending", "nothing was queued");
  tab.quiet();
});

test("a wrong password of SAP is said in words, with what to do", async () => {
  const other = await startConsole({
    connect: ({ sap, mes }) => ({
      SAP_ODATA_ENDPOINT: sap.endpoint, SAP_USERNAME: sap.username, SAP_CLIENT: sap.client, SAP_PASSWORD: "wrong",
      MES_REST_ENDPOINT: mes.endpoint, MES_API_TOKEN: mes.token,
    }),
  });
  const view = await openBrowser(other);
  try {
    await view.see("SAP refused the sign-in");
    await view.see(/The user name or password is wrong or expired/);
    await view.seesNot("Demo plant, simulated");
    view.quiet();
  } finally {
    await view.close();
    await other.remove();
  }
});
