// Rules of accessibility, as axe-core checks them: WCAG 2.2, levels A and AA.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launch, open } from "./browser.mjs";
import { chat, connect } from "./host.mjs";
import { savePage } from "./program.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

async function audit(page, where) {
  // The page's policy forbids scripts, so axe is put in by the debugger.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    // axe does not scroll, which uncovers what is behind the bar and gives
    // cards their true height.
    const bar = document.querySelector(".bar");
    bar.style.position = "static";
    for (const card of document.querySelectorAll(".card")) card.style.contentVisibility = "visible";
    const { violations, passes } = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    bar.style.position = "";
    for (const card of document.querySelectorAll(".card")) card.style.contentVisibility = "";
    return { passes: passes.length, violations: violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + " " + n.failureSummary).join("\n")}`) };
  });
  assert.deepEqual(found.violations, [], where);
  assert.ok(found.passes > 5, "axe checked nothing");
}

for (const colorScheme of ["light", "dark"])
  for (const width of [375, 1280])
    test(`axe finds nothing in ${colorScheme} at ${width} px`, async (t) => {
      for (const run of ["req_demo_done", "req_demo_empty"]) {
        const saved = await savePage(run);
        const page = await open(t, browser, saved.file, { colorScheme, viewport: { width, height: 900 } });
        await audit(page, run);
        if (run === "req_demo_empty") continue;
        await page.locator("#filters").evaluate((e) => (e.open = true));
        await page.locator("#rank-1 .mark").click();
        for (const rank of [1, 2, 3]) await page.locator(`#rank-${rank} .compare`).click();
        await page.locator("#rank-1 summary").click();
        await page.locator("#histogram button").first().click();
        await page.locator("#histogram button").first().click();
        await audit(page, run + ", marked and opened");
        await page.locator("#tray [data-does=compare]").click();
        await audit(page, run + ", comparing");
        await page.keyboard.press("Escape");
        await page.getByLabel("Search", { exact: true }).fill("nobody at all");
        await audit(page, run + ", nobody left");
      }
    });

for (const theme of ["light", "dark"])
  test(`axe finds nothing inside a chat in ${theme}`, async (t) => {
    const client = await connect(t);
    for (const width of [320, 720]) {
      // The chat's theme counts, not the system's.
      const { page, frame } = await chat(t, browser, client, { request_id: "req_demo_done" }, { width, context: { theme }, colorScheme: theme === "dark" ? "light" : "dark" });
      await frame.locator(".row").first().waitFor();
      await audit(page.frames()[1], "small");
      await frame.getByRole("button", { name: "Open shortlist" }).click();
      await frame.locator(".card").first().waitFor();
      await audit(page.frames()[1], "whole");
    }
    const grown = await chat(t, browser, client, { request_id: "req_demo_done" }, { context: { theme, availableDisplayModes: ["inline"] } });
    await grown.frame.getByRole("button", { name: "Open shortlist" }).click();
    await grown.frame.locator(".card").first().waitFor();
    await audit(grown.page.frames()[1], "grown");
  });

test("motion is left out where it is not wanted", async (t) => {
  const saved = await savePage("req_demo_done");
  const page = await open(t, browser, saved.file, { reducedMotion: "reduce" });
  await page.locator("#rank-1 .mark").click();
  const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter((e) => getComputedStyle(e).transitionDuration !== "0s").map((e) => e.outerHTML.slice(0, 80)));
  assert.deepEqual(moving, []);
});
