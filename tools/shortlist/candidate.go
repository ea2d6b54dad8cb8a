package shortlist

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"instaview-mcp/client"
	"instaview-mcp/internal/blind"
	"instaview-mcp/internal/sanitize"
)

// The caps of a candidate's fields, in characters; real profiles stay far
// below them.
const (
	maxHandle    = client.MaxProfileID
	maxName      = 120
	maxTitle     = 120 // role, company, place, duration
	maxHeadline  = 200
	maxRationale = 1_200
	maxItem      = 300
	maxItems     = 12
	maxBriefRisk = 100
)

// caps bound a candidate's fields, in characters, and how many items of a list
// are shown; 0 = no bound.
type caps struct{ name, title, headline, rationale, item, items int }

var usualCaps = caps{maxName, maxTitle, maxHeadline, maxRationale, maxItem, maxItems}

// card writes one candidate, and notes on the way what was done to its text.
type card struct {
	c        *client.Candidate
	mask     *blind.Mask // nil if names are shown
	contacts bool        // e-mail addresses are shown
	caps     caps
	window   window
	out      strings.Builder
	cut      bool
	altered  bool
	mixed    bool                // words with look-alike letters of several scripts
	unlinked error               // why the profile link is left out
	escape   func(string) string // for where the text is shown; nil = as it is
}

// rendered is a candidate in words, with a newline at its end.
type rendered struct {
	text   string
	cut    bool   // something was shortened
	marked bool   // something was changed for safety, or reads as it is not
	window window // of a candidate that stands alone
}

// minItem is as short as an item gets to make a candidate fit.
const minItem = 20

// render writes a candidate in at most maxCandidate characters. One larger than
// that has its lists cut shorter and shorter until it fits, which it does at
// the latest with one item of minItem characters in each.
func render(c *client.Candidate, v View, d Detail) rendered {
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

func renderWith(c *client.Candidate, v View, d Detail, caps caps, w window, mask *blind.Mask) rendered {
	k := card{c: c, mask: mask, contacts: v.Contacts && !v.Blind, caps: caps, window: w, escape: sanitize.ForModel}
	if v.Markdown {
		k.escape = sanitize.ForMarkdown
	}
	k.write(d)
	text := k.out.String()
	rank := fmt.Sprint(c.Rank)
	marked := k.altered || k.mixed
	if marked {
		text = rank + "*" + strings.TrimPrefix(text, rank)
	}
	if v.Markdown {
		text = markdown(text)
	}
	return rendered{text, k.cut, marked, k.window}
}

func (k *card) write(d Detail) {
	c := k.c
	if d == Brief {
		id, risk := k.id(), k.firstRisk()
		if id == "" && risk != "" {
			id = "[]" // or the red flag would pass for a location
		}
		k.line("", k.who(), id, risk)
		return
	}
	k.line("", k.who())
	k.field("headline", k.window.filter(k.headline()))
	k.field("why", k.window.filter(k.text(c.Rationale, k.caps.rationale)))
	k.field("fit", k.list(c.FitPoints))
	k.field("risk", k.risks())
	k.field("skills", k.listOf(c.Skills, blind.Fact))
	if d == Full {
		k.experience()
		k.evidence()
	}
	if k.contacts {
		k.field("email", k.list(c.Emails))
	}
	k.line(indent, k.id(), k.profile())
	k.field("note", k.notes())
}

const indent = "   "

// separator stands between the parts of a line. No cleaned text holds a "|", so
// every line can be split into its parts again. A space before it would cost up
// to 1.4 % more tokens, since ".|" and ")|" are one each.
const separator = "| "

// who writes what the first line of every detail begins with: rank and score,
// then name, role, company and location, each in its own place.
func (k *card) who() string {
	c := k.c
	name := k.name()
	who := fmt.Sprint(c.Rank)
	switch {
	case c.MatchScore != nil:
		who += " (" + number(*c.MatchScore) + ")"
	case strings.HasPrefix(name, "(") && name != hiddenName:
		who += " (no score)" // or the name could pass for one
	}
	if name == "" {
		name = "(no name)"
	}
	return who + " " + inPlaces(name, k.fact(c.CurrentRole), k.company(c.CurrentCompany), k.fact(c.Location))
}

// inPlaces joins parts that are told apart by their places: an empty one keeps
// its place unless all after it are empty, too.
func inPlaces(parts ...string) string {
	return strings.TrimRight(strings.Join(parts, separator), separator)
}

func (k *card) name() string {
	name := k.text(k.c.Name, k.caps.name)
	if k.mask != nil {
		return hiddenName
	}
	return name
}

// hiddenName stands for a name in a blind answer.
const hiddenName = "(name hidden)"

func (k *card) id() string {
	id := k.text(k.c.ProfileID, maxHandle)
	switch {
	case id == "":
		return ""
	case k.mask != nil && k.mask.InID(k.c.ProfileID):
		return "[" + rankID(k.c) + "]"
	}
	return "[" + id + "]"
}

func (k *card) profile() string {
	if k.mask != nil {
		return ""
	}
	path, err := sanitize.LinkedIn(k.c.LinkedInURL)
	if k.c.LinkedInURL != "" {
		k.unlinked = err
	}
	return path
}

// noRisk says that InstaView looked for red flags and named none.
const noRisk = "none named"

func (k *card) risks() string {
	if k.c.RedFlags != nil && len(k.c.RedFlags) == 0 {
		return k.window.filter(noRisk)
	}
	return k.list(k.c.RedFlags)
}

func (k *card) firstRisk() string {
	if k.c.RedFlags != nil && len(k.c.RedFlags) == 0 {
		return noRisk
	}
	for _, flag := range k.c.RedFlags {
		if risk := k.text(flag, maxBriefRisk); risk != "" {
			return risk
		}
	}
	return ""
}

// headline is left out when it says no more than role and company.
func (k *card) headline() string {
	headline := k.text(k.c.Headline, k.caps.headline)
	said := map[string]bool{"at": true, "lt": true, "gt": true} // of "&lt;"
	for _, w := range words(k.c.CurrentRole + " " + k.c.CurrentCompany) {
		said[w] = true
	}
	for _, w := range words(headline) {
		if !said[w] {
			return headline
		}
	}
	return ""
}

func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && r != '+' && r != '#'
	})
}

func (k *card) experience() {
	all := k.c.Experience
	k.entries("experience", len(all), func(i int) string {
		p := all[i]
		return k.entry(p.Role, p.Company, p.Duration, p.Highlights)
	})
}

func (k *card) evidence() {
	all := k.c.Evidence
	k.entries("evidence", len(all), func(i int) string {
		e := all[i]
		return k.entry(e.Title, e.Company, e.Duration, []string{e.Explanation})
	})
}

// entry writes "Role| Company [2 years] what was done there". Brackets around
// the time spare a token beside a separator, as times begin with a digit.
func (k *card) entry(role, company, duration string, what []string) string {
	at := inPlaces(k.fact(role), k.company(company))
	duration = k.fact(duration)
	items := k.texts(what, blind.Prose)
	if len(items) > 0 || duration != "" {
		at = joined(" ", at, "["+duration+"]")
	}
	if len(items) == 0 {
		return k.window.filter(at)
	}
	before := k.window.used
	k.window.used += utf8.RuneCountInString(at)
	shown := k.window.filter(items...)
	if shown == "" {
		k.window.used = before
		return ""
	}
	return joined(" ", at, shown)
}

// entries writes a list whose n items have a line each.
func (k *card) entries(label string, n int, item func(int) string) {
	shown := 0
	for i := range n {
		if k.caps.items > 0 && shown == k.caps.items {
			k.cut = true
			k.out.WriteString(indent + "- " + separator + leftOut(n-i) + "\n")
			return
		}
		text := item(i)
		if text == "" {
			continue
		}
		if shown == 0 {
			k.out.WriteString(indent + label + ":\n")
		}
		shown++
		k.out.WriteString(indent + "- " + text + "\n")
	}
}

// markdown makes a candidate a heading and a list, or a paragraph if it is one
// line, as it is in brief.
func markdown(text string) string {
	who, fields, _ := strings.Cut(strings.TrimSuffix(text, "\n"), "\n")
	if fields == "" {
		return who + "\n\n"
	}
	var b strings.Builder
	b.WriteString("### " + who + "\n\n")
	for line := range strings.SplitSeq(fields, "\n") {
		line = strings.TrimPrefix(line, indent)
		if strings.HasPrefix(line, "- ") { // of experience and evidence
			b.WriteString("  " + line + "\n")
		} else {
			b.WriteString("- " + line + "\n")
		}
	}
	return b.String() + "\n"
}

// notes says what the reader should know about the text itself.
func (k *card) notes() string {
	var notes []string
	if k.altered {
		notes = append(notes, "hidden text or links were removed from this profile")
	}
	if k.mixed {
		notes = append(notes, "some words mix look-alike letters of several alphabets")
	}
	if k.unlinked != nil {
		notes = append(notes, "the profile link "+k.unlinked.Error()+" and is left out")
	}
	if n := k.c.Unreadable; n > 0 {
		notes = append(notes, count(n, "value", "values")+" of this profile could not be read")
	}
	return strings.Join(notes, "; ")
}

// text is a text of sentences; fact and company are words that stand for
// themselves.
func (k *card) text(s string, size int) string { return k.clean(s, size, blind.Prose) }
func (k *card) fact(s string) string           { return k.clean(s, k.caps.title, blind.Fact) }
func (k *card) company(s string) string        { return k.clean(s, k.caps.title, blind.Company) }

// clean cleans a field and shortens it to size characters. Contacts and names
// are hidden before that, so that no cut leaves the half of one.
func (k *card) clean(s string, size int, field blind.Field) string {
	t := sanitize.Clean(s, size)
	k.altered = k.altered || t.Altered
	k.mixed = k.mixed || sanitize.MixedScript(t.String)
	hidden := t.String
	if !k.contacts {
		hidden = sanitize.HideContacts(hidden)
	}
	if k.mask != nil {
		hidden = k.mask.Hide(hidden, field)
	}
	if hidden != t.String { // What was put in may stand beside what it must not.
		t.String = sanitize.Clean(hidden, 0).String
	}
	t = t.Shorten(size)
	k.cut = k.cut || t.Cut
	if k.escape == nil {
		return t.String
	}
	return k.escape(t.String)
}

func (k *card) list(items []string) string { return k.listOf(items, blind.Prose) }

func (k *card) listOf(items []string, field blind.Field) string {
	return k.window.filter(k.texts(items, field)...)
}

// texts cleans the items of a list, as many as are shown.
func (k *card) texts(items []string, field blind.Field) []string {
	var texts []string
	for i, item := range items {
		if k.caps.items > 0 && len(texts) == k.caps.items {
			k.cut = true
			return append(texts, leftOut(len(items)-i))
		}
		if t := k.clean(item, k.caps.item, field); t != "" {
			texts = append(texts, t)
		}
	}
	return texts
}

// leftOut counts the items that a list goes on with. It follows a separator,
// which a time in brackets never does.
func leftOut(n int) string { return fmt.Sprintf("[… +%d]", n) }

func (k *card) field(label, value string) {
	if value != "" {
		k.line(indent, label+": "+value)
	}
}

// line writes the parts that are not empty, and nothing if none is left.
func (k *card) line(indent string, parts ...string) {
	if s := joined(" ", parts...); s != "" {
		k.out.WriteString(indent + s + "\n")
	}
}

func joined(separator string, parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, separator)
}

// onFirstUse compiles a pattern that most runs of the program never need: at the
// start it would cost more than all else of this package.
func onFirstUse(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
