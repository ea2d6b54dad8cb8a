package shortlist

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
	"instaview-mcp/internal/sanitize/sanitizetest"
)

// textsIn returns every text of a value, in the order of its fields.
func textsIn(v reflect.Value) (all []string) {
	switch v.Kind() {
	case reflect.String:
		if v.Len() > 0 {
			all = append(all, v.String())
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			all = textsIn(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			all = append(all, textsIn(v.Field(i))...)
		}
	case reflect.Slice:
		if raw, ok := v.Interface().(json.RawMessage); ok {
			var value any
			if err := json.Unmarshal(raw, &value); err != nil {
				return []string{err.Error()}
			}
			return textsIn(reflect.ValueOf(&value).Elem())
		}
		for i := range v.Len() {
			all = append(all, textsIn(v.Index(i))...)
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			all = append(all, textsIn(entries.Value())...)
		}
	}
	return all
}

func reportTexts(r Report) []string { return textsIn(reflect.ValueOf(r)) }

func TestAReportHoldsEachFieldOfARun(t *testing.T) {
	score, found := 95.5, 134
	r := completedRun([]client.Candidate{{
		Rank: 1, ProfileID: "prof_1", Name: "Žofia Nová", MatchScore: &score, CurrentRole: "Go Engineer", CurrentCompany: "Zlatka Pay", Location: "Košice",
		Headline: "Ledgers < queues & more", Rationale: "Žofia has eight years.", FitPoints: []string{"Ledger"}, RedFlags: []string{}, Skills: []string{"Go"},
		LinkedInURL: "https://www.linkedin.com/in/zofia-nova", Emails: []string{"zofia@example.com"},
		Experience: []client.Position{{Role: "Engineer", Company: "Zlatka", Duration: "2 years", Highlights: []string{"Built it"}}, {}},
		Evidence:   []client.Evidence{{Title: "Engineer", Explanation: "Same domain"}},
	}})
	r.FoundCount, r.CreatedAt, r.CompletedAt = &found, time.Date(2026, 5, 20, 13, 0, 0, 0, time.UTC), time.Date(2026, 5, 20, 13, 1, 19, 0, time.UTC)
	got := NewReport(r, View{RequestID: "req_1", Contacts: true})
	want := Report{
		RequestID: "req_1", State: Candidates, Created: "20 May 2026, 13:00 UTC", Took: "1 min 19 s", Found: &found, Scored: r.ScoredCount, Returned: 1,
		Profiles: []Profile{{
			Rank: 1, ID: "prof_1", Name: "Žofia Nová", Score: &score, Role: "Go Engineer", Company: "Zlatka Pay", Place: "Košice", Headline: "Ledgers < queues & more",
			Why: "Žofia has eight years.", Fit: []sanitize.Clean{"Ledger"}, NoRedFlags: true, Skills: []sanitize.Clean{"Go"}, Link: "linkedin.com/in/zofia-nova",
			Experience: []Job{{"Engineer", "Zlatka", "2 years", []sanitize.Clean{"Built it"}}},
			Evidence:   []Job{{"Engineer", "", "", []sanitize.Clean{"Same domain"}}},
			Blind: map[string]json.RawMessage{
				"name": json.RawMessage(`"(name hidden)"`), "why": json.RawMessage(`"the candidate has eight years."`), "link": json.RawMessage("null"),
			},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

// The fields that hiding the name changes, put over the others, make what a
// blind report has.
func TestHidingNamesInAViewShowsWhatABlindReportShows(t *testing.T) {
	for _, c := range textCases(t, "") {
		run := c.run(t)
		for i, p := range NewReport(run, View{RequestID: "r"}).Profiles {
			blind, err := json.Marshal(NewReport(run, View{RequestID: "r", Blind: true}).Profiles[i])
			if err != nil {
				t.Fatal(err)
			}
			over, err := json.Marshal(p.Blind)
			if err != nil {
				t.Fatal(err)
			}
			p.Blind = nil
			merged, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			var want, got map[string]any
			for _, part := range [][]byte{merged, over} {
				if err := json.Unmarshal(part, &got); err != nil {
					t.Fatal(err)
				}
			}
			if err := json.Unmarshal(blind, &want); err != nil {
				t.Fatal(err)
			}
			for name, value := range got {
				if empty := value == nil || value == ""; empty {
					delete(got, name)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-blind +hidden in the view):\n%s", c.ID, diff)
			}
		}
	}
}

func TestABlindReportHidesNames(t *testing.T) {
	for _, file := range []string{"testdata/blind.json", "testdata/blind_more.json"} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var cases []blindCase
		if err := json.Unmarshal(raw, &cases); err != nil {
			t.Fatal(err)
		}
		wrong := 0
		for _, c := range cases {
			person := c.candidate(t)
			person.LinkedInURL = "https://www.linkedin.com/in/canary-slug"
			all := strings.Join(reportTexts(NewReport(completedRun([]client.Candidate{person}), View{RequestID: "r", Blind: true})), "\n")
			if strings.Contains(all, "canary") {
				t.Fatalf("%s: a blind report links to the profile", c.ID)
			}
			for _, s := range c.Absent {
				if strings.Contains(all, s) {
					wrong++
					t.Logf("%s: %q is shown in %q", c.ID, s, all)
				}
			}
		}
		if share := 0.02; float64(wrong) > share*float64(len(cases)) {
			t.Errorf("%s: %d of %d cases went wrong", file, wrong, len(cases))
		}
	}
}

func TestReportsOfTheCorpusAreSafe(t *testing.T) {
	n := newTally(t)
	for _, c := range textCases(t, "") {
		r := NewReport(c.run(t), View{RequestID: "r"})
		all := reportTexts(r)
		for _, text := range all {
			// A page shows "<" as text, so it is not escaped yet.
			if wrong := sanitizetest.Unsafe(string(sanitize.ForModel(sanitize.Clean(text)))); wrong != "" && !strings.Contains(text, "linkedin.com/in/") {
				t.Errorf("%s: %s in %q", c.ID, wrong, text)
			}
		}
		if c.Contact != nil && *c.Contact {
			n.count(c.Kind+" is hidden", hidden(c.texts(t)[0], strings.Join(all, "\n")), "%s: shown in %q", c.ID, all)
		}
		if c.Equals != nil && strings.HasPrefix(c.Kind, "honest") {
			n.count(c.Kind+" is kept", strings.Contains(strings.Join(all, "\n"), asRead(*c.Equals)), "%s: want %q in %q", c.ID, *c.Equals, all)
		}
		for _, absent := range c.Absent {
			if strings.HasPrefix(c.Kind, "hostile:api-message") && absent != "Jane Doe" && strings.Contains(strings.Join(all, "\n"), absent) {
				t.Errorf("%s: %q is shown in %q", c.ID, absent, all)
			}
		}
	}
	const share = 0.05
	n.atMost(share)
}

func TestAReportOfEveryState(t *testing.T) {
	sourced := 7
	for state, tt := range map[State]struct {
		run  *client.Results
		want []string
	}{
		Failed: {&client.Results{Status: client.StatusFailed, ErrorCode: "AGENT_ERROR", ErrorMessage: "It “broke”. Ask jane@example.com."},
			[]string{"AGENT_ERROR", "InstaView says: “It 'broke'. Ask (contact hidden).”", "Start the run again", "A failed run stays failed."}},
		Empty:      {completedRun(nil), []string{"Asking again will not change this."}},
		Processing: {&client.Results{Status: client.StatusProcessing, HTTPStatus: 202, SourcedCount: &sourced}, []string{"7 candidates sourced so far."}},
		Unknown:    {&client.Results{Status: "archived", HTTPStatus: 200}, []string{"may or may not have ended"}},
	} {
		got := NewReport(tt.run, View{RequestID: "r"})
		all := strings.Join(reportTexts(got), "\n")
		if got.State != state || len(got.Profiles) > 0 {
			t.Errorf("state %q with %d profiles, want %q with none", got.State, len(got.Profiles), state)
		}
		for _, want := range tt.want {
			if !strings.Contains(all, want) {
				t.Errorf("%s: %q is missing in\n%s", state, want, all)
			}
		}
		if strings.Contains(all, "the user") || strings.Contains(all, "example.com") {
			t.Errorf("%s speaks to a model, or shows a contact:\n%s", state, all)
		}
	}
	blind := NewReport(&client.Results{Status: client.StatusFailed, ErrorCode: "X_Y", ErrorMessage: "Jane Doe was not found"}, View{RequestID: "r", Blind: true})
	if all := strings.Join(reportTexts(blind), "\n"); strings.Contains(all, "Jane") || !strings.Contains(all, "X_Y") {
		t.Errorf("a blind report of a failure:\n%s", all)
	}
}

func TestAReportShowsWhatIsSelected(t *testing.T) {
	var people []client.Candidate
	for rank := range 30 {
		people = append(people, client.Candidate{Rank: rank + 1, Name: "Jo"})
	}
	r := completedRun(people)
	r.Broken, r.Truncated = 2, true
	all := NewReport(r, View{RequestID: "r"})
	if len(all.Profiles) != 30 || all.Returned != 32 || !strings.Contains(strings.Join(reportTexts(all), "\n"), "2 entries that could not be read") {
		t.Errorf("%d of %d profiles, notes %q", len(all.Profiles), all.Returned, all.Notes)
	}
	some := NewReport(r, View{RequestID: "r", Selection: Selection{Ranks: []int{3, 30, 99}}})
	if len(some.Profiles) != 2 || some.Profiles[1].Rank != 30 {
		t.Errorf("%d profiles, want ranks 3 and 30", len(some.Profiles))
	}
	few := NewReport(r, View{RequestID: "r", Selection: Selection{Limit: 5}})
	if len(few.Profiles) != 5 || !strings.Contains(strings.Join(reportTexts(few), "\n"), "Only the first 5 of 30 candidates") {
		t.Errorf("%d profiles, notes %q", len(few.Profiles), few.Notes)
	}
}

// A text that is too long even for a page is cut, and the profile says so.
func TestLongTextsOfAPageAreCut(t *testing.T) {
	c := client.Candidate{Rank: 1, Name: "Jo", Rationale: strings.Repeat("word ", 2_000), FitPoints: make([]string, 200)}
	for i := range c.FitPoints {
		c.FitPoints[i] = "fit"
	}
	p := NewReport(completedRun([]client.Candidate{c}), View{RequestID: "r"}).Profiles[0]
	if len(p.Why) > pageCaps.rationale+3 || len(p.Fit) != 200 || !strings.Contains(string(p.Note), "shortened") {
		t.Errorf("a reason of %d bytes, %d fit points, note %q", len(p.Why), len(p.Fit), p.Note)
	}
	raw, err := json.Marshal(NewReport(completedRun([]client.Candidate{{Rank: 1, Name: "</script><!--"}}), View{RequestID: "r"}))
	if err != nil || bytes.ContainsAny(raw, "<>&") {
		t.Errorf("%v, JSON that ends a script: %s", err, raw)
	}
}

func TestAPageSaysHowOldItsAnswerIs(t *testing.T) {
	r := NewReport(completedRun(nil), View{RequestID: "r"})
	r.Seen(59 * time.Second)
	if len(r.Notes) > 0 {
		t.Errorf("notes %q for a new answer", r.Notes)
	}
	r.Seen(90 * time.Second)
	if len(r.Notes) != 1 || !strings.Contains(string(r.Notes[0]), "1 min 30 s before") {
		t.Errorf("notes %q", r.Notes)
	}
}
