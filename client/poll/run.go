package poll

import (
	"container/heap"
	"container/list"
	"strings"
	"time"

	"instaview-mcp/client"
)

// run is what a Poller knows of one sourcing run. It is in one of three
// places: the queue (someone waits, a look is due), in flight (a request is
// out), or idle (nobody waits; its last look is remembered for a while).
type run struct {
	id       string
	floor    *floor
	gets     int // callers, by what they called
	waits    int
	inFlight bool
	idle     *list.Element // of the runs that nobody waits for; nil for none
	leftAt   time.Time     // when the last who waited went

	due       time.Time // of the next look, while queued
	order     uint64    // of becoming due, for equal times
	queue     *queue    // that it stands in; nil for none
	position  int       // in the queue
	counted   int       // of those ahead of it there
	countedAt uint64    // that many requests; 0 = not since it was queued
	notBefore time.Time // until then the last look is current

	born      time.Time // when it was created, by our clock; at the latest now
	schedule  schedule
	look      Look
	looks     int           // attempts made
	footprint int64         // of look.Results, in bytes
	changed   chan struct{} // closed, and replaced, at every look
}

// record takes in an attempt that ended now, and sets when the next is due.
func (r *run) record(results *client.Results, failure *client.Error, now time.Time) {
	r.looks++
	r.look.unconfirmed = r.mayPass(failure)
	r.look.At, r.look.Err = now, failure
	hold := Floor
	var next time.Duration
	switch {
	case failure == nil:
		r.look.Results, r.look.SeenAt = lean(results), now
		// The server's clock tells whole seconds, so of several tellings the
		// one that makes the run oldest is the most exact.
		if age, ok := results.Age(); ok && now.Add(-age).Before(r.born) {
			r.born = now.Add(-age)
		}
		next = r.schedule.afterAnswer(now.Sub(r.born))
	case failure.Transient():
		hold = max(Floor, failure.RetryAfter)
		next = r.schedule.afterFault(hold)
	default:
		next = Floor
	}
	r.notBefore, r.due = now.Add(hold), now.Add(next)
	r.floor.notBefore = r.notBefore
	close(r.changed)
	r.changed = make(chan struct{})
}

// mayPass reports whether a failure for good has to be repeated before it ends
// a wait: a run just created may be unknown for some seconds, and an instance of
// InstaView that fails to check keys may refuse one that was accepted before.
func (r *run) mayPass(failure *client.Error) bool {
	if failure == nil || r.look.Err != nil && !r.look.Err.Transient() {
		return false
	}
	switch failure.Code {
	case client.CodeNotFound:
		return true
	case client.CodeUnauthorized, client.CodeForbidden:
		return r.look.Results != nil
	}
	return false
}

// current reports whether the last look may still answer a call: no other look
// is allowed yet, or the run had finished and cannot have changed.
func (r *run) current(now time.Time) bool {
	return !r.look.At.IsZero() && (now.Before(r.notBefore) || r.finished() && now.Before(r.look.At.Add(memoryFor)))
}

func (r *run) finished() bool {
	return r.look.Err == nil && r.look.Results != nil && r.look.Results.Finished()
}

// forgetStale drops what is too old to answer with. The state of a run still
// processing is kept: should the next look fail, it is the last one known.
func (r *run) forgetStale(now time.Time) {
	if r.current(now) {
		return
	}
	r.look.Err = nil
	if r.look.Results == nil || !r.look.Results.InProgress() {
		r.look = Look{}
	}
}

// floor keeps the requests for one sourcing run apart. Runs asked for on behalf
// of several companies share it, as the contract knows no companies.
type floor struct {
	runs      int
	inFlight  bool
	notBefore time.Time // floor and Retry-After: no request earlier
}

// wait is the time until a request may be made; 0 = now. While one is in flight
// that is not known, but longer than Floor.
func (f *floor) wait(now time.Time) time.Duration {
	if f.inFlight {
		return Floor
	}
	return max(0, f.notBefore.Sub(now))
}

// sourcingRun is an id without the company that it may begin with.
func sourcingRun(id string) string {
	_, run, found := strings.Cut(id, "/")
	if !found {
		return id
	}
	return run
}

// watched reports whether anyone waits for the run.
func (r *run) watched() bool { return r.gets+r.waits > 0 }

// count is of the callers of one kind.
func (r *run) count(urgent bool) *int {
	if urgent {
		return &r.gets
	}
	return &r.waits
}

// queue orders runs by when they are due. It implements heap.Interface; use
// add and remove.
type queue struct{ runs []*run }

func (q *queue) Len() int           { return len(q.runs) }
func (q *queue) Less(i, j int) bool { return q.runs[i].before(q.runs[j]) }
func (q *queue) Swap(i, j int) {
	q.runs[i], q.runs[j] = q.runs[j], q.runs[i]
	q.runs[i].position, q.runs[j].position = i, j
}
func (q *queue) Push(x any) {
	r := x.(*run)
	r.queue, r.position = q, len(q.runs)
	q.runs = append(q.runs, r)
}
func (q *queue) Pop() any {
	last := len(q.runs) - 1
	r := q.runs[last]
	q.runs[last] = nil
	q.runs = q.runs[:last]
	r.queue = nil
	return r
}

func (r *run) before(other *run) bool {
	if r.due.Equal(other.due) {
		return r.order < other.order
	}
	return r.due.Before(other.due)
}

// head is the run that is due first; nil if there is none.
func (q *queue) head() *run {
	if len(q.runs) == 0 {
		return nil
	}
	return q.runs[0]
}

// add queues r, which must not stand in another queue, or moves it to where its
// due time belongs.
func (q *queue) add(r *run) {
	r.countedAt = 0
	if r.queue == q {
		heap.Fix(q, r.position)
	} else {
		heap.Push(q, r)
	}
}

// remove takes r out of the queue that it stands in, if any.
func (r *run) remove() {
	if r.queue != nil {
		heap.Remove(r.queue, r.position)
	}
}
