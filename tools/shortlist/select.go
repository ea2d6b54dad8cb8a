package shortlist

import (
	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
)

// Detail is how much is shown of a candidate. The zero value means Summary.
type Detail string

// The details, from least to most.
const (
	Brief   Detail = "brief"   // one line
	Summary Detail = "summary" // the fields that a decision is based on
	Full    Detail = "full"    // every documented field except contacts
)

// Name returns the word for d in texts and calls.
func (d Detail) Name() sanitize.Clean {
	switch d {
	case Brief:
		return "brief"
	case Full:
		return "full"
	default:
		return "summary"
	}
}

// The largest values in a Selection.
const (
	MaxLimit      = 50
	MaxProfileIDs = 50
	MaxRanks      = 50
)

// defaultLimit is how many candidates are shown if no limit is given.
func (d Detail) defaultLimit() int {
	switch d {
	case Brief:
		return 50
	case Full:
		return 5
	default:
		return 10
	}
}

// Selection narrows the candidates. It is applied from the last field to the
// first: ids and ranks, score, offset, limit. The zero value selects ten
// candidates in summary, followed by others in brief as far as they fit.
type Selection struct {
	Detail Detail // "" = Summary
	Limit  int    // 1 to MaxLimit; 0 = 50 in brief, 10 in summary, 5 in full
	// Offset is how many candidates to skip, from 0. If one candidate is named
	// and shown in full, it is how many items of that candidate to skip.
	Offset   int
	MinScore *float64 // 0 to 100; nil = no filter
	// ProfileIDs and Ranks name candidates. If both are empty, all are
	// selected. An entry of ProfileIDs that is not an id may also be a rank, a
	// name or a profile link.
	ProfileIDs []string
	Ranks      []int // as given by the run, from 1
}

// isNamed reports whether the selection names candidates.
func (s Selection) isNamed() bool { return len(s.ProfileIDs)+len(s.Ranks) > 0 }

// isDefault reports whether the selection is the zero value.
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
		return s.detail().defaultLimit()
	}
	return s.Limit
}

// itemOffset is how many items of a candidate to skip. It is 0 unless one
// candidate is named and shown in full.
func (s Selection) itemOffset() int {
	if s.detail() == Full && len(s.ProfileIDs)+len(s.Ranks) == 1 {
		return s.Offset
	}
	return 0
}

// selected is the result of a selection before the limit is applied.
type selected struct {
	view       View
	matching   int // number of candidates before the offset
	candidates []*client.Candidate
	chooser    *chooser // nil if no candidates are named
	hidden     int      // number of those hidden by min_score
	unscored   int      // number of hidden ones without a score
	highest    *float64 // score of the hidden ones; nil = none has one
}

// selectCandidates applies all of v's selection but the limit.
func selectCandidates(all []client.Candidate, v View) selected {
	p := selected{view: v}
	if v.isNamed() {
		p.chooser = newChooser(all, v.Selection, v.Blind)
	}
	offset := v.Offset - v.itemOffset()
	for i := range all {
		c := &all[i]
		if p.chooser != nil && !p.chooser.chosen[i] {
			continue
		}
		if v.MinScore != nil && (c.MatchScore == nil || *c.MatchScore < *v.MinScore) {
			p.dropByScore(c)
			continue
		}
		p.matching++
		if p.matching > offset {
			p.candidates = append(p.candidates, c)
		}
	}
	return p
}

// dropByScore records that min_score hides c.
func (s *selected) dropByScore(c *client.Candidate) {
	s.hidden++
	switch {
	case c.MatchScore == nil:
		s.unscored++
	case s.highest == nil || *c.MatchScore > *s.highest:
		s.highest = c.MatchScore
	}
}

// notes returns what the selection hid or did not find.
func (s selected) notes() []sanitize.Clean {
	var notes []sanitize.Clean
	if s.hidden > 0 {
		note := "min_score " + sanitize.Number(*s.view.MinScore) + " hid " + count(s.hidden, "candidate", "candidates")
		if s.unscored > 0 {
			note += ", " + sanitize.Number(s.unscored) + " of them without a score"
		}
		if s.matching == 0 && s.highest != nil {
			note += "; the highest score is " + sanitize.Number(*s.highest)
		}
		notes = append(notes, note+".")
	}
	if s.chooser != nil {
		notes = append(notes, s.chooser.notes(s.view)...)
	}
	if len(s.candidates) == 0 && s.matching > 0 {
		notes = append(notes, "offset "+sanitize.Number(s.view.Offset)+" is beyond the last of "+
			count(s.matching, "matching candidate", "matching candidates")+".")
	}
	return notes
}
