package shortlist

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"instaview-mcp/client"
)

// completedAt is a run with candidates of these ids and names.
func completedAt(at time.Time, idsAndNames ...string) *client.Results {
	r := &client.Results{RequestID: "r", Status: client.StatusCompleted, HTTPStatus: 200, CompletedAt: at}
	for i := 0; i < len(idsAndNames); i += 2 {
		r.Candidates = append(r.Candidates, client.Candidate{Rank: i/2 + 1, ProfileID: idsAndNames[i], Name: idsAndNames[i+1]})
	}
	return r
}

func refinedFrom(before time.Time, seen ...string) *Refinement {
	return &Refinement{At: time.Now(), Before: before, SeenCount: len(seen), Seen: func(id string) bool {
		for _, s := range seen {
			if s == id {
				return true
			}
		}
		return false
	}}
}

func TestNewCandidatesAreMarked(t *testing.T) {
	old, now := time.Unix(100, 0), time.Unix(200, 0)
	for name, tt := range map[string]struct {
		refinement *Refinement
		results    *client.Results
		want       []string
		marked     int
	}{
		"not refined":      {nil, completedAt(now, "a", "Ann", "b", "Bob"), []string{"1 Ann", "2 Bob"}, 0},
		"one is new":       {refinedFrom(old, "a"), completedAt(now, "a", "Ann", "b", "Bob"), []string{"1 of 2 are new", "seen before too", "1 Ann", "2 new (no score) Bob"}, 1},
		"only new":         {refinedFrom(old, "x"), completedAt(now, "a", "Ann"), []string{"1 of 1 are new", "the new ones only"}, 1},
		"none is new":      {refinedFrom(old, "a"), completedAt(now, "a", "Ann"), []string{"0 of 1 are new", "seen before too"}, 0},
		"the old results":  {refinedFrom(now, "a"), completedAt(now, "a", "Ann"), []string{"Warning:", "the results from before it"}, 0},
		"no times at all":  {refinedFrom(time.Time{}, "a"), completedAt(time.Time{}, "a", "Ann", "b", "Bob"), []string{"1 of 2 are new"}, 1},
		"nobody before":    {refinedFrom(old), completedAt(now, "a", "Ann"), []string{"1 of 1 are new, marked “new” after the rank.\n"}, 1},
		"without an id":    {refinedFrom(old, "a"), completedAt(now, "", "Ann"), []string{"0 of 1 are new", "1 Ann"}, 0},
		"a name as a mark": {refinedFrom(old, "a"), completedAt(now, "a", "new (88) Ann"), []string{"1 (no score) new (88) Ann"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			text := renderText(tt.results, View{Tool: "t", RequestID: "r", Refinement: tt.refinement})
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("lacks %q:\n%s", want, text)
				}
			}
			if n := len(regexp.MustCompile(`(?m)^\d+\*? new `).FindAllString(text, -1)); n != tt.marked {
				t.Errorf("%d are marked, want %d:\n%s", n, tt.marked, text)
			}
		})
	}
}
