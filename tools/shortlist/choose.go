package shortlist

import (
	"slices"
	"strings"

	"instaview-mcp/client"
	"instaview-mcp/internal/arguments"
	"instaview-mcp/internal/fold"
	"instaview-mcp/internal/sanitize"
)

// chooser finds the candidates that a selection names.
type chooser struct {
	all       []client.Candidate
	blind     bool
	chosen    map[int]bool     // indexes in all
	unknown   []sanitize.Clean // descriptions of entries without a match
	byName    []int            // ranks of candidates found by name
	ambiguous []sanitize.Clean // notes about names with several matches
}

// newChooser finds candidates by id, rank, profile link or name. A blind review
// does not search by name, since the result would reveal whose name it is.
func newChooser(all []client.Candidate, s Selection, blind bool) *chooser {
	c := &chooser{all: all, blind: blind, chosen: map[int]bool{}}
	for i, given := range s.ProfileIDs {
		if !c.byID(given) && !c.byRankIn(given) && (blind || !c.byPerson(given, i)) {
			c.unknown = append(c.unknown, describe(given, i))
		}
	}
	for _, rank := range s.Ranks {
		if !c.byRank(rank) {
			c.unknown = append(c.unknown, "rank "+sanitize.Number(rank))
		}
	}
	return c
}

// byID chooses by an id as the API sends it or as an answer shows it, since
// models copy the latter.
func (c *chooser) byID(id string) bool {
	found := false
	for i := range c.all {
		p := &c.all[i]
		if shown, _ := ID(p, false); id != "" && (p.ProfileID == id || string(shown) == id) {
			c.chosen[i] = true
			found = true
		}
	}
	return found
}

// byRank chooses the candidate with this rank.
func (c *chooser) byRank(rank int) bool {
	for i := range c.all {
		if c.all[i].Rank == rank {
			c.chosen[i] = true
			return true
		}
	}
	return false
}

// byRankIn chooses by a rank that is written in an id's place, such as "rank
// 3".
func (c *chooser) byRankIn(given string) bool {
	rank, ok := arguments.Rank(given)
	return ok && c.byRank(rank)
}

// byPerson chooses by a profile link or a name. The words of a name may be in
// any order, in any case and without accents. If several candidates match, it
// chooses none of them.
func (c *chooser) byPerson(given string, at int) bool {
	link, _ := sanitize.LinkedIn(given)
	words := slices.DeleteFunc(nameWords(given), isNumber) // a rank or score next to the name
	if link == "" && len(words) == 0 {
		return false
	}
	var found []int
	for i := range c.all {
		p := &c.all[i]
		if link != "" {
			if other, _ := sanitize.LinkedIn(p.LinkedInURL); other == link {
				found = append(found, i)
			}
			continue
		}
		if has := nameWords(p.Name); !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(has, w) }) {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 0:
		return false
	case 1:
		c.chosen[found[0]] = true
		c.byName = append(c.byName, c.all[found[0]].Rank)
	default:
		ranks := make([]int, len(found))
		for i, at := range found {
			ranks[i] = c.all[at].Rank
		}
		c.ambiguous = append(c.ambiguous, describe(given, at)+" fits ranks "+ranges(ranks))
	}
	return true
}

// plainID returns an id that may be shown outside the block of third-party
// text.
func plainID(id string) (plain sanitize.Clean, ok bool) {
	const longest = 64 // characters; a longer one could hold a sentence
	return sanitize.Plain(id, longest)
}

// describe names an entry of profile_ids: by its text if that is a plain id,
// otherwise by its position.
func describe(given string, at int) sanitize.Clean {
	if id, ok := plainID(given); ok {
		return `"` + id + `"`
	}
	return "entry " + sanitize.Number(at+1) + " of profile_ids"
}

// nameWords returns the words of a name without case and accents.
func nameWords(name string) []string { return strings.Fields(fold.Text(name)) }

// isNumber reports whether word consists of digits.
func isNumber(word string) bool { return strings.Trim(word, "0123456789") == "" }

// notes returns whom the names led to, which ones failed, and what to do
// instead.
func (c *chooser) notes(v View) []sanitize.Clean {
	var notes []sanitize.Clean
	if len(c.byName) > 0 {
		slices.Sort(c.byName)
		notes = append(notes, "Found by name: "+rankList(c.byName)+".")
	}
	for _, who := range c.ambiguous {
		notes = append(notes, who+": name one by ranks.")
	}
	if len(c.unknown) == 0 {
		return notes
	}
	const named = 5
	note := "Not in this run: " + sanitize.Join(", ", c.unknown[:min(len(c.unknown), named)]...)
	if n := len(c.unknown) - named; n > 0 {
		note += " and " + sanitize.Number(n) + " more"
	}
	brief := View{Tool: v.Tool, RequestID: v.RequestID, Selection: Selection{Detail: Brief}, Blind: v.Blind}
	note += ". Take ids or ranks from this run's list: " + brief.call() + "."
	if c.blind {
		note += " Names are not searched for in a blind review."
	}
	return append(notes, note)
}

func rankList(ranks []int) sanitize.Clean {
	if len(ranks) == 1 {
		return "rank " + ranges(ranks)
	}
	return "ranks " + ranges(ranks)
}
