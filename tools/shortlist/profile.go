package shortlist

import (
	"bytes"
	"encoding/json"

	"instaview-mcp/client"
	"instaview-mcp/internal/blind"
	"instaview-mcp/internal/sanitize"
)

// Profile is a candidate as separate fields. What the run does not say is left
// out.
type Profile struct {
	Rank       int              `json:"rank"`
	Score      *float64         `json:"score,omitempty"` // 0 to 100
	Name       sanitize.Clean   `json:"name,omitempty"`
	Role       sanitize.Clean   `json:"role,omitempty"`
	Company    sanitize.Clean   `json:"company,omitempty"`
	Place      sanitize.Clean   `json:"place,omitempty"`
	Headline   sanitize.Clean   `json:"headline,omitempty"` // "" if it only repeats role and company
	Why        sanitize.Clean   `json:"why,omitempty"`
	Fit        []sanitize.Clean `json:"fit,omitempty"`
	RedFlags   []sanitize.Clean `json:"redFlags,omitempty"`
	NoRedFlags bool             `json:"noRedFlags,omitempty"` // InstaView looked for red flags and named none
	Skills     []sanitize.Clean `json:"skills,omitempty"`
	Experience []Job            `json:"experience,omitempty"`
	Evidence   []Job            `json:"evidence,omitempty"` // what the score is based on
	ID         sanitize.Clean   `json:"id,omitempty"`
	Link       sanitize.Clean   `json:"link,omitempty"` // as sanitize.LinkedIn returns it
	Note       sanitize.Clean   `json:"note,omitempty"` // what was changed in the texts
	// Blind holds, by their names in JSON, the fields that differ once the name
	// is hidden; nil if it is hidden already.
	Blind map[string]json.RawMessage `json:"blind,omitempty"`
}

// Job is a position that a candidate has held, and what was done there or why
// it matters.
type Job struct {
	Role     sanitize.Clean   `json:"role,omitempty"`
	Company  sanitize.Clean   `json:"company,omitempty"`
	Duration sanitize.Clean   `json:"duration,omitempty"`
	Points   []sanitize.Clean `json:"points,omitempty"`
}

// pageCaps are higher than those of a text for a model, as a page has room.
// The number of items is limited by the client alone.
var pageCaps = caps{name: maxName, title: maxTitle, headline: 300, rationale: 4_000, item: 1_000}

// newProfile returns a candidate's fields. Unless hidden, it adds what differs
// once the name is hidden.
func newProfile(c *client.Candidate, hidden bool) Profile {
	blindProfile := fieldsOf(c, newMask(c))
	if hidden {
		return blindProfile
	}
	p := fieldsOf(c, nil)
	p.Blind = differences(p, blindProfile)
	return p
}

// fieldsOf returns a candidate's fields. mask may be nil.
func fieldsOf(c *client.Candidate, mask *blind.Mask) Profile {
	w := candidateWriter{candidate: c, mask: mask, caps: pageCaps}
	role, company := w.fact(c.CurrentRole), w.company(c.CurrentCompany)
	p := Profile{
		Rank: c.Rank, Score: c.MatchScore, Name: w.name(), Role: role, Company: company, Place: w.fact(c.Location),
		Headline: w.headline(role, company), Why: w.text(c.Rationale, w.caps.rationale),
		Fit: w.texts(c.FitPoints, blind.Prose), RedFlags: w.texts(c.RedFlags, blind.Prose), NoRedFlags: c.RedFlags != nil && len(c.RedFlags) == 0,
		Skills: w.texts(c.Skills, blind.Fact), ID: w.id(), Link: w.profile(),
	}
	for _, e := range c.Experience {
		p.Experience = w.appendJob(p.Experience, e.Role, e.Company, e.Duration, e.Highlights)
	}
	for _, e := range c.Evidence {
		p.Evidence = w.appendJob(p.Evidence, e.Title, e.Company, e.Duration, []string{e.Explanation})
	}
	p.Note = w.notes() // after all fields are read
	if w.cut {
		p.Note = sanitize.Join("; ", p.Note, "“…” marks shortened text")
	}
	return p
}

// appendJob appends a position, unless nothing is known of it.
func (w *candidateWriter) appendJob(jobs []Job, role, company, duration string, points []string) []Job {
	j := Job{w.fact(role), w.company(company), w.fact(duration), w.texts(points, blind.Prose)}
	if j.Role+j.Company+j.Duration == "" && len(j.Points) == 0 {
		return jobs
	}
	return append(jobs, j)
}

// differences returns the fields of to that differ from those of from, by their
// names in JSON. A field that to lacks is null, so that it replaces the other.
// All fields are compared as JSON, so that no new one can be forgotten.
func differences(from, to Profile) map[string]json.RawMessage {
	old, differing := membersOf(from), membersOf(to)
	for name, value := range old {
		switch other, ok := differing[name]; {
		case !ok:
			differing[name] = json.RawMessage("null")
		case bytes.Equal(value, other):
			delete(differing, name)
		}
	}
	return differing
}

// membersOf returns a profile's fields as JSON.
func membersOf(p Profile) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	raw, err := json.Marshal(p)
	if err == nil {
		err = json.Unmarshal(raw, &members)
	}
	if err != nil { // no field has a type that could fail
		panic("shortlist: " + err.Error())
	}
	return members
}
