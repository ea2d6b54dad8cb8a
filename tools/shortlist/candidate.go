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

// card writes one candidate, and notes on the way what was done to its text.
type card struct {
	c        *client.Candidate
	mask     *blind.Mask // nil if names are shown
	contacts bool        // e-mail addresses are shown
	out      strings.Builder
	item     int // characters of a list's item
	items    int // items of a list
	cut      bool
	altered  bool
	mixed    bool // words with look-alike letters of several scripts
	unlinked bool // the profile link was not one of LinkedIn's
}

// rendered is a candidate in words, with a newline at its end.
type rendered struct {
	text   string
	cut    bool // something was shortened
	marked bool // something was changed for safety, or reads as it is not
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
	for item, items := maxItem, maxItems; ; item, items = max(item*2/3, minItem), max(items*2/3, 1) {
		k := card{c: c, contacts: v.Contacts && !v.Blind, item: item, items: items, mask: mask}
		k.write(d)
		text := k.out.String()
		if utf8.RuneCountInString(text) >= maxCandidate && item > minItem {
			continue
		}
		rank := fmt.Sprint(c.Rank)
		marked := k.altered || k.mixed
		if marked {
			text = rank + "*" + strings.TrimPrefix(text, rank)
		}
		if v.Markdown {
			text = markdown(text)
		}
		return rendered{text, k.cut, marked}
	}
}

func (k *card) write(d Detail) {
	if d == Brief {
		k.line("", k.who(), k.label("| ", k.firstRisk()), k.id())
		return
	}
	c := k.c
	k.line("", k.who())
	k.field("headline", k.headline())
	k.field("why", k.text(c.Rationale, maxRationale))
	k.field("fit", k.list(c.FitPoints))
	k.field("risk", k.list(c.RedFlags))
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

// who is what stands on the first line of every detail. Rank and score come
// first, where no name can forge them, and no text can hold the "|" before a red
// flag or the brackets of id.
func (k *card) who() string {
	c := k.c
	who := fmt.Sprint(c.Rank)
	if c.MatchScore != nil {
		who += " (" + number(*c.MatchScore) + ")"
	}
	name := k.name()
	if name == "" {
		name = "(no name)"
	}
	job := joined(", ", k.fact(c.CurrentRole), k.company(c.CurrentCompany))
	name = strings.ReplaceAll(name, ": ", " - ") // or it could begin a job of its own
	return who + " " + joined(": ", name, joined("; ", job, k.fact(c.Location)))
}

func (k *card) name() string {
	name := k.text(k.c.Name, maxName)
	if k.mask != nil {
		return "(name hidden)"
	}
	return name
}

func (k *card) id() string {
	id := sanitize.Line(k.c.ProfileID, maxHandle)
	k.altered = k.altered || id.Altered
	switch {
	case id.String == "":
		return ""
	case k.mask != nil && k.mask.InID(k.c.ProfileID):
		return "[" + rankID(k.c) + "]"
	}
	return "[" + id.String + "]"
}

func (k *card) profile() string {
	if k.mask != nil {
		return ""
	}
	path, ok := sanitize.LinkedIn(k.c.LinkedInURL)
	if !ok && k.c.LinkedInURL != "" {
		k.unlinked = true
	}
	return path
}

func (k *card) firstRisk() string {
	for _, flag := range k.c.RedFlags {
		if risk := k.text(flag, maxBriefRisk); risk != "" {
			return risk
		}
	}
	return ""
}

// headline is left out when it says no more than role and company.
func (k *card) headline() string {
	headline := k.text(k.c.Headline, maxHeadline)
	said := map[string]bool{"at": true}
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
		at := joined(", ", k.fact(p.Role), k.company(p.Company))
		return k.entry(at, p.Duration, k.list(p.Highlights))
	})
}

func (k *card) evidence() {
	all := k.c.Evidence
	k.entries("evidence", len(all), func(i int) string {
		e := all[i]
		at := joined(", ", k.fact(e.Title), k.company(e.Company))
		return k.entry(at, e.Duration, k.text(e.Explanation, k.item))
	})
}

// entry writes "Role, Company (2 years): what was done there".
func (k *card) entry(at, duration, what string) string {
	if d := k.fact(duration); d != "" {
		at = joined(" ", at, "("+d+")")
	}
	return joined(": ", at, what)
}

// entries writes a list whose n items have a line each.
func (k *card) entries(label string, n int, item func(int) string) {
	shown := 0
	for i := range n {
		if shown == k.items {
			k.cut = true
			fmt.Fprintf(&k.out, "%s- … +%d\n", indent, n-i)
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
		notes = append(notes, "hidden characters, markup or links were removed from this profile")
	}
	if k.mixed {
		notes = append(notes, "some words mix look-alike letters of several alphabets")
	}
	if k.unlinked {
		notes = append(notes, "the profile link is not one of LinkedIn's and is left out")
	}
	if n := k.c.Unreadable; n > 0 {
		notes = append(notes, count(n, "value", "values")+" of this profile could not be read")
	}
	return strings.Join(notes, "; ")
}

// text is a text of sentences; fact and company are words that stand for
// themselves.
func (k *card) text(s string, size int) string { return k.clean(s, size, blind.Prose) }
func (k *card) fact(s string) string           { return k.clean(s, maxTitle, blind.Fact) }
func (k *card) company(s string) string        { return k.clean(s, maxTitle, blind.Company) }

func (k *card) clean(s string, size int, field blind.Field) string {
	t := sanitize.Line(s, size)
	k.cut = k.cut || t.Cut
	k.altered = k.altered || t.Altered
	k.mixed = k.mixed || sanitize.MixedScript(t.String)
	shown := t.String
	if !k.contacts && mayHoldContact(shown) {
		shown = contact().ReplaceAllString(shown, "(contact hidden)")
	}
	if k.mask != nil {
		shown = k.mask.Hide(shown, field)
	}
	if shown == t.String {
		return shown
	}
	// What was put in may be longer, and stand beside what it must not.
	return sanitize.Line(shown, size).String
}

// contact finds e-mail addresses and international telephone numbers, which
// profiles hold in their free text, too.
var contact = onFirstUse(`[\pL\pN._%+-]+@[\pL\pN-]+(?:\.[\pL\pN-]+)+|(?:\+|\b00)[1-9](?:[ ().-]?[0-9]){7,14}\b`)

// mayHoldContact spares most texts the search, which took a third of a look: an
// address has an @, a number eight digits.
func mayHoldContact(s string) bool {
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '@':
			return true
		case '0' <= c && c <= '9':
			digits++
		}
	}
	return digits >= 8
}

func (k *card) list(items []string) string { return k.listOf(items, blind.Prose) }

func (k *card) listOf(items []string, field blind.Field) string {
	var shown []string
	for i, item := range items {
		if len(shown) == k.items {
			k.cut = true
			shown = append(shown, fmt.Sprintf("… +%d", len(items)-i))
			break
		}
		if t := k.clean(item, k.item, field); t != "" {
			shown = append(shown, t)
		}
	}
	return strings.Join(shown, "; ")
}

func (k *card) label(label, value string) string {
	if value == "" {
		return ""
	}
	return label + value
}

func (k *card) field(label, value string) {
	k.line(indent, k.label(label+": ", value))
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
