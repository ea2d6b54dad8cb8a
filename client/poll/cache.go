package poll

import (
	"sync/atomic"
	"time"
)

// cacheFor is how long a run is remembered that nobody waits for, its turn
// included: with many runs the first answer may take longer than a wait, and
// who waits again must not begin at the queue's end.
const cacheFor = time.Minute

// DefaultMemory is how much is held of all runs, in bytes: as many runs of a
// hundred candidates as the budget can request in the minute.
const DefaultMemory = 32 << 20

// Shared counts what the Pollers that share it hold together, of which
// DefaultMemory is the most. The zero value is ready to use.
type Shared struct{ bytes atomic.Int64 }

// retire remembers a run that nobody waits for any more.
func (p *Poller) retire(r *run) {
	r.leftAt, r.order = p.clock.now(), p.nextOrder()
	p.shrink()
	if !p.sweeping && p.ctx.Err() == nil {
		p.sweeping = true
		p.sweeper.Reset(cacheFor)
	}
}

// shrink forgets what was seen of idle runs until the limit is kept. Of runs
// that are waited for little is held.
func (p *Poller) shrink() {
	held, limit := int64(0), p.cacheLimit
	if p.ctx.Err() != nil {
		limit = 0 // closed, and asked no more
	}
	for _, r := range p.runs {
		held += r.footprint
	}
	p.share(held)
	for held > limit || p.shared.bytes.Load() > DefaultMemory {
		r := p.oldestIdle(func(r *run) bool { return r.footprint > 0 })
		if r == nil {
			return
		}
		held -= r.footprint
		r.forget()
		p.share(held)
	}
}

// share tells the other Pollers how much this one holds.
func (p *Poller) share(held int64) {
	p.shared.bytes.Add(held - p.counted)
	p.counted = held
}

// makeRoom reports whether one run more may be known. It forgets another for it
// if need be, but none that the contract forbids to ask for yet.
func (p *Poller) makeRoom(now time.Time) bool {
	if len(p.runs) < maxKept {
		return true
	}
	r := p.oldestIdle(func(r *run) bool { return r.floor.wait(now) == 0 })
	if r == nil {
		return false
	}
	delete(p.runs, r.id)
	return true
}

// oldestIdle is the run left longest ago of those that nobody waits for and that
// suit; nil if there is none.
func (p *Poller) oldestIdle(suits func(*run) bool) (oldest *run) {
	for _, r := range p.runs {
		if !r.active() && !r.inFlight && suits(r) && (oldest == nil || r.order < oldest.order) {
			oldest = r
		}
	}
	return oldest
}

// sweep forgets what has been remembered long enough; it is the sweeper's
// function.
func (p *Poller) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	p.sweeping = false
	for id, r := range p.runs {
		switch {
		case r.active() || r.inFlight:
		case r.floor.wait(now) == 0 && !now.Before(r.leftAt.Add(cacheFor)):
			delete(p.runs, id)
		default:
			p.sweeping = p.ctx.Err() == nil
		}
	}
	if p.sweeping {
		p.sweeper.Reset(cacheFor)
	}
	p.shrink()
}
