package poll

import (
	"strings"
	"time"

	"instaview-mcp/client"
)

// run is what a Poller knows of one sourcing run, as asked for on behalf of one
// company. It is queued (someone waits, a request is due), in flight, or idle
// (nobody waits; its snapshot is remembered for a while).
type run struct {
	id       string
	floor    *floor
	callers  [3]int // by kind
	inFlight bool
	leftAt   time.Time // when the last who waited went

	due          time.Time // of the next request, while queued
	order        uint64    // of becoming due, for equal times, or idle
	currentUntil time.Time // by the floor and Retry-After that the last attempt set

	born      time.Time // when it was created, by our clock; at the latest now
	schedule  schedule
	last      Snapshot
	footprint int64 // of last.Results, in bytes
	attempts  int
	changed   chan struct{} // closed, and replaced, after every attempt
}

// floor keeps the requests for one sourcing run apart. Runs asked for on behalf
// of several companies share it, because the contract knows no companies.
type floor struct {
	inFlight  bool
	notBefore time.Time // by the floor and Retry-After
}

// newRun adds a run, which is due: one never seen counts as due for a while, and
// keeps that turn should nobody wait long enough for it.
func (p *Poller) newRun(id string, now time.Time) *run {
	r := &run{
		id: id, born: now, due: now.Add(-headStart), order: p.nextOrder(),
		schedule: newSchedule(p.jitter), changed: make(chan struct{}),
	}
	for _, other := range p.runs {
		if sourcingRun(other.id) == sourcingRun(id) {
			r.floor = other.floor
		}
	}
	if r.floor == nil {
		r.floor = &floor{}
	}
	p.runs[id] = r
	return r
}

// sourcingRun is an id without the company that it may begin with.
func sourcingRun(id string) string {
	if _, run, found := strings.Cut(id, "/"); found {
		return run
	}
	return id
}

// wait is the time until a request may be made; 0 = now. While one is in flight
// that is not known, but not shorter than Floor.
func (f *floor) wait(now time.Time) time.Duration {
	if f.inFlight {
		return Floor
	}
	return max(0, f.notBefore.Sub(now))
}

// active reports whether anyone waits for the run.
func (r *run) active() bool { return r.callers[get]+r.callers[wait] > 0 }

// before reports whether r goes before other: what is due before what is not,
// and whichever is due first, but of those due a young run gives way.
func (r *run) before(other *run, now time.Time) bool {
	mine, theirs := r.due, other.due
	if !mine.After(now) && !theirs.After(now) {
		mine, theirs = r.turn(), other.turn()
	}
	if mine.Equal(theirs) {
		return r.order < other.order
	}
	return mine.Before(theirs)
}

// turn is what a run that is due is put in order by.
func (r *run) turn() time.Time {
	if r.attempts > 0 && r.due.Sub(r.born) <= young {
		return r.due.Add(giveWay)
	}
	return r.due
}

// record takes in an attempt that ended now, and sets when the next is due.
func (r *run) record(results *client.Results, failure *client.Error, now time.Time) {
	r.attempts++
	r.last.unconfirmed = r.mayPass(failure)
	r.last.At, r.last.Err = now, failure
	hold := Floor
	var next time.Duration
	switch {
	case failure == nil:
		r.last.Results, r.last.SeenAt = results, now
		r.footprint = r.last.Results.Footprint()
		// The server's clock tells whole seconds, so of several tellings the
		// one that makes the run oldest is the most exact.
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
}

// mayPass reports whether a failure for good has to be repeated before it ends
// a wait: a run just created may be unknown for some seconds, and an instance of
// InstaView that fails to check keys may refuse one that was accepted before.
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

// current reports whether the snapshot may still answer a call: no other request
// is allowed yet, or the run had finished and cannot have changed.
func (r *run) current(now time.Time) bool {
	finished := r.last.Err == nil && r.last.Results != nil && r.last.Results.Finished()
	return now.Before(r.currentUntil) && !r.last.At.IsZero() || finished && now.Before(r.last.At.Add(cacheFor))
}

// forgetStale drops what is too old to answer with. The state of a run still
// processing is kept: should the next attempt fail, it is the last one known.
func (r *run) forgetStale(now time.Time) {
	if r.current(now) {
		return
	}
	r.last.Err = nil
	if r.last.Results == nil || !r.last.Results.InProgress() {
		r.forget()
	}
}

// forget drops the snapshot; its floor stays.
func (r *run) forget() { r.last, r.footprint = Snapshot{}, 0 }

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
