package shortlist

import (
	"fmt"

	"instaview-mcp/client"
	"instaview-mcp/internal/blind"
	"instaview-mcp/internal/sanitize"
)

// newMask returns a mask that hides a candidate's name. Its texts are cleaned
// like those it is applied to, so that they match.
func newMask(c *client.Candidate) *blind.Mask {
	companies, facts := []string{c.CurrentCompany}, append([]string{c.CurrentRole, c.Location}, c.Skills...)
	for _, p := range c.Experience {
		companies, facts = append(companies, p.Company), append(facts, p.Role)
	}
	for _, e := range c.Evidence {
		companies, facts = append(companies, e.Company), append(facts, e.Title)
	}
	for _, texts := range [][]string{companies, facts} {
		for i := range texts {
			texts[i] = sanitize.Line(texts[i], maxTitle).String
		}
	}
	return blind.New(sanitize.Line(c.Name, maxName).String, companies, facts)
}

// ID returns what an answer calls a candidate: the profile id or, if names are
// hidden and the id may contain the name, "rank-N". Selection.ProfileIDs
// accepts both.
func ID(c *client.Candidate, hidden bool) string {
	if hidden && blind.New(sanitize.Line(c.Name, maxName).String, nil, nil).InID(c.ProfileID) {
		return rankID(c)
	}
	return cleanForModel(c.ProfileID, maxHandle)
}

// rankID returns the id of a candidate by rank.
func rankID(c *client.Candidate) string { return fmt.Sprintf("rank-%d", c.Rank) }
