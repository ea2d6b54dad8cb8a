// A chat that shows MCP Apps, made of the AppBridge of the official SDK: the
// page stands in a frame without an origin, and the program is asked by MCP.

import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { AppBridge, getToolUiResourceUri } from "@modelcontextprotocol/ext-apps/app-bridge";
import { watch } from "./browser.mjs";
import { program } from "./program.mjs";

const mimeType = "text/html;profile=mcp-app";

// connect returns a client of the program in one of the protocol's eras.
export async function connect(t, { era = "2025-11-25", env = {}, flags = ["--demo"] } = {}) {
  const client = new Client({ name: "test chat", version: "1" }, {
    capabilities: { extensions: { "io.modelcontextprotocol/ui": { mimeTypes: [mimeType] } } },
    versionNegotiation: { mode: era === "2026-07-28" ? { pin: era } : "legacy" },
  });
  await client.connect(new StdioClientTransport({ command: program, args: flags, env: { PATH: process.env.PATH, ...env } }));
  t.after(() => client.close());
  assert.equal(client.getNegotiatedProtocolVersion(), era);
  return client;
}

// FrameTransport carries messages between the bridge and the frame.
class FrameTransport {
  constructor(page) { this.page = page; }
  async start() {
    await this.page.exposeFunction("toHost", (message) => this.onmessage?.(message));
    await this.page.evaluate(() => addEventListener("message", (event) => event.source === document.querySelector("iframe")?.contentWindow && window.toHost(event.data)));
  }
  async send(message) {
    await this.page.evaluate((message) => document.querySelector("iframe").contentWindow.postMessage(message, "*"), message);
  }
  async close() { this.onclose?.(); }
}

// chat calls show_shortlist and shows its page. strip removes what some chats
// do not pass on, from the result of the call or also from those that the page
// asks for. refuses names what the chat does not do.
export async function chat(t, browser, client, args, { strip = "", context = {}, width = 720, refuses = [], colorScheme = "light" } = {}) {
  const seen = { messages: [], contexts: [], links: [], calls: [], sizes: [], modes: [] };
  const browserContext = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  const page = await browserContext.newPage();
  const wrong = watch(page);
  await page.setContent("<!doctype html><body style='margin:0'></body>");
  wrong.loaded = page.url();

  const { tools } = await client.listTools();
  const tool = tools.find((tool) => tool.name === "show_shortlist");
  const uri = getToolUiResourceUri(tool);
  const { contents: [resource] } = await client.readResource({ uri });
  assert.equal(resource.mimeType, mimeType);

  const capabilities = { openLinks: {}, serverTools: {}, message: { text: {} }, updateModelContext: { text: {} } };
  for (const name of refuses) delete capabilities[name];
  const bridge = new AppBridge(null, { name: "test chat", version: "1" }, capabilities, {
    hostContext: { theme: "light", displayMode: "inline", availableDisplayModes: ["inline", "fullscreen"], ...context },
  });
  bridge.onmessage = async (message) => { seen.messages.push(message); return {}; };
  bridge.onupdatemodelcontext = async (update) => { seen.contexts.push(update); return {}; };
  bridge.onopenlink = async ({ url }) => { seen.links.push(url); return {}; };
  const without = (result) => ({ ...result, _meta: undefined, structuredContent: undefined });
  bridge.oncalltool = async (call) => {
    seen.calls.push(call);
    const result = await client.callTool(call);
    return strip === "always" ? without(result) : result;
  };
  bridge.onsizechange = ({ height }) => {
    seen.sizes.push(height);
    return page.evaluate((height) => (document.querySelector("iframe").style.height = height + "px"), height).catch(() => {});
  };
  bridge.onrequestdisplaymode = async ({ mode }) => {
    seen.modes.push(mode);
    await page.evaluate(() => (document.querySelector("iframe").style.cssText = "border:0;display:block;width:100%;height:100vh"));
    bridge.sendHostContextChange({ displayMode: mode });
    return { mode };
  };
  const initialized = new Promise((done) => (bridge.oninitialized = done));
  await bridge.connect(new FrameTransport(page));
  await page.evaluate((html) => {
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-scripts";
    frame.style.cssText = "border:0;display:block;width:100%;height:300px";
    frame.srcdoc = html;
    document.body.append(frame);
  }, resource.text);
  await initialized;
  await bridge.sendToolInput({ arguments: args });
  const result = await client.callTool({ name: "show_shortlist", arguments: args });
  assert.equal(result.structuredContent, undefined);
  if (strip !== "event") await bridge.sendToolResult(strip ? without(result) : result);

  t.after(async () => {
    await browserContext.close();
    assert.deepEqual(wrong.filter((what) => !what.includes("about:srcdoc")), [], "the page did what it must not");
  });
  return { page, bridge, seen, result, frame: page.frameLocator("iframe") };
}
