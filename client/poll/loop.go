package poll

import (
	"slices"
	"time"
)

// join counts the caller among those who wait for the run. If they are the
// first, the run is looked at as soon as it may be; others follow the pace of
// the loop, unless they are urgent or would leave before its next look. It
// returns the number of looks made before, and whether the last is current. The
// error is ErrBusy.
func (p *Poller) join(id string, end time.Time, urgent bool) (r *run, looks int, current bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	r = p.runs[id]
	if p.full(r, urgent, now) {
		return nil, 0, false, ErrBusy
	}
	if r == nil {
		r = p.newRun(id, now)
	}
	p.callers++
	if !r.watched() {
		p.watched++
		p.resume(r)
	}
	if r.queue == nil && !r.inFlight { // those who still wait may be busy in onLook
		r.forgetStale(now)
		p.memory.count(r)
	}
	*r.count(urgent)++
	looks, current = r.looks, r.current(now)
	if r.inFlight || current && (urgent || r.look.final()) {
		return r, looks, current, nil
	}
	if r.queue == nil || urgent || r.due.After(end) {
		// A turn that has come already outlives whoever waited before.
		if due := later(earlier(r.due, now), r.floor.notBefore); !due.Equal(r.due) {
			r.due, r.order = due, p.nextOrder()
		}
	}
	p.place(r)
	p.dispatchLocked()
	return r, looks, current, nil
}

func (p *Poller) newRun(id string, now time.Time) *run {
	f := p.floors[sourcingRun(id)]
	if f == nil {
		f = &floor{}
		p.floors[sourcingRun(id)] = f
	}
	f.runs++
	r := &run{
		id: id, floor: f, born: now, due: now.Add(-headStart), order: p.nextOrder(),
		schedule: newSchedule(p.jitter), changed: make(chan struct{}),
	}
	p.runs[id] = r
	return r
}

// full reports whether there is no place for one more caller, who asks for r;
// nil is a run not known yet.
func (p *Poller) full(r *run, urgent bool, now time.Time) bool {
	switch {
	case p.callers >= maxCallers:
		return true
	case r != nil && r.watched():
		return false
	case !urgent && p.watched >= maxRuns:
		return true
	default:
		return r == nil && !p.makeRoom(now)
	}
}

func (p *Poller) leave(r *run, urgent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.callers--
	*r.count(urgent)--
	p.place(r)
	if !r.watched() {
		p.watched--
		// A request in flight is let end: it is paid for, and the next caller is
		// likely to want its answer.
		if !r.inFlight {
			p.rest(r)
		}
	}
	p.dispatchLocked()
}

// place puts r into the queue of the most urgent who wait for it, and takes it
// out of any other. It belongs in none if nobody is left to answer, or while
// looking again would change nothing.
func (p *Poller) place(r *run) {
	var to *queue
	switch {
	case r.inFlight || r.look.final():
	case r.gets > 0:
		to = &p.urgent
	case r.waits > 0 && p.waiting.Err() == nil:
		to = &p.queue
	}
	if r.queue != to {
		r.remove()
	}
	if to != nil {
		to.add(r)
	}
}

// Drain ends every wait, and those that begin later, with what is known. Looks
// go on.
func (p *Poller) Drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drain()
	for _, r := range slices.Clone(p.queue.runs) {
		p.place(r)
	}
}

// peek returns what is known of r, from how many looks, and a channel that is
// closed when there is one more.
func (p *Poller) peek(r *run) (look Look, looks int, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	look = r.look
	look.At, look.SeenAt = p.clock.outside(look.At), p.clock.outside(look.SeenAt)
	look.Paused = p.pause.cause
	if !r.inFlight {
		look.NextIn = max(r.floor.wait(now), p.pause.wait(now), p.budget.wait(now, true, false))
	}
	if r.queue != nil && !r.due.After(now) {
		look.Ahead = p.ahead(r, now)
		look.NextIn += p.budget.queueing(now.Add(look.NextIn), look.Ahead)
	}
	return look, r.looks, r.changed
}

// ahead is how many requests go before that for r, which is due: those due
// earlier in its own queue, and as many of the other's, which takes turns with
// it. All who wait for r ask after every look, so they are counted once for each
// request made.
func (p *Poller) ahead(r *run, now time.Time) int {
	if r.countedAt == p.made {
		return r.counted
	}
	other := &p.urgent
	if r.queue == other {
		other = &p.queue
	}
	before, others := 0, 0
	for _, q := range r.queue.runs {
		if q != r && q.before(r) {
			before++
		}
	}
	for _, q := range other.runs {
		if !q.due.After(now) {
			others++
		}
	}
	r.counted, r.countedAt = before+min(before+1, others), p.made
	return r.counted
}

// nextOrder numbers what becomes due, so that equal times keep their order.
func (p *Poller) nextOrder() uint64 {
	p.order++
	return p.order
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
