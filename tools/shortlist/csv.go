package shortlist

import (
	"encoding/csv"
	"strconv"
	"strings"

	"instaview-mcp/client"
	"instaview-mcp/internal/blind"
)

// bom tells spreadsheet programs that a file is UTF-8; Excel takes it for the
// system's old character set otherwise.
const bom = "\ufeff"

var header = []string{
	"Rank", "AI score", "Name", "Role", "Company", "Location", "Headline", "AI reason", "Fit points", "Red flags",
	"Skills", "LinkedIn", "Profile id", "Notes", "Run",
}

// CSV writes all candidates of a completed run as a table for a spreadsheet
// program: comma-separated, in UTF-8 with a byte order mark. The cells are
// cleaned and capped like the text of Render, hold no contacts, and no cell can
// be taken for a formula. A table with names hidden says so in its notes.
func CSV(r *client.Results, requestID string, hidden bool) string {
	var b strings.Builder
	b.WriteString(bom)
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	write := func(cells []string) { _ = w.Write(cells) } // a Builder takes everything
	write(header)
	for i := range r.Candidates {
		write(row(&r.Candidates[i], requestID, hidden))
	}
	w.Flush()
	return b.String()
}

func row(c *client.Candidate, requestID string, hidden bool) []string {
	k := card{c: c, caps: usualCaps}
	if hidden {
		k.mask = newMask(c)
	}
	score := ""
	if c.MatchScore != nil {
		score = number(max(*c.MatchScore, 0)) // -0 is no number to begin a cell with
	}
	cells := []string{
		k.name(), k.fact(c.CurrentRole), k.company(c.CurrentCompany), k.fact(c.Location),
		k.text(c.Headline, maxHeadline), k.text(c.Rationale, maxRationale), cell(k.list(c.FitPoints)), cell(k.list(c.RedFlags)),
		cell(k.listOf(c.Skills, blind.Fact)), k.profile(), strings.Trim(k.id(), "[]"),
	}
	notes := k.notes() // once every field was read
	if hidden {
		notes = joined("; ", notes, "names are hidden where known, which is not anonymous")
	}
	cells = append(cells, notes, requestID)
	for i := range cells {
		cells[i] = defuse(cells[i])
	}
	return append([]string{strconv.Itoa(c.Rank), score}, cells...)
}

// cell writes a list as people do.
func cell(list string) string { return strings.ReplaceAll(list, separator, "; ") }

// formula finds the signs by which a spreadsheet program tells a formula, at the
// beginning of a cell. A semicolon begins a cell, too, for programs set to a
// language in which it separates them, where quotation marks do not protect it.
var formula = onFirstUse(`(^|;)([\s\p{Z}\p{C}"']*[=+\-@＝＋－＠﹢﹣﹦﹫−])`)

// defuse puts an apostrophe before what could begin a formula, which makes it
// text.
func defuse(cell string) string { return formula().ReplaceAllString(cell, "$1'$2") }
