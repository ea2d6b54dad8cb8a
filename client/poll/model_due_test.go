package poll

import (
	"cmp"
	"slices"
	"time"
)

// The promised times of requests: by the age of the run, then with backoff.
var promisedAges = []time.Duration{10 * time.Second, 15 * time.Second, 20 * time.Second, 30 * time.Second}

const (
	promisedOldAge = 180 * time.Second
	promisedOldest = 15 * time.Second // between requests, at most
	promisedNew    = 10 * time.Second // by which a run never requested is ahead
	promisedYoung  = 3 * time.Second  // by which a young run is behind
)

// interval returns the time to the next request for a run of that age.
func interval(age time.Duration, old int) time.Duration {
	if age >= promisedOldAge {
		next := float64(promisedFloor)
		for range old + 1 {
			next *= 1.5
		}
		return min(promisedOldest, time.Duration(next))
	}
	for _, a := range promisedAges {
		if age < a {
			return max(promisedFloor, a-age)
		}
	}
	return promisedFloor
}

// intervals returns the shortest and the longest interval for an age between
// two.
func intervals(from, to time.Duration, old int) (shortest, longest time.Duration) {
	shortest, longest = never, 0
	for _, age := range []time.Duration{from, to, 0, 20 * time.Second, promisedOldAge} {
		if age >= from && age <= to {
			shortest, longest = min(shortest, interval(age, 0)), max(longest, interval(age, old))
		}
	}
	if from != to && from < 25*time.Second && to > 5*time.Second {
		shortest = promisedFloor
	}
	return shortest, longest
}

// dueSpan is a period in which a run is due and wanted, but not requested.
type dueSpan struct {
	span
	run       string
	earliest  time.Duration // earliest possible start of its turn
	latest    time.Duration // latest possible start
	unseen    bool          // the run was never requested
	seen      bool          // an answer has arrived, as the Poller knows
	scheduled time.Duration // before which only callers can make it due
	joined    bool          // a caller has come since the last request
	getFrom   time.Duration // from when a get certainly waits; never if none does
	getTo     time.Duration // until when; never if to the end
	wait      bool          // whether waits certainly do
	waitTo    time.Duration // until when
	asked     *request      // the request that ended it; nil if the callers left
	mayLead   bool          // a hint may have put it ahead of other waits
	wokenAt   time.Duration // when one certainly did; never if none did
}

// due is a run's state as it follows from its callers and replies.
type due struct {
	run   string
	spans []dueSpan

	active, gets  int
	out           bool
	born, seen    time.Duration // the earliest and the latest instant from which its age may count
	met           time.Duration // when it was last named by a caller or answered
	crowded       bool          // it may be dropped at once to make room
	forgotten     bool          // it may have been dropped
	requests      int
	old, faults   int
	notBefore     time.Duration
	first, last   time.Duration // earliest and latest time of the next scheduled request
	turn          time.Duration // since when it is due, if nobody requested it since
	open          *dueSpan
	answeredUntil time.Duration // later callers until then are answered without a request; 0 = none

	pace   time.Duration // that waits may keep if hints are relied on; 0 without hints
	hinted bool          // a hint has named it
	woken  bool          // one has while a request was in flight
}

type eventKind int

// In the order in which events at one instant count.
const (
	replied eventKind = iota
	left
	came
	touched
	woken
	asked
)

type dueEvent struct {
	at   time.Duration
	kind eventKind
	q    *request
	c    *call

	named bool // the hint names the run
}

// dueSpans returns the spans of all runs in the order in which they begin. If
// several companies request a run there are none, since the companies wait for
// each other.
func (h *history) dueSpans() []dueSpan {
	if h.scenario.companies > 0 {
		return nil
	}
	requests, calls := h.byRun(), h.callsByRun()
	var all []dueSpan
	for run, calls := range calls {
		var events []dueEvent
		for _, q := range requests[run] {
			events = append(events, dueEvent{at: q.sent, kind: asked, q: q})
			if q.ended < never && !q.reply.aborted {
				events = append(events, dueEvent{at: q.ended, kind: replied, q: q})
			}
		}
		for _, c := range calls {
			if over := h.over(c); over > c.begun {
				events = append(events, dueEvent{at: c.begun, kind: came, c: c}, dueEvent{at: over, kind: left, c: c})
			} else {
				events = append(events, dueEvent{at: c.begun, kind: touched, c: c})
			}
		}
		events = append(events, h.hintedEvents(run)...)
		slices.SortStableFunc(events, func(a, b dueEvent) int {
			return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.kind, b.kind))
		})
		d := &due{run: run, crowded: h.scenario.memory > 0, born: never, turn: never, first: never}
		if h.scenario.hints.any() {
			d.pace = promisedHintedPace
		}
		for _, e := range events {
			d.take(e)
		}
		all = append(all, d.spans...)
	}
	slices.SortStableFunc(all, func(a, b dueSpan) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.run, b.run))
	})
	return all
}

func (d *due) take(e dueEvent) {
	switch e.kind {
	case replied:
		d.out, d.met = false, e.at
		d.learn(e.q, e.at)
		if d.active > 0 && d.answeredUntil == 0 {
			d.begin(d.last)
		}
	case left:
		d.met = e.at
		d.active--
		if e.c.kind == getCall {
			d.gets--
			if d.gets == 0 && d.open != nil {
				d.open.getTo = e.at
			}
		}
		if d.active == 0 {
			d.finish(e.at, nil)
		}
	case came:
		d.come(e.c, e.at)
	case touched:
		d.touch(e.c, e.at)
	case woken:
		d.wake(e.at, e.named)
	case asked:
		d.finish(e.at, e.q)
		d.out, d.turn = true, never
		d.requests++
	}
}

// come records that a caller has come.
func (d *due) come(c *call, at time.Duration) {
	d.meet(at)
	d.active++
	get := c.kind == getCall
	if get {
		d.gets++
	}
	if d.out || at < d.answeredUntil {
		return
	}
	due := max(at, d.notBefore)
	d.turn = min(d.turn, due)
	switch {
	case d.open == nil:
		d.begin(due)
	case get:
		d.open.from, d.open.latest = min(d.open.from, due), min(d.open.latest, due)
	}
	d.open.earliest = min(d.open.earliest, d.turn)
	d.open.joined = true
	if get && d.gets == 1 {
		d.open.getFrom, d.open.getTo = due, never
		d.open.waitTo = min(d.open.waitTo, due)
	}
}

// touch records a caller who left at once. The run may now be requested
// earlier, and keeps that place in the queue.
func (d *due) touch(c *call, at time.Duration) {
	d.meet(at)
	if d.out || at < d.answeredUntil {
		return
	}
	d.turn = min(d.turn, max(at, d.notBefore))
	if d.open != nil {
		d.open.earliest = min(d.open.earliest, d.turn)
		d.open.joined = true
		d.open.wait = d.open.wait && c.kind == waitCall
	}
}

// meet records that a caller names the run. Its age may count from its first
// request, or from now if it may have been dropped.
func (d *due) meet(at time.Duration) {
	if d.born == never {
		d.born, d.seen = at, at
	}
	if d.active == 0 && (d.crowded || at-d.met >= promisedMemory) {
		d.seen, d.forgotten = at, true
	}
	d.met = at
}

// begin starts a span that is due at the latest at an instant.
func (d *due) begin(at time.Duration) {
	d.turn = min(d.turn, at)
	d.open = &dueSpan{
		span: span{from: at}, run: d.run, earliest: min(d.turn, d.first), latest: at,
		scheduled: d.first, unseen: d.requests == 0, seen: d.requests > 0 && !d.forgotten, getFrom: never, getTo: never, waitTo: never, wait: d.gets == 0,
		mayLead: d.hinted, wokenAt: never,
	}
}

// forGet is the part of a span in which a get waits, forWait the part in which
// none does.
func (d dueSpan) forGet() span { return span{d.getFrom, min(d.getTo, d.to)} }

func (d dueSpan) forWait() span {
	if !d.wait {
		return span{}
	}
	return span{d.from, min(d.waitTo, d.to)}
}

// endedForGet and endedForWait report whether it certainly was for a get or a
// wait at its end.
func (d dueSpan) endedForGet() bool  { return d.getFrom <= d.to && d.getTo == never }
func (d dueSpan) endedForWait() bool { return d.wait && d.waitTo == never }

func (d *due) finish(at time.Duration, q *request) {
	if d.open == nil {
		return
	}
	d.open.to, d.open.asked = at, q
	if q != nil || d.open.to > d.open.from {
		d.spans = append(d.spans, *d.open)
	}
	d.open = nil
}

// learn records a reply, which sets when the next request is due.
func (d *due) learn(q *request, at time.Duration) {
	r := q.reply
	d.notBefore, d.answeredUntil = at+promisedFloor, 0
	defer d.rewake(r)
	if r.settled() {
		d.answeredUntil = d.notBefore
	}
	if r.code() == "" && r.results.Finished() {
		d.answeredUntil = at + promisedMemory
	}
	switch {
	case r.transient():
		hold := max(promisedFloor, r.failure.RetryAfter)
		d.faults++
		d.notBefore = at + hold
		d.first, d.last = d.notBefore, d.notBefore+min(30*time.Second, time.Second<<min(d.faults-1, 5))
	case r.code() != "":
		d.first, d.last = d.notBefore, d.notBefore
	default:
		d.faults = 0
		if age, ok := r.results.Age(); ok {
			d.born = min(d.born, at-age-2*time.Second) // dates are in whole seconds
			d.seen = min(d.seen, at-age)
		}
		oldest := at - d.born
		if !d.forgotten {
			oldest = at - d.seen // which the Poller knows as well
		}
		shortest, longest := intervals(at-d.seen, oldest, d.old)
		if at-d.born >= promisedOldAge {
			d.old++
		}
		d.first, d.last = at+shortest, at+max(longest, d.pace)
	}
}
