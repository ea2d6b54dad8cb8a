package poll

import (
	"context"
	"errors"
	"time"

	"instaview-mcp/client"
)

// Store shares the state of one key between the Pollers of several processes,
// its replicas. Without one a Poller knows only of itself. All times are
// durations, so that the replicas' clocks may differ. The methods must return
// within about half a second; after an error the Poller goes on without the
// Store until Return succeeds.
type Store interface {
	// Begin asks whether a request may be sent now. If so, no other replica may
	// request the run until End, or for 25 s if there is none.
	Begin(ctx context.Context, request Request) (Permit, error)
	// End reports what a permitted request has brought.
	End(ctx context.Context, o Outcome) error
	// Present says that this replica is there, and returns how many there are.
	// If it is then silent for 3 s longer than silent, the others leave its
	// part of the budget to it.
	Present(ctx context.Context, silent time.Duration) (replicas int, err error)
	// Return reports what was done without the Store, which from then on counts
	// again, and returns how many replicas there are.
	Return(ctx context.Context, r Return) (replicas int, err error)
	// Publish tells the other replicas of a hint, see Poller.Hint, or of one
	// that was missed.
	Publish(ctx context.Context, n News) error
	// Name returns what News calls a run; "" for "".
	Name(run string) string
	// Subscribe calls receive for what other replicas publish, and
	// for each run that any replica sees end.
	Subscribe(receive func(News))
	// Close ends the subscription and the presence.
	Close()
}

// ErrStateLost is returned by a Store that has lost the state it had.
var ErrStateLost = errors.New("poll: the shared store has lost its state")

// Request describes a request for which a permit is needed.
type Request struct {
	ID      string        // as for Poller.Get; "" for a request that starts or refines a run
	Run     string        // ID without the company
	Get     bool          // a get waits for it
	Known   time.Duration // since when this replica has the newest answer for ID; negative if never
	Overdue time.Duration // since when it is due; the replicas' longest goes first
	Rate
}

// Rate is the budget of all replicas together.
type Rate struct {
	PerMinute float64
	Burst     int
	Kept      int // tokens that waits leave for gets
}

// Permit is the answer to a Request.
type Permit struct {
	Granted bool
	// In is the time until the request may be sent, at most 100 ms, or until
	// asking again makes sense.
	In    time.Duration
	Scope Scope       // of a refusal
	Cause client.Code // of a pause of the key; "" if there is none
	// Seen is the newest answer for the run, if the run was the reason; nil if
	// there is none.
	Seen     *Seen
	Replicas int // that use the key, this one included
}

// Scope says for what a permit was refused.
type Scope int

// The scopes of a refusal.
const (
	ScopeKind  Scope = iota // gets or waits, as there are too few tokens
	ScopeKey                // the key: a pause or a used-up window
	ScopeRun                // the run, because of its floor
	ScopeLease              // the run, which another replica is requesting
)

// Seen is what a replica was told about a run. It holds no text.
type Seen struct {
	Ago   time.Duration
	Ended bool
	Age   time.Duration // of the run when it was seen; negative if unknown
	// As in client.Results.
	SourcedCount, FoundCount, ScoredCount *int
}

// Outcome is what a request has brought.
type Outcome struct {
	ID      string // as in Request
	Run     string
	Result  Result
	HoldRun time.Duration // until the run may be requested again
	HoldKey time.Duration // until any run may; 0 unless this request failed
	Cause   client.Code   // of HoldKey
	// What is left by this replica's view, without its InFlight requests. A
	// ResetIn of 0 means that nothing is known.
	Minute, Hour Left
	InFlight     int
	Seen         *Seen // nil if there was no answer
}

// Left is what is left of a rate-limit window.
type Left struct {
	Left, Limit int
	ResetIn     time.Duration
}

// Result is how a request ended.
type Result int

// The results of a request.
const (
	Unknown  Result = iota // it was cut off
	Answered               // including permanent failures
	Failed                 // temporarily
	Unsent                 // after all
)

// Return is what was done without the Store.
type Return struct {
	Spent   int // requests sent
	Held    []Held
	HoldKey time.Duration // as in Outcome
	Cause   client.Code
	Rate
}

// Held is a run that was requested, or is being requested if InFlight, and must
// not be requested again before a time.
type Held struct {
	Run      string
	For      time.Duration
	InFlight bool
}

// News is what a replica tells the others about a run.
type News struct {
	Name   string // of the run; "" for a hint that names none
	Ended  bool   // the replica has seen the end; otherwise it has a hint
	Missed bool   // the replica has found an end of which no hint came
}

// WithStore shares the key's budget, pauses and floors with the other Pollers
// that have a Store of the same key. The Poller closes s.
func WithStore(s Store) Option {
	return func(p *Poller) { p.store.Store = s }
}
