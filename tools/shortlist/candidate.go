package shortlist

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"instaview-mcp/client"
	"instaview-mcp/internal/blind"
	"instaview-mcp/internal/sanitize"
)

// The limits of a candidate's fields, in characters. Real profiles are far
// shorter.
const (
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
	isNew       bool        // not seen before the run was refined
	mask        *blind.Mask // nil = names are shown
	contacts    bool        // e-mail addresses are shown
	caps        caps
	window      window // of the only candidate of an answer
	out         *sanitize.Builder
	cut         bool           // something was shortened
	altered     bool           // hidden text or links were removed
	mixedScript bool           // words with look-alike letters of several scripts
	linkFault   sanitize.Clean // why the profile link is left out; "" = it is not
	// escape is for the target of the text; nil = unescaped.
	escape func(sanitize.Clean) sanitize.Clean
}

// form is all that the text of a candidate depends on, beside the candidate and
// its place in an answer. Texts are kept by it, so no other part of a View may
// change them.
type form struct {
	detail                    Detail
	contacts, blind, markdown bool
	isNew                     bool // since the run was refined
}

// form returns the form of c in an answer.
func (v View) form(c *client.Candidate, d Detail) form {
	return form{d, v.Contacts && !v.Blind, v.Blind, v.Markdown, v.Refinement.isNew(c)}
}

// mask returns what hides the name of c; nil = it is shown.
func (f form) mask(c *client.Candidate) *blind.Mask {
	if !f.blind {
		return nil
	}
	return newMask(c)
}

// renderedCandidate is the text of a candidate, which ends in a newline.
type renderedCandidate struct {
	text   sanitize.Clean
	size   int    // of text, in characters
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
func render(c *client.Candidate, f form) renderedCandidate {
	mask := f.mask(c)
	for caps := usualCaps; ; caps.item, caps.items = max(caps.item*2/3, minItem), max(caps.items*2/3, 1) {
		r := renderWith(c, f, caps, window{}, mask)
		if r.size < maxCandidate || caps.item == minItem {
			return r
		}
	}
}

// renderWith renders a candidate with the given limits. mask may be nil.
func renderWith(c *client.Candidate, f form, caps caps, shownItems window, mask *blind.Mask) renderedCandidate {
	w := candidateWriter{
		candidate: c, isNew: f.isNew, mask: mask, contacts: f.contacts, caps: caps, window: shownItems,
		out: builders.Get().(*sanitize.Builder), escape: sanitize.ForModel,
	}
	if f.markdown {
		w.escape = sanitize.ForMarkdown
	}
	w.out.Reset()
	w.write(f.detail)
	text := w.out.Clean()
	builders.Put(w.out)
	rank := sanitize.Number(c.Rank)
	marked := w.altered || w.mixedScript
	if marked {
		text = rank + "*" + text[len(rank):]
	}
	if f.markdown {
		text = markdown(text)
	}
	return renderedCandidate{text, utf8.RuneCountInString(string(text)), w.cut, marked, w.window}
}

// builders spare each candidate the growing of its text.
var builders = sync.Pool{New: func() any { return new(sanitize.Builder) }}

// write writes all fields of the detail.
func (w *candidateWriter) write(d Detail) {
	c := w.candidate
	role, company := w.fact(c.CurrentRole), w.company(c.CurrentCompany)
	w.heading(role, company)
	if d == Brief {
		id, risk := w.id(), w.firstRedFlag()
		if id != "" || risk != "" { // without brackets, the red flag would look like a location
			w.out.Write(" [", id, "]")
		}
		if risk != "" {
			w.out.Write(" ", risk)
		}
		w.out.Write("\n")
		return
	}
	w.out.Write("\n")
	w.field("headline", w.shown(w.headline(role, company)))
	w.field("why", w.shown(w.text(c.Rationale, w.caps.rationale)))
	w.list("fit", c.FitPoints, blind.Prose)
	if c.RedFlags != nil && len(c.RedFlags) == 0 {
		w.field("risk", w.shown(noRedFlags))
	}
	w.list("risk", c.RedFlags, blind.Prose)
	w.list("skills", c.Skills, blind.Fact)
	if d == Full {
		w.experience()
		w.evidence()
	}
	if w.contacts {
		w.list("email", c.Emails, blind.Prose)
	}
	id := w.id()
	if id != "" {
		id = "[" + id + "]"
	}
	if line := sanitize.Join(" ", id, w.profile()); line != "" {
		w.out.Write(indent, line, "\n")
	}
	w.field("note", w.notes())
}

const indent = "   "

// separator separates the parts of a line. Cleaned text never holds a "|", so a
// line can always be split into its parts. A space before it would cost up to
// 1.4 % more tokens, since ".|" and ")|" are one token each.
const separator = "| "

// heading writes the first line of every detail: rank and score, then name,
// role, company and location in fixed columns.
func (w *candidateWriter) heading(role, company sanitize.Clean) {
	c := w.candidate
	name := w.name()
	w.out.Write(sanitize.Number(c.Rank))
	if w.isNew {
		w.out.Write(newMark)
	}
	switch {
	case c.MatchScore != nil:
		w.out.Write(" (", sanitize.Number(*c.MatchScore), ")")
	case strings.HasPrefix(string(name), "(") && name != namePlaceholder, w.isNew, strings.HasPrefix(" "+string(name), newMark):
		w.out.Write(" (no score)") // otherwise the name would look like a score or the mark
	}
	if name == "" {
		name = "(no name)"
	}
	w.out.Write(" ")
	writeColumns(w.out, name, role, company, w.fact(c.Location))
}

// name returns the name, or the placeholder in a blind answer. It reads the
// name in either case, since that sets the marks.
func (w *candidateWriter) name() sanitize.Clean {
	name := w.text(w.candidate.Name, w.caps.name)
	if w.mask != nil {
		return namePlaceholder
	}
	return name
}

// namePlaceholder replaces the name in a blind answer.
const namePlaceholder = "(name hidden)"

// id returns the profile id, or "" if there is none. In a blind answer, an id
// that may contain the name is replaced by the rank.
func (w *candidateWriter) id() sanitize.Clean {
	id := w.text(w.candidate.ProfileID, client.MaxProfileID)
	if id != "" && w.mask != nil && w.mask.InID(w.candidate.ProfileID) {
		return rankID(w.candidate)
	}
	return id
}

// profile returns the LinkedIn address, or "" if there is none, it is not
// valid, or the answer is blind.
func (w *candidateWriter) profile() sanitize.Clean {
	if w.mask != nil {
		return ""
	}
	path, fault := sanitize.LinkedIn(w.candidate.LinkedInURL)
	if w.candidate.LinkedInURL != "" {
		w.linkFault = fault
	}
	return path
}

// noRedFlags is shown if InstaView checked for red flags and named none.
const noRedFlags = "none named"

// firstRedFlag returns the first red flag, for brief.
func (w *candidateWriter) firstRedFlag() sanitize.Clean {
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

// headline returns the headline, or "" if it only repeats role and company as
// they are shown.
func (w *candidateWriter) headline(role, company sanitize.Clean) sanitize.Clean {
	headline := w.text(w.candidate.Headline, w.caps.headline)
	for word, rest := cutWord(string(headline)); word != ""; word, rest = cutWord(rest) {
		// "lt" and "gt" are from "&lt;" and "&gt;".
		if !hasWord("at lt gt", word) && !hasWord(string(role), word) && !hasWord(string(company), word) {
			return headline
		}
	}
	return ""
}

// hasWord reports whether word is one of the words of s, in any case.
func hasWord(s, word string) bool {
	for other, rest := cutWord(s); other != ""; other, rest = cutWord(rest) {
		if strings.EqualFold(other, word) {
			return true
		}
	}
	return false
}

// cutWord returns the first word of s and what follows it. Words include '+'
// and '#', as in "C++"; the word is empty if there is none.
func cutWord(s string) (word, rest string) {
	start := strings.IndexFunc(s, isInWord)
	if start < 0 {
		return "", ""
	}
	s = s[start:]
	end := strings.IndexFunc(s, func(r rune) bool { return !isInWord(r) })
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}

func isInWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '+' || r == '#'
	}
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)
}

// markdown formats a candidate as a heading and a list. A single line, as in
// brief, becomes a paragraph.
func markdown(text sanitize.Clean) sanitize.Clean {
	who, fields := cutLine(text)
	if fields == "" {
		return who + "\n\n"
	}
	var b sanitize.Builder
	b.Write("### ", who, "\n\n")
	for fields != "" {
		var line sanitize.Clean
		line, fields = cutLine(fields)
		line = line[len(indent):]
		if strings.HasPrefix(string(line), "- ") { // an item of experience or evidence
			b.Write("  ", line, "\n")
		} else {
			b.Write("- ", line, "\n")
		}
	}
	b.Write("\n")
	return b.Clean()
}

// cutLine returns the first line of text and what follows it. The line must end
// in a newline.
func cutLine(text sanitize.Clean) (line, rest sanitize.Clean) {
	end := strings.IndexByte(string(text), '\n')
	return text[:end], text[end+1:]
}

// notes returns what the reader should know about changes to the text. Call it
// after all fields are written.
func (w *candidateWriter) notes() sanitize.Clean {
	var notes []sanitize.Clean
	if w.altered {
		notes = append(notes, "hidden text or links were removed from this profile")
	}
	if w.mixedScript {
		notes = append(notes, "some words mix look-alike letters of several alphabets")
	}
	if w.linkFault != "" {
		notes = append(notes, "the profile link "+w.linkFault+" and is left out")
	}
	if n := w.candidate.Unreadable; n > 0 {
		notes = append(notes, count(n, "value", "values")+" of this profile could not be read")
	}
	return sanitize.Join("; ", notes...)
}
