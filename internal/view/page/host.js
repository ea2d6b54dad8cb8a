// Speaks with the chat that shows this page as an MCP App: JSON-RPC messages
// between windows, as in the MCP Apps specification of 2026-01-26.

const host = (() => {
  const dataKey = "instaview-mcp/shortlist", tool = "show_shortlist";
  const patience = 4000; // ms for the result of the call that opened the page
  const waiting = new Map(); // by request id
  const noData = "This chat passes no data to the page. The shortlist is in the assistant's answer.";
  let active = false, nextId = 1, capabilities = {}, modes = [], displayMode = "", input = null, asked = false, arrived = false;

  // The chat's origin is unknown to a page without one of its own. Nothing
  // secret is sent: the chat has given all of it.
  const post = (message) => window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
  const notify = (method, params = {}) => post({ method, params });

  function request(method, params) {
    const id = nextId++;
    post({ id, method, params });
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  }

  const succeeds = (method, params) => request(method, params).then((result) => !result?.isError, () => false);

  function receive(event) {
    const message = event.data;
    if (event.source !== window.parent || message?.jsonrpc !== "2.0") return;
    if (!message.method) {
      const caller = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) caller?.reject(new Error(String(message.error.message)));
      else caller?.resolve(message.result);
    } else if (message.id != null) {
      const known = message.method === "ping" || message.method === "ui/resource-teardown";
      post(known ? { id: message.id, result: {} } : { id: message.id, error: { code: -32601, message: "not supported" } });
    } else {
      notified(message.method, message.params ?? {});
    }
  }

  function notified(method, params) {
    if (method === "ui/notifications/tool-input") {
      input = params.arguments ?? {};
      setTimeout(() => !arrived && askAgain(), patience);
    } else if (method === "ui/notifications/tool-result") {
      result(params);
    } else if (method === "ui/notifications/tool-cancelled") {
      arrived = true;
      if (!state.report) showMessage("The call was cancelled.");
    } else if (method === "ui/notifications/host-context-changed") {
      context(params);
    }
  }

  // result shows the data of a tool's result. Some chats strip them from what
  // they pass on, so the page asks for them once itself.
  function result(params) {
    arrived = true;
    const report = params?._meta?.[dataKey];
    const text = textOf(params);
    // The call's own result may arrive after the one that the page asked for,
    // and without its data or as an error. What is shown stays.
    if (report ? JSON.stringify(report) === JSON.stringify(state.report) : state.report) return;
    if (report) show(report);
    else if (params?.isError || (asked && text)) showMessage(text, params?.isError);
    else askAgain();
  }

  const textOf = (result) => (result?.content ?? []).filter((c) => c.type === "text").map((c) => c.text).join("\n");

  const canAsk = () => Boolean(input && Object.keys(input).length && capabilities.serverTools);

  async function askAgain() {
    if (asked) return;
    asked = true;
    if (!canAsk()) return showMessage(noData);
    try {
      result(await request("tools/call", { name: tool, arguments: input }));
    } catch {
      if (!state.report) showMessage(noData);
    }
  }

  // refresh asks for a run that has not ended yet. If there is no news, the
  // page stays and says why.
  async function refresh() {
    const before = state.report;
    const given = await request("tools/call", { name: tool, arguments: input }).catch(() => null);
    if (given && !given.isError) result(given);
    if (state.report === before) announce(!given || given.isError ? textOf(given) || "The chat could not ask again." : "Nothing new yet.");
  }

  function context(given) {
    if (given.theme === "light" || given.theme === "dark") document.documentElement.dataset.theme = given.theme;
    if (given.availableDisplayModes) modes = given.availableDisplayModes;
    const font = given.styles?.variables?.["--font-sans"];
    if (font) document.documentElement.style.setProperty("--font", font);
    const insets = given.safeAreaInsets;
    if (insets) document.body.style.padding = ["top", "right", "bottom", "left"].map((side) => (Number(insets[side]) || 0) + "px").join(" ");
    const room = given.containerDimensions?.height ?? given.containerDimensions?.maxHeight;
    if (room) mostHeight = Math.min(room, 500);
    // A chat may repeat the mode with other news, which would shrink a page that
    // has grown.
    if (given.displayMode && given.displayMode !== displayMode) setMode((displayMode = given.displayMode));
  }

  async function connect() {
    active = true;
    addEventListener("message", receive);
    setMode("inline");
    const silent = setTimeout(() => showMessage("This page waits for a chat that does not answer."), 10000);
    const hello = await request("ui/initialize", {
      protocolVersion: "2026-01-26", appInfo: { name: "instaview-shortlist", version: "1" },
      appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
    }).finally(() => clearTimeout(silent));
    capabilities = hello.hostCapabilities ?? {};
    context({ displayMode: "inline", ...hello.hostContext });
    notify("ui/notifications/initialized");
    let last = "";
    new ResizeObserver(() => {
      const { width, height } = document.documentElement.getBoundingClientRect();
      const size = { width: Math.ceil(width), height: Math.ceil(height) };
      if (JSON.stringify(size) !== last) notify("ui/notifications/size-changed", size);
      last = JSON.stringify(size);
    }).observe(document.documentElement);
  }

  return {
    connect, refresh,
    isActive: () => active,
    canMessage: () => active && Boolean(capabilities.message),
    canRefresh: () => active && canAsk(),
    message: (text) => succeeds("ui/message", { role: "user", content: [{ type: "text", text }] }),
    context: (text) => active && capabilities.updateModelContext && succeeds("ui/update-model-context", { content: [{ type: "text", text }] }),
    open: (url) => succeeds("ui/open-link", { url }),
    wholeScreen: async () => {
      if (!modes.includes("fullscreen")) return "grown";
      const got = await request("ui/request-display-mode", { mode: "fullscreen" }).catch(() => null);
      if (got?.mode !== "fullscreen") return "grown";
      return (displayMode = "fullscreen");
    },
  };
})();

// openLink lets the chat open a link, since a page inside it may not.
function openLink(event) {
  if (!host.isActive()) return;
  event.preventDefault();
  const url = event.currentTarget.href;
  host.open(url).then((opened) => opened || copy(url, "The link"));
}
