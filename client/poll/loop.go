package poll

import "time"

// join counts the caller among those who wait for the run. If they are the
// first, the run is looked at as soon as it may be; others follow the pace of
// the loop, unless they are urgent or would leave before its next look. It
// returns the number of looks made before, and whether the last is current. The
// error is ErrBusy.
func (p *Poller) join(id string, end time.Time, urgent bool) (r *run, looks int, current bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	r = p.runs[id]
	if p.full(r, urgent) {
		return nil, 0, false, ErrBusy
	}
	if r == nil {
		r = &run{id: id, born: now, schedule: newSchedule(p.jitter), changed: make(chan struct{})}
		p.runs[id] = r
	}
	p.callers++
	r.waiters++
	if r.waiters == 1 {
		p.watched++
		p.memory.drop(r)
	}
	if r.queue == nil && !r.inFlight { // those who still wait may be busy in onLook
		r.forgetStale(now)
	}
	looks, current = r.looks, r.current(now)
	if r.inFlight || current && (urgent || r.look.settled()) {
		return r, looks, current, nil
	}
	if r.queue == nil || urgent || r.due.After(end) {
		due := now
		if !r.due.IsZero() && r.due.Before(now) {
			due = r.due // its turn outlives whoever waited before
		}
		p.enqueue(r, later(due, r.notBefore), urgent)
	}
	p.dispatchLocked()
	return r, looks, current, nil
}

// full reports whether there is no place for one more caller, who asks for r.
func (p *Poller) full(r *run, urgent bool) bool {
	if p.callers >= maxCallers {
		return true
	}
	most := maxRuns
	if urgent {
		most = maxLookedAt
	}
	return (r == nil || r.waiters == 0) && p.watched >= most
}

func (p *Poller) leave(r *run) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.callers--
	r.waiters--
	if r.waiters > 0 {
		return
	}
	p.watched--
	r.remove()
	// A request in flight is let end: it is paid for, and the next caller is
	// likely to want its answer.
	if !r.inFlight {
		p.rest(r)
	}
	p.dispatchLocked()
}

// peek returns what is known of r, from how many looks, and a channel that is
// closed when there is one more.
func (p *Poller) peek(r *run) (look Look, looks int, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	look = r.look
	look.Paused = p.pause.cause
	switch {
	case r.queue != nil:
		look.NextIn = max(0, r.due.Sub(now), p.pause.wait(now), p.budget.wait(now, r.queue == &p.urgent)+p.budget.spacing(now, r.ahead(p.made)))
	case !r.inFlight:
		look.NextIn = max(0, r.notBefore.Sub(now), p.pause.wait(now), p.budget.wait(now, false))
	}
	return look, r.looks, r.changed
}

// enqueue queues r for due. A run that is queued for earlier keeps its turn,
// and one that is urgent stays so until it is looked at.
func (p *Poller) enqueue(r *run, due time.Time, urgent bool) {
	to := &p.queue
	if urgent {
		to = &p.urgent
	}
	if r.queue != nil {
		if r.due.Before(due) {
			due = r.due
		}
		if r.queue == &p.urgent {
			to = r.queue
		}
		if r.queue != to {
			r.remove()
		}
	} else if !due.Equal(r.due) {
		p.order++
		r.order = p.order
	}
	to.add(r, due)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
