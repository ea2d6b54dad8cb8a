package sandbox

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

func TestSampleRunsAreAsPromised(t *testing.T) {
	type promise struct {
		Takes, Age                time.Duration
		Found, Scored, Candidates int
		ErrorCode                 string
	}
	want := map[string]promise{
		"req_demo":        {Takes: 12 * time.Second, Found: 115, Scored: 20, Candidates: 20},
		"req_demo_done":   {Takes: 79 * time.Second, Age: 6 * time.Minute, Found: 134, Scored: 20, Candidates: 20},
		"req_demo_failed": {Takes: 2 * time.Second, ErrorCode: "PROVIDER_TEMPORARILY_UNAVAILABLE"},
		"req_demo_large":  {Takes: 4*time.Minute + 7*time.Second, Age: 11 * time.Minute, Found: 412, Scored: 100, Candidates: 100},
		"req_demo_empty":  {Takes: 31 * time.Second, Age: 3 * time.Minute},
		"req_demo_slow":   {Takes: 3 * time.Minute, Found: 64, Scored: 12, Candidates: 12},
	}
	got := map[string]promise{}
	for id, e := range New().runs {
		p := promise{Takes: e.run.Takes, Age: e.run.Age, Found: e.run.Found, Scored: e.run.Scored, ErrorCode: e.run.ErrorCode}
		if e.people != nil {
			p.Candidates = len(e.people())
		}
		got[id] = p
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sample runs differ (-want +got):\n%s", diff)
	}
}

// A shortlist cuts longer fields, which sample people must not have.
func TestSamplePeopleAreSound(t *testing.T) {
	linkedIn := regexp.MustCompile(`^https://www\.linkedin\.com/in/[a-z0-9]+(-[a-z0-9]+)*$`)
	email := regexp.MustCompile(`^[a-z.]+@example\.(org|com)$`)
	seen := map[string]string{} // profile ids, addresses and names of all runs
	once := func(t *testing.T, value string) {
		t.Helper()
		if other, twice := seen[value]; twice {
			t.Errorf("%q is also in %s", value, other)
		}
		seen[value] = t.Name()
	}
	for _, sample := range samples {
		if sample.people == nil {
			continue
		}
		t.Run(sample.id, func(t *testing.T) {
			last := 100.0
			unscored := false
			size := 0
			for i, c := range sample.people() {
				once(t, c.ProfileID)
				once(t, c.LinkedInURL)
				once(t, c.Name)
				if !linkedIn.MatchString(c.LinkedInURL) {
					t.Errorf("rank %d: LinkedIn URL %q", i+1, c.LinkedInURL)
				}
				switch {
				case c.MatchScore == nil:
					unscored = true
				case unscored:
					t.Errorf("rank %d: a score below a candidate without one", i+1)
				case *c.MatchScore > last || *c.MatchScore < 0:
					t.Errorf("rank %d: score %v after %v", i+1, *c.MatchScore, last)
				default:
					last = *c.MatchScore
				}
				for _, e := range c.Emails {
					if !email.MatchString(e) {
						t.Errorf("rank %d: e-mail %q is not of a domain reserved for examples", i+1, e)
					}
				}
				text(t, i+1, 1, 120, c.Name)
				text(t, i+1, 1, 200, c.Headline)
				text(t, i+1, 40, 1200, c.Rationale)
				text(t, i+1, 0, 120, c.Location, c.CurrentCompany, c.CurrentRole)
				list(t, i+1, 1, 12, c.Skills)
				list(t, i+1, 0, 4, c.AIFitPoints)
				list(t, i+1, 0, 3, c.AIRedFlags)
				if n := len(c.AIDetailedRationale); n > 3 {
					t.Errorf("rank %d: %d detailed rationales, want at most 3", i+1, n)
				}
				for _, e := range c.AIDetailedRationale {
					text(t, i+1, 1, 300, e.Title, e.Company, e.Duration, e.RelevanceExplanation)
				}
				if n := len(c.DetailedExperience); n > 4 {
					t.Errorf("rank %d: %d positions, want at most 4", i+1, n)
				}
				for _, e := range c.DetailedExperience {
					text(t, i+1, 1, 120, e.Role, e.Company, e.Duration)
					list(t, i+1, 1, 5, e.Highlights)
				}
				pretty, err := json.MarshalIndent(c, "", "  ")
				if err != nil {
					t.Fatal(err)
				}
				size += len(pretty)
			}
			// A real candidate has 2 to 3 KB, on which the sizes of answers and
			// benchmarks depend.
			if mean := size / len(sample.people()); mean < 1900 || mean > 3000 {
				t.Errorf("a candidate has %d bytes on average, want 2 to 3 KB", mean)
			}
		})
	}
}

// text checks one text of a person.
func text(t *testing.T, rank, shortest, longest int, values ...string) {
	t.Helper()
	for _, v := range values {
		if n := utf8.RuneCountInString(v); n < shortest || n > longest {
			t.Errorf("rank %d: %d characters, want %d to %d: %q", rank, n, shortest, longest, v)
		}
		if !utf8.ValidString(v) || !norm.NFC.IsNormalString(v) {
			t.Errorf("rank %d: not UTF-8 in NFC: %q", rank, v)
		}
		if strings.ContainsAny(v, "{}\n\t") || strings.Contains(v, "  ") || v != strings.TrimSpace(v) {
			t.Errorf("rank %d: untidy or unfinished: %q", rank, v)
		}
	}
}

func list(t *testing.T, rank, fewest, most int, items []string) {
	t.Helper()
	if len(items) < fewest || len(items) > most {
		t.Errorf("rank %d: %d items, want %d to %d: %q", rank, len(items), fewest, most, items)
	}
	text(t, rank, 1, 300, items...)
	for i, item := range items {
		if slices.Contains(items[:i], item) {
			t.Errorf("rank %d: twice: %q", rank, item)
		}
	}
}

// Exactly one profile is hostile, the expected one; invisible characters of all
// others are joiners that their script needs.
func TestOneSampleProfileIsHostile(t *testing.T) {
	var hostile []string
	for _, sample := range samples {
		if sample.people == nil {
			continue
		}
		for i, c := range sample.people() {
			if strings.ContainsRune(c.Name, '\u200b') && strings.Contains(c.Headline, "Ignore previous instructions") {
				hostile = append(hostile, sample.id)
				if i+1 != 17 {
					t.Errorf("hostile profile at rank %d, want 17", i+1)
				}
			} else if all := string(encode(c)); strings.ContainsAny(all, "\u200b\u2060\ufeff\u202e\x1b") {
				t.Errorf("%s: invisible characters in %s", sample.id, all)
			}
		}
	}
	if want := []string{"req_demo_done"}; !slices.Equal(hostile, want) {
		t.Errorf("hostile profiles in %v, want %v", hostile, want)
	}
}

// Without this, a misspelt field would be ignored.
func TestPeopleFilesHoldNoUnknownField(t *testing.T) {
	names, err := fs.Glob(files, "people/*.json")
	if err != nil {
		t.Fatal(err)
	}
	used := 0
	for _, sample := range samples {
		if sample.people != nil {
			used++
		}
	}
	if len(names) != used {
		t.Errorf("%d files, but %d sample runs with candidates", len(names), used)
	}
	for _, name := range names {
		content, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		dec := json.NewDecoder(bytes.NewReader(content))
		dec.DisallowUnknownFields()
		var people []struct {
			Candidate
			Comment string `json:"_comment"`
		}
		if err := dec.Decode(&people); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheLogKeepsTheLatestRequests(t *testing.T) {
	var l requestLog
	const surplus = 5
	began := time.Unix(0, 0)
	for i := range maxRequests + surplus {
		seq := l.begin(Request{Arrived: began.Add(time.Duration(i))})
		if i == maxRequests+surplus-1 {
			l.end(0, began, 500, true) // the entry is overwritten, so its successor must not change
			l.end(seq, began.Add(time.Hour), 200, false)
		}
	}
	got := l.list()
	if len(got) != maxRequests || !got[0].Arrived.Equal(began.Add(surplus)) || got[0].Status != 0 {
		t.Errorf("%d entries from %v, status %d, want %d from %v, status 0", len(got), got[0].Arrived, got[0].Status, maxRequests, began.Add(surplus))
	}
	if last := got[len(got)-1]; last.Status != 200 || !last.Answered.Equal(began.Add(time.Hour)) {
		t.Errorf("last entry %+v, want it answered with 200", last)
	}
	if slices.ContainsFunc(got, func(r Request) bool { return r.Status == 500 }) {
		t.Error("an overwritten entry was completed")
	}
}
