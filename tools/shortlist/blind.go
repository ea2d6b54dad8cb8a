package shortlist

import (
	"fmt"

	"instaview-mcp/client"
	"instaview-mcp/internal/blind"
	"instaview-mcp/internal/sanitize"
)

// newMask hides a candidate's name in texts cleaned as those here are.
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

// ID is what an answer calls a candidate: by the id or, where a blind answer
// would tell the name by that, by rank. A selection takes both.
func ID(c *client.Candidate, hidden bool) string {
	if hidden && blind.New(sanitize.Line(c.Name, maxName).String, nil, nil).InID(c.ProfileID) {
		return rankID(c)
	}
	return shown(c.ProfileID, maxHandle)
}

func rankID(c *client.Candidate) string { return fmt.Sprintf("rank-%d", c.Rank) }
