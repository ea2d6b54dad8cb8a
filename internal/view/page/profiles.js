// The run, its profiles, and which of them are shown. Nothing is stored outside
// the page.

const state = {
  report: null, // what the server sent
  blind: false, // names are hidden in this view
  marked: new Set(), // ranks
  notes: new Map(), // by rank
  compared: [], // ranks, in the order chosen
  filter: { search: "", least: 0, range: null, skill: "", place: "", flags: "", marked: false, sort: "rank" },
};

const mostCompared = 4;

// profiles returns all candidates as this view may show them.
function profiles() {
  const all = state.report?.profiles ?? [];
  if (!state.blind) return all;
  return all.map((p) => ({ ...p, ...p.blind, blind: null }));
}

const profileOf = (rank) => profiles().find((p) => p.rank === rank);

const nameOf = (p) => p.name || "(no name)";

// spokenName names a candidate where only one line of text is possible.
const spokenName = (p) => (state.blind ? `rank ${p.rank}` : `${nameOf(p)}, rank ${p.rank}`);

// plainId returns an id that a chat may be given: one that holds no sentence.
// The tools also understand "rank-7".
const plainId = (p) => (/^[A-Za-z0-9_-]{1,64}$/.test(p.id ?? "") ? p.id : `rank-${p.rank}`);

// profileUrl returns the address of a LinkedIn profile, or "" for anything else.
const profileUrl = (p) => (/^linkedin\.com\/in\/[^/?#\s\\]+$/.test(p.link ?? "") ? "https://www." + p.link : "");

// folded returns a text for searching: without case and accents.
const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

const jobTexts = (jobs = []) => jobs.flatMap((j) => [j.role, j.company, ...(j.points ?? [])]);

// searchable holds the folded text of each profile. It is made anew when
// names are hidden, so that a search cannot find a hidden name.
let searchable = new Map();

const searchText = (p) => folded(
  [p.name, p.role, p.company, p.place, p.headline, p.why, p.id, ...(p.fit ?? []), ...(p.redFlags ?? []), ...(p.skills ?? []),
    ...jobTexts(p.experience), ...jobTexts(p.evidence), state.notes.get(p.rank)].filter(Boolean).join("\n"));

const indexProfiles = () => (searchable = new Map(profiles().map((p) => [p.rank, searchText(p)])));

// placesOf returns a candidate's place, and what follows its last comma, such
// as the country.
function placesOf(p) {
  if (!p.place) return [];
  const last = p.place.split(",").at(-1).trim();
  return last && last !== p.place ? [p.place, last] : [p.place];
}

// matches reports whether a profile passes all filters.
function matches(p) {
  const f = state.filter;
  const words = folded(f.search).split(/\s+/).filter(Boolean);
  return (
    words.every((word) => searchable.get(p.rank)?.includes(word)) &&
    (!f.least || (p.score ?? -1) >= f.least) &&
    (!f.range || (p.score != null && p.score >= f.range.from && p.score < f.range.to)) &&
    (!f.skill || (p.skills ?? []).includes(f.skill)) &&
    (!f.place || placesOf(p).includes(f.place)) &&
    (f.flags !== "some" || p.redFlags?.length > 0) &&
    (f.flags !== "none" || p.noRedFlags === true) &&
    (!f.marked || state.marked.has(p.rank))
  );
}

// shownProfiles returns the profiles that pass the filters, sorted. Equal
// scores keep the run's order, and profiles without a score come last.
function shownProfiles() {
  const shown = profiles().filter(matches);
  if (state.filter.sort === "score") shown.sort((a, b) => (b.score ?? -1) - (a.score ?? -1) || a.rank - b.rank);
  return shown;
}

// counted returns the values with how many profiles have each, most first.
function counted(valuesOf) {
  const counts = new Map();
  for (const p of profiles()) for (const value of new Set(valuesOf(p))) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
}

// scoreSteps returns the ranges of the histogram: at most six, so that each bar
// is wide enough for a finger.
function scoreSteps() {
  const scores = profiles().map((p) => p.score).filter((score) => score != null);
  if (!scores.length) return [];
  const low = Math.min(...scores), high = Math.max(...scores);
  const step = [2, 5, 10, 20].find((size) => (Math.floor(high / size) - Math.floor(low / size) + 1) <= 6);
  const steps = [];
  for (let from = Math.floor(low / step) * step; from <= high; from += step) {
    const to = from + step > 100 || from + step === 100 ? Infinity : from + step; // 100 belongs to the last one
    if (from >= 100 && steps.length) break;
    const last = to === Infinity ? 100 : to - 1;
    steps.push({ from, to, last, count: scores.filter((score) => score >= from && score < to).length });
  }
  return steps;
}

function toggle(set, rank) {
  if (!set.delete(rank)) set.add(rank);
}
