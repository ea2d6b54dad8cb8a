package poll

import (
	"container/heap"
	"time"
)

// kind is what a caller wants, and what a request is for.
type kind int

const (
	nobody kind = iota
	get
	wait
)

// queuedFor returns what a request for r would be for: a get if one is waiting,
// otherwise a wait. It is nobody if no caller is left, or if another request
// cannot change the answer.
func (p *Poller) queuedFor(r *run) kind {
	switch {
	case r.inFlight || r.last.final():
		return nobody
	case r.callers[get] > 0:
		return get
	case r.callers[wait] > 0 && p.waiting.Err() == nil:
		return wait
	}
	return nobody
}

// requeue moves r to the queue where it belongs. It must be called after every
// change to what queuedFor, run.turn and run.due depend on.
func (p *Poller) requeue(r *run) {
	if r.queuedIn != nil {
		heap.Remove(r.queuedIn, r.index)
	}
	if k := p.queuedFor(r); k != nobody {
		heap.Push(&p.queues[k].upcoming, r)
	}
}

// queue holds the runs that are queued for one kind of caller, so that a
// request costs the same however many there are.
type queue struct {
	due      runHeap // by turn
	upcoming runHeap // by due; those that have become due stay until update
}

func (q *queue) init() {
	q.due.key = (*run).turn
	q.upcoming.key = func(r *run) time.Time { return r.due }
}

// update moves the runs that have become due to q.due.
func (q *queue) update(now time.Time) {
	for len(q.upcoming.runs) > 0 && !q.upcoming.runs[0].due.After(now) {
		heap.Push(&q.due, heap.Pop(&q.upcoming))
	}
}

// head returns the run that is requested first; nil if there is none.
func (q *queue) head(now time.Time) *run {
	q.update(now)
	for _, h := range [...]*runHeap{&q.due, &q.upcoming} {
		if len(h.runs) > 0 {
			return h.runs[0]
		}
	}
	return nil
}

// runHeap is a heap.Interface of runs, ordered by a time and then by their
// order.
type runHeap struct {
	key  func(*run) time.Time
	runs []*run
}

// before reports whether a is requested before b.
func (h *runHeap) before(a, b *run) bool {
	if x, y := h.key(a), h.key(b); !x.Equal(y) {
		return x.Before(y)
	}
	return a.order < b.order
}

// countBefore returns how many of the runs at i and below it in the heap are
// requested before r, at most limit. If a run is not, none below it is.
func (h *runHeap) countBefore(r *run, i, limit int) int {
	if limit == 0 || i >= len(h.runs) || !h.before(h.runs[i], r) {
		return 0
	}
	n := 1 + h.countBefore(r, 2*i+1, limit-1)
	return n + h.countBefore(r, 2*i+2, limit-n)
}

func (h *runHeap) Len() int           { return len(h.runs) }
func (h *runHeap) Less(i, j int) bool { return h.before(h.runs[i], h.runs[j]) }

func (h *runHeap) Swap(i, j int) {
	h.runs[i], h.runs[j] = h.runs[j], h.runs[i]
	h.runs[i].index, h.runs[j].index = i, j
}

// Push implements heap.Interface.
func (h *runHeap) Push(r any) {
	added := r.(*run)
	added.queuedIn, added.index = h, len(h.runs)
	h.runs = append(h.runs, added)
}

// Pop implements heap.Interface.
func (h *runHeap) Pop() any {
	last := len(h.runs) - 1
	removed := h.runs[last]
	h.runs[last], h.runs = nil, h.runs[:last]
	removed.queuedIn = nil
	return removed
}
