// Times with 500 candidates, the most a run may have. They are printed, not
// checked, since they depend on the machine.

import assert from "node:assert/strict";
import { test } from "node:test";
import { launch, open, shownRanks } from "./browser.mjs";
import { completed, dataOf, instaView, savePage } from "./program.mjs";

test("500 candidates", async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const sample = dataOf((await savePage("req_demo_large")).text).profiles;
  const people = Array.from({ length: 500 }, (_, i) => {
    const p = sample[i % sample.length];
    return {
      profileId: "p" + i, name: p.name, headline: p.headline, location: p.place, currentCompany: p.company, currentRole: p.role, rationale: p.why,
      matchScore: 100 - (i % 70), skills: p.skills, aiFitPoints: p.fit, aiRedFlags: p.redFlags ?? [],
      detailedExperience: p.experience, aiDetailedRationale: [],
    };
  });
  const saved = await savePage("req_500", await instaView(t, { req_500: completed(people) }));
  const page = await open(t, browser, saved.file);
  assert.equal((await shownRanks(page)).length, 500);
  const paint = await page.evaluate(() => new Promise((seen) => new PerformanceObserver((list) => seen(list.getEntriesByName("first-contentful-paint")[0]?.startTime)).observe({ type: "paint", buffered: true })));
  // time returns how long the page needs until it has drawn what act changed.
  const time = (act) => page.evaluate((act) => new Promise((done) => {
    const start = performance.now();
    new Function(act)();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
  }), act);
  const set = (id, value) => `const e = document.getElementById("${id}"); e.value = "${value}"; e.dispatchEvent(new Event("input", { bubbles: true }))`;
  const times = {
    "first paint": paint, "search": await time(set("search", "data")), "search for nobody": await time(set("search", "nobody at all")), "search ended": await time(set("search", "")),
    "least score": await time(set("least", "60")), "any score": await time(set("least", "0")), "sort by score": await time(set("sort", "score")), "sort by rank": await time(set("sort", "rank")),
    "scroll a page": await time("scrollBy(0, 900)"), "scroll to the end": await time("scrollTo(0, 1e9)"),
  };
  t.diagnostic(`${(saved.text.length / 1e6).toFixed(1)} MB: ` + Object.entries(times).map(([what, ms]) => `${what} ${Math.round(ms)} ms`).join(", "));
});
