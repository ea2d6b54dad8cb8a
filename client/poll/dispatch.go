package poll

import (
	"math"
	"time"
)

// dispatch sends the requests that are allowed now. The timer calls it.
func (p *Poller) dispatch() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dispatchLocked()
}

func (p *Poller) dispatchLocked() {
	p.timer.Stop()
	for p.ctx.Err() == nil && p.breaker.probe == nil && !p.store.asking { // when the probe ends, request calls this again
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
			p.requeue(r)
			continue
		}
		if p.breaker.cause != "" {
			p.breaker.probe = r
		}
		p.lastKind = p.queuedFor(r)
		r.inFlight, r.floor.inFlight = true, true
		p.requeue(r)
		p.requests.Add(1)
		if p.store.shared() {
			p.decideLater(r, now)
			return
		}
		p.store.spent++
		p.budget.take(now, p.lastKind)
		go p.request(r)
	}
}

// next returns the run to request next and the time until then; nil if none is
// queued. If a get and a wait are both allowed now they alternate, so that
// neither can starve the other.
func (p *Poller) next(now time.Time) (r *run, in time.Duration) {
	forGet, forWait := p.queues[get].head(now), p.queues[wait].head(now)
	getIn, waitIn := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
	if forGet != nil {
		getIn = max(0, forGet.due.Sub(now), p.breaker.wait(now), p.budget.wait(now, get, 0))
	}
	if forWait != nil {
		// Waits leave tokens for future gets, but not while a get is due.
		keep := 0
		if forGet == nil || forGet.due.After(now) {
			keep = p.budget.kept() + p.keptForHints(forWait, now)
		}
		waitIn = max(0, forWait.due.Sub(now), p.breaker.wait(now), p.budget.wait(now, wait, keep))
	}
	if getIn < waitIn || getIn == waitIn && p.lastKind == wait {
		return forGet, getIn
	}
	return forWait, waitIn
}

// MaxAhead limits how many requests Snapshot.Ahead counts, because thousands of
// waits may end at the same moment and each of them counts.
const MaxAhead = 1_000

// ahead returns how many requests are sent before that for r, which is queued
// and due: those of its kind that go first, of which it counts MaxAhead, and as
// many of the other kind, since the kinds alternate.
func (p *Poller) ahead(r *run, now time.Time) int {
	kind := p.queuedFor(r)
	mine, others := &p.queues[kind], &p.queues[get+wait-kind]
	mine.update(now)
	others.update(now)
	own := mine.due.countBefore(r, 0, MaxAhead)
	return own + min(own+1, len(others.due.runs))
}

// nextOrder numbers the runs that become due, which keeps the order of those
// with equal times.
func (p *Poller) nextOrder() uint64 {
	p.order++
	return p.order
}
