package poll

import (
	"sync/atomic"
	"time"
)

// cacheFor is how long a run stays in the cache after the last caller has left,
// and with it the run's place in the queue: with many runs the first answer may
// take longer than a wait, and a caller that waits again must not start at the
// end.
const cacheFor = time.Minute

// DefaultCacheSize is the limit of the cache in bytes: as many runs of a
// hundred candidates as the budget can request in a minute.
const DefaultCacheSize = 32 << 20

// Shared counts what all Pollers that share it keep in their caches, at most
// DefaultCacheSize together. The zero value is ready to use.
type Shared struct{ bytes atomic.Int64 }

// retire puts a run that nobody waits for into the cache.
func (p *Poller) retire(r *run) {
	r.leftAt, r.order = p.clock.now(), p.nextOrder()
	p.shrink()
	if !p.sweeping && p.ctx.Err() == nil {
		p.sweeping = true
		p.sweeper.Reset(cacheFor)
	}
}

// shrink drops the snapshots of idle runs, oldest first, until the limits are
// kept. Active runs are not dropped, since they hold little.
func (p *Poller) shrink() {
	held, limit := int64(0), p.cacheLimit
	if p.ctx.Err() != nil {
		limit = 0 // closed, so no call will need the cache
	}
	for _, r := range p.runs {
		held += r.footprint
	}
	p.share(held)
	for held > limit || p.shared.bytes.Load() > DefaultCacheSize {
		r := p.oldestIdle(func(r *run) bool { return r.footprint > 0 })
		if r == nil {
			return
		}
		held -= r.footprint
		r.forget()
		p.share(held)
	}
}

// share updates what the shared counter holds for this Poller.
func (p *Poller) share(held int64) {
	p.shared.bytes.Add(held - p.counted)
	p.counted = held
}

// makeRoom reports whether there is room for one more run. If necessary it
// forgets the oldest idle run whose floor is over.
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

// oldestIdle returns the idle run that was left longest ago among those that
// match; nil if there is none.
func (p *Poller) oldestIdle(matches func(*run) bool) (oldest *run) {
	for _, r := range p.runs {
		if !r.active() && !r.inFlight && matches(r) && (oldest == nil || r.order < oldest.order) {
			oldest = r
		}
	}
	return oldest
}

// sweep removes the runs that have expired. The sweeper calls it.
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
