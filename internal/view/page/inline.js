// The small form inside a chat: a few lines for each candidate, at most 500 px
// high and without scrolling. The whole page is shown on request.

const mostRows = 4;
let mostHeight = 500; // px, or less if the chat has less room
let rowsAtOnce = mostRows, firstRow = 0;

function rowOf(p) {
  const marked = state.marked.has(p.rank);
  const at = [p.role, p.company, p.place].filter(Boolean).join(" · ");
  const risk = p.redFlags?.length ? "⚑ " + p.redFlags[0] : p.noRedFlags ? "No red flag named" : "";
  return make("li.row", {},
    make("span.number", {}, p.score == null ? "–" : String(p.score), unseen(p.score == null ? " no score" : " AI score")),
    make("div.row-text", {},
      make("p.row-name", {}, make("span.rank", {}, "#" + p.rank), " ", make("strong", {}, isolated(nameOf(p))), at && [" ", make("span.quiet", {}, isolated(at))]),
      make("p.row-points", {}, p.fit?.length > 0 && make("span.fit-text", {}, "✓ ", isolated(p.fit[0])), risk && make("span.risk-text", {}, isolated(risk)))),
    button(marked ? "★" : "☆", () => markRow(p.rank), { pressed: marked, label: "Mark " + spokenName(p), kind: "button.icon" }));
}

function markRow(rank) {
  toggle(state.marked, rank);
  renderInline();
  byId("list").querySelector(`[data-rank="${rank}"] button`)?.focus();
  reportMarks();
}

// renderInline draws as many rows as fit.
function renderInline() {
  drawRows();
  while (rowsAtOnce > 1 && document.documentElement.getBoundingClientRect().height > mostHeight) {
    rowsAtOnce--;
    drawRows();
  }
}

function drawRows() {
  const all = profiles();
  firstRow = Math.max(0, Math.min(firstRow, all.length - 1));
  const rows = all.slice(firstRow, firstRow + rowsAtOnce).map((p) => {
    const row = rowOf(p);
    row.dataset.rank = p.rank;
    return row;
  });
  byId("list").replaceChildren(...rows);
  byId("list").classList.remove("none-left"); // filters do not hold here
  byId("status").textContent = all.length ? `${firstRow + 1}–${firstRow + rows.length} of ${plural(all.length, "candidate")}` : "";
  const turn = (by, text, disabled) => {
    const made = trayButton("turn" + by, text, () => ((firstRow += by), renderInline()), "button", disabled);
    made.setAttribute("aria-label", by < 0 ? "Earlier candidates" : "Further candidates");
    return made;
  };
  const focused = document.activeElement?.dataset.does;
  byId("tray").replaceChildren(
    ...(all.length > rowsAtOnce ? [turn(-rowsAtOnce, "‹", firstRow === 0), turn(rowsAtOnce, "›", firstRow + rowsAtOnce >= all.length)] : []),
    ...(all.length ? [trayButton("open", "Open shortlist", openWhole, "button.primary")] : []));
  if (focused) byId("tray").querySelector(`[data-does="${focused}"]`)?.focus();
}

// openWhole asks the chat for the whole screen. Where there is none, the page
// grows.
async function openWhole() {
  setMode(await host.wholeScreen());
  byId("candidates").focus();
}
