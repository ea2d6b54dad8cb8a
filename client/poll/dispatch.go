package poll

import (
	"math"
	"time"
)

// queuedForGet and queuedForWait report whether r is to be requested when it is
// due, and for whom: a get, or else a wait. It is not if nobody is left to
// answer, or while asking again would change nothing.
func (r *run) queuedForGet() bool { return r.gets > 0 && !r.inFlight && !r.look.final() }

func (p *Poller) queuedForWait(r *run) bool {
	return r.gets == 0 && r.waits > 0 && !r.inFlight && !r.look.final() && p.waiting.Err() == nil
}

// dispatch makes the requests that may be made now; it is the timer's function.
func (p *Poller) dispatch() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dispatchLocked()
}

func (p *Poller) dispatchLocked() {
	p.timer.Stop()
	for p.ctx.Err() == nil && p.breaker.probe == nil { // a probe's answer comes back here
		now := p.clock.now()
		r, in := p.next(now)
		if r == nil {
			return
		}
		if in > 0 {
			p.timer.Reset(min(in, maxSleep))
			return
		}
		if hold := r.floor.wait(now); hold > 0 {
			// A request for the same run went before on behalf of another company.
			// The order stays, so that each has its turn.
			r.due = now.Add(hold)
			continue
		}
		if p.breaker.cause != "" {
			p.breaker.probe = r
		}
		get := r.queuedForGet()
		p.getsTurn = !get
		p.budget.take(now, get)
		r.inFlight, r.floor.inFlight = true, true
		p.requests.Add(1)
		go p.request(r)
	}
}

// next returns the run to request next and the time until then; nil if none is
// queued. When a get's and a wait's may both go out now they take turns, so that
// neither kind can keep the other from being served.
func (p *Poller) next(now time.Time) (r *run, in time.Duration) {
	get, wait := p.heads()
	getIn, waitIn := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
	if get != nil {
		getIn = max(0, get.due.Sub(now), p.breaker.wait(now), p.budget.wait(now, true, false))
	}
	if wait != nil {
		// Waits leave some requests for gets to come, but not while one is due.
		keep := get == nil || get.due.After(now)
		waitIn = max(0, wait.due.Sub(now), p.breaker.wait(now), p.budget.wait(now, false, keep))
	}
	if getIn < waitIn || getIn == waitIn && p.getsTurn {
		return get, getIn
	}
	return wait, waitIn
}

// heads returns the runs that are due first of those queued for gets and of
// those queued for waits; nil if there is none. There are maxKept runs at most
// and two requests a second, so a search costs less than keeping an order.
func (p *Poller) heads() (get, wait *run) {
	for _, r := range p.runs {
		switch {
		case r.queuedForGet():
			if get == nil || r.before(get) {
				get = r
			}
		case p.queuedForWait(r):
			if wait == nil || r.before(wait) {
				wait = r
			}
		}
	}
	return get, wait
}

// ahead is how many requests go before that for r, which is queued and due:
// those of its kind that were due earlier, and as many of the other kind, which
// takes turns with it.
func (p *Poller) ahead(r *run, now time.Time) int {
	get, own, other := r.queuedForGet(), 0, 0
	for _, q := range p.runs {
		switch {
		case q == r || q.due.After(now):
		case q.queuedForGet() == get && (get || p.queuedForWait(q)):
			if q.before(r) {
				own++
			}
		case get && p.queuedForWait(q) || !get && q.queuedForGet():
			other++
		}
	}
	return own + min(own+1, other)
}

// nextOrder numbers what becomes due, so that equal times keep their order.
func (p *Poller) nextOrder() uint64 {
	p.order++
	return p.order
}
