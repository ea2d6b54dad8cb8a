package sanitize

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hostileCase is one line of the corpus of hostile values, and of the harmless
// ones ("control") that must survive.
type hostileCase struct {
	ID             string `json:"id"`
	Channel        string `json:"channel"`
	Class          string `json:"class"`
	InputGoQuoted  string `json:"input_go_quoted"`
	Repeat         string `json:"repeat"`
	Keep           string `json:"keep"`
	ReferenceClean string `json:"reference_clean"`
}

func (c hostileCase) input(t *testing.T) string {
	t.Helper()
	s, err := strconv.Unquote(c.InputGoQuoted)
	if err != nil {
		t.Fatalf("%s: %v", c.ID, err)
	}
	if c.Repeat == "" {
		return s
	}
	n, err := strconv.Atoi(c.Repeat)
	if err != nil {
		t.Fatalf("%s: %v", c.ID, err)
	}
	return strings.Repeat(s, n)
}

func (c hostileCase) control() bool { return strings.HasPrefix(c.Class, "control-") }

// hostile returns the cases of one channel.
func hostile(t *testing.T, channel string) []hostileCase {
	t.Helper()
	text, err := os.ReadFile("testdata/hostile.json")
	if err != nil {
		t.Fatal(err)
	}
	var corpus struct {
		Cases []hostileCase `json:"cases"`
	}
	if err := json.Unmarshal(text, &corpus); err != nil {
		t.Fatal(err)
	}
	var cases []hostileCase
	for _, c := range corpus.Cases {
		if c.Channel == channel {
			cases = append(cases, c)
		}
	}
	if len(cases) == 0 {
		t.Fatalf("the corpus has no case for %q", channel)
	}
	return cases
}

func TestLineOnHostileCandidateFields(t *testing.T) {
	for _, c := range hostile(t, "candidate_field") {
		t.Run(c.ID+" "+c.Class, func(t *testing.T) {
			in := c.input(t)
			got := checkLine(t, in, 0)
			text := string(got.Clean)
			if !strings.Contains(text, c.Keep) {
				t.Errorf("Line(%q) = %q, lost %q", brief(in), brief(text), c.Keep)
			}
			// The reference leaves the two spaces around a removed comment; a
			// line has one.
			want := strings.Join(strings.Fields(c.ReferenceClean), " ")
			if diff := cmp.Diff(want, string(ForModel(got.Clean))); c.ReferenceClean != "" && diff != "" {
				t.Errorf("Line(%q) differs from the reference (-want +got):\n%s", brief(in), diff)
			}
			if c.control() && got.Altered {
				t.Errorf("Line(%q).Altered = true for harmless text", in)
			}

			const fieldCap = 1200
			capped := checkLine(t, in, fieldCap)
			if want := len([]rune(text)) > fieldCap; capped.Cut != want {
				t.Errorf("Line(%q, %d).Cut = %t, want %t", brief(in), fieldCap, capped.Cut, want)
			}
		})
	}
}

func TestLinkedInOnHostileURLs(t *testing.T) {
	for _, c := range hostile(t, "linkedinUrl") {
		t.Run(c.ID+" "+c.Class, func(t *testing.T) {
			in := c.input(t)
			got, fault := LinkedIn(in)
			if (fault == "") != c.control() {
				t.Errorf("LinkedIn(%q) = %q, %q, harmless: %t", in, got, fault, c.control())
			}
		})
	}
}
