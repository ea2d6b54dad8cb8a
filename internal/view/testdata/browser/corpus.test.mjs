// Hostile and honest texts, through the built program and its page.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { launch, open, watch } from "./browser.mjs";
import { completed, dataOf, instaView, savePage } from "./program.mjs";

const corpus = async (name) => JSON.parse(await readFile(new URL("../../../sanitize/testdata/" + name, import.meta.url))).cases;

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

// What a page must not do is noticed: the tests below rest on it.
test("a page that runs, loads, opens or leaves is noticed", async (t) => {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const wrong = watch(page);
  await page.setContent("<p>nothing yet</p>");
  wrong.loaded = page.url();
  for (const [html, want] of [
    ["<img src='http://127.0.0.1:9/x.png'>", /^request: http/], ["<img src=x: onerror=alert(1)>", /^dialog: 1/], ["<button onclick='window.open(\"about:blank\")'>open</button>", /^window:/],
    ["<img src=x: onerror='throw new Error(2)'>", /^error: 2/], ["<img src=x: onerror='location = \"data:text/plain,x\"'>", /^request: data|^navigation:|^console:/],
  ]) {
    wrong.length = 0;
    await page.evaluate((html) => (document.body.innerHTML = html), html);
    if (html.startsWith("<button")) await page.getByRole("button").click();
    for (let i = 0; i < 100 && !wrong.some((what) => want.test(what)); i++) await page.waitForTimeout(50);
    assert.ok(wrong.some((what) => want.test(what)), `${html}: ${wrong}`);
  }
});

// unquote returns the text of a string of Go. Bytes that are not UTF-8 cannot
// be sent in JSON, so they become what a decoder makes of them.
function unquote(quoted) {
  const bytes = [];
  const inner = quoted.slice(1, -1);
  for (const [, escape, rest] of inner.matchAll(/\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[0-7]{3}|.)|([^\\]+)/gis)) {
    if (rest) bytes.push(...Buffer.from(rest));
    else if (/^x/.test(escape)) bytes.push(parseInt(escape.slice(1), 16));
    else if (/^u/i.test(escape)) bytes.push(...Buffer.from(String.fromCodePoint(parseInt(escape.slice(1), 16))));
    else if (/^[0-7]{3}/.test(escape)) bytes.push(parseInt(escape, 8));
    else bytes.push({ a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 }[escape] ?? escape.charCodeAt(0));
  }
  return Buffer.from(bytes).toString("utf8");
}

// everywhere returns a candidate with a text in every field that takes one.
const everywhere = (id, text) => ({
  profileId: id, name: text, headline: text, location: text, currentCompany: text, currentRole: text, rationale: text, matchScore: 50,
  skills: [text], aiFitPoints: [text], aiRedFlags: [text],
  detailedExperience: [{ role: text, company: text, duration: text, highlights: [text] }],
  aiDetailedRationale: [{ title: text, company: text, duration: text, relevanceExplanation: text }],
});

// candidateOf returns the candidate of one of text-cases.json.
function candidateOf({ id, field, input, name }) {
  const list = Array.isArray(input) ? input : [input], text = list.join("; ");
  const person = { profileId: "case-" + id, name: name ?? "Zed Base", matchScore: 50 };
  switch (field) {
    case "skills": case "skills1": return { ...person, skills: list };
    case "aiRedFlags": return { ...person, aiRedFlags: list };
    case "rolecompany": return { ...person, currentRole: list[0], currentCompany: list[1] };
    case "dur": return { ...person, detailedExperience: [{ role: "Engineer", company: "Acme", duration: text }] };
    case "exp": return { ...person, detailedExperience: [{ role: text, company: text, duration: text, highlights: list }] };
    case "all": return everywhere(person.profileId, text);
    default: return { ...person, [field]: text };
  }
}

// readBack returns what the page shows of each candidate, field by field.
const readBack = (page) => page.evaluate(() => [...document.querySelectorAll("#list > li")].map((card) => {
  const text = (selector) => card.querySelector(selector)?.textContent;
  const texts = (selector) => [...card.querySelectorAll(selector)].map((e) => e.textContent);
  const jobs = (at) => [...(card.querySelectorAll(".jobs")[at]?.querySelectorAll(":scope > ul > li") ?? [])].map((job) => [
    [...job.querySelectorAll(".job bdi")].map((e) => e.textContent), [...job.querySelectorAll(".highlights li")].map((e) => e.textContent)]);
  return {
    name: text("h3"), at: texts(".role bdi"), place: text(".place"), headline: text(".headline"), why: text(".why"),
    fit: texts(".fits li"), redFlags: texts(".flags li"), skills: texts(".skills li"), jobs: [...jobs(0), ...jobs(1)],
    links: [...card.querySelectorAll("a")].map((a) => a.href),
    kinds: [...new Set([...card.querySelectorAll("*")].map((e) => e.localName))].sort(),
    handlers: [...card.querySelectorAll("*")].flatMap((e) => e.getAttributeNames()).filter((name) => /^on|^src|^style$/.test(name) && name !== "style"),
  };
}));

const kinds = ["a", "article", "bdi", "button", "details", "div", "h3", "h4", "li", "p", "section", "span", "strong", "summary", "ul"];
const jobOf = (j) => [[...(j.role ? [j.role, j.company] : [j.company]), j.duration].filter(Boolean), j.points ?? []];

// check opens the page of a run, uses all of it, and compares every text with
// the cleaned one that the program put into the page.
async function check(t, upstream, id) {
  const saved = await savePage(id, upstream), data = dataOf(saved.text);
  const page = await open(t, browser, saved.file);
  await page.evaluate(() => document.querySelectorAll("#list details").forEach((e) => (e.open = true)));
  await page.waitForFunction(() => [...document.querySelectorAll("#list details")].every((e) => e.querySelector(".more-body")));
  const shown = await readBack(page);
  assert.equal(shown.length, data.profiles.length);
  data.profiles.forEach((p, i) => {
    const got = shown[i];
    const want = {
      name: p.name || "(no name)", at: [p.role, p.company].filter(Boolean), place: p.place, headline: p.headline, why: p.why,
      fit: p.fit ?? [], redFlags: p.redFlags ?? [], skills: p.skills ?? [], jobs: [...(p.experience ?? []), ...(p.evidence ?? [])].map(jobOf),
      links: p.link ? ["https://www." + p.link] : [], kinds: got.kinds.filter((kind) => kinds.includes(kind)), handlers: [],
    };
    assert.deepEqual(got, want, `rank ${p.rank}`);
  });
  // Everything that shows profile text somewhere else.
  for (const rank of data.profiles.slice(0, 4).map((p) => p.rank)) {
    await page.locator(`#rank-${rank} .mark`).click();
    await page.locator(`#rank-${rank} .compare`).click();
  }
  if (data.profiles.length > 1) {
    await page.locator("#tray [data-does=compare]").click();
    await page.getByRole("button", { name: "Close" }).click();
  }
  await page.locator("#blind").check();
  await page.getByLabel("Search", { exact: true }).fill("a");
  await page.waitForTimeout(100);
  return data;
}

test("V01 hostile.json: no script runs, no request leaves, nothing opens", async (t) => {
  const cases = await corpus("hostile.json");
  const fields = cases.filter((c) => c.channel === "candidate_field").map((c) => {
    const text = unquote(c.input_go_quoted).repeat(Math.min(Number(c.repeat ?? 1), 5000));
    return everywhere(c.id, text);
  });
  const links = cases.filter((c) => c.channel === "linkedinUrl");
  const upstream = await instaView(t, {
    req_fields: completed(fields), req_links: completed(links.map((c) => ({ profileId: c.id, name: c.id, linkedinUrl: unquote(c.input_go_quoted) }))),
  });
  const data = await check(t, upstream, "req_fields");
  assert.equal(data.profiles.length, fields.length);
  for (const c of cases.filter((c) => c.channel === "candidate_field" && c.keep)) {
    const p = data.profiles.find((p) => p.id === c.id);
    assert.ok(JSON.stringify(p).includes(JSON.stringify(c.keep).slice(1, -1)), `${c.id} lost ${c.keep}`);
  }
  // V08
  const linked = await check(t, upstream, "req_links");
  assert.deepEqual(linked.profiles.filter((p) => p.link).map((p) => p.id), links.filter((c) => c.class.startsWith("control-")).map((c) => c.id));
  t.diagnostic(`${fields.length} texts in every field, ${links.length} links`);
});

test("text-cases.json: every text is shown as it was cleaned", async (t) => {
  const cases = await corpus("text-cases.json");
  const people = cases.filter((c) => !["processing", "unknown"].includes(c.field)).map(candidateOf);
  const runs = {};
  const most = 300; // candidates in one run
  for (let from = 0; from < people.length; from += most) runs["req_" + from] = completed(people.slice(from, from + most));
  const upstream = await instaView(t, runs);
  let shown = 0;
  for (const id of Object.keys(runs)) shown += (await check(t, upstream, id)).profiles.length;
  assert.equal(shown, people.length);
  t.diagnostic(`${shown} candidates`);
});

// The policy is a second wall: it holds even if markup or a script got in.
test("V03 the policy blocks what would get into the page", async (t) => {
  const saved = await savePage("req_demo_done");
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(pathToFileURL(saved.file).href);
  const seen = [];
  page.on("dialog", (dialog) => { seen.push("dialog"); dialog.dismiss(); });
  page.on("requestfinished", (request) => seen.push("request: " + request.url()));
  page.on("framenavigated", (frame) => frame === page.mainFrame() && seen.push("navigation: " + frame.url()));
  const blocked = await page.evaluate(async () => {
    const blocked = [];
    document.addEventListener("securitypolicyviolation", (event) => blocked.push(event.effectiveDirective));
    const far = "http://127.0.0.1:9/";
    const add = (tag, attributes, text = "") => {
      const element = Object.assign(document.createElement(tag), { textContent: text });
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      document.body.append(element);
      return element;
    };
    add("script", {}, "alert(1)");
    add("script", { src: far + "x.js" });
    add("style", {}, `body { background: url(${far}x.png) }`);
    add("p", { style: "color: red", onclick: "alert(1)" }).click();
    add("a", { href: "javascript:alert(1)" }).click();
    add("img", { src: far + "x.png" });
    add("iframe", { src: far });
    add("object", { data: far });
    add("link", { rel: "stylesheet", href: far + "x.css" });
    add("video", { src: far });
    add("form", { action: far }).submit();
    add("base", { href: far });
    await fetch(far).catch(() => {});
    try { new WebSocket("ws://127.0.0.1:9/"); } catch {}
    try { new EventSource(far); } catch {}
    await new Promise((later) => setTimeout(later, 500));
    return [...new Set(blocked)].sort();
  });
  assert.deepEqual(blocked, ["base-uri", "connect-src", "form-action", "frame-src", "img-src", "media-src", "object-src", "script-src-attr", "script-src-elem", "style-src-attr", "style-src-elem"]);
  assert.deepEqual(seen, []);
});

// Scripts that would run if any text were taken for markup or an address.
test("V01 markup in any field stays text", async (t) => {
  const payloads = ["<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "\"><svg onload=alert(1)>", "javascript:alert(1)", "</script><script>alert(1)</script>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'>", "<a href='javascript:alert(1)'>x</a>", "<style>*{background:url(https://evil.example/)}</style>", "${alert(1)}", "{{data}}",
    "<form action=https://evil.example><button>Mark</button></form>", "<meta http-equiv=refresh content='0;url=https://evil.example'>", "<base href=https://evil.example/>",
    "__proto__", "constructor", "<!--<script>", "]]><script>alert(1)</script>", "</textarea></title></style><img src=x onerror=alert(1)>", "\u2028alert(1)//\u2029", "\u202Egnp.exe\u2066\u202D", "\u0000\uFEFF<\u0000script>alert(1)",
    "red;background:url(https://evil.example/x)}*{display:none", "expression(alert(1))", "W".repeat(20000), "‏שלום ".repeat(400), "data:text/html,<script>alert(1)</script>"];
  const people = payloads.map((text, i) => ({ ...everywhere(i % 2 ? text : "p" + i, text), linkedinUrl: i % 3 ? text : "https://www.linkedin.com/in/" + text }));
  const upstream = await instaView(t, {
    req_1: completed(people),
    req_2: { status: "failed", createdAt: "2026-05-20T13:00:00Z", errorCode: payloads[0], errorMessage: payloads[4] },
    req_3: { status: "processing", createdAt: "2026-05-20T13:00:00Z", message: payloads[2] },
  });
  await check(t, upstream, "req_1");
  for (const id of ["req_2", "req_3"]) {
    const saved = await savePage(id, upstream);
    const page = await open(t, browser, saved.file);
    await page.locator(".outcome").waitFor();
    assert.deepEqual(await page.locator(".outcome *").evaluateAll((all) => [...new Set(all.map((e) => e.localName))]), ["p"]);
  }
});
