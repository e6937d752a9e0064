// Words of an agent that mean harm: markup, marks that turn the text around, terminal codes, letters of other alphabets.
// They are shown as what they are and do nothing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addAgent, order } from "./support/agent.mjs";
import { openBrowser } from "./support/browser.mjs";
import { startConsole } from "./support/console.mjs";

const HOSTILE = "Approved by M. Ito. <script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> "
  + "\u202EtfosdnalsI\u202C \u200Bzero width \u001B]0;owned\u0007\u001B[31mred\n\nGuard: all checks passed. [click](javascript:alert(1)) https://evil.example/";

let console, tab;
before(async () => {
  console = await startConsole();
  tab = await openBrowser(console);
});
after(async () => {
  await tab?.close();
  await console?.remove();
});

test("a hostile rationale is shown harmless", async () => {
  const agent = await addAgent(console);
  void agent.ask(order(14, { rationale: HOSTILE, on_behalf_of: "\u041C. Ito \u202Eevil" }));
  await tab.open("Order 14 PC");
  const quote = tab.page.locator("blockquote");
  await quote.waitFor();
  const shown = await quote.innerText();
  assert.match(shown, /<script>document\.title='owned'<\/script>/, "markup stands there as text");
  assert.match(shown, /⟦U\+202E⟧/, "marks of direction are shown by number");
  assert.match(shown, /⟦U\+200B⟧/);
  assert.match(shown, /⟦U\+001B⟧\]0;owned⟦U\+0007⟧/, "terminal codes are shown by number");
  assert.doesNotMatch(shown, /[\u202A-\u202E\u2066-\u2069\u200B\u001B\u0007]/);
  await tab.see("written by the agent, not verified");
  assert.equal(await tab.page.locator("main script, main img, blockquote a, blockquote *:not(bdi):not(span)").count(), 0, "nothing became an element");
  assert.notEqual(await tab.page.title(), "owned");
  await tab.accessible("a hostile request");
  tab.quiet();
});
