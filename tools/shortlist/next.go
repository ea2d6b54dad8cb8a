package shortlist

import (
	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
)

// nextSteps returns lines with the calls that can follow an answer about a run
// that has ended.
func (p page) nextSteps(r *client.Results, v View) []sanitize.Clean {
	var lines []sanitize.Clean
	if len(p.notShown) > 0 {
		lines = append(lines, "Next: "+ranksAre(ranksOf(p.notShown))+" not shown: "+v.continuation(p)+".")
	}
	only := View{Tool: v.Tool, RequestID: v.RequestID, Selection: Selection{Detail: Full}, Contacts: v.Contacts, Blind: v.Blind}
	switch {
	case len(p.texts) == 0:
	case v.detail() != Full:
		only.setCandidates(v.Blind, p.first)
		lines = append(lines, "Next: "+only.call()+" for experience and evidence.")
	case p.oneInFull && p.window.end > 0 && p.window.end < p.window.seen:
		only.setCandidates(v.Blind, p.first)
		only.Offset = p.window.end
		lines = append(lines, "Next: "+only.call()+" for the other "+
			count(p.window.seen-p.window.end, "item", "items")+" of rank "+sanitize.Number(p.first.Rank)+".")
	case !p.oneInFull && p.shortened != nil:
		only.setCandidates(v.Blind, p.shortened)
		lines = append(lines, "Next: "+only.call()+" shows rank "+sanitize.Number(p.shortened.Rank)+" whole.")
	}
	if r.Finished() && len(r.Candidates) > 0 {
		lines = append(lines, "This run is finished; asking again changes nothing.")
	}
	return lines
}

// ranksAre returns the start of a sentence about ranks.
func ranksAre(ranks []int) sanitize.Clean {
	if len(ranks) == 1 {
		return "rank " + ranges(ranks) + " is"
	}
	return "ranks " + ranges(ranks) + " are"
}

// continuation returns the call that shows the candidates after p.
func (v View) continuation(p page) sanitize.Clean {
	next := v
	switch {
	case v.isDefault() && len(p.ranks) < v.limit(): // not even the first ten fitted
		next.Detail = Summary
	case v.isDefault(): // brief lines were being shown
		next.Detail = Brief
	}
	if v.isNamed() {
		// The call names only the remaining candidates, which have passed
		// min_score.
		next.MinScore, next.Offset = nil, 0
		next.setCandidates(v.Blind, p.notShown...)
	} else {
		next.Offset = v.Offset + len(p.ranks) + len(p.briefRanks)
	}
	return next.call()
}

// setCandidates makes s select these candidates: by id if the id cannot contain
// third-party text, otherwise by rank.
func (s *Selection) setCandidates(blind bool, candidates ...*client.Candidate) {
	s.ProfileIDs, s.Ranks = nil, nil
	for _, c := range candidates {
		if _, ok := plainID(c.ProfileID); ok && !blind {
			s.ProfileIDs = append(s.ProfileIDs, c.ProfileID)
		} else {
			s.Ranks = append(s.Ranks, c.Rank)
		}
	}
}

// quotedIDs returns a list of ids for a call. If an id may contain third-party
// text, it returns "[…]", for the caller to fill in again.
func quotedIDs(ids []string) sanitize.Clean {
	quoted := make([]sanitize.Clean, len(ids))
	for i, id := range ids {
		plain, ok := plainID(id)
		if !ok {
			return "[…]"
		}
		quoted[i] = `"` + plain + `"`
	}
	return "[" + sanitize.Join(", ", quoted...) + "]"
}

// call returns a call of the tool that shows the same as v.
func (v View) call() sanitize.Clean { return v.Tool + "(" + v.Arguments() + ")" }

// Arguments returns the arguments of a call that shows the same as v, in the
// syntax of a function call.
func (v View) Arguments() sanitize.Clean {
	args := []sanitize.Clean{`request_id="` + v.RequestID + `"`}
	add := func(given bool, argument sanitize.Clean) {
		if given {
			args = append(args, argument)
		}
	}
	add(v.Detail != "", `detail="`+v.detail().Name()+`"`)
	add(v.Limit > 0, "limit="+sanitize.Number(v.Limit))
	add(v.Offset > 0, "offset="+sanitize.Number(v.Offset))
	if v.MinScore != nil {
		add(true, "min_score="+sanitize.Number(*v.MinScore))
	}
	add(len(v.ProfileIDs) > 0, "profile_ids="+quotedIDs(v.ProfileIDs))
	var ranks []sanitize.Clean
	for _, rank := range v.Ranks {
		ranks = append(ranks, sanitize.Number(rank))
	}
	add(len(ranks) > 0, "ranks=["+sanitize.Join(", ", ranks...)+"]")
	add(v.Contacts, "include_contacts=true")
	add(v.Blind, "blind=true")
	return sanitize.Join(", ", args...)
}
