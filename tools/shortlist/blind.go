package shortlist

import (
	"instaview-mcp/client"
	"instaview-mcp/internal/blind"
	"instaview-mcp/internal/sanitize"
)

// newMask returns a mask that hides a candidate's name. Its texts are cleaned
// like those it is applied to, so that they match.
func newMask(c *client.Candidate) *blind.Mask {
	clean := func(s string) sanitize.Clean { return sanitize.Line(s, maxTitle).Clean }
	companies, facts := []sanitize.Clean{clean(c.CurrentCompany)}, []sanitize.Clean{clean(c.CurrentRole), clean(c.Location)}
	for _, skill := range c.Skills {
		facts = append(facts, clean(skill))
	}
	for _, p := range c.Experience {
		companies, facts = append(companies, clean(p.Company)), append(facts, clean(p.Role))
	}
	for _, e := range c.Evidence {
		companies, facts = append(companies, clean(e.Company)), append(facts, clean(e.Title))
	}
	return blind.New(sanitize.Line(c.Name, maxName).Clean, companies, facts)
}

// ID returns what an answer calls a candidate: the profile id or, if names are
// hidden and the id may contain the name, "rank-N". Selection.ProfileIDs
// accepts both. whole is false if a contact is hidden in the id.
func ID(c *client.Candidate, hidden bool) (id sanitize.Clean, whole bool) {
	if hidden && blind.New(sanitize.Line(c.Name, maxName).Clean, nil, nil).InID(c.ProfileID) {
		return rankID(c), true
	}
	t := sanitize.Whole(c.ProfileID, client.MaxProfileID)
	id = sanitize.HideContacts(t.Clean)
	return sanitize.ForModel(id), id == t.Clean
}

// rankID returns the id of a candidate by rank.
func rankID(c *client.Candidate) sanitize.Clean { return "rank-" + sanitize.Number(c.Rank) }
