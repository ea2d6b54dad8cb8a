package client

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// Status is a run's state, as the API spells it.
type Status string

// The documented statuses. A response may hold others; see Results.InProgress.
const (
	StatusProcessing Status = "processing"
	StatusCompleted  Status = "completed"
	StatusFailed     Status = "failed"
)

// Results is one answer about a run. It never changes once returned, so it may
// be shared.
//
// Counts are nil if the answer has none. They count different things, so one
// must never stand for another.
type Results struct {
	RequestID string
	// Status is "" if the answer has none. It is third-party text if it is not
	// one of the documented statuses.
	Status       Status
	HTTPStatus   int       // 200 or 202
	CreatedAt    time.Time // zero if missing or unreadable, as all times here
	CompletedAt  time.Time
	SourcedCount *int   // candidates found so far, while processing
	FoundCount   *int   // found before scoring
	ScoredCount  *int   // scored by InstaView's AI
	Message      string // third-party text, while processing
	ErrorCode    string // third-party text, of a failed run
	ErrorMessage string // third-party text, of a failed run

	// Candidates are in the order received, which is the ranking. The list is
	// empty while the run is in progress, whatever the API sent.
	Candidates []Candidate
	// Broken counts elements of the list that could not be read or did not fit
	// into 16 MiB of memory. A list of another type counts as one.
	Broken int
	// Truncated reports whether the list had more than MaxCandidates elements.
	Truncated bool

	// Date is the server's clock when it answered; zero if unknown.
	Date      time.Time
	RateLimit RateLimit

	footprint int64        // as Footprint computes it; 0 = not yet
	derived   atomic.Value // see Derived
}

// Derived returns what the first build has made of r, such as its text. The
// value is kept for as long as r is in memory, and shared by all callers, whose
// builds must return the same type. Callers at the same time may all build, but
// get the same value.
func (r *Results) Derived(build func() any) any {
	if r.derived.Load() == nil {
		r.derived.CompareAndSwap(nil, build())
	}
	return r.derived.Load()
}

// Finished reports whether the run has ended. Only the documented end states
// count; for an unknown status see InProgress.
func (r *Results) Finished() bool {
	return r.Status == StatusCompleted || r.Status == StatusFailed
}

// InProgress reports whether the run is still being processed: its status says
// so, or the response was 202 without a documented end state. A run that is
// neither Finished nor InProgress has a status that this version does not know.
func (r *Results) InProgress() bool {
	return r.Status == StatusProcessing || !r.Finished() && r.HTTPStatus == 202
}

// Age returns how old the run was when the server answered, by the server's own
// clock. ok is false if the answer lacks a time.
func (r *Results) Age() (age time.Duration, ok bool) {
	if r.CreatedAt.IsZero() || r.Date.IsZero() {
		return 0, false
	}
	// Date is in whole seconds, so a new run may seem to be in the future.
	return max(0, r.Date.Sub(r.CreatedAt)), r.Date.Sub(r.CreatedAt) > -time.Minute
}

// Footprint estimates the memory that r holds, in bytes. For a hostile body
// that can be many times the body's size.
func (r *Results) Footprint() int64 {
	if r.footprint > 0 {
		return r.footprint
	}
	n := int64(unsafe.Sizeof(*r)) + lengths(r.RequestID, string(r.Status), r.Message, r.ErrorCode, r.ErrorMessage)
	n += int64(cap(r.Candidates)-len(r.Candidates)) * int64(unsafe.Sizeof(Candidate{}))
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

// lengths returns the memory of strings with their headers, in bytes.
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
	// Rank is the place in the list as received, from 1. Broken elements count.
	Rank           int
	ProfileID      string
	Name           string
	Headline       string
	Location       string
	CurrentCompany string
	CurrentRole    string
	LinkedInURL    string
	MatchScore     *float64 // 0 to 100; nil if missing or out of range
	Rationale      string
	Skills         []string
	FitPoints      []string
	RedFlags       []string
	Evidence       []Evidence
	Experience     []Position
	Emails         []string

	// Unreadable counts what was left out: fields of another type than
	// documented, list items beyond MaxListItems, and an id longer than
	// MaxProfileID.
	Unreadable int
}

// Evidence says why one position is relevant to the job.
type Evidence struct {
	Title       string
	Company     string
	Duration    string
	Explanation string
}

// Position is one position of a career.
type Position struct {
	Role       string
	Company    string
	Duration   string
	Highlights []string
}
