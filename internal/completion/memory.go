// Package completion offers what a person may be about to type into a prompt or
// a resource's URI: the ids of runs they have read, and of candidates in them.
//
// It remembers what its Waiter has shown each caller, for minutes and in memory
// alone, since candidates' names are in it. It asks InstaView nothing: a run
// that nobody has read yet completes nothing. Names serve to find a candidate
// and are never part of what is offered, so that a review without names stays
// one.
package completion

import (
	"context"
	"slices"
	"sync"
	"time"

	"instaview-mcp/client/poll"
	"instaview-mcp/internal/sanitize"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools"
	"instaview-mcp/tools/shortlist"
)

// The bounds of what is remembered: at most some 20 MB, and of that a caller
// only their share, lest one crowds out the others.
const (
	keep             = 10 * time.Minute // since a run was last read
	maxRuns          = 500
	maxRunsPerCaller = 20
	maxCandidates    = 200 // of a run, the highest ranked
	maxName          = 120 // characters, as in a shortlist
	maxID            = 256
)

// Memory is a tools.Waiter that remembers what it has shown to whom, and
// completes arguments from that. It is safe for concurrent use.
type Memory struct {
	runs  tools.Waiter
	blind bool // names are not looked for, and ids made of them not offered

	mu       sync.Mutex
	read     []*run // the one read last at the end
	sweeping bool   // a sweep is to come
}

// run is what is remembered of one run, for one caller.
type run struct {
	by         tenant.ID
	id         string
	at         time.Time // when it was read last
	seen       time.Time // when InstaView told what is remembered
	candidates []candidate
}

type candidate struct{ id, name string }

// New returns a Memory that reads runs. A blind one does not tell whose name
// something is: it finds candidates by id alone, and remembers no names.
func New(runs tools.Waiter, blind bool) *Memory { return &Memory{runs: runs, blind: blind} }

// Look is that of the Waiter that reads runs.
func (m *Memory) Look(ctx context.Context, requestID string) (poll.Look, error) {
	look, err := m.runs.Look(ctx, requestID)
	m.remember(ctx, requestID, look)
	return look, err
}

// Wait is that of the Waiter that reads runs.
func (m *Memory) Wait(ctx context.Context, requestID string, d time.Duration, onLook func(poll.Look)) (poll.Look, error) {
	look, err := m.runs.Wait(ctx, requestID, d, onLook)
	m.remember(ctx, requestID, look)
	return look, err
}

// remember books that a caller has read a run. One that InstaView has not
// answered for is not there, or not theirs.
func (m *Memory) remember(ctx context.Context, requestID string, look poll.Look) {
	if look.Results == nil {
		return
	}
	by := tenant.IDOf(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget()
	r := m.find(by, requestID)
	if r == nil {
		r = &run{by: by, id: requestID}
		m.makeRoom(by)
	} else {
		m.drop(r)
	}
	r.at = time.Now()
	if !r.seen.Equal(look.SeenAt) {
		r.seen, r.candidates = look.SeenAt, m.candidates(look)
	}
	m.read = append(m.read, r)
	m.sweepLater()
}

func (m *Memory) candidates(look poll.Look) []candidate {
	all := look.Results.Candidates
	all = all[:min(len(all), maxCandidates)]
	kept := make([]candidate, 0, len(all))
	for i := range all {
		c := candidate{id: shortlist.ID(&all[i], m.blind)}
		if !m.blind {
			c.name = sanitize.Line(all[i].Name, maxName).String
		}
		id := sanitize.Line(all[i].ProfileID, maxID).String
		if c.id != "" && sanitize.HideContacts(id) == id {
			kept = append(kept, c)
		}
	}
	return kept
}

func (m *Memory) find(by tenant.ID, requestID string) *run {
	for _, r := range m.read {
		if r.by == by && r.id == requestID {
			return r
		}
	}
	return nil
}

func (m *Memory) drop(r *run) {
	m.read = slices.DeleteFunc(m.read, func(other *run) bool { return other == r })
}

// makeRoom drops the run read longest ago: of this caller, if they have their
// share, else of all.
func (m *Memory) makeRoom(by tenant.ID) {
	var oldest *run
	own := 0
	for _, r := range m.read {
		if r.by != by {
			continue
		}
		if own++; oldest == nil {
			oldest = r
		}
	}
	switch {
	case own >= maxRunsPerCaller:
		m.drop(oldest)
	case len(m.read) >= maxRuns:
		m.drop(m.read[0])
	}
}

// forget drops what was read too long ago.
func (m *Memory) forget() {
	m.read = slices.DeleteFunc(m.read, func(r *run) bool { return time.Since(r.at) >= keep })
}

// sweepLater has what is too old dropped also if nobody reads anything more.
func (m *Memory) sweepLater() {
	if m.sweeping || len(m.read) == 0 {
		return
	}
	m.sweeping = true
	time.AfterFunc(keep-time.Since(m.read[0].at), func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.sweeping = false
		m.forget()
		m.sweepLater()
	})
}
