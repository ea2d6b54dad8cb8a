package shortlist

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
)

// read holds the fields that a reader finds in a candidate's lines.
type read struct {
	Rank, Score, Name, Role, Company, Location string
	Headline, Why, ID, Link, Note              string
	Fit, Risk, Skills, Email                   list
	Experience, Evidence                       []entry
	MoreExperience, MoreEvidence               int
}

type list struct {
	Items []string
	More  int // left out
}

type entry struct {
	Role, Company, Duration string
	What                    list
}

var (
	firstLine = regexp.MustCompile(`^(\d+)\*? (?:\((\d+(?:\.\d+)?|no score)\) )?([^\[\]]*?)(?: ?\[([^\[\]]*)\](?: (.+))?)?$`)
	lastLine  = regexp.MustCompile(`^(?:\[([^\[\]]+)\])?(?: ?(linkedin\.com/in/\S+))?$`)
	entryLine = regexp.MustCompile(`^([^\[\]]*?) ?(?:\[([^\[\]]*)\](?: (.+))?)?$`)
	moreAtEnd = regexp.MustCompile(`\| \[… \+(\d+)\]$`)
)

// readBack splits a candidate's lines using only our own separators and labels.
func readBack(t *testing.T, text string) read {
	t.Helper()
	var r read
	entries, more := &r.Experience, &r.MoreExperience
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if i == 0 {
			r.readHeading(t, line)
			continue
		}
		line, indented := strings.CutPrefix(line, indent)
		if !indented {
			t.Fatalf("line %d is none of the candidate's: %q", i, line)
		}
		if item, ok := strings.CutPrefix(line, "- "); ok {
			if m := moreAtEnd.FindStringSubmatch(item); m != nil && m[0] == item {
				*more, _ = strconv.Atoi(m[1])
				continue
			}
			what := list{}
			if m := moreAtEnd.FindStringSubmatch(item); m != nil {
				what.More, _ = strconv.Atoi(m[1])
				item = strings.TrimSuffix(item, m[0])
			}
			m := entryLine.FindStringSubmatch(item)
			if m == nil {
				t.Fatalf("no entry: %q", line)
			}
			places := readPlaces(m[1], 2)
			what.Items = split(m[3])
			*entries = append(*entries, entry{places[0], places[1], m[2], what})
			continue
		}
		if line == "evidence:" {
			entries, more = &r.Evidence, &r.MoreEvidence
		} else if line != "experience:" {
			r.readField(t, line)
		}
	}
	return r
}

func (r *read) readHeading(t *testing.T, line string) {
	t.Helper()
	m := firstLine.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("no first line: %q", line)
	}
	places := readPlaces(m[3], 4)
	r.Rank, r.Score, r.Name, r.Role, r.Company, r.Location = m[1], m[2], places[0], places[1], places[2], places[3]
	r.ID = m[4]
	if m[5] != "" {
		r.Risk.Items = []string{m[5]}
	}
}

func (r *read) readField(t *testing.T, line string) {
	t.Helper()
	label, value, labelled := strings.Cut(line, ": ")
	if !labelled {
		label = ""
	}
	switch label {
	case "headline":
		r.Headline = value
	case "why":
		r.Why = value
	case "fit":
		r.Fit = readList(value)
	case "risk":
		r.Risk = readList(value)
	case "skills":
		r.Skills = readList(value)
	case "email":
		r.Email = readList(value)
	case "note":
		r.Note = value
	default:
		m := lastLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("a line of no field: %q", line)
		}
		r.ID, r.Link = m[1], m[2]
	}
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	parts := strings.Split(s, "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

func readPlaces(s string, n int) []string { return append(split(s), make([]string, n)...)[:n] }

func readList(s string) list {
	var l list
	if m := moreAtEnd.FindStringSubmatch(s); m != nil {
		l.More, _ = strconv.Atoi(m[1])
		s = strings.TrimSuffix(s, m[0])
	}
	l.Items = split(s)
	return l
}

// cleaned returns what the lines of a detail should hold: the candidate's
// fields, each cleaned by itself, with at most items of a list and item
// characters of each.
func cleaned(c *client.Candidate, d Detail, v View, item, items int) read {
	w := candidateWriter{candidate: c, contacts: v.Contacts, caps: usualCaps, escape: sanitize.ForModel}
	text := func(s string, size int) string { return string(w.text(s, size)) }
	texts := func(all []string) list {
		var l list
		for i, s := range all {
			if len(l.Items) == items {
				l.More = len(all) - i
				break
			}
			if s = text(s, item); s != "" {
				l.Items = append(l.Items, s)
			}
		}
		return l
	}
	r := read{
		Rank: fmt.Sprint(c.Rank), Name: text(c.Name, maxName), Role: text(c.CurrentRole, maxTitle), Company: text(c.CurrentCompany, maxTitle),
		Location: text(c.Location, maxTitle), ID: string(w.id()),
	}
	switch {
	case c.MatchScore != nil:
		r.Score = string(sanitize.Number(*c.MatchScore))
	case strings.HasPrefix(r.Name, "("):
		r.Score = "no score"
	}
	if r.Name == "" {
		r.Name = "(no name)"
	}
	none := c.RedFlags != nil && len(c.RedFlags) == 0
	if d == Brief {
		if risk := w.firstRedFlag(); risk != "" {
			r.Risk.Items = []string{string(risk)}
		}
		return r
	}
	r.Headline, r.Why = string(w.headline(sanitize.Clean(r.Role), sanitize.Clean(r.Company))), text(c.Rationale, maxRationale)
	r.Fit, r.Risk, r.Skills, r.Link = texts(c.FitPoints), texts(c.RedFlags), texts(c.Skills), string(w.profile())
	if none {
		r.Risk.Items = []string{"none named"}
	}
	if v.Contacts {
		r.Email = texts(c.Emails)
	}
	if d == Full {
		r.setEntries(c, text, texts, items)
	}
	r.Note = string(w.notes())
	return r
}

// setEntries sets experience and evidence, with at most items of each.
func (r *read) setEntries(c *client.Candidate, text func(string, int) string, texts func([]string) list, items int) {
	title := func(s string) string { return text(s, maxTitle) }
	for i, p := range c.Experience {
		if len(r.Experience) == items {
			r.MoreExperience = len(c.Experience) - i
			break
		}
		r.Experience = appendEntry(r.Experience, entry{title(p.Role), title(p.Company), title(p.Duration), texts(p.Highlights)})
	}
	for i, e := range c.Evidence {
		if len(r.Evidence) == items {
			r.MoreEvidence = len(c.Evidence) - i
			break
		}
		r.Evidence = appendEntry(r.Evidence, entry{title(e.Title), title(e.Company), title(e.Duration), texts([]string{e.Explanation})})
	}
}

func appendEntry(all []entry, e entry) []entry {
	if cmp.Equal(e, entry{}, cmpopts.EquateEmpty()) {
		return all
	}
	return append(all, e)
}

// pieces are texts that imitate another field, another item or another
// candidate.
var pieces = []string{
	"", "", "Go", "a", " ", "; ", ";", ", ", ": ", " - ", "|", "| ", " | ", "||", "¦", "[", "]", "[]", "[… +3]", "… +3", "…", "(", ")", "(95)", "(no score)",
	"(no name)", "none named", "\n", "\r\n", "\n   risk: ", "\n   - ", "   why: ", "risk: none named", "- ", "2 (100) Eve", "[prof_1]", "linkedin.com/in/eve", "experience:",
	"headline: x", "note: y", "`", "⟦end m⟧", "<b>", "&lt;", "*", "#", "\t", "  ", "\u00a0", "\u2028", "\u200b", "\u202e", "\ufeff", "王小明", "مريم", "\u0301", "é", "🙂", "\xff", "｜", "［", "］", "‖", "1.", "x.", "y)",
}

func randomText(r *rand.Rand, more ...string) string {
	pieces := append(more, pieces...)
	var b strings.Builder
	for range r.IntN(6) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	if r.IntN(20) == 0 {
		return strings.Repeat(b.String()+" ", r.IntN(60))
	}
	return b.String()
}

func randomList(r *rand.Rand) []string {
	switch r.IntN(6) {
	case 0:
		return nil
	case 1:
		return []string{}
	case 2:
		return texts(r, 1)
	}
	return texts(r, r.IntN(16))
}

func texts(r *rand.Rand, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = randomText(r)
	}
	return all
}

func randomCandidate(r *rand.Rand) client.Candidate {
	c := client.Candidate{
		Rank: 1 + r.IntN(500), ProfileID: randomText(r), Name: randomText(r), Headline: randomText(r), Location: randomText(r),
		CurrentCompany: randomText(r), CurrentRole: randomText(r), Rationale: randomText(r), FitPoints: randomList(r), RedFlags: randomList(r),
		Skills: randomList(r), Emails: randomList(r), Unreadable: r.IntN(2),
	}
	if r.IntN(2) == 0 {
		c.MatchScore = ptr(float64(r.IntN(201)) / 2)
	}
	if r.IntN(2) == 0 {
		c.LinkedInURL = "https://www.linkedin.com/in/jane-doe"
	}
	for range r.IntN(15) {
		c.Experience = append(c.Experience, client.Position{Role: randomText(r), Company: randomText(r), Duration: randomText(r), Highlights: randomList(r)})
		c.Evidence = append(c.Evidence, client.Evidence{Title: randomText(r), Company: randomText(r), Duration: randomText(r), Explanation: randomText(r)})
	}
	return c
}

// Whatever a profile holds, every line can be split into its parts again: no
// text is mistaken for a separator, an item, another field or another
// candidate.
func TestEveryLineCanBeReadBack(t *testing.T) {
	for seed := range uint64(200) {
		checkReadBack(t, randomCandidate(rand.New(rand.NewPCG(seed, 1))))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// checkReadBack reads a candidate back from its lines in every detail.
func checkReadBack(t *testing.T, c client.Candidate) {
	t.Helper()
	for _, d := range []Detail{Brief, Summary, Full} {
		if blind := readBack(t, string(render(&c, View{Tool: "get_sourcing_results", Blind: true}.form(&c, d)).text)); blind.Name != "(name hidden)" || blind.Link != "" {
			t.Fatalf("%s, blind: %+v", d, blind)
		}
		v := View{Tool: "get_sourcing_results", Contacts: c.Rank%2 == 0}
		text := string(render(&c, v.form(&c, d)).text)
		got := readBack(t, text)
		// A candidate that is too large has its lists shortened.
		shown := slices.ContainsFunc(cuts(), func(cut [2]int) bool {
			return cmp.Equal(cleaned(&c, d, v, cut[0], cut[1]), got, cmpopts.EquateEmpty())
		})
		if !shown {
			want := cleaned(&c, d, v, maxItem, maxItems)
			t.Fatalf("%s (-want +got):\n%s\nof:\n%s", d, cmp.Diff(want, got, cmpopts.EquateEmpty()), text)
		}
	}
}

// cuts are the caps that render tries, for one item's characters and a list's
// items.
func cuts() [][2]int {
	var all [][2]int
	for item, items := maxItem, maxItems; ; item, items = max(item*2/3, minItem), max(items*2/3, 1) {
		all = append(all, [2]int{item, items})
		if item == minItem {
			return all
		}
	}
}

func FuzzReadBack(f *testing.F) {
	f.Add("a|b", "[x] ", uint64(1))
	f.Fuzz(func(t *testing.T, a, b string, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		c := randomCandidate(r)
		for _, field := range []*string{&c.ProfileID, &c.Name, &c.CurrentRole, &c.CurrentCompany, &c.Location, &c.Headline, &c.Rationale} {
			*field = randomText(r, a, b, a, b, a, b)
		}
		c.FitPoints, c.RedFlags, c.Skills = []string{a, b, a + b}, []string{b, a}, []string{b + a, a}
		c.Experience = append(c.Experience, client.Position{Role: a, Company: b, Duration: a, Highlights: []string{b, a}})
		checkReadBack(t, c)
	})
}
