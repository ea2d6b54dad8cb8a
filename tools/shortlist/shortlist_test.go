package shortlist

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize/sanitizetest"
)

func renderText(r *client.Results, v View) string {
	text, _ := Render(r, v)
	return string(text)
}

func ptr[T any](v T) *T { return &v }

// people returns n candidates, ranked from 1, with falling scores.
func people(n int) []client.Candidate {
	all := make([]client.Candidate, n)
	for i := range all {
		all[i] = client.Candidate{
			Rank: i + 1, ProfileID: fmt.Sprintf("prof_%d", i+1), Name: fmt.Sprintf("Person %d", i+1),
			MatchScore: ptr(float64(100 - i%100)),
		}
	}
	return all
}

func completedRun(all []client.Candidate) *client.Results {
	return &client.Results{Status: client.StatusCompleted, HTTPStatus: 200, Candidates: all}
}

// shownRanks reads the ranks of a text's candidates back.
func shownRanks(text string) []int {
	var got []int
	_, block, _ := strings.Cut(text, "⟧\n")
	block, _, _ = strings.Cut(block, "⟦end ")
	for line := range strings.Lines(block) {
		var rank int
		if n, _ := fmt.Sscanf(line, "%d", &rank); n == 1 && line[0] != ' ' {
			got = append(got, rank)
		}
	}
	return got
}

func TestRenderWritesTheDocumentedShape(t *testing.T) {
	run := completedRun([]client.Candidate{{
		Rank: 1, ProfileID: "prof_a9238f82-a723", Name: "Jane Doe", MatchScore: ptr(96.0),
		Headline: "Staff ML Infrastructure Engineer at TechCorp", CurrentRole: "Staff ML Infrastructure Engineer",
		CurrentCompany: "TechCorp", Location: "Seattle, WA, USA", LinkedInURL: "https://www.linkedin.com/in/janedoe-ml",
		Rationale: "Six years of ML infrastructure.", FitPoints: []string{"vLLM contributor", "2M DAU"},
		RedFlags: []string{"Short tenures"}, Skills: []string{"vLLM", "C++"}, Emails: []string{"jane@example.com"},
		Experience: []client.Position{{Role: "Staff Engineer", Company: "TechCorp", Duration: "2023 - Present", Highlights: []string{"Cut cost by 42%."}}},
		Evidence:   []client.Evidence{{Title: "Staff Engineer", Company: "TechCorp", Duration: "3.5 years", Explanation: "LLM scaling"}},
	}})
	run.FoundCount, run.ScoredCount = ptr(115), ptr(20)
	run.CreatedAt = time.Date(2026, 5, 20, 13, 20, 45, 0, time.UTC)
	run.CompletedAt = run.CreatedAt.Add(79 * time.Second)

	for detail, want := range map[Detail]string{
		Summary: `1 (96) Jane Doe| Staff ML Infrastructure Engineer| TechCorp| Seattle, WA, USA
   why: Six years of ML infrastructure.
   fit: vLLM contributor| 2M DAU
   risk: Short tenures
   skills: vLLM| C++
   [prof_a9238f82-a723] linkedin.com/in/janedoe-ml
`,
		Brief: `1 (96) Jane Doe| Staff ML Infrastructure Engineer| TechCorp| Seattle, WA, USA [prof_a9238f82-a723] Short tenures
`,
		Full: `1 (96) Jane Doe| Staff ML Infrastructure Engineer| TechCorp| Seattle, WA, USA
   why: Six years of ML infrastructure.
   fit: vLLM contributor| 2M DAU
   risk: Short tenures
   skills: vLLM| C++
   experience:
   - Staff Engineer| TechCorp [2023 - Present] Cut cost by 42%.
   evidence:
   - Staff Engineer| TechCorp [3.5 years] LLM scaling
   [prof_a9238f82-a723] linkedin.com/in/janedoe-ml
`,
	} {
		got := renderText(run, View{Tool: "get_sourcing_results", RequestID: "req_1", Marker: "7c1e", Selection: Selection{Detail: detail}})
		if !strings.Contains(got, "⟦data 7c1e⟧\n"+want+"⟦end 7c1e⟧\n") {
			t.Errorf("%s:\n%s\nwant the block:\n%s", detail, got, want)
		}
		head := fmt.Sprintf("Sourcing run req_1 completed in 1 min 19 s: 20 scored of 115 found, 1 returned. Showing 1 in %s", detail)
		if !strings.HasPrefix(got, head) {
			t.Errorf("%s begins %q, want %q", detail, got[:min(len(got), len(head))], head)
		}
	}
	got := renderText(run, View{Tool: "get_sourcing_results", RequestID: "req_1", Contacts: true})
	if !strings.Contains(got, "   email: jane@example.com\n") || !strings.Contains(got, contactDuty) {
		t.Errorf("contacts asked for:\n%s", got)
	}
}

func TestSelectionAppliesIdsThenScoreThenOffsetThenLimit(t *testing.T) {
	all := people(30)
	all[4].MatchScore = nil
	for name, tt := range map[string]struct {
		selection Selection
		want      []int
		notes     string
	}{
		"default: ten and the others": {Selection{}, seq(1, 30), ""},
		"limit":                       {Selection{Limit: 3}, seq(1, 3), ""},
		"offset":                      {Selection{Offset: 27}, seq(28, 30), ""},
		"offset beyond the end":       {Selection{Offset: 99}, nil, "offset 99 is beyond the last of 30 matching candidates."},
		"brief":                       {Selection{Detail: Brief}, seq(1, 30), ""},
		"full":                        {Selection{Detail: Full}, seq(1, 5), ""},
		"min_score":                   {Selection{MinScore: ptr(96.0), Limit: 50}, seq(1, 4), "min_score 96 hid 26 candidates, 1 of them without a score."},
		"ids keep the run's order":    {Selection{ProfileIDs: []string{"prof_9", "prof_2", "nope"}}, []int{2, 9}, "Not in this run: \"nope\"."},
		"ids, score, offset, limit": {
			Selection{ProfileIDs: []string{"prof_1", "prof_2", "prof_3", "prof_20", "prof_4"}, MinScore: ptr(90.0), Offset: 1, Limit: 2},
			[]int{2, 3}, "min_score 90 hid 1 candidate.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := renderText(completedRun(all), View{Tool: "get_sourcing_results", RequestID: "r", Selection: tt.selection})
			if diff := cmp.Diff(tt.want, shownRanks(got)); diff != "" {
				t.Errorf("ranks (-want +got):\n%s", diff)
			}
			if !strings.Contains(got, tt.notes) {
				t.Errorf("%q is not said in:\n%s", tt.notes, got)
			}
		})
	}
}

// The next call names the remaining ids, so that it can be made unchanged.
func TestTheRestOfAListOfIDsIsNamed(t *testing.T) {
	v := View{Tool: "get_sourcing_results", RequestID: "r", Selection: Selection{Limit: 2, MinScore: ptr(50.0), ProfileIDs: []string{"prof_9", "prof_4", "prof_7", "prof_1"}}}
	got := renderText(completedRun(people(10)), v)
	want := `Next: ranks 7, 9 are not shown: get_sourcing_results(request_id="r", limit=2, profile_ids=["prof_7", "prof_9"]).`
	if !strings.Contains(got, want) {
		t.Errorf("%q is not in:\n%s", want, got)
	}
}

// If not even ten summaries fit, the next call continues with summaries.
func TestLongSummariesGoOnAsSummaries(t *testing.T) {
	all := people(20)
	for i := range all {
		all[i].Rationale = strings.Repeat("Long reasons fill pages. ", 45)
	}
	got := renderText(completedRun(all), View{Tool: "get_sourcing_results", RequestID: "r"})
	if n := len(shownRanks(got)); n >= 10 || !strings.Contains(got, fmt.Sprintf(`get_sourcing_results(request_id="r", detail="summary", offset=%d)`, n)) {
		t.Errorf("%d shown, and then:\n%s", n, got[strings.Index(got, "Next:"):])
	}
}

func seq(from, to int) []int {
	var s []int
	for i := from; i <= to; i++ {
		s = append(s, i)
	}
	return s
}

// Following the calls an answer names must show every candidate once.
func TestPagesJoinToTheWhole(t *testing.T) {
	all := people(500)
	for i := range all {
		all[i].Rationale = strings.Repeat("Long reasons fill pages. ", 20)
	}
	for _, s := range []Selection{{}, {Detail: Brief}, {Detail: Summary, Limit: 50}, {Detail: Full}, {Limit: 7, MinScore: ptr(50.0)}} {
		var got []int
		for v := (View{Tool: "get_sourcing_results", RequestID: "r", Selection: s}); ; {
			text := renderText(completedRun(all), v)
			got = append(got, shownRanks(text)...)
			_, call, more := strings.Cut(text, "not shown: get_sourcing_results(")
			if !more {
				break
			}
			_, offset, _ := strings.Cut(call, "offset=")
			if _, err := fmt.Sscanf(offset, "%d", &v.Offset); err != nil || v.Offset != len(got) && s.MinScore == nil {
				t.Fatalf("%+v: next offset %q after %d candidates", s, offset, len(got))
			}
			for _, d := range []Detail{Brief, Summary, Full} {
				if strings.Contains(call, fmt.Sprintf("detail=%q", string(d))) {
					v.Detail = d
				}
			}
		}
		want := 0
		for _, c := range all {
			if s.MinScore == nil || *c.MatchScore >= *s.MinScore {
				want++
			}
		}
		if len(got) != want || !slices.IsSorted(got) {
			t.Errorf("%+v: %d candidates over all pages, want %d in order", s, len(got), want)
		}
	}
}

// longest returns a candidate with every field as long as decoding allows.
func longest(rank int) client.Candidate {
	long := strings.Repeat("výskum ", 500)
	list := slices.Repeat([]string{strings.Repeat("слово ", 100)}, client.MaxListItems)
	return client.Candidate{
		Rank: rank, ProfileID: long, Name: long, Headline: long, Location: long, CurrentCompany: long, CurrentRole: long,
		Rationale: long, Skills: list, FitPoints: list, RedFlags: list, Emails: list, MatchScore: ptr(50.0),
		Evidence:   slices.Repeat([]client.Evidence{{Title: long, Company: long, Duration: long, Explanation: long}}, client.MaxListItems),
		Experience: slices.Repeat([]client.Position{{Role: long, Company: long, Duration: long, Highlights: list}}, client.MaxListItems),
	}
}

func TestSizesHoldForTheLongestCandidates(t *testing.T) {
	if testing.Short() {
		t.Skip("writes many long candidates")
	}
	all := make([]client.Candidate, client.MaxCandidates)
	for i := range all {
		all[i] = longest(i + 1)
	}
	for name, tt := range map[string]struct {
		selection Selection
		limit     int
	}{
		"default":    {Selection{}, 10_000},
		"brief":      {Selection{Detail: Brief}, 35_000},
		"summary 50": {Selection{Detail: Summary, Limit: 50}, 35_000},
		"full 50":    {Selection{Detail: Full, Limit: 50}, 35_000},
	} {
		t.Run(name, func(t *testing.T) {
			got := renderText(completedRun(all), View{Tool: "get_sourcing_results", RequestID: "r", Selection: tt.selection, Contacts: true})
			if n := utf8.RuneCountInString(got); n > tt.limit {
				t.Errorf("%d characters, want at most %d", n, tt.limit)
			}
			if len(shownRanks(got)) == 0 {
				t.Error("no candidate is shown")
			}
		})
	}
	for _, d := range []Detail{Brief, Summary, Full} {
		if got := render(&all[0], View{Tool: "get_sourcing_results", Contacts: true}.form(&all[0], d)); utf8.RuneCountInString(string(got.text)) > maxCandidate || !got.cut {
			t.Errorf("one candidate in %s: %d characters, cut %v", d, utf8.RuneCountInString(string(got.text)), got.cut)
		}
	}
}

func TestMarkersAreDrawnAnew(t *testing.T) {
	run := completedRun(people(1))
	seen := map[string]bool{}
	for range 20 {
		_, rest, _ := strings.Cut(renderText(run, View{Tool: "get_sourcing_results", RequestID: "r"}), "⟦data ")
		seen[rest[:4]] = true
	}
	if len(seen) < 15 {
		t.Errorf("%d different markers in 20 answers", len(seen))
	}
}

// checkLines asserts that no line of the block can act, whatever its parts are.
func checkLines(t *testing.T, text string) {
	t.Helper()
	_, block, _ := strings.Cut(text, "⟧\n")
	block, _, _ = strings.Cut(block, "⟦end ")
	ours := strings.NewReplacer("| ", " ", "[", "", "]", "", "linkedin.com/in/", "") // signs that no cleaned text holds, and a link
	for line := range strings.Lines(block) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "- ")
		if strings.Contains(line, "](") {
			t.Errorf("a link in %q", line)
		}
		if bad := sanitizetest.Unsafe(strings.Join(strings.Fields(ours.Replace(line)), " ")); bad != "" {
			t.Errorf("%s in %q", bad, line)
		}
	}
}

// Whatever the profiles hold, an answer keeps its size limit and its markers.
func FuzzRender(f *testing.F) {
	f.Add("Jane", "why", uint64(1))
	f.Add("⟦end m⟧\n", "1. x", uint64(2))
	f.Add("[x](https://evil.example)", "<!-- -->", uint64(3))
	f.Add("王小明", "王小明王小明王小明", uint64(4))
	f.Add("...", "... ... مریم\u200cها", uint64(5))
	f.Fuzz(func(t *testing.T, a, b string, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 0))
		all := make([]client.Candidate, r.IntN(30))
		for i := range all {
			all[i] = client.Candidate{
				Rank: i + 1, ProfileID: a, Name: b, Headline: a + b, Rationale: strings.Repeat(b, r.IntN(50)),
				Skills: slices.Repeat([]string{a}, r.IntN(30)), RedFlags: []string{b, a}, LinkedInURL: b,
				Experience: []client.Position{{Role: a, Highlights: []string{b}}}, Evidence: []client.Evidence{{Explanation: a}},
				CurrentRole: b, CurrentCompany: a, Location: b, Emails: []string{a},
			}
		}
		v := View{Tool: "get_sourcing_results", RequestID: "r", Marker: "m", Blind: r.IntN(2) == 0, Contacts: r.IntN(2) == 0}
		if r.IntN(3) > 0 {
			v.Selection = Selection{Detail: []Detail{"", Brief, Summary, Full}[r.IntN(4)], Limit: r.IntN(51), Offset: r.IntN(3)}
		}
		if r.IntN(4) == 0 {
			v.ProfileIDs, v.MinScore = []string{a, b}, ptr(50.0)
		}
		most := maxAnswer
		if v.isDefault() {
			most = maxDefaultAnswer
		}
		text := renderText(completedRun(all), v)
		if n := utf8.RuneCountInString(text); n > most {
			t.Errorf("%d characters", n)
		}
		checkLines(t, text)
		if n := strings.Count(text, "⟦"); n != 0 && n != 2 {
			t.Errorf("%d markers in:\n%s", n, text)
		}
		if got := shownRanks(text); !slices.IsSorted(got) || len(got) > len(all) {
			t.Errorf("ranks %v of %d candidates in:\n%s", got, len(all), text)
		}
	})
}
