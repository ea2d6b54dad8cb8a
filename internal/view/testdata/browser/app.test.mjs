// The page inside a chat, as an MCP App.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { chat, connect } from "./host.mjs";
import { instaView } from "./program.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

const done = { request_id: "req_demo_done" };

// until waits for a condition outside of the browser.
async function until(condition, what) {
  for (let i = 0; i < 400; i++) {
    if (condition()) return;
    await new Promise((later) => setTimeout(later, 50));
  }
  assert.fail("never: " + what);
}

for (const era of ["2025-11-25", "2026-07-28"])
  test(`${era}: shown small, opened, filtered, compared, marked and discussed`, async (t) => {
    const client = await connect(t, { era });
    const { frame, seen, result } = await chat(t, browser, client, done);
    assert.ok(result.content[0].text.includes("20 scored of 134 found"), "the text is not complete by itself");
    await frame.getByText("1–4 of 20 candidates").waitFor();
    await frame.getByText("Scores are an AI's opinion; a person decides.").waitFor();
    await frame.getByRole("button", { name: "Further candidates" }).click();
    await frame.getByText("5–8 of 20 candidates").waitFor();

    await frame.getByRole("button", { name: "Open shortlist" }).click();
    await frame.getByText("20 of 20 candidates shown").waitFor();
    assert.deepEqual(seen.modes, ["fullscreen"]);
    await frame.locator("#filters > summary").click();
    await frame.getByLabel("Search", { exact: true }).fill("ledger");
    await frame.getByText(/^\d of 20 candidates shown/).waitFor();
    await frame.getByRole("button", { name: "Clear all filters" }).click();

    await frame.locator("#rank-2 .mark").click();
    await until(() => seen.contexts.length > 0, "the marks reach the model's context");
    await frame.locator("#rank-2 textarea").fill("private thought"); // V07
    assert.match(seen.contexts.at(-1).content[0].text, /^In the shortlist of sourcing run req_demo_done, the user has marked: rank 2 \(prof_[\w-]+\)\.$/);

    for (const rank of [1, 2]) await frame.locator(`#rank-${rank} .compare`).click();
    await frame.getByRole("button", { name: "Compare 2", exact: true }).click();
    await frame.getByRole("button", { name: "Discuss these two" }).click();
    await until(() => seen.messages.length > 0, "the question reaches the chat");
    const { role, content } = seen.messages[0];
    assert.equal(role, "user");
    assert.match(content[0].text, /ranks 1, 2 of sourcing run req_demo_done.*get_sourcing_results\(request_id="req_demo_done", ranks=\[1, 2\], detail="full"\)/s);
    assert.ok(!content[0].text.includes("Katarína"), "a name reached the chat as the user's own words");
    assert.ok(!JSON.stringify([seen.contexts, seen.messages]).includes("private thought"), "a note reached the chat");
  });

test("at most 500 px high inside a chat, without scrolling within", async (t) => {
  const upstream = await instaView(t, {
    req_failed: { status: "failed", createdAt: "2026-05-20T13:00:00Z", completedAt: "2026-05-20T13:00:02Z", errorCode: "AGENT_ERROR", errorMessage: "broken ".repeat(60) },
    req_running: { status: "processing", createdAt: "2026-05-20T13:00:00Z", candidatesSourcedCount: 7, message: "Working. ".repeat(30) },
  });
  const own = await connect(t, upstream), demo = await connect(t);
  for (const width of [320, 500, 720])
    for (const [client, id] of [[demo, "req_demo_done"], [demo, "req_demo_empty"], [own, "req_failed"], [own, "req_running"]]) {
      const { frame, seen } = await chat(t, browser, client, { request_id: id }, { width });
      await frame.locator("html[data-state]:not([data-state=waiting])").waitFor();
      await until(() => seen.sizes.length > 0, "a size");
      const [scroll, view, wide] = await frame.locator("html").evaluate(async (e) => {
        await new Promise((later) => setTimeout(later, 300));
        return [e.scrollHeight, e.getBoundingClientRect().height, e.scrollWidth - e.clientWidth];
      });
      assert.ok(view <= 500 && scroll <= 500, `${id} at ${width} px is ${scroll} px high`);
      assert.equal(wide, 0, `${id} at ${width} px is too wide`);
      const nested = await frame.locator("body").evaluate(() => [...document.querySelectorAll("body *")]
        .filter((e) => e.checkVisibility() && /auto|scroll/.test(getComputedStyle(e).overflowY) && e.scrollHeight > e.clientHeight + 1).map((e) => e.id || e.className));
      assert.deepEqual(nested, [], `${id} scrolls within`);
      const small = await frame.locator("body").evaluate(() => [...document.querySelectorAll("button")].filter((e) => e.checkVisibility())
        .map((e) => e.getBoundingClientRect()).filter((box) => box.width < 43.9 || box.height < 43.9).length);
      assert.equal(small, 0, "a target is too small");
    }
});

test("the page asks for its data itself if the chat strips them", async (t) => {
  const client = await connect(t);
  for (const strip of ["result", "event"]) { // "event": no result arrives at all
    const { frame, seen } = await chat(t, browser, client, { ...done, ranks: [2, 3] }, { strip });
    await frame.getByText("1–2 of 2 candidates").waitFor();
    assert.deepEqual(seen.calls, [{ name: "show_shortlist", arguments: { ...done, ranks: [2, 3] } }], strip);
  }
});

test("the page asks with the arguments that the model wrote, in whatever spelling", async (t) => {
  const client = await connect(t);
  const { frame } = await chat(t, browser, client, { requestId: "req_demo_done" }, { strip: "result" });
  await frame.getByText("1–4 of 20 candidates").waitFor();
});

test("a chat that gives no data at all is told where the shortlist is", async (t) => {
  const client = await connect(t);
  const refusing = await chat(t, browser, client, done, { strip: "result", refuses: ["serverTools"] });
  await refusing.frame.getByText("The shortlist is in the assistant's answer.").waitFor();
  assert.deepEqual(refusing.seen.calls, []);
  const stripping = await chat(t, browser, client, done, { strip: "always" });
  await stripping.frame.getByText("20 scored of 134 found").waitFor(); // the text, once
  assert.equal(stripping.seen.calls.length, 1);
});

test("the chat's theme is followed, also when it changes", async (t) => {
  const client = await connect(t);
  const { frame, bridge } = await chat(t, browser, client, done, { context: { theme: "dark" } });
  await frame.getByText("1–4 of 20 candidates").waitFor();
  const ground = () => frame.locator("body").evaluate((e) => getComputedStyle(e).backgroundColor);
  assert.equal(await ground(), "rgb(17, 21, 26)");
  await bridge.sendHostContextChange({ theme: "light" });
  await frame.locator('html[data-theme="light"]').waitFor();
  assert.equal(await ground(), "rgb(244, 245, 247)");
});

test("links are opened by the chat", async (t) => {
  const client = await connect(t);
  const { frame, seen } = await chat(t, browser, client, done);
  await frame.getByRole("button", { name: "Open shortlist" }).click();
  await frame.locator("#rank-1 a").click();
  await until(() => seen.links.length > 0, "the link reaches the chat");
  assert.match(seen.links[0], /^https:\/\/www\.linkedin\.com\/in\//);
});

test("without a whole screen the page grows, and without messages nothing is offered", async (t) => {
  const client = await connect(t);
  const { frame, seen } = await chat(t, browser, client, done, { context: { availableDisplayModes: ["inline"] }, refuses: ["message", "updateModelContext"] });
  await frame.getByRole("button", { name: "Open shortlist" }).click();
  await frame.getByText("20 of 20 candidates shown").waitFor();
  assert.deepEqual(seen.modes, []);
  for (const rank of [1, 2]) await frame.locator(`#rank-${rank} .compare`).click();
  await frame.getByRole("button", { name: "Compare 2", exact: true }).click();
  await frame.getByRole("dialog").waitFor();
  assert.equal(await frame.getByRole("button", { name: /^Discuss/ }).count(), 0);
  await frame.getByRole("button", { name: "Close" }).click();
  await frame.locator("#rank-1 .mark").click();
  await frame.getByText("★ 1 marked").waitFor();
  assert.deepEqual([seen.messages, seen.contexts], [[], []]);
});

test("a run that failed, runs on or is unknown", async (t) => {
  const runs = {
    req_failed: { status: "failed", createdAt: "2026-05-20T13:00:00Z", completedAt: "2026-05-20T13:00:02Z", errorCode: "AGENT_ERROR", errorMessage: "It broke." },
    req_running: { status: "processing", createdAt: "2026-05-20T13:00:00Z", candidatesSourcedCount: 7 },
  };
  const client = await connect(t, await instaView(t, runs));
  const failed = await chat(t, browser, client, { request_id: "req_failed" });
  await failed.frame.getByRole("heading", { name: "The run failed" }).waitFor();
  await failed.frame.getByText("Start the run again").waitFor();
  const running = await chat(t, browser, client, { request_id: "req_running" });
  await running.frame.getByText("7 candidates sourced so far").waitFor();
  await running.frame.getByRole("button", { name: "Ask again" }).click();
  await until(() => running.seen.calls.length === 1, "the page asks again");
  const unknown = await chat(t, browser, client, { request_id: "req_unknown" });
  await unknown.frame.getByText("InstaView knows no such sourcing run").waitFor();
  assert.ok(unknown.result.isError);
});

test("names stay hidden in the page if the call or the operator hides them", async (t) => {
  for (const [env, args] of [[{}, { ...done, blind: true }], [{ INSTAVIEW_MCP_BLIND: "true" }, done]]) {
    const client = await connect(t, { env });
    const { frame, seen, result } = await chat(t, browser, client, args);
    assert.ok(!JSON.stringify(result).includes("Katarína"));
    await frame.getByRole("button", { name: "Open shortlist" }).click();
    await frame.getByText("20 of 20 candidates shown").waitFor();
    assert.ok(!(await frame.locator("body").textContent()).includes("Katarína"));
    for (const rank of [1, 2]) await frame.locator(`#rank-${rank} .compare`).click();
    await frame.getByRole("button", { name: "Compare 2", exact: true }).click();
    await frame.getByRole("button", { name: "Discuss these two" }).click();
    await until(() => seen.messages.length > 0, "the question reaches the chat");
    assert.ok(seen.messages[0].content[0].text.includes("blind=true"));
  }
});

test("copying works inside a chat, or shows the text", async (t) => {
  const client = await connect(t);
  const { frame } = await chat(t, browser, client, done);
  await frame.getByRole("button", { name: "Open shortlist" }).click();
  await frame.locator("#rank-1 .mark").click();
  await frame.getByRole("button", { name: "Copy ids for the chat" }).click();
  await frame.locator("#announce", { hasText: "The ids are copied." }).or(frame.getByLabel("Text to copy")).first().waitFor();
});

test("what is shown stays when the call's own result arrives late, without data or as an error", async (t) => {
  const client = await connect(t);
  const { frame, bridge } = await chat(t, browser, client, done, { strip: "event" });
  await frame.getByText("1–4 of 20 candidates").waitFor(); // the page has asked itself
  for (const late of [{ content: [{ type: "text", text: "The shortlist." }] }, { content: [{ type: "text", text: "Time is up." }], isError: true }]) {
    await bridge.sendToolResult(late);
    await bridge.sendHostContextChange({ theme: late.isError ? "light" : "dark" }); // comes after it
    await frame.locator(`html[data-theme="${late.isError ? "light" : "dark"}"]`).waitFor();
    assert.equal(await frame.locator(".row").count(), 4);
    assert.equal(await frame.locator("html").getAttribute("data-state"), "completed");
  }
});

test("a cancelled call is not made by the page instead", async (t) => {
  const client = await connect(t);
  const { page, frame, bridge, seen } = await chat(t, browser, client, done, { strip: "event" });
  await bridge.sendToolCancelled({ reason: "user" });
  await frame.getByText("The call was cancelled.").waitFor();
  await page.waitForTimeout(4500); // longer than the page's patience
  assert.deepEqual(seen.calls, []);
});

test("V06 no window but the chat's is obeyed", async (t) => {
  const client = await connect(t);
  const { page, bridge, seen } = await chat(t, browser, client, done);
  const frame = page.frameLocator("iframe >> nth=0");
  await frame.getByText("1–4 of 20 candidates").waitFor();
  await page.evaluate(() => new Promise((done) => {
    addEventListener("message", (event) => event.data === "posted" && done());
    const other = document.createElement("iframe");
    other.hidden = true;
    other.sandbox = "allow-scripts";
    other.srcdoc = `<script>
      for (const message of [
        { method: "ui/notifications/tool-result", params: { content: [{ type: "text", text: "forged" }], isError: true } },
        { method: "ui/notifications/tool-result", params: { content: [], _meta: { "instaview-mcp/shortlist": { state: "failed", requestId: "forged" } } } },
        { method: "ui/notifications/host-context-changed", params: { theme: "dark", displayMode: "fullscreen" } },
        { id: 1, result: {} }, { id: 7, method: "ping" },
      ]) parent.frames[0].postMessage({ jsonrpc: "2.0", ...message }, "*");
      parent.postMessage("posted", "*");
    </scr` + "ipt>";
    document.body.append(other);
  }));
  await bridge.sendHostContextChange({ safeAreaInsets: { top: 3, right: 0, bottom: 0, left: 0 } }); // comes after them
  await frame.locator('body[style*="3px"]').waitFor();
  const html = frame.locator("html");
  assert.deepEqual([await html.getAttribute("data-theme"), await html.getAttribute("data-mode"), await html.getAttribute("data-state")], ["light", "inline", "completed"]);
  assert.deepEqual(seen.calls, []);
});

test("asking again says what came of it, and the page stays", async (t) => {
  const running = { status: "processing", message: "Working." };
  const runs = { req_running: running };
  const client = await connect(t, await instaView(t, runs));
  const { frame, bridge, seen } = await chat(t, browser, client, { request_id: "req_running" });
  await frame.getByRole("button", { name: "Ask again" }).click();
  await frame.locator("#announce", { hasText: "Nothing new yet." }).waitFor();
  bridge.oncalltool = async () => ({ content: [{ type: "text", text: "InstaView's request limit is reached." }], isError: true });
  await frame.getByRole("button", { name: "Ask again" }).click();
  await frame.locator("#announce", { hasText: "request limit" }).waitFor();
  await frame.getByRole("heading", { name: "The run is still processing" }).waitFor();
  assert.ok(await frame.getByRole("button", { name: "Ask again" }).isVisible());
  assert.equal(seen.calls.length, 1);
});

test("a page that has grown is used from its top, and shrinks again", async (t) => {
  const client = await connect(t);
  const { page, frame, bridge } = await chat(t, browser, client, done, { context: { availableDisplayModes: ["inline"] } });
  await frame.getByRole("button", { name: "Open shortlist" }).click();
  await frame.getByText("20 of 20 candidates shown").waitFor();
  await bridge.sendHostContextChange({ displayMode: "inline", theme: "dark" }); // repeats the mode
  await frame.locator('html[data-theme="dark"]').waitFor();
  for (const rank of [1, 2]) await frame.locator(`#rank-${rank} .compare`).click();
  const top = (selector) => frame.locator(selector).evaluate((e) => e.getBoundingClientRect().top);
  assert.ok((await top(".decides")) < 300, "a person has to scroll to read who decides");
  await frame.getByRole("button", { name: "Compare 2", exact: true }).click();
  assert.ok((await top("dialog")) < 100, "the comparison opens out of view");
  await frame.getByRole("button", { name: "Close" }).click();
  await frame.getByRole("button", { name: "Show less" }).click();
  await frame.getByText("1–4 of 20 candidates").waitFor();
  await page.waitForFunction(() => document.querySelector("iframe").offsetHeight <= 500);
});

test("fewer rows where the chat has less room or larger letters", async (t) => {
  const client = await connect(t);
  const { frame } = await chat(t, browser, client, done, { context: { containerDimensions: { maxHeight: 320, maxWidth: 720 } } });
  await frame.getByText(/^1–[12] of 20 candidates/).waitFor();
  const large = await chat(t, browser, client, done);
  await large.frame.getByText("1–4 of 20 candidates").waitFor();
  await large.frame.locator("html").evaluate((e) => (e.style.fontSize = "24px"));
  await large.frame.getByRole("button", { name: "Further candidates" }).click();
  assert.ok((await large.frame.locator("html").evaluate((e) => e.getBoundingClientRect().height)) <= 500);
});

test("the page answers the chat, also when it is about to be removed", async (t) => {
  const client = await connect(t);
  const { frame, bridge } = await chat(t, browser, client, done);
  await frame.getByText("1–4 of 20 candidates").waitFor();
  assert.deepEqual(await bridge.teardownResource({}), {});
  await assert.rejects(bridge.request({ method: "tools/list", params: {} }, { parse: (result) => result }), /not supported/);
});

test("a page that no chat answers says so", async (t) => {
  const client = await connect(t);
  const { contents: [{ text }] } = await client.readResource({ uri: "ui://shortlist" });
  const page = await browser.newPage();
  t.after(() => page.close());
  await page.setContent("<!doctype html><iframe sandbox='allow-scripts' width=600 height=400></iframe>");
  await page.evaluate((html) => (document.querySelector("iframe").srcdoc = html), text);
  await page.frameLocator("iframe").getByText("waits for a chat that does not answer").waitFor();
});

test("the App is left out where the operator says so", async (t) => {
  const client = await connect(t, { env: { INSTAVIEW_MCP_APPS: "false" } });
  assert.deepEqual((await client.listTools()).tools.map((tool) => tool.name), ["get_sourcing_results", "wait_for_sourcing"]);
  assert.equal(client.getServerCapabilities().extensions, undefined);
});
