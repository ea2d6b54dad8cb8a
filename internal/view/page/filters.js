// The filters beside the list.

function fillSelect(id, any, values) {
  const select = byId(id), chosen = state.filter[id];
  select.replaceChildren(make("option", { value: "" }, any), ...values.map(([value, n]) => make("option", { value }, `${value} (${n})`)));
  select.value = values.some(([value]) => value === chosen) ? chosen : "";
  state.filter[id] = select.value;
}

function renderFilters() {
  fillSelect("skill", "Any", counted((p) => p.skills ?? []));
  fillSelect("place", "Anywhere", counted(placesOf));
  renderHistogram();
}

// renderHistogram draws a bar for each range of scores, which is a button that
// shows only the candidates of that range.
function renderHistogram() {
  const steps = scoreSteps(), most = Math.max(...steps.map((s) => s.count));
  const unscored = profiles().filter((p) => p.score == null).length;
  byId("scores").hidden = !steps.length;
  byId("histogram").replaceChildren(...steps.map((step) => {
    const fill = make("span.column-fill");
    fill.style.height = (100 * step.count) / most + "%";
    const range = step.from === step.last ? String(step.from) : `${step.from}–${step.last}`;
    return make("button.column", {
      type: "button", "aria-pressed": String(state.filter.range?.from === step.from), "data-from": step.from,
      onclick: () => setRange(step),
    }, make("span.column-count", {}, String(step.count), unseen(step.count === 1 ? " candidate with the score" : " candidates with scores")), make("span.column-line", {}, fill), make("span.column-name", {}, range));
  }));
  byId("scores").querySelector(".unscored")?.remove();
  if (unscored) byId("scores").append(make("p.quiet.unscored", {}, `${unscored} without a score`));
}

function setRange(step) {
  state.filter.range = state.filter.range?.from === step.from ? null : step;
  for (const column of byId("histogram").children)
    column.setAttribute("aria-pressed", String(state.filter.range?.from === Number(column.dataset.from)));
  showCards();
}

// readFilters takes over what the form says.
function readFilters() {
  const f = state.filter;
  f.search = byId("search").value;
  f.least = Number(byId("least").value);
  for (const id of ["skill", "place", "flags", "sort"]) f[id] = byId(id).value;
  f.marked = byId("only-marked").checked;
  byId("least-shown").textContent = f.least ? String(f.least) : "any";
  showCards();
}

function setBlind(blind) {
  state.blind = blind;
  indexProfiles();
  renderFilters();
  renderCards();
  renderTray();
  announce(blind ? "Names are hidden where known; this is not anonymous." : "Names are shown.");
}

function startFilters() {
  byId("form").addEventListener("input", (event) => event.target.id !== "blind" && readFilters());
  byId("sort").addEventListener("input", readFilters);
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  byId("clear").addEventListener("click", () => {
    const blind = byId("blind").checked;
    byId("form").reset();
    byId("blind").checked = blind; // a way to look, not a filter
    state.filter.range = null;
    renderHistogram();
    readFilters();
  });
  byId("blind").addEventListener("change", (event) => setBlind(event.target.checked));
  const wide = matchMedia("(min-width: 60rem)");
  const follow = () => (byId("filters").open = wide.matches);
  wide.addEventListener("change", follow);
  follow();
}
