package poll

import (
	"math"
	"time"
)

// kind is of a caller, and of a request by whom it is for.
type kind int

const (
	nobody kind = iota
	get
	wait
)

// queuedFor says for whom r is to be requested when it is due: for a get, or
// else a wait. It is for nobody if nobody is left to answer, or while asking
// again would change nothing.
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
		p.lastKind = p.queuedFor(r)
		p.budget.take(now, p.lastKind)
		r.inFlight, r.floor.inFlight = true, true
		p.requests.Add(1)
		go p.request(r)
	}
}

// next returns the run to request next and the time until then; nil if none is
// queued. When one for a get and one for a wait may both go out now the kinds
// take turns, so that neither can keep the other from being served.
func (p *Poller) next(now time.Time) (r *run, in time.Duration) {
	forGet, forWait := p.heads(now)
	getIn, waitIn := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
	if forGet != nil {
		getIn = max(0, forGet.due.Sub(now), p.breaker.wait(now), p.budget.wait(now, get, false))
	}
	if forWait != nil {
		// Waits leave some requests for gets to come, but not while one is due.
		keep := forGet == nil || forGet.due.After(now)
		waitIn = max(0, forWait.due.Sub(now), p.breaker.wait(now), p.budget.wait(now, wait, keep))
	}
	if getIn < waitIn || getIn == waitIn && p.lastKind == wait {
		return forGet, getIn
	}
	return forWait, waitIn
}

// heads returns the runs that go first of those queued for gets and for waits;
// nil if there is none. There are maxKept runs at most and two requests a
// second, so a search costs less than keeping an order.
func (p *Poller) heads(now time.Time) (forGet, forWait *run) {
	var first [3]*run
	for _, r := range p.runs {
		if k := p.queuedFor(r); first[k] == nil || r.before(first[k], now) {
			first[k] = r
		}
	}
	return first[get], first[wait]
}

// ahead is how many requests go before that for r, which is queued and due:
// those of its kind that go before it, and as many of the other kind, which
// takes turns with it.
func (p *Poller) ahead(r *run, now time.Time) int {
	kind := p.queuedFor(r)
	var due [3]int
	for _, q := range p.runs {
		if k := p.queuedFor(q); !q.due.After(now) && (k != kind || q.before(r, now)) {
			due[k]++
		}
	}
	own, other := due[kind], due[get+wait-kind]
	return own + min(own+1, other)
}

// nextOrder numbers what becomes due or idle, so that equal times keep their
// order.
func (p *Poller) nextOrder() uint64 {
	p.order++
	return p.order
}
