// The cards of the candidates.

let cards = new Map(); // elements by rank

function scoreOf(p) {
  const known = p.score != null;
  const bar = make("span.bar-fill");
  bar.style.width = (p.score ?? 0) + "%";
  return make("div.score", {},
    make("span.rank", {}, unseen("Rank "), "#" + p.rank),
    make("span.number", {}, known ? String(p.score) : "–"),
    known && make("span.bar-line", { "aria-hidden": "true" }, bar),
    make("span.caption", {}, known ? "AI score" : "no score"));
}

function whoOf(p) {
  const at = [p.role, p.company].filter(Boolean).flatMap((text, i) => (i ? [" · ", isolated(text)] : [isolated(text)]));
  return make("div.who", {},
    make("h3", { id: "name-" + p.rank }, isolated(nameOf(p))),
    at.length > 0 && make("p.role", {}, at),
    p.place && make("p.place", {}, isolated(p.place)));
}

function actionsOf(p) {
  const marked = state.marked.has(p.rank), compared = state.compared.includes(p.rank);
  const link = profileUrl(p);
  return make("div.actions", {},
    button(marked ? "★ Mark" : "☆ Mark", () => mark(p.rank), { pressed: marked, label: "Mark " + spokenName(p), kind: "button.mark" }),
    button(compared ? "✓ Compare" : "Compare", () => compare(p.rank), { pressed: compared, label: "Compare " + spokenName(p), kind: "button.compare" }),
    link && make("a.button", { href: link, target: "_blank", rel: "noopener noreferrer", onclick: openLink,
      "aria-label": `LinkedIn profile of ${spokenName(p)}, opens outside this page` }, "LinkedIn ↗"));
}

// pointsOf shows fit points and red flags side by side, since one without the
// other would mislead.
function pointsOf(p) {
  const flags = p.redFlags?.length ? listOf("ul.flags", p.redFlags)
    : make("p.none", {}, p.noRedFlags ? "None named" : "The run names none and does not say whether it looked.");
  return make("div.points", {},
    make("section.fit", {}, make("h4", {}, "Fit points"), listOf("ul.fits", p.fit) || make("p.none", {}, "None named")),
    make("section.risk", {}, make("h4", {}, "Red flags"), flags));
}

const jobTitle = (j) => [
  make("strong", {}, isolated(j.role || j.company)), j.role && j.company && [" · ", isolated(j.company)],
  j.duration && make("span.duration", {}, isolated(j.duration)),
].flat();

const jobsOf = (title, jobs) => jobs?.length && make("section.jobs", {}, make("h4", {}, title),
  listOf("ul", jobs, (j) => make("li", {}, make("p.job", {}, jobTitle(j)), listOf("ul.highlights", j.points))));

// moreOf holds what is made only once it is opened, as most never is.
function moreOf(p) {
  if (!p.experience?.length && !p.evidence?.length) return null;
  const title = [p.experience?.length && "experience", p.evidence?.length && "evidence"].filter(Boolean).join(" and ");
  const more = make("details.more", {},
    make("summary", {}, title[0].toUpperCase() + title.slice(1), unseen(" of " + spokenName(p))));
  more.fill = () => {
    if (more.children.length > 1) return;
    more.append(make("div.more-body", {},
      jobsOf("Experience", p.experience), jobsOf("Evidence: what the score is based on", p.evidence)));
  };
  more.addEventListener("toggle", () => more.open && more.fill());
  return more;
}

function noteOf(p) {
  const note = make("textarea", { rows: 2, placeholder: "Stays in this page until you copy it", oninput: (e) => setNote(p.rank, e.target.value) });
  note.value = state.notes.get(p.rank) ?? "";
  return make("label.note", {}, unseen("Your note on " + spokenName(p)), make("span", { "aria-hidden": "true" }, "Your note"), note);
}

function cardOf(p) {
  return make("li.card", { id: "rank-" + p.rank }, make("article", { "aria-labelledby": "name-" + p.rank },
    make("div.card-head", {}, scoreOf(p), whoOf(p), actionsOf(p)),
    p.headline && make("p.headline", {}, isolated(p.headline)),
    p.why && make("p.why", { dir: "auto" }, p.why),
    pointsOf(p),
    p.skills?.length > 0 && make("div.skill-line", {}, make("h4.unseen", {}, "Skills"), listOf("ul.skills", p.skills, (text) => make("li", {}, isolated(text)))),
    moreOf(p),
    (state.marked.has(p.rank) || state.notes.has(p.rank)) && noteOf(p),
    p.note && make("p.changed", {}, "About this profile: " + p.note + ".")));
}

// renderCards makes the cards of all candidates anew.
function renderCards() {
  cards = new Map(profiles().map((p) => [p.rank, cardOf(p)]));
  byId("list").replaceChildren();
  showCards();
}

// renderCard makes one card anew, and keeps what was open and where the
// keyboard was.
function renderCard(rank) {
  const old = cards.get(rank), card = cardOf(profileOf(rank));
  const focus = old.contains(document.activeElement) ? document.activeElement.className : "";
  const open = old.querySelector("details")?.open;
  cards.set(rank, card);
  old.replaceWith(card);
  if (open) {
    card.querySelector("details").open = true;
    card.querySelector("details").fill();
  }
  if (focus) card.querySelector("." + focus.split(" ").join("."))?.focus();
}

// showCards puts the cards into the list that pass the filters, in their order.
// The others leave the document: hiding hundreds of them takes far longer.
function showCards() {
  const shown = shownProfiles().map((p) => cards.get(p.rank)), list = byId("list"), kept = new Set(shown);
  for (const card of [...list.children]) if (!kept.has(card)) card.remove();
  let next = list.firstElementChild;
  for (const card of shown) {
    if (card === next) next = next.nextElementSibling;
    else list.insertBefore(card, next);
  }
  byId("status").textContent = `${shown.length} of ${plural(cards.size, "candidate")} shown`;
  list.classList.toggle("none-left", shown.length === 0);
}

function mark(rank) {
  toggle(state.marked, rank);
  renderCard(rank);
  if (state.filter.marked) showCards();
  renderTray();
  reportMarks();
}

function setNote(rank, text) {
  if (text.trim()) state.notes.set(rank, text);
  else state.notes.delete(rank);
  searchable.set(rank, searchText(profileOf(rank)));
}

function compare(rank) {
  if (state.compared.includes(rank)) state.compared = state.compared.filter((other) => other !== rank);
  else if (state.compared.length < mostCompared) state.compared.push(rank);
  else return announce(`At most ${mostCompared} candidates can be compared at a time.`);
  renderCard(rank);
  renderTray();
}
