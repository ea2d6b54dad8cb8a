// Starts the page.

const titles = {
  completed: "Shortlist", empty: "No candidates found", failed: "The run failed", processing: "The run is still processing", unknown: "Unknown status",
};

// setMode shows the small form inside a chat ("inline") or the whole page. One
// that has grown inside a chat is scrolled by the chat, so that nothing in it
// can stay in view: its bar is above the candidates.
function setMode(mode) {
  document.documentElement.dataset.mode = mode;
  const main = document.querySelector("main"), bar = document.querySelector(".bar");
  if (mode === "grown") main.before(bar);
  else if (bar.nextElementSibling === main) main.after(bar);
  rowsAtOnce = mostRows;
  if (state.report) render();
}

const isInline = () => document.documentElement.dataset.mode === "inline";

function render() {
  if (isInline()) return renderInline();
  renderFilters();
  renderCards();
  renderTray();
}

// show shows a report, which the server made of cleaned text.
function show(report) {
  state.report = report;
  state.blind = false;
  document.title = `Shortlist ${report.requestId}`;
  byId("title").textContent = titles[report.state] ?? titles.unknown;
  byId("run").textContent = [report.requestId, report.created, report.took && (report.state === "failed" ? "failed after " : "took ") + report.took].filter(Boolean).join(" · ");
  const shown = report.profiles?.length ?? 0;
  const counts = report.state === "completed" || report.state === "empty"
    ? [["Found", report.found], ["Scored", report.scored], ["Returned", report.returned], shown !== report.returned && ["Here", shown]] : [];
  byId("counts").replaceChildren(...counts.filter((entry) => entry && entry[1] != null).map(([name, n]) => make("div", {}, make("dt", {}, name), make("dd", {}, String(n)))));
  byId("notices").replaceChildren(...[
    report.label && make("p.notice", {}, report.label),
    report.notes?.length > 0 && make("p.notice", { dir: "auto" }, report.notes.join(" ")),
    report.outcome?.length > 0 && make("div.outcome", {}, report.outcome.map((sentence) => make("p", { dir: "auto" }, sentence)),
      report.state === "processing" && host.canRefresh() && button("Ask again", () => host.refresh(), { kind: "button.primary" })),
  ].filter(Boolean));
  document.documentElement.dataset.state = report.state;
  byId("blind-label").hidden = Boolean(report.blind);
  byId("blind").checked = false;
  [firstRow, rowsAtOnce] = [0, mostRows];
  indexProfiles();
  render();
}

// showMessage shows what the server or the page has to say where there are no
// data.
function showMessage(text, isError) {
  document.documentElement.dataset.state = "message";
  byId("title").textContent = isError ? "No shortlist" : "Shortlist";
  byId("notices").replaceChildren(make("div.outcome", { role: isError ? "alert" : null }, make("p.message", { dir: "auto" }, text)));
}

function start() {
  startFilters();
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width || !isInline() || !state.report) return;
    width = innerWidth;
    rowsAtOnce = mostRows;
    renderInline();
  });
  byId("print").addEventListener("click", () => print());
  byId("dialog-close").addEventListener("click", () => byId("dialog").close());
  const data = JSON.parse(byId("data").textContent);
  if (data) {
    setMode("page");
    show(data);
  } else if (window.parent !== window) {
    document.documentElement.dataset.state = "waiting";
    byId("title").textContent = "Shortlist";
    host.connect().catch(() => showMessage("This chat does not show pages. The shortlist is in the assistant's answer."));
  } else {
    setMode("page");
    showMessage("This page shows a shortlist inside a chat. To save one: instaview-mcp call get_sourcing_results request_id=… --html shortlist.html");
  }
}

start();
