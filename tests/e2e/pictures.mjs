// The pictures of the guide, taken from the running demo in both themes. No part of the tests: run `npm run pictures`.
import { join } from "node:path";
import { openBrowser } from "./support/browser.mjs";
import { startConsole } from "./support/console.mjs";
import { until } from "./support/until.mjs";

const OUT = join(import.meta.dirname, "../../docs/pictures");
const console = await startConsole({ plant: [], user: "m.brandt" });
const tab = await openBrowser(console);
const picture = (name, theme) => tab.page.screenshot({ path: join(OUT, `${name}-${theme}.png`) });
const inBothThemes = async (name, steps) => {
  for (const theme of ["dark", "light"]) {
    await tab.theme(theme);
    await steps();
    await tab.page.mouse.move(0, 0);
    await picture(name, theme);
  }
};
try {
  // A small order is approved, and one is denied; the agent then asks for a large one.
  await tab.open("MEDIUM", 30_000);
  await tab.press("a");
  await tab.see(/Approving “/);
  await tab.page.getByRole("option").filter({ hasText: "HIGH" }).first().waitFor({ timeout: 60_000 });
  await tab.open("HIGH");
  await tab.press("d", "5", "Control+Enter");
  const critical = await until("a CRITICAL request", async () => (await console.call("approval_list", { view: "waiting" })).items.find((item) => item.risk === "critical"), 200_000);
  await until("two more wait", async () => (await console.call("approval_list", { view: "waiting" })).items.length >= 3, 120_000).catch(() => undefined);
  await inBothThemes("plant", async () => {
    await tab.go("Plant");
    await tab.page.getByRole("listbox").getByRole("option").first().click();
    await tab.page.waitForTimeout(1_500);
  });
  await inBothThemes("query", async () => {
    await tab.go("Query");
    await tab.page.getByRole("button", { name: /How many minutes were lost in the last 8 hours, by reason/ }).first().click();
    await tab.see(/^\d+ rows?$/);
    await tab.page.waitForTimeout(500);
  });
  await inBothThemes("erp", async () => {
    await tab.go("ERP");
    await tab.see(/Rows 1 to/);
    await tab.page.locator('[role="row"][aria-rowindex="4"]').click();
    await tab.see("Our reference");
    await tab.page.waitForTimeout(300);
  });
  await inBothThemes("connectors", async () => {
    await tab.go("Connectors");
    await tab.see("Feeds into the mirror");
    await tab.page.waitForTimeout(300);
  });
  await inBothThemes("approvals", async () => {
    await tab.go("Approvals");
    await tab.open(critical.title);
    await tab.page.locator(".df textarea").fill("Stock cover checked with planning, price as in the offer");
    await tab.page.waitForTimeout(300);
  });
} finally {
  await tab.close();
  await console.remove();
}
