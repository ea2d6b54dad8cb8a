package shortlist

import (
	"fmt"
	"strconv"

	"instaview-mcp/client"
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
	MaxRanks      = 50
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
	Detail Detail // "" = Summary
	Limit  int    // 1 to MaxLimit; 0 = 50 in brief, 10 in summary, 5 in full
	// Offset is how many candidates are passed over, from 0; for one candidate
	// that is named and shown in full, how many items of their lists.
	Offset   int
	MinScore *float64 // 0 to 100; nil = no filter
	// ProfileIDs and Ranks name candidates; with none of both all are meant. An
	// id may be a rank or a name, too, if no candidate has it for an id.
	ProfileIDs []string
	Ranks      []int // the run's own, from 1
}

// isNamed reports whether the selection names candidates.
func (s Selection) isNamed() bool { return len(s.ProfileIDs)+len(s.Ranks) > 0 }

func (s Selection) isDefault() bool {
	return s.Detail == "" && s.Limit == 0 && s.Offset == 0 && s.MinScore == nil && !s.isNamed()
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

// itemOffset is how many items of one candidate's lists are passed over; 0
// unless one is named and shown in full.
func (s Selection) itemOffset() int {
	if s.detail() == Full && len(s.ProfileIDs)+len(s.Ranks) == 1 {
		return s.Offset
	}
	return 0
}

// picked is what a selection leaves of a list, the limit not yet applied.
type picked struct {
	view       View
	matching   int // before the offset
	candidates []*client.Candidate
	chooser    *chooser // nil if all are meant
	hidden     int      // by the score
	unscored   int      // of those, the ones without a score
	highest    *float64 // score of those hidden
}

func pick(all []client.Candidate, v View) picked {
	p := picked{view: v}
	if v.isNamed() {
		p.chooser = choose(all, v.Selection, v.Blind)
	}
	offset := v.Offset - v.itemOffset()
	for i := range all {
		c := &all[i]
		if p.chooser != nil && !p.chooser.chosen[i] {
			continue
		}
		if v.MinScore != nil && (c.MatchScore == nil || *c.MatchScore < *v.MinScore) {
			p.hide(c)
			continue
		}
		p.matching++
		if p.matching > offset {
			p.candidates = append(p.candidates, c)
		}
	}
	return p
}

func (p *picked) hide(c *client.Candidate) {
	p.hidden++
	switch {
	case c.MatchScore == nil:
		p.unscored++
	case p.highest == nil || *c.MatchScore > *p.highest:
		p.highest = c.MatchScore
	}
}

// notes says what the selection hid or did not find.
func (p picked) notes() []string {
	var notes []string
	if p.hidden > 0 {
		note := fmt.Sprintf("min_score %s hid %s", number(*p.view.MinScore), count(p.hidden, "candidate", "candidates"))
		if p.unscored > 0 {
			note += fmt.Sprintf(", %d of them without a score", p.unscored)
		}
		if p.matching == 0 && p.highest != nil {
			note += fmt.Sprintf("; the highest score is %s", number(*p.highest))
		}
		notes = append(notes, note+".")
	}
	if p.chooser != nil {
		notes = append(notes, p.chooser.notes(p.view)...)
	}
	if len(p.candidates) == 0 && p.matching > 0 {
		notes = append(notes, fmt.Sprintf("offset %d is beyond the last of %s.",
			p.view.Offset, count(p.matching, "matching candidate", "matching candidates")))
	}
	return notes
}

// number writes a number as a person would: without an exponent.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
