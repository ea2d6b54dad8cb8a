// What leaves the page, and only because somebody copies it or sends it to the
// chat.

// forMarkdown escapes a text from a profile, so that it is shown as it is.
const forMarkdown = (text) => text.replace(/[\\`*_{}[\]<>#|~&!]/g, "\\$&").replaceAll("\n", " ");

function markdownOf(all) {
  const item = (name, text) => (text ? `- ${name}: ${forMarkdown(text)}` : null);
  const lines = all.flatMap((p) => [
    "", `## ${p.rank}. ${forMarkdown(nameOf(p))}${p.score == null ? "" : ` (AI score ${p.score})`}`, "",
    item("Role", [p.role, p.company].filter(Boolean).join(", ")), item("Place", p.place), item("Why", p.why),
    item("Fit points", (p.fit ?? []).join("; ")), item("Red flags", p.redFlags?.join("; ") || (p.noRedFlags ? "none named" : "")),
    item("Skills", (p.skills ?? []).join(", ")), profileUrl(p) ? `- LinkedIn: <${profileUrl(p)}>` : null, `- Id: ${plainId(p)}`,
    item("My note", state.notes.get(p.rank) ?? ""),
  ].filter((line) => line != null));
  return [`# Candidates of sourcing run ${state.report.requestId}`, "", "Scores are an AI's opinion; a person decides.", ...lines, ""].join("\n");
}

// idsOf names candidates in words that a chat may be given: numbers, and ids
// that hold no sentence.
const idsOf = (all) => `Sourcing run ${state.report.requestId}: ${all.map((p) => plainId(p)).join(", ")}`;

// copy puts a text on the clipboard. Where the browser forbids that, as in some
// chats, it shows the text to be copied by hand.
async function copy(text, what) {
  if ((await clipboard(text)) || copyCommand(text)) {
    announce(`${what} ${what.startsWith("The") && !what.endsWith("ids") ? "is" : "are"} copied.`);
    return true;
  }
  const field = make("textarea.copy", { rows: 12, readonly: true, "aria-label": "Text to copy" });
  field.value = text;
  openDialog("Copy this text", field);
  field.select();
  return false;
}

const clipboard = (text) => Promise.resolve(navigator.clipboard?.writeText(text).then(() => true)).catch(() => false);

function copyCommand(text) {
  const field = make("textarea", { "aria-hidden": "true", tabindex: "-1" });
  const within = byId("dialog").open ? byId("dialog") : document.body, focused = document.activeElement;
  field.value = text;
  field.style.position = "fixed";
  within.append(field);
  field.select();
  let copied = false;
  try {
    copied = document.execCommand("copy");
  } catch {
    // Not allowed, which the caller handles.
  }
  field.remove();
  focused?.focus();
  return copied;
}

// discuss asks the chat about candidates, by rank, since names and other text
// from profiles would reach the model as the user's own words.
async function discuss(all) {
  const ranks = all.map((p) => p.rank).join(", ");
  const sent = await host.message(`Compare the candidates of ranks ${ranks} of sourcing run ${state.report.requestId}: their fit points, red flags and evidence. ` +
    `Read them with get_sourcing_results(request_id="${state.report.requestId}", ranks=[${ranks}], detail="full"${state.report.blind || state.blind ? ", blind=true" : ""}).`);
  announce(sent ? "The question is in the chat." : "The chat did not take the question: copy the ids instead.");
  if (sent) byId("dialog").close();
}

// reportMarks tells the chat which candidates are marked. Notes stay here.
function reportMarks() {
  const marked = markedProfiles();
  host.context(marked.length
    ? `In the shortlist of sourcing run ${state.report.requestId}, the user has marked: ${marked.map((p) => `rank ${p.rank} (${plainId(p)})`).join(", ")}.`
    : `In the shortlist of sourcing run ${state.report.requestId}, the user has marked nobody.`);
}
