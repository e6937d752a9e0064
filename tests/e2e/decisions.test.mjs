// Who may decide what, and how hard it is made: HIGH, CRITICAL with two admins, denying, and the roles that may not.
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
const dialog = () => tab.page.locator("dialog[open]");
const stateOf = async (title) => {
  for (const view of ["waiting", "decided"]) {
    const item = (await console.call("approval_list", { view })).items.find((one) => one.title === title);
    if (item !== undefined) return item.state;
  }
  return null;
};

/** What somebody reads as title who is not cleared for the real one. */
const OPERATION = "sap.create_purchase_order";

test("HIGH asks for a reason in a window of its own", async () => {
  const ended = agent.ask(order(100));
  await tab.open("Order 100 PC");
  await tab.press("a");
  await dialog().waitFor();
  await tab.see("A reason is needed.");
  await tab.rest();
  await tab.press("Enter");
  await tab.page.waitForTimeout(300);
  assert.equal(await stateOf("Order 100 PC of HX-220"), "pending", "nothing without a reason");
  await tab.accessible("the confirmation");
  await tab.type("Agreed with the shift lead");
  await tab.press("Enter");
  await tab.see(/Approving “Order 100 PC of HX-220”/);
  const answer = await ended;
  assert.equal(answer.status, "executed");
  assert.notEqual(await console.order(answer.reference), null);
  await tab.page.getByRole("button", { name: /Order 100 PC/ }).click();
  await tab.see(/Executed at .* approved by you/);
  tab.quiet();
});

test("a denial tells the agent why", async () => {
  const ended = agent.ask(order(101));
  await tab.open("Order 101 PC");
  await tab.press("d");
  await dialog().waitFor();
  await tab.accessible("the denial");
  await dialog().getByRole("button", { name: /Exceeds the budget/ }).click();
  await dialog().getByRole("textbox").fill("Ask again in January.");
  await tab.press("Control+Enter");
  const answer = await ended;
  assert.equal(answer.status, "denied");
  assert.match(JSON.stringify(answer), /exceeds_budget.*Ask again in January\./);
  await tab.page.getByRole("button", { name: /Order 101 PC/ }).click();
  await tab.see(/Denied by you/);
  await tab.see("Exceeds the budget: Ask again in January.");
  tab.quiet();
});

test("CRITICAL needs the target by hand and two admins", async () => {
  const ended = agent.ask(order(3000));
  const item = "Order 3000 PC";
  await tab.open(item);
  await approveCritical("Too short");
  await tab.see("A reason of 20 characters is needed.");
  await tab.press("Control+Enter");
  assert.equal((await waiting(item)).votes, 0);
  await tab.press("Escape");
  await tab.open(item);
  await approveCritical("The yearly contract covers this amount.", "wrong target");
  await tab.see("Type the target exactly as it is written.");
  await tab.press("Control+Enter");
  assert.equal((await waiting(item)).votes, 0);
  await dialog().locator("input").fill("");
  await tab.type(await target());
  await tab.press("Control+Enter");
  await tab.see("1 of 2 approvals");
  await tab.rest();
  await tab.see("You have approved this, another admin must too");
  await tab.press("a");
  assert.equal(await dialog().count(), 0, "the same person cannot approve twice");

  await tab.be("K. Lindqvist");
  await tab.open(item);
  await tab.see("CRITICAL needs an admin. You can read this request.");
  await tab.press("a");
  assert.equal(await dialog().count(), 0, "an operator cannot approve");

  await tab.be("S. Okafor");
  await tab.open(OPERATION);
  await seesNothingAboveClearance();
  await tab.press("a", "d");
  assert.equal(await dialog().count(), 0, "a viewer decides nothing");
  assert.ok(await tab.page.locator(".df").getByRole("button", { name: /Deny/ }).getAttribute("aria-disabled") !== null || await tab.page.locator(".df").getByRole("button", { name: /Deny/ }).isDisabled());

  await tab.be("M. Ito");
  await tab.open(item);
  await approveCritical("Compared with the offer, it is right.", await card(item).then((one) => one.typed_target));
  await tab.press("Control+Enter");
  const answer = await ended;
  assert.equal(answer.status, "executed");
  assert.notEqual(await console.order(answer.reference), null);
  await tab.page.getByRole("button", { name: /Order 3000 PC/ }).click();
  await tab.see(/Executed at .*/);
  await tab.see("First approval");
  await tab.be("erika");
  tab.quiet();
});

test("an operator approves what is HIGH, a viewer does not", async () => {
  const ended = agent.ask(order(102));
  await tab.be("S. Okafor");
  await tab.open(OPERATION);
  await seesNothingAboveClearance();
  await tab.press("a");
  assert.equal(await dialog().count(), 0);
  await tab.see("Needs the operator role. You can read this request.");
  await tab.be("K. Lindqvist");
  await tab.open("Order 102 PC");
  await tab.press("a");
  await dialog().waitFor();
  await tab.rest();
  await tab.type("Needed for the night shift");
  await tab.press("Enter");
  assert.equal((await ended).status, "executed");
  tab.quiet();
});

/** A viewer is cleared for class II, and orders are class III: who asks and how risky it is, but not what for how much. */
async function seesNothingAboveClearance() {
  await tab.see(/fields hidden, their class is above your clearance/);
  await tab.seesNot(/EUR/);
}
async function waiting(words) {
  return (await console.call("approval_list", { view: "waiting" })).items.find((item) => item.title.startsWith(words));
}
async function card(words) {
  return console.call("approval_get", { id: (await waiting(words)).id });
}
const target = async () => (await card("Order 3000 PC")).typed_target;
async function approveCritical(reason, typed) {
  await tab.press("a");
  await dialog().waitFor();
  await tab.rest();
  await dialog().locator("textarea").fill(reason);
  if (typed === undefined) return;
  await dialog().locator("input").focus();
  await tab.type(typed);
  await until("it is typed", async () => (await dialog().locator("input").inputValue()) === typed);
}
