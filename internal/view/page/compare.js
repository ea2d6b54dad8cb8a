// Two to four candidates side by side.

// commonSkills returns the skills that all of them have, folded.
function commonSkills(all) {
  const sets = all.map((p) => new Set((p.skills ?? []).map(folded)));
  return new Set([...sets[0]].filter((skill) => sets.every((set) => set.has(skill))));
}

const paragraph = (text) => (text ? make("p", { dir: "auto" }, text) : make("p.none", {}, "–"));

const jobLines = (jobs) => listOf("ul.plain", jobs, (j) => make("li", {}, make("p.job", {}, jobTitle(j)), listOf("ul.highlights", j.points))) || paragraph("");

// rows returns the fields that are compared, each with what a cell shows.
function comparedRows(common) {
  const skills = (p) => listOf("ul.skills", p.skills, (text) => common.has(folded(text))
    ? make("li.common", {}, "✓ ", isolated(text), unseen(" (in common)")) : make("li", {}, isolated(text))) || paragraph("");
  return [
    ["AI score", (p) => make("p.number", {}, p.score == null ? "–" : String(p.score))],
    ["Role", (p) => paragraph(p.role)], ["Company", (p) => paragraph(p.company)], ["Place", (p) => paragraph(p.place)],
    ["Headline", (p) => paragraph(p.headline)],
    ["Why", (p) => paragraph(p.why)],
    ["Fit points", (p) => listOf("ul.fits", p.fit) || paragraph("")],
    ["Red flags", (p) => listOf("ul.flags", p.redFlags) || make("p.none", {}, p.noRedFlags ? "None named" : "–")],
    ["Skills", skills],
    ["Experience", (p) => jobLines(p.experience)],
    ["Evidence", (p) => jobLines(p.evidence)],
  ];
}

function comparison(all) {
  const common = commonSkills(all);
  const head = make("tr", {}, make("td", {}, unseen("Field")), all.map((p) => make("th", { scope: "col" },
    make("span.rank", {}, "#" + p.rank), " ", isolated(nameOf(p)))));
  const body = comparedRows(common).map(([name, cell]) => make("tr", {}, make("th", { scope: "row" }, name), all.map((p) => make("td", {}, cell(p)))));
  const table = make("table.comparison", {}, make("caption", {}, make("span", {}, common.size ? `${plural(common.size, "skill")} in common, marked ✓.` : "No skill in common.", " Scores are an AI's opinion; a person decides.")),
    make("thead", {}, head), make("tbody", {}, body));
  table.style.setProperty("--compared", all.length);
  // A scrollable region must be reachable by keyboard.
  return make("div.scroll", { tabindex: "0", role: "region", "aria-label": "Comparison" }, table);
}

function openDialog(title, body, ...actions) {
  byId("dialog-title").textContent = title;
  byId("dialog-body").replaceChildren(body);
  byId("dialog-actions").replaceChildren(...actions.filter(Boolean));
  if (!byId("dialog").open) byId("dialog").showModal();
}

function openComparison() {
  const all = state.compared.map(profileOf).filter(Boolean);
  if (all.length < 2) return announce("Choose two to four candidates to compare.");
  openDialog("Compare " + plural(all.length, "candidate"), comparison(all),
    host.canMessage() && button(all.length === 2 ? "Discuss these two" : `Discuss these ${all.length}`, () => discuss(all), { kind: "button.primary" }),
    button("Copy as Markdown", () => copy(markdownOf(all), "The comparison"), {}));
}

// renderTray shows what can be done with marked and compared candidates.
function renderTray() {
  const marked = state.marked.size, compared = state.compared.length;
  const focused = document.activeElement?.closest("#tray button")?.dataset.does;
  byId("tray").replaceChildren(...[
    marked > 0 && make("span.tally", {}, `★ ${marked} marked`),
    marked > 0 && trayButton("markdown", "Copy as Markdown", () => copy(markdownOf(markedProfiles()), plural(marked, "marked candidate"))),
    marked > 0 && trayButton("ids", "Copy ids for the chat", () => copy(idsOf(markedProfiles()), "The ids")),
    compared > 0 && trayButton("clear", "Clear comparison", clearComparison),
    compared > 0 && trayButton("compare", compared < 2 ? "Choose another to compare" : `Compare ${compared}`, openComparison, "button.primary", compared < 2),
    document.documentElement.dataset.mode === "grown" && trayButton("less", "Show less", () => setMode("inline")),
    state.marked.size + compared === 0 && state.report?.profiles?.length > 0 && make("span.tally.quiet", {}, "Mark candidates to copy them, or compare up to four."),
  ].filter(Boolean));
  if (focused) byId("tray").querySelector(`[data-does=${focused}]`)?.focus();
}

function trayButton(does, text, onclick, kind, disabled) {
  const made = button(text, onclick, { kind });
  made.dataset.does = does;
  made.disabled = Boolean(disabled);
  return made;
}

function clearComparison() {
  const before = state.compared;
  state.compared = [];
  before.forEach(renderCard);
  renderTray();
}

const markedProfiles = () => profiles().filter((p) => state.marked.has(p.rank));
