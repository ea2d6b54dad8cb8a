package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
	"unicode/utf8"
)

// The documented limits of what starts and refines a run, in characters and
// candidates. The unit of the lengths is not documented, so they are counted in
// the most lenient one, Unicode characters.
const (
	MaxTitle          = 200    // POST /sourcing
	MaxJobDescription = 10_000 // POST /sourcing
	MaxQuery          = 500    // PATCH /sourcing/{id}; taken for POST too
	MaxAdditional     = 50     // PATCH /sourcing/{id}

	// DefaultLimit is how many candidates are asked for if no number is given:
	// the documented default of PATCH. It is always sent, so that the most that
	// a request can cost is known.
	DefaultLimit = 10

	// maxStartedBytes is far above the documented answer of 300 bytes.
	maxStartedBytes = 64 << 10
)

// Brief says whom a new run is to look for. Empty fields are not sent.
type Brief struct {
	Title          string // at most MaxTitle characters; the API needs it
	JobDescription string // at most MaxJobDescription characters; the API needs it
	Location       string
	Query          string // what to look for in particular, at most MaxQuery characters
	// Limit is how many candidates to source, at a credit each; 0 =
	// DefaultLimit. The API documents no maximum.
	Limit int
}

// Refinement changes a run that has ended. At least one field must be given.
type Refinement struct {
	Query string // an instruction for the search, at most MaxQuery characters
	// Additional is how many more candidates to source, at a credit each, up to
	// MaxAdditional; 0 = DefaultLimit.
	Additional int
}

// Started is InstaView's word that it works on a run.
type Started struct {
	// RequestID is the run's. Whether that of a refined run is the old one is
	// not documented, so go on with this one.
	RequestID string
	CreatedAt time.Time // zero when missing or unreadable
	RateLimit RateLimit
}

// Start starts a run, which costs up to Limit credits. It makes exactly one
// request, and nothing below repeats it.
//
// The error is an *Error, or ctx's own when ctx ended before the request was
// sent. If the *Error's OutcomeUnknown is set, the run may have been started.
func (c *Client) Start(ctx context.Context, b Brief) (*Started, error) {
	switch {
	case tooLong(b.Title, MaxTitle):
		return nil, invalid("title longer than %d characters", MaxTitle)
	case tooLong(b.JobDescription, MaxJobDescription):
		return nil, invalid("job description longer than %d characters", MaxJobDescription)
	case tooLong(b.Query, MaxQuery):
		return nil, invalid("query longer than %d characters", MaxQuery)
	case b.Limit < 0:
		return nil, invalid("limit below 0")
	}
	return c.spend(ctx, http.MethodPost, struct {
		Title          string `json:"title,omitempty"`
		JobDescription string `json:"jobDescription,omitempty"`
		Location       string `json:"location,omitempty"`
		Query          string `json:"query,omitempty"`
		Limit          int    `json:"limit"`
	}{b.Title, b.JobDescription, b.Location, b.Query, orDefault(b.Limit)}, "sourcing")
}

// Refine changes what a run that has ended looks for, and has it source more
// candidates, which costs up to Additional credits. In all else it is as Start.
func (c *Client) Refine(ctx context.Context, requestID string, r Refinement) (*Started, error) {
	switch {
	case !ValidRequestID(requestID):
		return nil, invalid("malformed request id")
	case r == Refinement{}:
		return nil, invalid("nothing to refine")
	case tooLong(r.Query, MaxQuery):
		return nil, invalid("query longer than %d characters", MaxQuery)
	case r.Additional < 0 || r.Additional > MaxAdditional:
		return nil, invalid("additional candidates not from 1 to %d", MaxAdditional)
	}
	started, err := c.spend(ctx, http.MethodPatch, struct {
		Query string `json:"query,omitempty"`
		Limit int    `json:"limit"`
	}{r.Query, orDefault(r.Additional)}, "sourcing", requestID)
	return started, err
}

func tooLong(s string, most int) bool { return len(s) > most && utf8.RuneCountInString(s) > most }

func orDefault(limit int) int {
	if limit == 0 {
		return DefaultLimit
	}
	return limit
}

func invalid(format string, args ...any) *Error {
	return &Error{Code: CodeInvalidRequest, Reason: fmt.Sprintf(format, args...)}
}

// spend makes one request that costs credits.
func (c *Client) spend(ctx context.Context, method string, payload any, path ...string) (*Started, error) {
	r, err := c.exchange(ctx, method, payload, maxStartedBytes, path...)
	if err != nil {
		return nil, err
	}
	started, err := readStarted(bytes.NewReader(r.body))
	if err != nil {
		return nil, r.unreadable("the answer names no run", err)
	}
	started.RateLimit = r.limit
	return started, nil
}

// readStarted reads the answer of POST and PATCH: flat, as documented, or
// wrapped in data as other pages of the API have it.
func readStarted(body io.Reader) (*Started, error) {
	type accepted struct {
		RequestID string          `json:"requestId"`
		CreatedAt json.RawMessage `json:"createdAt"`
	}
	var answer struct {
		accepted
		Data json.RawMessage `json:"data"`
	}
	raw, err := io.ReadAll(io.LimitReader(body, maxStartedBytes))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, err
	}
	found := answer.accepted
	if found.RequestID == "" {
		_ = json.Unmarshal(answer.Data, &found) // not an object: no id in it either
	}
	if !ValidRequestID(found.RequestID) {
		return nil, &contractError{"no valid request id"}
	}
	started := &Started{RequestID: found.RequestID}
	var created string
	if json.Unmarshal(found.CreatedAt, &created) == nil {
		started.CreatedAt, _ = time.Parse(time.RFC3339, created) // zero if it is none
	}
	return started, nil
}
