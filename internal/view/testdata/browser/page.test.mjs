// What a person can do with a saved page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, shownRanks } from "./browser.mjs";
import { completed, dataOf, instaView, savePage } from "./program.mjs";

let browser, saved, data;
before(async () => {
  browser = await launch();
  saved = await savePage("req_demo_done");
  data = dataOf(saved.text);
});
after(() => browser?.close());

const clipboard = { permissions: ["clipboard-read", "clipboard-write"] };
const copied = (page) => page.evaluate(() => navigator.clipboard.readText());

test("the page shows the run and its cards in the run's order", async (t) => {
  const page = await open(t, browser, saved.file);
  assert.equal(await page.title(), "Shortlist req_demo_done");
  assert.match(await page.locator("#run").textContent(), /^req_demo_done · .+ UTC · took 1 min 19 s$/);
  assert.equal(await page.locator("#counts").innerText(), "Found\n134\nScored\n20\nReturned\n20");
  assert.deepEqual(await shownRanks(page), data.profiles.map((p) => p.rank));
  assert.match(await page.locator("#notices").textContent(), /Sample data of the demo/);
  const first = page.locator("#rank-1");
  for (const text of [data.profiles[0].name, data.profiles[0].why, ...data.profiles[0].fit, ...data.profiles[0].redFlags, ...data.profiles[0].skills])
    assert.ok((await first.textContent()).includes(text), text);
});

test("an AI's opinion is called one wherever the page is scrolled to", async (t) => {
  for (const viewport of [{ width: 320, height: 640 }, { width: 1600, height: 900 }]) {
    const page = await open(t, browser, saved.file, { viewport });
    for (const y of [0, 3000, 1e6]) {
      await page.evaluate((y) => scrollTo(0, y), y);
      const box = await page.locator(".decides").boundingBox();
      assert.ok(box.y >= 0 && box.y + box.height <= viewport.height, `at ${y}: ${JSON.stringify(box)}`);
    }
  }
});

test("details open and hold experience, and evidence with its job", async (t) => {
  const page = await open(t, browser, saved.file);
  await page.locator("#rank-1 summary").click();
  const text = await page.locator("#rank-1 .more-body").textContent();
  const { experience, evidence } = data.profiles[0];
  for (const job of [...experience, ...evidence])
    for (const part of [job.role, job.company, job.duration, ...(job.points ?? [])]) assert.ok(!part || text.includes(part), part);
});

test("filters: search, least score, range, skill, place, red flags, marks", async (t) => {
  const page = await open(t, browser, saved.file);
  const ranks = (passes) => data.profiles.filter(passes).map((p) => p.rank);
  const shows = async (passes) => assert.deepEqual(await shownRanks(page), ranks(passes));

  await page.getByLabel("Search", { exact: true }).fill("KATARINA simoncicova"); // without accents
  await shows((p) => p.rank === 1);
  assert.equal(await page.locator("#status").textContent(), "1 of 20 candidates shown");
  await page.getByRole("button", { name: "Clear all filters" }).click();
  await shows(() => true);

  await page.getByRole("slider").fill("75");
  await shows((p) => p.score >= 75);
  await page.getByRole("slider").fill("0");

  const bar = page.getByRole("button", { name: "3 candidates with scores 60–69" });
  await bar.click();
  assert.equal(await bar.getAttribute("aria-pressed"), "true");
  await shows((p) => p.score >= 60 && p.score < 70);
  await bar.click();
  await shows(() => true);

  const skill = data.profiles[3].skills[0];
  await page.getByLabel("Skill").selectOption(skill);
  await shows((p) => p.skills?.includes(skill));
  await page.getByLabel("Skill").selectOption("");

  await page.getByLabel("Place").selectOption("Slovensko");
  await shows((p) => p.place?.endsWith("Slovensko"));
  assert.ok(ranks((p) => p.place?.endsWith("Slovensko")).length > 0);
  await page.getByLabel("Place").selectOption("");

  await page.getByLabel("Red flags").selectOption("none");
  await shows((p) => p.noRedFlags);
  await page.getByLabel("Red flags").selectOption("some");
  await shows((p) => p.redFlags?.length > 0);
  await page.getByLabel("Red flags").selectOption("");

  await page.getByRole("button", { name: "Mark Katarína" }).click();
  await page.getByLabel("Marked only").check();
  await shows((p) => p.rank === 1);

  await page.getByLabel("Search", { exact: true }).fill("nobody at all");
  await shows(() => false);
});

test("sorting by score keeps equal scores in the run's order, and those without one last", async (t) => {
  const people = [70, null, 90, 70, 0, 100].map((matchScore, i) => ({ profileId: "p" + i, name: "Person " + i, ...(matchScore == null ? {} : { matchScore }) }));
  const upstream = await instaView(t, { req_1: completed(people) });
  const scored = await savePage("req_1", upstream);
  const page = await open(t, browser, scored.file);
  await page.getByLabel("Sort by").selectOption("score");
  assert.deepEqual(await shownRanks(page), [6, 3, 1, 4, 5, 2]);
  await page.getByLabel("Sort by").selectOption("rank");
  assert.deepEqual(await shownRanks(page), [1, 2, 3, 4, 5, 6]);
  assert.match(await page.locator("#scores").textContent(), /1 without a score/);
});

test("two to four candidates side by side, with the skills they share marked", async (t) => {
  const page = await open(t, browser, saved.file, clipboard);
  for (const rank of [1, 3]) await page.locator(`#rank-${rank} .compare`).click();
  await page.getByRole("button", { name: "Compare 2", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Compare 2 candidates" });
  assert.equal(await dialog.getByRole("columnheader").count(), 2);
  const both = data.profiles[0].skills.filter((skill) => data.profiles[2].skills.includes(skill));
  assert.ok(both.length > 0);
  assert.equal(await dialog.locator(".common").count(), 2 * both.length);
  assert.match(await dialog.locator("caption").textContent(), new RegExp(`^${both.length} skills? in common`));
  for (const row of ["AI score", "Why", "Fit points", "Red flags", "Skills", "Experience", "Evidence"])
    assert.equal(await dialog.getByRole("rowheader", { name: row, exact: true }).count(), 1, row);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });

  for (const rank of [4, 5, 6]) await page.locator(`#rank-${rank} .compare`).click(); // the fifth is refused
  await page.locator("#announce", { hasText: "At most 4" }).waitFor();
  assert.equal(await page.locator('.compare[aria-pressed="true"]').count(), 4);
  await page.getByRole("button", { name: "Clear comparison" }).click();
  assert.equal(await page.locator('.compare[aria-pressed="true"]').count(), 0);
});

test("compared candidates get the same room, on a phone beside the names of the rows", async (t) => {
  const long = { profileId: "p2", name: "Jo", matchScore: 1, rationale: "word ".repeat(700), currentRole: "R".repeat(120) };
  const odd = await savePage("req_odd", await instaView(t, { req_odd: completed([{ profileId: "p1", name: "Al", matchScore: 2 }, long]) }));
  for (const width of [320, 1280]) {
    const page = await open(t, browser, odd.file, { viewport: { width, height: 800 } });
    for (const rank of [1, 2]) await page.locator(`#rank-${rank} .compare`).click();
    await page.locator("#tray [data-does=compare]").click();
    const [names, first, second] = await page.locator(".comparison thead tr > *").evaluateAll((all) => all.map((e) => Math.round(e.getBoundingClientRect().width)));
    assert.ok(first === second && names < first && first > 140, `${width} px: ${[names, first, second]}`);
    const [title, close] = await page.locator("#dialog-title, #dialog-close").evaluateAll((all) => all.map((e) => e.getBoundingClientRect()));
    assert.ok(close.top < title.bottom, `${width} px: Close is not beside the title`);
    await page.locator(".scroll").evaluate((e) => (e.scrollLeft = 1e6));
    const left = await page.locator(".comparison tbody th").first().evaluate((e) => e.getBoundingClientRect().left - e.closest(".scroll").getBoundingClientRect().left);
    assert.ok(left >= 0, `${width} px: the names of the rows are scrolled away`);
  }
});

test("marks and notes leave the page by copying only: as Markdown or as ids", async (t) => {
  const page = await open(t, browser, saved.file, clipboard);
  for (const rank of [2, 1]) await page.locator(`#rank-${rank} .mark`).click();
  await page.locator("#rank-2 textarea").fill("Ask about *scope*");
  await page.getByLabel("Search", { exact: true }).fill("about *scope");
  assert.deepEqual(await shownRanks(page), [2], "notes are not searched");
  await page.getByLabel("Search", { exact: true }).fill("");
  await page.getByRole("button", { name: "Copy as Markdown" }).click();
  await page.locator("#announce", { hasText: "copied" }).waitFor();
  const markdown = await copied(page);
  assert.ok(markdown.startsWith("# Candidates of sourcing run req_demo_done\n\nScores are an AI's opinion; a person decides.\n\n## 1. Katarína Šimončičová (AI score 95)\n\n- Role:"));
  assert.ok(markdown.includes("- My note: Ask about \\*scope\\*\n"));
  assert.ok(markdown.includes("- LinkedIn: <https://www.linkedin.com/in/"));
  await page.getByRole("button", { name: "Copy ids for the chat" }).click();
  await page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith("Sourcing run"));
  assert.equal(await copied(page), `Sourcing run req_demo_done: ${data.profiles[0].id}, ${data.profiles[1].id}`);
  assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length), 0);
});

test("copied text from a profile cannot become Markdown", async (t) => {
  const upstream = await instaView(t, { req_1: completed([{ profileId: "a b", name: "# *Jo* [x](y) _z_ <b>", rationale: "1. one" }]) });
  const odd = await savePage("req_1", upstream);
  const page = await open(t, browser, odd.file, clipboard);
  await page.locator("#rank-1 .mark").click();
  await page.getByRole("button", { name: "Copy as Markdown" }).click();
  await page.locator("#announce", { hasText: "copied" }).waitFor();
  const markdown = await copied(page);
  const name = dataOf(odd.text).profiles[0].name;
  assert.ok(markdown.includes("## 1. " + name.replace(/[\\`*_{}[\]<>#|~&!]/g, "\\$&") + "\n"), markdown);
  assert.ok(markdown.includes("- Why: 1. one") && markdown.includes("- Id: rank-1\n"), markdown);
});

test("where the browser refuses to copy, the text is shown instead", async (t) => {
  const page = await open(t, browser, saved.file);
  await page.evaluate(() => {
    Object.defineProperty(navigator, "clipboard", { value: undefined });
    document.execCommand = () => false;
  });
  await page.locator("#rank-1 .mark").click();
  await page.getByRole("button", { name: "Copy ids for the chat" }).click();
  assert.equal(await page.getByLabel("Text to copy").inputValue(), `Sourcing run req_demo_done: ${data.profiles[0].id}`);
});

test("names can be hidden while looking, and are then not found either", async (t) => {
  const page = await open(t, browser, saved.file);
  await page.getByLabel("Hide names").check();
  const text = (await page.locator("#list").textContent()) + (await page.locator("#list [aria-label]").evaluateAll((all) => all.map((e) => e.ariaLabel).join("\n")));
  for (const p of data.profiles) for (const word of p.name.split(/[\s()]+/).filter((w) => w.length > 3)) assert.ok(!text.includes(word), word);
  assert.equal(await page.locator('a[href^="https:"]').count(), 0);
  await page.getByLabel("Search", { exact: true }).fill("katarina");
  assert.deepEqual(await shownRanks(page), []);
  await page.getByRole("button", { name: "Clear all filters" }).click();
  assert.ok(await page.getByLabel("Hide names").isChecked(), "clearing the filters shows names again");
  await page.getByLabel("Hide names").uncheck();
  assert.ok((await page.locator("#rank-1").textContent()).includes(data.profiles[0].name));
});

test("a page of an operator who hides names holds none in its source", async (t) => {
  const blind = await savePage("req_demo_done", { env: { INSTAVIEW_MCP_BLIND: "true" } });
  for (const p of data.profiles) for (const word of p.name.split(/[\s()]+/).filter((w) => w.length > 4)) assert.ok(!blind.text.includes(word), word);
  assert.ok(!/linkedin\.com\/in\/\w/.test(blind.text.split('id="data"')[1].split("</script>")[0]));
  const page = await open(t, browser, blind.file);
  assert.ok(await page.getByLabel("Hide names").isHidden());
  assert.match(await page.locator("#notices").textContent(), /not anonymous/);
  assert.equal((await shownRanks(page)).length, 20);
});

test("links lead to LinkedIn profiles only, without telling where from", async (t) => {
  const page = await open(t, browser, saved.file);
  const links = await page.locator("a[href]:not(.skip)").evaluateAll((all) => all.map((a) => [a.href, a.rel, a.target]));
  assert.equal(links.length, data.profiles.filter((p) => p.link).length);
  for (const [href, rel, target] of links) {
    assert.match(href, /^https:\/\/www\.linkedin\.com\/in\/[^/?#]+$/);
    assert.equal(rel, "noopener noreferrer");
    assert.equal(target, "_blank");
  }
});

test("runs without candidates have their page, too", async (t) => {
  const upstream = await instaView(t, {
    req_failed: { status: "failed", createdAt: "2026-05-20T13:00:00Z", completedAt: "2026-05-20T13:00:02Z", errorCode: "AGENT_ERROR", errorMessage: "It <b>broke</b>." },
    req_running: { status: "processing", createdAt: "2026-05-20T13:00:00Z", candidatesSourcedCount: 7, message: "Working." },
    req_empty: completed([]),
  });
  for (const [id, title, text] of [
    ["req_failed", "The run failed", "Start the run again"], ["req_running", "The run is still processing", "7 candidates sourced so far"],
    ["req_empty", "No candidates found", "Asking again will not change this"],
  ]) {
    const state = await savePage(id, upstream);
    const page = await open(t, browser, state.file);
    assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), title);
    assert.ok((await page.locator("#notices").textContent()).includes(text), text);
    assert.ok(await page.locator("#list").isHidden());
    assert.ok(await page.locator(".decides").isVisible());
  }
});

test("printed, the page is a report without controls", async (t) => {
  const page = await open(t, browser, saved.file, { colorScheme: "dark" });
  await page.locator("#rank-1 summary").click();
  await page.emulateMedia({ media: "print" });
  assert.ok(await page.getByText("Scores are an AI's opinion; a person decides.").isVisible());
  assert.ok(await page.locator("#rank-1 .more-body").isVisible());
  for (const control of ["#filters", "#tray", "#print", "#rank-1 .actions", "#rank-2 .more"]) assert.ok(await page.locator(control).isHidden(), control);
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector(".card")).backgroundColor), "rgb(255, 255, 255)");
  const pdf = await page.pdf({ preferCSSPageSize: true });
  assert.ok(pdf.length > 10_000);
});

test("everything can be reached and used by keyboard", async (t) => {
  const page = await open(t, browser, saved.file);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "candidates");
  for (let i = 0; i < 3; i++) await page.keyboard.press("Tab"); // sort, print, mark
  assert.equal(await page.evaluate(() => document.activeElement.ariaLabel), `Mark ${data.profiles[0].name}, rank 1`);
  await page.keyboard.press("Space");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-pressed")), "true", "the focus is lost by marking");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  assert.equal(await page.locator("#rank-1 .compare").getAttribute("aria-pressed"), "true");
  const inOrder = await page.evaluate(() => [...document.querySelectorAll("[tabindex]")].every((e) => Number(e.tabIndex) <= 0));
  assert.ok(inOrder, "something is taken out of the tab order's natural sequence");
});

test("targets are 44 px, and nothing overflows from 320 to 1600 px", async (t) => {
  for (const width of [320, 375, 768, 1024, 1600]) {
    const page = await open(t, browser, saved.file, { viewport: { width, height: 800 } });
    await page.locator("#filters").evaluate((e) => (e.open = true));
    await page.locator("#rank-1 .mark").click();
    await page.locator("#rank-1 summary").click();
    const [overflow, small] = await page.evaluate(() => [
      document.documentElement.scrollWidth - document.documentElement.clientWidth,
      [...document.querySelectorAll("button, a.button, input, select, textarea, summary")].filter((e) => e.checkVisibility() && !e.disabled)
        .map((e) => (e.closest("label.switch") ?? e)).map((e) => [e.id || e.className || e.textContent, e.getBoundingClientRect()])
        .filter(([, box]) => box.height < 43.9 || box.width < 43.9).map(([name, box]) => `${name}: ${box.width} × ${box.height}`),
    ]);
    assert.equal(overflow, 0, `${width} px: ${overflow} px too wide`);
    assert.deepEqual(small, [], `${width} px`);
  }
});

test("right-to-left names stay in their place", async (t) => {
  const page = await open(t, browser, saved.file);
  const rank = data.profiles.find((p) => /\p{Script=Arabic}/u.test(p.name)).rank;
  const lefts = await page.evaluate((rank) => [1, rank].map((r) => {
    const name = document.querySelector(`#rank-${r} h3`);
    const range = document.createRange();
    range.selectNodeContents(name);
    return Math.round(range.getBoundingClientRect().left);
  }), rank);
  assert.equal(lefts[0], lefts[1]);
});
