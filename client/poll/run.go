package poll

import (
	"container/heap"
	"time"

	"instaview-mcp/client"
)

// run is what a Poller knows of one sourcing run. It is in one of three
// places: the queue (someone waits, a look is due), in flight (a request is
// out), or idle (nobody waits; its last look is remembered for a while).
type run struct {
	id       string
	waiters  int
	inFlight bool

	due       time.Time // of the next look, while queued
	order     uint64    // of becoming due, for equal times
	position  int       // in the queue; notQueued otherwise
	notBefore time.Time // floor and Retry-After: no request earlier

	firstSeen time.Time
	schedule  schedule
	look      Look
	looks     int           // attempts made
	changed   chan struct{} // closed, and replaced, at every look
}

const notQueued = -1

// record takes in an attempt that ended now, and reports when the next is due.
func (r *run) record(results *client.Results, failure *client.Error, now time.Time) {
	r.looks++
	r.look.At, r.look.Err = now, failure
	hold := Floor
	var next time.Duration
	switch {
	case failure == nil:
		r.look.Results, r.look.SeenAt = results, now
		age, ok := results.Age()
		if !ok {
			age = now.Sub(r.firstSeen)
		}
		next = r.schedule.afterAnswer(age)
	case failure.Transient():
		hold = max(Floor, failure.RetryAfter)
		next = r.schedule.afterFault(hold)
	default:
		next = Floor
	}
	r.notBefore, r.due = now.Add(hold), now.Add(next)
	close(r.changed)
	r.changed = make(chan struct{})
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
	if r.look.Results != nil && !r.look.Results.InProgress() {
		r.look = Look{}
	}
}

// queue orders runs by when they are due. It implements heap.Interface; use
// add and remove.
type queue []*run

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].due.Equal(q[j].due) {
		return q[i].order < q[j].order
	}
	return q[i].due.Before(q[j].due)
}
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].position, q[j].position = i, j
}
func (q *queue) Push(x any) {
	r := x.(*run)
	r.position = len(*q)
	*q = append(*q, r)
}
func (q *queue) Pop() any {
	last := len(*q) - 1
	r := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	r.position = notQueued
	return r
}

// add queues r for due, or moves it there.
func (q *queue) add(r *run, due time.Time) {
	r.due = due
	if r.position == notQueued {
		heap.Push(q, r)
	} else {
		heap.Fix(q, r.position)
	}
}

func (q *queue) remove(r *run) {
	if r.position != notQueued {
		heap.Remove(q, r.position)
	}
}
