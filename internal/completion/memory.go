// Package completion completes the arguments of prompts and resources: the ids
// of runs that a caller has read, and of candidates in them.
//
// It remembers what each caller has read, for minutes and in memory only,
// because the entries hold candidates' names. It makes no request to InstaView,
// so a run that the caller has not read has no completions. A typed name finds
// a candidate's id, but names are never offered, so that a blind review stays
// blind.
package completion

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/sanitize"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools"
	"instaview-mcp/tools/shortlist"
)

// The limits of the memory: about 20 MB in all, and a share of that for each
// caller, so that none can displace the entries of the others.
const (
	retention        = 10 * time.Minute // after a run was last read
	maxRuns          = 500
	maxRunsPerCaller = 20
	maxCandidates    = 200 // per run, the highest ranked
	maxName          = 120 // characters, as in a shortlist
)

// Memory wraps a tools.Waiter, remembers which caller has read what through it,
// and completes arguments from that. It is safe for concurrent use.
type Memory struct {
	runs  tools.Waiter
	blind bool // do not search names, nor offer ids that are made of names

	mu       sync.Mutex
	read     []*run // in the order of their last reading
	sweeping bool   // a timer for the next sweep is running
}

// run is one run that one caller has read.
type run struct {
	by         tenant.ID
	id         string
	title      string     // of the job, if the caller has started the run here
	readAt     time.Time  // last reading by the caller
	seenAt     time.Time  // answer of InstaView that candidates are from
	received   []received // candidates that have not been cleaned yet
	candidates []candidate
}

// received is what a candidate is made of. Most runs are never completed, so
// cleaning waits until one is.
type received struct {
	rank     int
	id, name string
}

type candidate struct{ id, name sanitize.Clean }

// New returns a Memory that wraps runs. If blind, it finds candidates by id
// only and remembers no names.
func New(runs tools.Waiter, blind bool) *Memory { return &Memory{runs: runs, blind: blind} }

// Get calls the wrapped Waiter and remembers the result.
func (m *Memory) Get(ctx context.Context, requestID string) (poll.Snapshot, error) {
	snapshot, err := m.runs.Get(ctx, requestID)
	m.remember(ctx, requestID, &snapshot)
	return snapshot, err
}

// Wait calls the wrapped Waiter and remembers the result.
func (m *Memory) Wait(ctx context.Context, requestID string, d time.Duration, onSnapshot func(poll.Snapshot)) (snapshot poll.Snapshot, err error) {
	snapshot, err = m.runs.Wait(ctx, requestID, d, onSnapshot)
	m.remember(ctx, requestID, &snapshot)
	return snapshot, err
}

// remember stores that the caller of ctx has read a run. Without results
// nothing is stored, since the run may not exist or belong to someone else.
func (m *Memory) remember(ctx context.Context, requestID string, snapshot *poll.Snapshot) {
	if snapshot.Results == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.touch(tenant.IDOf(ctx), requestID)
	if !r.seenAt.Equal(snapshot.SeenAt) {
		r.seenAt, r.candidates = snapshot.SeenAt, nil
		r.received = receive(snapshot.Results.Candidates)
		if m.blind {
			m.clean(r)
		}
	}
}

// touch returns a caller's run as the one that was used last.
func (m *Memory) touch(by tenant.ID, requestID string) *run {
	m.dropExpired()
	r := m.find(by, requestID)
	if r == nil {
		r = &run{by: by, id: requestID}
		m.makeRoom(by)
	} else {
		m.drop(r)
	}
	r.readAt = time.Now()
	m.read = append(m.read, r)
	m.sweepLater()
	return r
}

// Started remembers a run that the caller of ctx has started, with the job's
// title, or refined. A refined run has the title of the run it came from.
func (m *Memory) Started(ctx context.Context, requestID, title, refinedFrom string) {
	by := tenant.IDOf(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	if from := m.find(by, refinedFrom); from != nil && title == "" {
		title = from.title
	}
	m.touch(by, requestID).title = title
}

// Run is a run that a caller has started or read.
type Run struct {
	RequestID string
	Title     string    // of the job, if the caller has started it here
	At        time.Time // when it was started or last read
}

// List returns the runs of the last ten minutes of ctx's caller, the latest
// first.
func (m *Memory) List(ctx context.Context) []Run {
	by := tenant.IDOf(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dropExpired()
	var runs []Run
	for _, r := range slices.Backward(m.read) {
		if r.by == by {
			runs = append(runs, Run{r.id, r.title, r.readAt})
		}
	}
	return runs
}

// receive returns the candidates to remember. A name that is longer than honest
// ones is shortened at once. Texts are cloned, because those of Results share
// memory with longer ones.
func receive(all []client.Candidate) []received {
	all = all[:min(len(all), maxCandidates)]
	kept := make([]received, len(all))
	for i := range all {
		c := &all[i]
		kept[i] = received{c.Rank, strings.Clone(c.ProfileID), c.Name}
		if len(c.Name) > 4*maxName {
			kept[i].name = string(sanitize.Line(c.Name, maxName).Clean)
		}
		kept[i].name = strings.Clone(kept[i].name)
	}
	return kept
}

// clean makes r.candidates of r.received. An id that contains a contact is left
// out, since completing it would show the contact.
func (m *Memory) clean(r *run) {
	for _, c := range r.received {
		id, whole := shortlist.ID(&client.Candidate{Rank: c.rank, ProfileID: c.id, Name: c.name}, m.blind)
		if id == "" || !whole {
			continue
		}
		kept := candidate{id: id}
		if !m.blind {
			kept.name = sanitize.Line(c.name, maxName).Clean
		}
		r.candidates = append(r.candidates, kept)
	}
	r.received = nil
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

// makeRoom drops the least recently read run if a limit is reached: the
// caller's own if their share is used up, otherwise the oldest of all.
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

// dropExpired drops the runs that were last read before the retention time.
func (m *Memory) dropExpired() {
	m.read = slices.DeleteFunc(m.read, func(r *run) bool { return time.Since(r.readAt) >= retention })
}

// sweepLater drops expired runs by a timer, for when nobody reads anything
// more.
func (m *Memory) sweepLater() {
	if m.sweeping || len(m.read) == 0 {
		return
	}
	m.sweeping = true
	time.AfterFunc(retention-time.Since(m.read[0].readAt), func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.sweeping = false
		m.dropExpired()
		m.sweepLater()
	})
}
