package shortlist

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"instaview-mcp/client"
	"instaview-mcp/internal/blind"
	"instaview-mcp/internal/sanitize"
)

// The limits of a candidate's fields, in characters. Real profiles are far
// shorter.
const (
	maxHandle       = client.MaxProfileID
	maxName         = 120
	maxTitle        = 120 // role, company, place, duration
	maxHeadline     = 200
	maxRationale    = 1_200
	maxItem         = 300
	maxItems        = 12
	maxBriefRedFlag = 100
)

// caps are the limits of a candidate's fields in characters, and of the items
// in a list; 0 = no limit.
type caps struct{ name, title, headline, rationale, item, items int }

var usualCaps = caps{maxName, maxTitle, maxHeadline, maxRationale, maxItem, maxItems}

// candidateWriter writes one candidate and records what was changed in its
// text.
type candidateWriter struct {
	candidate   *client.Candidate
	mask        *blind.Mask // nil = names are shown
	contacts    bool        // e-mail addresses are shown
	caps        caps
	window      window // of the only candidate of an answer
	out         strings.Builder
	cut         bool                // something was shortened
	altered     bool                // hidden text or links were removed
	mixedScript bool                // words with look-alike letters of several scripts
	linkError   error               // why the profile link is left out
	escape      func(string) string // for the target of the text; nil = unescaped
}

// renderedCandidate is the text of a candidate, which ends in a newline.
type renderedCandidate struct {
	text   string
	cut    bool   // something was shortened
	marked bool   // hidden text or links were removed, or words mix alphabets
	window window // of the only candidate of an answer
}

// minItem is the shortest limit of an item, in characters, that is tried to
// make a candidate fit.
const minItem = 20

// render renders a candidate in at most maxCandidate characters. If the usual
// limits are too high for that, those of lists are lowered until it fits, which
// it does at the latest with one item of minItem characters in each list.
func render(c *client.Candidate, v View, d Detail) renderedCandidate {
	var mask *blind.Mask
	if v.Blind {
		mask = newMask(c)
	}
	for caps := usualCaps; ; caps.item, caps.items = max(caps.item*2/3, minItem), max(caps.items*2/3, 1) {
		r := renderWith(c, v, d, caps, window{}, mask)
		if utf8.RuneCountInString(r.text) < maxCandidate || caps.item == minItem {
			return r
		}
	}
}

// renderWith renders a candidate with the given limits. mask may be nil.
func renderWith(c *client.Candidate, v View, d Detail, caps caps, shownItems window, mask *blind.Mask) renderedCandidate {
	w := candidateWriter{candidate: c, mask: mask, contacts: v.Contacts && !v.Blind, caps: caps, window: shownItems, escape: sanitize.ForModel}
	if v.Markdown {
		w.escape = sanitize.ForMarkdown
	}
	w.write(d)
	text := w.out.String()
	rank := fmt.Sprint(c.Rank)
	marked := w.altered || w.mixedScript
	if marked {
		text = rank + "*" + strings.TrimPrefix(text, rank)
	}
	if v.Markdown {
		text = markdown(text)
	}
	return renderedCandidate{text, w.cut, marked, w.window}
}

// write writes all fields of the detail.
func (w *candidateWriter) write(d Detail) {
	c := w.candidate
	if d == Brief {
		id, risk := w.id(), w.firstRedFlag()
		if id == "" && risk != "" {
			id = "[]" // otherwise the red flag would look like a location
		}
		w.line("", w.heading(), id, risk)
		return
	}
	w.line("", w.heading())
	w.field("headline", w.window.filter(w.headline()))
	w.field("why", w.window.filter(w.text(c.Rationale, w.caps.rationale)))
	w.field("fit", w.list(c.FitPoints))
	w.field("risk", w.redFlags())
	w.field("skills", w.listOf(c.Skills, blind.Fact))
	if d == Full {
		w.experience()
		w.evidence()
	}
	if w.contacts {
		w.field("email", w.list(c.Emails))
	}
	w.line(indent, w.id(), w.profile())
	w.field("note", w.notes())
}

const indent = "   "

// separator separates the parts of a line. Cleaned text never holds a "|", so a
// line can always be split into its parts. A space before it would cost up to
// 1.4 % more tokens, since ".|" and ")|" are one token each.
const separator = "| "

// heading returns the first line of every detail: rank and score, then name,
// role, company and location in fixed columns.
func (w *candidateWriter) heading() string {
	c := w.candidate
	name := w.name()
	who := fmt.Sprint(c.Rank)
	switch {
	case c.MatchScore != nil:
		who += " (" + number(*c.MatchScore) + ")"
	case strings.HasPrefix(name, "(") && name != namePlaceholder:
		who += " (no score)" // otherwise the name would look like a score
	}
	if name == "" {
		name = "(no name)"
	}
	return who + " " + joinColumns(name, w.fact(c.CurrentRole), w.company(c.CurrentCompany), w.fact(c.Location))
}

// name returns the name, or the placeholder in a blind answer. It reads the
// name in either case, since that sets the marks.
func (w *candidateWriter) name() string {
	name := w.text(w.candidate.Name, w.caps.name)
	if w.mask != nil {
		return namePlaceholder
	}
	return name
}

// namePlaceholder replaces the name in a blind answer.
const namePlaceholder = "(name hidden)"

// id returns the profile id in brackets, or "" if there is none. In a blind
// answer, an id that may contain the name is replaced by the rank.
func (w *candidateWriter) id() string {
	id := w.text(w.candidate.ProfileID, maxHandle)
	switch {
	case id == "":
		return ""
	case w.mask != nil && w.mask.InID(w.candidate.ProfileID):
		return "[" + rankID(w.candidate) + "]"
	}
	return "[" + id + "]"
}

// profile returns the LinkedIn address, or "" if there is none, it is not
// valid, or the answer is blind.
func (w *candidateWriter) profile() string {
	if w.mask != nil {
		return ""
	}
	path, err := sanitize.LinkedIn(w.candidate.LinkedInURL)
	if w.candidate.LinkedInURL != "" {
		w.linkError = err
	}
	return path
}

// noRedFlags is shown if InstaView checked for red flags and named none.
const noRedFlags = "none named"

// redFlags returns the red flags, or "" if the API sent no list of them.
func (w *candidateWriter) redFlags() string {
	if w.candidate.RedFlags != nil && len(w.candidate.RedFlags) == 0 {
		return w.window.filter(noRedFlags)
	}
	return w.list(w.candidate.RedFlags)
}

// firstRedFlag returns the first red flag, for brief.
func (w *candidateWriter) firstRedFlag() string {
	if w.candidate.RedFlags != nil && len(w.candidate.RedFlags) == 0 {
		return noRedFlags
	}
	for _, flag := range w.candidate.RedFlags {
		if risk := w.text(flag, maxBriefRedFlag); risk != "" {
			return risk
		}
	}
	return ""
}

// headline returns the headline, or "" if it only repeats role and company.
func (w *candidateWriter) headline() string {
	headline := w.text(w.candidate.Headline, w.caps.headline)
	known := map[string]bool{"at": true, "lt": true, "gt": true} // "lt" is from "&lt;"
	for _, w := range wordsOf(w.candidate.CurrentRole + " " + w.candidate.CurrentCompany) {
		known[w] = true
	}
	for _, w := range wordsOf(headline) {
		if !known[w] {
			return headline
		}
	}
	return ""
}

// wordsOf returns the words of s in lower case, including '+' and '#' as in
// "C++".
func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && r != '+' && r != '#'
	})
}

// markdown formats a candidate as a heading and a list. A single line, as in
// brief, becomes a paragraph.
func markdown(text string) string {
	who, fields, _ := strings.Cut(strings.TrimSuffix(text, "\n"), "\n")
	if fields == "" {
		return who + "\n\n"
	}
	var b strings.Builder
	b.WriteString("### " + who + "\n\n")
	for line := range strings.SplitSeq(fields, "\n") {
		line = strings.TrimPrefix(line, indent)
		if strings.HasPrefix(line, "- ") { // an item of experience or evidence
			b.WriteString("  " + line + "\n")
		} else {
			b.WriteString("- " + line + "\n")
		}
	}
	return b.String() + "\n"
}

// notes returns what the reader should know about changes to the text. Call it
// after all fields are written.
func (w *candidateWriter) notes() string {
	var notes []string
	if w.altered {
		notes = append(notes, "hidden text or links were removed from this profile")
	}
	if w.mixedScript {
		notes = append(notes, "some words mix look-alike letters of several alphabets")
	}
	if w.linkError != nil {
		notes = append(notes, "the profile link "+w.linkError.Error()+" and is left out")
	}
	if n := w.candidate.Unreadable; n > 0 {
		notes = append(notes, count(n, "value", "values")+" of this profile could not be read")
	}
	return strings.Join(notes, "; ")
}
