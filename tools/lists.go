package tools

import (
	"instaview-mcp/client"
	"instaview-mcp/internal/arguments"
	"instaview-mcp/internal/sanitize"
	"instaview-mcp/tools/shortlist"
)

// profileIDs reads the candidates that a call asks for by id, rank or name.
func (a *reader) profileIDs() []string {
	ids, ok := arguments.Candidates(a.get(arguments.ProfileIDs))
	if !ok {
		a.refuse("profile_ids must be a list of strings. For example: profile_ids=[\"prof_67a3995d-ea79\"].")
	}
	for _, id := range ids {
		if len(id) > client.MaxProfileID {
			a.refuse("profile_ids holds an id longer than " + sanitize.Number(client.MaxProfileID) + " characters: copy the ids from a shortlist.")
			return nil
		}
	}
	if len(ids) > shortlist.MaxProfileIDs {
		a.refuse("profile_ids may hold at most " + sanitize.Number(shortlist.MaxProfileIDs) + " ids: ask for the others in a second call.")
	}
	return ids
}

// ranks reads the candidates that a call asks for by rank.
func (a *reader) ranks() []int {
	ranks, ok := arguments.RankList(a.get(arguments.Ranks), shortlist.MaxRanks)
	if !ok {
		a.refuse("ranks must be a list of whole numbers from 1 on. For example: ranks=[1, 3, 7]. Ids and names go in profile_ids.")
	}
	if len(ranks) > shortlist.MaxRanks {
		a.refuse("ranks may hold at most " + sanitize.Number(shortlist.MaxRanks) + " numbers: ask for the others in a second call.")
	}
	return ranks
}
