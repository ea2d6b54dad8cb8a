package shortlist

import (
	"encoding/csv"
	"strings"

	"instaview-mcp/client"
	"instaview-mcp/internal/blind"
	"instaview-mcp/internal/sanitize"
)

// bom marks a file as UTF-8. Without it, Excel reads the file in the system's
// old character set.
const bom = "\ufeff"

var header = []sanitize.Clean{
	"Rank", "AI score", "Name", "Role", "Company", "Location", "Headline", "AI reason", "Fit points", "Red flags",
	"Skills", "LinkedIn", "Profile id", "Notes", "Run",
}

// CSV returns all candidates of a completed run as comma-separated values for a
// spreadsheet program, in UTF-8 with a byte order mark. The cells are cleaned
// and limited like the text of Render. They hold no contacts, and no cell can
// act as a formula. With hidden, names are hidden as in a blind answer, and the
// notes say so.
func CSV(r *client.Results, requestID sanitize.Clean, hidden bool) string {
	var b strings.Builder
	b.WriteString(bom)
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	write := func(cells []sanitize.Clean) {
		escaped := make([]string, len(cells))
		for i, cell := range cells {
			escaped[i] = escapeFormula(cell)
		}
		_ = w.Write(escaped) // cannot fail, since a Builder takes everything
	}
	write(header)
	for i := range r.Candidates {
		write(row(&r.Candidates[i], requestID, hidden))
	}
	w.Flush()
	return b.String()
}

// row returns the cells of one candidate.
func row(c *client.Candidate, requestID sanitize.Clean, hidden bool) []sanitize.Clean {
	w := candidateWriter{candidate: c, caps: usualCaps}
	list := func(items []string, field blind.Field) sanitize.Clean {
		return sanitize.Join("; ", w.texts(items, field)...)
	}
	if hidden {
		w.mask = newMask(c)
	}
	var score sanitize.Clean
	if c.MatchScore != nil {
		score = sanitize.Number(max(*c.MatchScore, 0)) // a cell "-0" would start like a formula
	}
	cells := []sanitize.Clean{
		sanitize.Number(c.Rank), score,
		w.name(), w.fact(c.CurrentRole), w.company(c.CurrentCompany), w.fact(c.Location),
		w.text(c.Headline, maxHeadline), w.text(c.Rationale, maxRationale), list(c.FitPoints, blind.Prose), list(c.RedFlags, blind.Prose),
		list(c.Skills, blind.Fact), w.profile(), w.id(),
	}
	notes := w.notes() // after all fields are read
	if hidden {
		notes = sanitize.Join("; ", notes, "names are hidden where known, which is not anonymous")
	}
	return append(cells, notes, requestID)
}

// formula matches the characters with which spreadsheet programs start a
// formula, at the start of a cell. A semicolon counts as the start of one,
// because programs in some languages separate cells by semicolons and ignore
// quotation marks around them.
var formula = onFirstUse(`(^|;)([\s\p{Z}\p{C}"']*[=+\-@＝＋－＠﹢﹣﹦﹫−])`)

// escapeFormula puts an apostrophe before what could start a formula, which
// makes the cell text.
func escapeFormula(text sanitize.Clean) string {
	return formula().ReplaceAllString(string(text), "$1'$2")
}
