package client

import (
	"time"
	"unsafe"
)

// Status is a run's state in the API's own word.
type Status string

// The documented statuses. A response may hold another; see Results.Status.
const (
	StatusProcessing Status = "processing"
	StatusCompleted  Status = "completed"
	StatusFailed     Status = "failed"
)

// Results is one answer to "how is this run?". It is never changed once
// returned, so it may be shared.
//
// Counts are nil when not told. They measure different things: never present
// one as another.
type Results struct {
	RequestID string
	// Status is the body's word, or "" if it had none. It is third-party text
	// when it is not one of the documented statuses.
	Status       Status
	HTTPStatus   int       // 200 or 202
	CreatedAt    time.Time // zero when missing or unreadable, as all times here
	CompletedAt  time.Time
	SourcedCount *int   // candidates found so far, while processing
	FoundCount   *int   // found before scoring
	ScoredCount  *int   // scored by InstaView's AI
	Message      string // third-party text, while processing
	ErrorCode    string // third-party text, of a failed run
	ErrorMessage string // third-party text, of a failed run

	// Candidates are in the order received, which is the ranking. There are none
	// while the run is in progress, whatever was received.
	Candidates []Candidate
	// Broken counts elements of the list that could not be read, or for which
	// 16 MiB have no room; a list that is of another kind counts as one.
	Broken int
	// Truncated is set when the list went on after MaxCandidates elements.
	Truncated bool

	// Date is the server's clock when it answered; zero when not told.
	Date      time.Time
	RateLimit RateLimit
}

// Finished reports whether the run has ended. The end states are listed
// positively; what an unknown status means is InProgress's answer.
func (r *Results) Finished() bool {
	return r.Status == StatusCompleted || r.Status == StatusFailed
}

// InProgress reports whether the run is still being worked on: its status says
// so, or the response was 202 and named no end state. A run that is neither
// Finished nor InProgress has a status this version does not know.
func (r *Results) InProgress() bool {
	return r.Status == StatusProcessing || !r.Finished() && r.HTTPStatus == 202
}

// Age is how old the run was when the server answered, by the server's own
// clock; ok is false when the answer does not tell.
func (r *Results) Age() (age time.Duration, ok bool) {
	if r.CreatedAt.IsZero() || r.Date.IsZero() {
		return 0, false
	}
	// Date has whole seconds, so a run just made may seem to be in the future.
	return max(0, r.Date.Sub(r.CreatedAt)), r.Date.Sub(r.CreatedAt) > -time.Minute
}

// Footprint estimates the memory r holds, in bytes: of a hostile body it can be
// many times the body's size.
func (r *Results) Footprint() int64 {
	n := int64(unsafe.Sizeof(*r)) + lengths(r.RequestID, string(r.Status), r.Message, r.ErrorCode, r.ErrorMessage)
	for i := range r.Candidates {
		n += r.Candidates[i].footprint()
	}
	return n
}

func (c *Candidate) footprint() int64 {
	n := int64(unsafe.Sizeof(*c)) + lengths(c.ProfileID, c.Name, c.Headline, c.Location, c.CurrentCompany,
		c.CurrentRole, c.LinkedInURL, c.Rationale)
	for _, list := range [][]string{c.Skills, c.FitPoints, c.RedFlags, c.Emails} {
		n += lengths(list...)
	}
	for _, e := range c.Evidence {
		n += lengths(e.Title, e.Company, e.Duration, e.Explanation)
	}
	for _, p := range c.Experience {
		n += int64(unsafe.Sizeof(p)) + lengths(p.Role, p.Company, p.Duration) + lengths(p.Highlights...)
	}
	return n
}

// lengths counts strings with their headers.
func lengths(s ...string) int64 {
	n := int64(len(s)) * int64(unsafe.Sizeof(""))
	for _, s := range s {
		n += int64(len(s))
	}
	return n
}

// Candidate is one person of a shortlist. Every field is third-party text as
// received, and any may be missing.
type Candidate struct {
	// Rank is the place in the list as received, from 1, broken elements counted.
	Rank           int
	ProfileID      string
	Name           string
	Headline       string
	Location       string
	CurrentCompany string
	CurrentRole    string
	LinkedInURL    string
	MatchScore     *float64 // 0 to 100; nil when missing or out of range
	Rationale      string
	Skills         []string
	FitPoints      []string
	RedFlags       []string
	Evidence       []Evidence
	Experience     []Position
	Emails         []string

	// Unreadable counts fields of a kind the contract does not give them, list
	// items beyond MaxListItems, and an id beyond MaxProfileID: all left out.
	Unreadable int
}

// Evidence says why a part of a career matters for the role.
type Evidence struct {
	Title       string
	Company     string
	Duration    string
	Explanation string
}

// Position is one job of a career.
type Position struct {
	Role       string
	Company    string
	Duration   string
	Highlights []string
}
