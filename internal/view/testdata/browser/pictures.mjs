// Pictures of the page for docs/, of the demo's invented people: at three
// widths, light and dark.

import { fileURLToPath } from "node:url";
import { pathToFileURL } from "node:url";
import { launch } from "./browser.mjs";
import { chat, connect } from "./host.mjs";
import { savePage } from "./program.mjs";

const folder = fileURLToPath(new URL("../../../../docs/pictures/", import.meta.url));
const widths = { wide: [1440, 900], tablet: [820, 1100], phone: [390, 844] };

const browser = await launch();
const ends = [];
const saved = await savePage("req_demo_done");
for (const colorScheme of ["light", "dark"]) {
  for (const [name, [width, height]] of Object.entries(widths)) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme, deviceScaleFactor: 1 });
    await page.goto(pathToFileURL(saved.file).href);
    for (const rank of [1, 3]) await page.locator(`#rank-${rank} .compare`).click();
    await page.locator("#rank-1 .mark").click();
    await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
    await page.mouse.move(0, 0);
    await page.screenshot({ path: `${folder}shortlist-${name}-${colorScheme}.png` });
    if (name === "wide") {
      await page.locator("#tray [data-does=compare]").click();
      await page.evaluate(() => document.activeElement.blur());
      await page.screenshot({ path: `${folder}compare-${colorScheme}.png` });
    }
    await page.close();
  }
  const client = await connect({ after: (end) => ends.push(end) });
  const { page, frame } = await chat({ after: (end) => ends.push(end) }, browser, client, { request_id: "req_demo_done" }, { width: 720, context: { theme: colorScheme } });
  await frame.locator(".row").first().waitFor();
  await page.waitForTimeout(300);
  await page.locator("iframe").screenshot({ path: `${folder}chat-${colorScheme}.png` });
}
for (const end of ends.reverse()) await end();
await browser.close();
