package poll

import (
	"container/list"
	"strings"
	"time"

	"instaview-mcp/client"
)

// run is the state of one sourcing run, as requested for one company. It is
// queued (someone waits, and a request is due some time), in flight, or idle
// (nobody waits, and its snapshot is in the cache).
type run struct {
	id       string
	floor    *floor
	callers  [3]int // by kind
	inFlight bool
	leftAt   time.Time     // when the last caller left
	cached   *list.Element // in one of the Poller's lists; nil while not idle

	due          time.Time // when the next request is due, while queued
	order        uint64    // from nextOrder, when it became due
	queuedIn     *runHeap  // nil while not queued
	index        int       // in queuedIn
	currentUntil time.Time // until when the last attempt's floor and Retry-After forbid another

	born      time.Time // when it was created, by our clock; the latest possible time
	schedule  schedule
	last      Snapshot
	footprint int64 // in bytes; 0 without last.Results
	wake      wakeUp
	tally
	changed chan struct{} // closed and replaced after every attempt
	final   chan struct{} // closed and replaced after every attempt that ends waits
}

// tally counts the attempts at a run.
type tally struct{ attempts, failures int }

// floor keeps the requests for one sourcing run apart. Runs requested for
// several companies share it, since the contract's limit is the run's.
type floor struct {
	name      string // of the run for the shared store, if there is one
	sharers   []*run // runs that share it
	inFlight  bool
	notBefore time.Time // the end of the floor and of Retry-After
}

// newRun adds a run, which is due at once. It keeps that place in the queue
// even if its callers leave before its turn.
func (p *Poller) newRun(id string, now time.Time) *run {
	r := &run{
		id: id, born: now, due: now.Add(-headStart), order: p.nextOrder(),
		schedule: newSchedule(p.jitter), changed: make(chan struct{}), final: make(chan struct{}),
	}
	if r.floor = p.floors[sourcingRun(id)]; r.floor == nil {
		r.floor = &floor{name: p.name(sourcingRun(id))}
		p.floors[sourcingRun(id)] = r.floor
	}
	r.floor.sharers = append(r.floor.sharers, r)
	p.runs[id] = r
	p.takeHint(r, now)
	return r
}

// name returns what hints are kept by and other replicas call a run.
func (p *Poller) name(sourcingRun string) string {
	if p.store.Store == nil {
		return sourcingRun
	}
	return p.store.Name(sourcingRun)
}

// sourcingRun returns an id without the company that it may begin with.
func sourcingRun(id string) string {
	if _, run, found := strings.Cut(id, "/"); found {
		return run
	}
	return id
}

// wait returns the time until a request is allowed; 0 = now. While a request is
// in flight that time is unknown, but at least Floor.
func (f *floor) wait(now time.Time) time.Duration {
	if f.inFlight {
		return Floor
	}
	return max(0, f.notBefore.Sub(now))
}

// unused reports whether no run needs the floor, and it forbids nothing any
// more.
func (f *floor) unused(now time.Time) bool { return len(f.sharers) == 0 && f.wait(now) == 0 }

// active reports whether any caller waits for the run.
func (r *run) active() bool { return r.callers[get]+r.callers[wait] > 0 }

// turn returns the time by which runs that are due are ordered: a young one
// gives way.
func (r *run) turn() time.Time {
	if r.attempts > 0 && r.due.Sub(r.born) <= young {
		return r.due.Add(giveWay)
	}
	return r.due
}

// record stores the result of an attempt that ended now, and sets when the next
// is due.
func (r *run) record(results *client.Results, failure *client.Error, now time.Time) {
	r.attempts++
	r.last.unconfirmed = r.mayPass(failure)
	r.last.At, r.last.Err = now, failure
	if failure != nil {
		r.failures++
	}
	hold := Floor
	var next time.Duration
	switch {
	case failure == nil:
		r.last.Results, r.last.SeenAt = results, now
		// The server's clock has whole seconds, so of several answers the one
		// that makes the run oldest is the most exact.
		if age, ok := results.Age(); ok {
			r.born = earlier(r.born, now.Add(-age))
		}
		next = r.schedule.afterAnswer(now.Sub(r.born))
	case failure.Transient():
		hold = max(Floor, failure.RetryAfter)
		next = r.schedule.afterFault(hold)
	default:
		next = Floor
	}
	r.due, r.currentUntil = now.Add(next), now.Add(hold)
	r.floor.notBefore = r.currentUntil
	close(r.changed)
	r.changed = make(chan struct{})
	if r.last.final() {
		close(r.final)
		r.final = make(chan struct{})
	}
}

// mayPass reports whether a permanent failure must be repeated before it ends a
// wait: a new run may be unknown for some seconds, and a faulty instance of
// InstaView may refuse a key that another has accepted.
func (r *run) mayPass(failure *client.Error) bool {
	if failure == nil || r.last.Err != nil && !r.last.Err.Transient() {
		return false
	}
	switch failure.Code {
	case client.CodeNotFound:
		return true
	case client.CodeUnauthorized, client.CodeForbidden:
		return r.last.Results != nil
	}
	return false
}

// current reports whether a call may be answered without a request: either none
// is allowed yet, or the run has finished and cannot have changed.
func (r *run) current(now time.Time) bool {
	finished := r.last.Err == nil && r.last.Results != nil && r.last.Results.Finished()
	return now.Before(r.currentUntil) && !r.last.At.IsZero() || finished && now.Before(r.last.At.Add(cacheFor))
}

// forgetStale drops a state that is too old for an answer. The state of a run
// in progress is kept, because it is shown if the next attempt fails.
func (p *Poller) forgetStale(r *run, now time.Time) {
	if r.current(now) {
		return
	}
	r.last.Err = nil
	if r.last.Results == nil || !r.last.Results.InProgress() {
		r.last = Snapshot{}
		p.measure(r)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
