// A browser in which nothing may run, leave or open but the page itself.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const executablePath = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

// Root may not use Chromium's sandbox, as in containers.
export const launch = () => chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });

// watch records all that a page must not do, and returns the list.
export function watch(page) {
  const wrong = [];
  page.on("dialog", (dialog) => { wrong.push("dialog: " + dialog.message()); dialog.dismiss(); });
  page.on("popup", (popup) => wrong.push("window: " + popup.url()));
  page.on("pageerror", (error) => wrong.push("error: " + error.message));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && wrong.push("console: " + message.text()));
  page.on("request", (request) => request.isNavigationRequest() && request.frame() === page.mainFrame() && !wrong.loaded || wrong.push("request: " + request.url()));
  page.on("framenavigated", (frame) => {
    if (wrong.loaded && frame.url().split("#")[0] !== wrong.loaded) wrong.push("navigation: " + frame.url());
  });
  return wrong;
}

// open opens a saved page, and fails at the test's end if it did anything it
// must not.
export async function open(t, browser, file, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const wrong = watch(page);
  await page.goto(pathToFileURL(file).href);
  wrong.loaded = page.url();
  t.after(async () => {
    await context.close();
    assert.deepEqual([...wrong], [], "the page did what it must not");
  });
  return page;
}

// shownRanks returns the ranks of the cards that are shown, in their order.
export const shownRanks = (page) => page.locator("#list > li .rank").evaluateAll((all) => all.map((e) => Number(e.textContent.match(/\d+/)[0])));
