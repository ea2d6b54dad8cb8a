package poll

import (
	"container/list"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// cacheFor is how long results stay in the cache after the last caller has
	// left.
	cacheFor = time.Minute
	// placeFor is how long, counted from the same moment, the run keeps its
	// place in the queue: with many runs the first answer may take longer than
	// a wait, and a caller that waits again must not start at the end. Of three
	// replicas that take turns, the one that a caller comes back to has not
	// seen it for two waits of 50 s. There, the ends of 400 runs begun within
	// five minutes were noticed after 11 min on the mean with places kept for
	// one minute, and after 70 s with three.
	placeFor = 3 * time.Minute
)

// DefaultCacheSize is the limit of the cache in bytes: as many runs of a
// hundred candidates as the budget can request in a minute.
const DefaultCacheSize = 32 << 20

// Shared counts what all Pollers that share it keep in their caches, at most
// DefaultCacheSize together. The zero value is ready to use.
type Shared struct{ bytes atomic.Int64 }

// maxUnanswered limits the cached runs without results: as many as there may be
// callers, so that each keeps its place in the queue.
const maxUnanswered = maxCallers

// runSize is roughly what a run takes beside its results, in bytes.
const runSize = 1 << 10

// retire puts a run that nobody waits for into the cache.
func (p *Poller) retire(r *run) {
	r.leftAt = p.clock.now()
	if r.footprint > 0 {
		r.cached = p.answered.PushBack(r)
		p.shrink()
	} else {
		p.keepPlace(r)
	}
	if !p.sweeping && p.ctx.Err() == nil {
		p.sweeping = true
		p.sweeper.Reset(sweepEvery)
	}
}

// keepPlace caches a run without results.
func (p *Poller) keepPlace(r *run) {
	r.cached = p.unanswered.PushBack(r)
	if p.unanswered.Len() > maxUnanswered {
		p.forget(p.unanswered.Front(), p.clock.now())
	}
}

// uncache takes r out of the cache, if it is there.
func (p *Poller) uncache(r *run) {
	if r.cached != nil {
		p.answered.Remove(r.cached) // Remove ignores an element of the other list
		p.unanswered.Remove(r.cached)
		r.cached = nil
	}
}

// forget removes a cached run. Its floor stays until it is over.
func (p *Poller) forget(cached *list.Element, now time.Time) {
	r := cached.Value.(*run)
	p.uncache(r)
	delete(p.runs, r.id)
	r.last = Snapshot{}
	p.measure(r)
	r.floor.sharers = slices.DeleteFunc(r.floor.sharers, func(s *run) bool { return s == r })
	if r.floor.unused(now) {
		delete(p.floors, sourcingRun(r.id))
	}
}

// measure updates the size of r and of everything that is kept.
func (p *Poller) measure(r *run) {
	was := r.footprint
	if r.footprint = 0; r.last.Results != nil {
		r.footprint = runSize + r.last.Results.Footprint()
	}
	p.counted += r.footprint - was
	p.shared.bytes.Add(r.footprint - was)
}

// shrink forgets idle runs, oldest first, until the limits are kept. Active
// runs stay, since they hold little.
func (p *Poller) shrink() {
	limit := p.cacheLimit
	if p.ctx.Err() != nil {
		limit = 0 // closed, so no call will need the cache
	}
	now := p.clock.now()
	for p.answered.Len() > 0 && (p.counted > limit || p.shared.bytes.Load() > DefaultCacheSize) {
		p.forget(p.answered.Front(), now)
	}
}

// sweepEvery limits how long an unused floor is kept.
const sweepEvery = 2 * Floor

// sweep drops the results that have expired, the runs whose places have, and
// unused floors. The sweeper calls it.
func (p *Poller) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	expired := func(cached *list.List, after time.Duration) bool {
		return cached.Len() > 0 && !now.Before(cached.Front().Value.(*run).leftAt.Add(after))
	}
	for expired(&p.answered, cacheFor) {
		before := p.answered.Front().Value.(*run)
		p.forget(p.answered.Front(), now)
		r := p.newRun(before.id, now)
		r.due, r.order, r.leftAt = before.due, before.order, before.leftAt
		p.keepPlace(r)
	}
	for expired(&p.unanswered, placeFor) {
		p.forget(p.unanswered.Front(), now)
	}
	for id, f := range p.floors {
		if f.unused(now) {
			delete(p.floors, id)
		}
	}
	if p.sweeping = len(p.floors) > 0 && p.ctx.Err() == nil; p.sweeping {
		p.sweeper.Reset(sweepEvery)
	}
}
