package shortlist

import (
	"fmt"
	"strconv"
	"strings"

	"instaview-mcp/client"
)

// nextSteps returns lines with the calls that can follow an answer about a run
// that has ended.
func (p page) nextSteps(r *client.Results, v View) []string {
	var lines []string
	if len(p.notShown) > 0 {
		lines = append(lines, fmt.Sprintf("Next: %s not shown: %s.", ranksAre(ranksOf(p.notShown)), v.continuation(p)))
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
		lines = append(lines, fmt.Sprintf("Next: %s for the other %s of rank %d.",
			only.call(), count(p.window.seen-p.window.end, "item", "items"), p.first.Rank))
	case !p.oneInFull && p.shortened != nil:
		only.setCandidates(v.Blind, p.shortened)
		lines = append(lines, fmt.Sprintf("Next: %s shows rank %d whole.", only.call(), p.shortened.Rank))
	}
	if r.Finished() && len(r.Candidates) > 0 {
		lines = append(lines, "This run is finished; looking again changes nothing.")
	}
	return lines
}

// ranksAre returns the start of a sentence about ranks.
func ranksAre(ranks []int) string {
	if len(ranks) == 1 {
		return fmt.Sprintf("rank %d is", ranks[0])
	}
	return fmt.Sprintf("ranks %s are", ranges(ranks))
}

// continuation returns the call that shows the candidates after p.
func (v View) continuation(p page) string {
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
		if plainID.MatchString(c.ProfileID) && !blind {
			s.ProfileIDs = append(s.ProfileIDs, c.ProfileID)
		} else {
			s.Ranks = append(s.Ranks, c.Rank)
		}
	}
}

// quotedIDs returns a list of ids for a call. If an id may contain third-party
// text, it returns "[…]", for the caller to fill in again.
func quotedIDs(ids []string) string {
	quoted := make([]string, len(ids))
	for i, id := range ids {
		if !plainID.MatchString(id) {
			return "[…]"
		}
		quoted[i] = strconv.Quote(id)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// call returns a call of the tool that shows the same as v.
func (v View) call() string { return v.Tool + "(" + v.Arguments() + ")" }

// Arguments returns the arguments of a call that shows the same as v, in the
// syntax of a function call.
func (v View) Arguments() string {
	args := []string{fmt.Sprintf("request_id=%q", v.RequestID)}
	add := func(given bool, format string, value any) {
		if given {
			args = append(args, fmt.Sprintf(format, value))
		}
	}
	add(v.Detail != "", "detail=%q", string(v.Detail))
	add(v.Limit > 0, "limit=%d", v.Limit)
	add(v.Offset > 0, "offset=%d", v.Offset)
	if v.MinScore != nil {
		args = append(args, "min_score="+number(*v.MinScore))
	}
	add(len(v.ProfileIDs) > 0, "profile_ids=%s", quotedIDs(v.ProfileIDs))
	add(len(v.Ranks) > 0, "ranks=%s", strings.ReplaceAll(fmt.Sprint(v.Ranks), " ", ", "))
	add(v.Contacts, "include_contacts=%v", true)
	add(v.Blind, "blind=%v", true)
	return strings.Join(args, ", ")
}
