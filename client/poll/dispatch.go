package poll

import (
	"math"
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

// dispatch sends the requests that are allowed now. The timer calls it.
func (p *Poller) dispatch() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dispatchLocked()
}

func (p *Poller) dispatchLocked() {
	p.timer.Stop()
	for p.ctx.Err() == nil && p.breaker.probe == nil { // when the probe ends, request calls this again
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
			// Another company's request for the same run was sent before. The
			// order stays, so that each company has its turn.
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
// queued. If a get and a wait are both allowed now they alternate, so that
// neither can starve the other.
func (p *Poller) next(now time.Time) (r *run, in time.Duration) {
	forGet, forWait := p.heads(now)
	getIn, waitIn := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
	if forGet != nil {
		getIn = max(0, forGet.due.Sub(now), p.breaker.wait(now), p.budget.wait(now, get, false))
	}
	if forWait != nil {
		// Waits leave tokens for future gets, but not while a get is due.
		keep := forGet == nil || forGet.due.After(now)
		waitIn = max(0, forWait.due.Sub(now), p.breaker.wait(now), p.budget.wait(now, wait, keep))
	}
	if getIn < waitIn || getIn == waitIn && p.lastKind == wait {
		return forGet, getIn
	}
	return forWait, waitIn
}

// heads returns the first run queued for a get and the first for a wait; nil if
// there is none. It searches all runs, of which there are at most maxKept,
// because with two requests a second that costs less than a sorted queue.
func (p *Poller) heads(now time.Time) (forGet, forWait *run) {
	var first [3]*run
	for _, r := range p.runs {
		if k := p.queuedFor(r); first[k] == nil || r.before(first[k], now) {
			first[k] = r
		}
	}
	return first[get], first[wait]
}

// ahead returns how many requests are sent before that for r, which is queued
// and due: those of its kind that go first, and as many of the other kind,
// since the kinds alternate.
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

// nextOrder numbers the runs that become due or idle, which keeps the order of
// those with equal times.
func (p *Poller) nextOrder() uint64 {
	p.order++
	return p.order
}
