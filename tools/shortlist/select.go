package shortlist

import (
	"fmt"
	"strconv"
	"strings"

	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
)

// Detail is how much is shown of a candidate.
type Detail string

// The details, from least to most.
const (
	Brief   Detail = "brief"   // one line
	Summary Detail = "summary" // every field a decision rests on
	Full    Detail = "full"    // every documented field but contacts
)

// The bounds of Selection.
const (
	MaxLimit      = 50
	MaxProfileIDs = 50
)

// preset is how many candidates a detail shows when no limit is given.
func (d Detail) preset() int {
	switch d {
	case Brief:
		return 50
	case Full:
		return 5
	default:
		return 10
	}
}

// Selection narrows the candidates, in the order of its fields from last to
// first. The zero value is the default selection: ten candidates in summary,
// and the others in brief as far as there is room.
type Selection struct {
	Detail     Detail   // "" = Summary
	Limit      int      // 1 to MaxLimit; 0 = 50 in brief, 10 in summary, 5 in full
	Offset     int      // candidates passed over; from 0
	MinScore   *float64 // 0 to 100; nil = no filter
	ProfileIDs []string // none = all
}

func (s Selection) isDefault() bool {
	return s.Detail == "" && s.Limit == 0 && s.Offset == 0 && s.MinScore == nil && len(s.ProfileIDs) == 0
}

func (s Selection) detail() Detail {
	if s.Detail == "" {
		return Summary
	}
	return s.Detail
}

func (s Selection) limit() int {
	if s.Limit == 0 {
		return s.detail().preset()
	}
	return s.Limit
}

// picked is what a selection leaves of a list, the limit not yet applied.
type picked struct {
	selection  Selection
	matching   int // before the offset
	candidates []*client.Candidate
	unknownIDs []string
	hidden     int // by the score
	unscored   int // of those, the ones without a score
}

func pick(all []client.Candidate, s Selection) picked {
	p := picked{selection: s}
	wanted := map[string]bool{} // id → found
	for _, id := range s.ProfileIDs {
		wanted[id] = false
	}
	for i := range all {
		c := &all[i]
		if len(s.ProfileIDs) > 0 && !take(wanted, c) {
			continue
		}
		if s.MinScore != nil && (c.MatchScore == nil || *c.MatchScore < *s.MinScore) {
			p.hidden++
			if c.MatchScore == nil {
				p.unscored++
			}
			continue
		}
		p.matching++
		if p.matching > s.Offset {
			p.candidates = append(p.candidates, c)
		}
	}
	for _, id := range s.ProfileIDs {
		if !wanted[id] {
			p.unknownIDs = append(p.unknownIDs, id)
		}
	}
	return p
}

// take reports whether c is wanted, and marks it found. The id as shown counts,
// too: a model can only send that.
func take(wanted map[string]bool, c *client.Candidate) bool {
	for _, id := range []string{c.ProfileID, ID(c, false), rankID(c)} {
		if _, ok := wanted[id]; ok && id != "" {
			wanted[id] = true
			return true
		}
	}
	return false
}

// notes says what the selection hid or did not find.
func (p picked) notes() []string {
	var notes []string
	if p.hidden > 0 {
		note := fmt.Sprintf("min_score %s hid %s", number(*p.selection.MinScore), count(p.hidden, "candidate", "candidates"))
		if p.unscored > 0 {
			note += fmt.Sprintf(", %d of them without a score", p.unscored)
		}
		notes = append(notes, note+".")
	}
	if n := len(p.unknownIDs); n > 0 {
		const named = 5
		shown := make([]string, 0, named)
		for _, id := range p.unknownIDs[:min(n, named)] {
			shown = append(shown, fmt.Sprintf("%q", sanitize.Line(id, 64).String))
		}
		note := "Not in this run: " + strings.Join(shown, ", ")
		if n > named {
			note += fmt.Sprintf(" and %d more", n-named)
		}
		notes = append(notes, note+".")
	}
	if len(p.candidates) == 0 && p.matching > 0 {
		notes = append(notes, fmt.Sprintf("offset %d is beyond the last of %s.",
			p.selection.Offset, count(p.matching, "matching candidate", "matching candidates")))
	}
	return notes
}

// number writes a number as a person would: without an exponent.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
