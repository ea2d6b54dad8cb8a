package shortlist

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"instaview-mcp/client"
)

// blindCase is one field of a candidate's profile, with what a blind answer
// must and must not show of it.
type blindCase struct {
	ID      string   `json:"id"`
	Kind    string   `json:"kind"`
	Field   string   `json:"field"`
	Input   string   `json:"input"`
	Name    string   `json:"name"`
	Absent  []string `json:"absent"`
	Present []string `json:"present"`
}

func (c blindCase) candidate(t *testing.T) client.Candidate {
	t.Helper()
	person := client.Candidate{Rank: 7, ProfileID: "p1", Name: c.Name}
	switch c.Field {
	case "rationale":
		person.Rationale = c.Input
	case "headline":
		person.Headline = c.Input
	case "currentCompany":
		person.CurrentCompany = c.Input
	case "currentRole":
		person.CurrentRole = c.Input
	case "location":
		person.Location = c.Input
	case "profileId":
		person.ProfileID = c.Input
	case "skills1":
		person.Skills = []string{c.Input}
	case "dur":
		person.Experience = []client.Position{{Role: "Lead", Duration: c.Input}}
	case "exp":
		person.Experience = []client.Position{{Role: c.Input, Company: c.Input, Duration: c.Input, Highlights: []string{c.Input}}}
	default:
		t.Fatalf("%s: no field %q", c.ID, c.Field)
	}
	return person
}

// wrong returns what is wrong with the case's answer, or "".
func (c blindCase) wrong(t *testing.T) string {
	t.Helper()
	person := c.candidate(t)
	text := string(render(&person, View{Tool: "get_sourcing_results", Blind: true}.form(&person, Full)).text)
	for _, s := range c.Absent {
		if strings.Contains(text, s) {
			return fmt.Sprintf("%s: the name %q, field %s: %q is shown in %q", c.ID, c.Name, c.Field, s, text)
		}
	}
	for _, s := range c.Present {
		if !strings.Contains(text, s) {
			return fmt.Sprintf("%s: the name %q, field %s: %q is not shown in %q", c.ID, c.Name, c.Field, s, text)
		}
	}
	return ""
}

// No rule finds every name in every language, so the test allows a few failures
// of each kind and logs how many there are.
func TestNamesAreHiddenAndFactsAreKept(t *testing.T) {
	for file, most := range map[string]float64{"testdata/blind.json": 0.02, "testdata/blind_more.json": 0.02} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var cases []blindCase
		if err := json.Unmarshal(text, &cases); err != nil {
			t.Fatal(err)
		}
		total, wrong := map[string]int{}, map[string][]string{}
		for _, c := range cases {
			total[c.Kind]++
			if w := c.wrong(t); w != "" {
				wrong[c.Kind] = append(wrong[c.Kind], w)
			}
		}
		for _, kind := range slices.Sorted(maps.Keys(total)) {
			n := len(wrong[kind])
			t.Logf("%s: %s: %d of %d wrong (%.1f %%)", file, kind, n, total[kind], 100*float64(n)/float64(total[kind]))
			for _, w := range wrong[kind] {
				t.Log(w)
			}
			if float64(n) > most*float64(total[kind]) {
				t.Errorf("%s: too many of %s are wrong", file, kind)
			}
		}
	}
}
