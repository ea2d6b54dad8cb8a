package shortlist

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
)

// textCase is a text as the API may send it, with what an answer must show of
// it.
type textCase struct {
	ID      string
	Kind    string
	Field   string // a candidate's field, or the state of a run
	Input   json.RawMessage
	Name    string
	Equals  *string  // the field's text, exactly
	Marked  *bool    // whether the candidate is marked as changed
	Shows   string   // in the answer
	Contact *bool    // true: nothing of it is shown; false: it is
	Absent  []string // from the answer
}

// textCases reads the cases of the kinds that begin with prefix.
func textCases(t *testing.T, prefix string) []textCase {
	t.Helper()
	raw, err := os.ReadFile("../../internal/sanitize/testdata/text-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var corpus struct{ Cases []textCase }
	if err := json.Unmarshal(raw, &corpus); err != nil {
		t.Fatal(err)
	}
	cases := slices.DeleteFunc(corpus.Cases, func(c textCase) bool { return !strings.HasPrefix(c.Kind, prefix) })
	if len(cases) == 0 {
		t.Fatalf("the corpus has no case of %q", prefix)
	}
	return cases
}

// texts returns the input as a list.
func (c textCase) texts(t *testing.T) []string {
	t.Helper()
	var list []string
	if json.Unmarshal(c.Input, &list) != nil {
		list = make([]string, 1)
		if err := json.Unmarshal(c.Input, &list[0]); err != nil {
			t.Fatalf("%s: %v", c.ID, err)
		}
	}
	return list
}

// run returns a run of one candidate whose field holds the input.
func (c textCase) run(t *testing.T) *client.Results {
	t.Helper()
	if c.Field == "processing" || c.Field == "unknown" {
		var body struct{ Status, Message string }
		if err := json.Unmarshal(c.Input, &body); err != nil {
			t.Fatal(err)
		}
		return &client.Results{Status: client.Status(body.Status), Message: body.Message, HTTPStatus: 200}
	}
	p := client.Candidate{Rank: 1, ProfileID: "prof_1", Name: "Zed Base"}
	in := c.texts(t)
	all := strings.Join(in, "; ")
	fields := map[string]*string{
		"name": &p.Name, "headline": &p.Headline, "location": &p.Location, "currentRole": &p.CurrentRole, "currentCompany": &p.CurrentCompany,
		"rationale": &p.Rationale, "linkedinUrl": &p.LinkedInURL, "profileId": &p.ProfileID,
	}
	switch c.Field {
	case "skills", "skills1":
		p.Skills = in
	case "aiRedFlags":
		p.RedFlags = in
	case "rolecompany":
		p.CurrentRole, p.CurrentCompany = in[0], in[1]
	case "dur":
		p.Experience = []client.Position{{Role: "Engineer", Company: "Acme", Duration: all}}
	case "exp":
		p.Experience = []client.Position{{Role: all, Company: all, Duration: all, Highlights: in}}
	case "all":
		for field, to := range fields {
			if field != "linkedinUrl" && field != "profileId" {
				*to = all
			}
		}
		p.Skills, p.FitPoints, p.RedFlags = in, in, in
		p.Experience = []client.Position{{Role: all, Company: all, Duration: all, Highlights: in}}
		p.Evidence = []client.Evidence{{Title: all, Company: all, Duration: all, Explanation: all}}
	default:
		to := fields[c.Field]
		if to == nil {
			t.Fatalf("%s: no field %q", c.ID, c.Field)
		}
		*to = all
	}
	return completedRun([]client.Candidate{p})
}

// outputs returns the run as every target shows it.
func outputs(r *client.Results) []string {
	v := View{Tool: "get_sourcing_results", RequestID: "r", Marker: "m", Selection: Selection{Detail: Full}}
	document := v
	document.Markdown = true
	return []string{renderText(r, v), renderText(r, document), CSV(r, "r", false)}
}

// tally counts the cases of each kind, and those that went wrong.
type tally struct {
	t     *testing.T
	order []string
	total map[string]int
	wrong map[string]int
}

func newTally(t *testing.T) *tally {
	return &tally{t, nil, map[string]int{}, map[string]int{}}
}

func (n *tally) count(kind string, ok bool, format string, args ...any) {
	n.t.Helper()
	if n.total[kind]++; n.total[kind] == 1 {
		n.order = append(n.order, kind)
	}
	if !ok {
		n.wrong[kind]++
		n.t.Logf(format, args...)
	}
}

// atMost fails if more than share of a kind's cases went wrong.
func (n *tally) atMost(share float64) {
	n.t.Helper()
	for _, kind := range n.order {
		n.t.Logf("%-28s %3d of %3d right", kind, n.total[kind]-n.wrong[kind], n.total[kind])
		if float64(n.wrong[kind]) > share*float64(n.total[kind]) {
			n.t.Errorf("%s: %d of %d cases went wrong", kind, n.wrong[kind], n.total[kind])
		}
	}
}

// introductions are words around a contact that reveal nothing of it.
var introductions = regexp.MustCompile(`(?i)^(?:tel|whatsapp|e|mail|cc|w|is|the|number|to|call|for|a|talk|about|this|com)$`)

// hidden reports whether text holds no word of a contact.
func hidden(contact, text string) bool {
	for _, word := range strings.FieldsFunc(string(sanitize.Line(contact, 0).Clean), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }) {
		if len(word) > 2 && !introductions.MatchString(word) && strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func TestContactsOfTheCorpusAreHiddenAndNothingElse(t *testing.T) {
	n := newTally(t)
	for _, c := range textCases(t, "") {
		switch {
		case c.Contact == nil:
			continue
		case !*c.Contact:
			in := string(sanitize.Line(c.texts(t)[0], 0).Clean)
			n.count("no contact is shown", strings.Contains(outputs(c.run(t))[0], in), "%s: %q is hidden", c.ID, in)
			continue
		}
		for i, text := range outputs(c.run(t)) {
			n.count(strings.TrimPrefix(c.Kind, "hostile:")+" is hidden", hidden(c.texts(t)[0], text), "%s: target %d shows %.200s\nas %s", c.ID, i, c.Input, text)
		}
	}
	for _, c := range textCases(t, "honest") {
		n.count("honest text holds none", !strings.Contains(outputs(c.run(t))[0], "(contact hidden)"), "%s: a contact was found in %s", c.ID, c.Input)
	}
	const share = 0.05
	n.atMost(share)
}

func TestMessagesOfTheCorpusHoldNoContact(t *testing.T) {
	for _, c := range textCases(t, "hostile:api-message") {
		text, blind := renderText(c.run(t), View{Tool: "get_sourcing_results", RequestID: "r"}), renderText(c.run(t), View{Tool: "get_sourcing_results", RequestID: "r", Blind: true})
		for _, absent := range c.Absent {
			if absent != "Jane Doe" && strings.Contains(text, absent) { // a name is no contact
				t.Errorf("%s: %q is shown in %s", c.ID, absent, text)
			}
			if strings.Contains(blind, absent) {
				t.Errorf("%s: %q is shown in the blind answer %s", c.ID, absent, blind)
			}
		}
	}
}

// asRead removes the escapes of a target, as its renderer does.
func asRead(s string) string { return strings.NewReplacer("&lt;", "<", "&gt;", ">").Replace(s) }

func TestHonestTextsOfTheCorpusAreShownAndNotMarked(t *testing.T) {
	harmed, marked := newTally(t), newTally(t)
	for _, c := range textCases(t, "honest") {
		run := c.run(t)
		text := outputs(run)[0]
		cells := table(t, CSV(run, "r", false), ',')[1]
		if c.Equals != nil {
			want := asRead(*c.Equals)
			inAnswer := strings.Contains(asRead(text), want) ||
				c.Field == "name" && strings.Contains(text, strings.ReplaceAll(want, ": ", " - ")) // a colon would look like a label
			inTable := c.Field == "dur" || slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimPrefix(cell, "'") == want })
			harmed.count(c.Kind, inAnswer && inTable, "%s: want %q in\n%s\n%q", c.ID, want, text, cells)
		}
		if c.Shows != "" {
			harmed.count(c.Kind, strings.Contains(text, c.Shows), "%s: %q is not in\n%s", c.ID, c.Shows, text)
		}
		if c.Marked != nil {
			marked.count("marks of "+c.Kind, strings.Contains(text, "marked *") == *c.Marked, "%s: marked, or not, for %s", c.ID, c.Input)
		}
	}
	harmed.atMost(0)
	const share = 0.02
	marked.atMost(share)
}

func TestHostileTextsOfTheCorpusForgeNothing(t *testing.T) {
	n := newTally(t)
	for _, c := range textCases(t, "hostile") {
		run := c.run(t)
		text := outputs(run)[0]
		checkLines(t, text)
		candidates := len(run.Candidates)
		n.count(c.Kind, strings.Count(text, "⟦") == 2*candidates && len(shownRanks(text)) == candidates && !strings.ContainsAny(text, "\u202e\u200b\x1b"),
			"%s: %.200s forges something in\n%s", c.ID, c.Input, text)
		for _, record := range table(t, CSV(run, "r", false), ',') {
			for _, cell := range record {
				if beginsFormula(cell) {
					t.Errorf("%s: the cell %q begins a formula", c.ID, cell)
				}
				if strings.Contains(cell, "&lt;") && !strings.Contains(string(c.Input), "&lt;") {
					t.Errorf("%s: the cell %q is escaped for another target", c.ID, cell)
				}
			}
		}
	}
	n.atMost(0)
}

// A number that the end of a field's room cuts is hidden whole.
func TestContactsAreHiddenBeforeTextIsCut(t *testing.T) {
	for _, contact := range []string{"+421 905 123 456", "(415) 555-2671", "jane.doe@example.com", "tel. 905 123 456"} {
		for at := range len(contact) + 2 {
			c := client.Candidate{Rank: 1, Rationale: strings.Repeat("w ", (maxRationale-at)/2) + contact + strings.Repeat(" word", 9)}
			text := string(render(&c, View{Tool: "get_sourcing_results"}.form(&c, Summary)).text)
			if !hidden(contact, text) || strings.Contains(text, "905") || strings.Contains(text, "+4") || strings.Contains(text, "jane") {
				t.Errorf("%q, cut %d characters behind its beginning: …%s", contact, at, text[len(text)-80:])
			}
		}
	}
}

func TestIDsAndErrorsHoldNoContact(t *testing.T) {
	c := client.Candidate{Rank: 1, Name: "Jane", ProfileID: "jane@evil.com"}
	runs := []*client.Results{
		completedRun([]client.Candidate{c}),
		{Status: client.StatusFailed, ErrorCode: "call +421 905 123 456", ErrorMessage: "Ask jane@evil.com, tel. 905123456."},
		{Status: "archived by jane@evil.com", HTTPStatus: 200},
		{Status: client.StatusProcessing, Message: "jane at evil dot com"},
	}
	for i, r := range runs {
		for _, ids := range [][]string{nil, {"jane@evil.com"}, {"x@evil.com"}} {
			text := renderText(r, View{Tool: "get_sourcing_results", RequestID: "r", Selection: Selection{ProfileIDs: ids}})
			if strings.Contains(text, "evil") || strings.Contains(text, "905") {
				t.Errorf("run %d, ids %v:\n%s", i, ids, text)
			}
		}
	}
	if !strings.Contains(fmt.Sprint(table(t, CSV(runs[0], "r", false), ',')), "(contact hidden)") {
		t.Error("the table does not say that the id is hidden")
	}
}
