package poll

import (
	"errors"
	"log/slog"
	"time"
)

// goAlone goes on without the Store: with this replica's part of the rate and
// an empty bucket, since the others may just have used the burst.
func (p *Poller) goAlone(err error, now time.Time) {
	if p.store.alone || p.ctx.Err() != nil {
		return
	}
	p.store.alone, p.store.spent = true, 0
	n := p.store.replicas
	if n == 0 || now.Sub(p.store.opened) < newFor {
		n = max(n, unknownReplicas)
	}
	p.budget.divide(now, n)
	// Until then, the others use its part.
	for by := range p.budget.refused {
		p.budget.refused[by] = later(p.budget.refused[by], p.store.noticed)
	}
	level := slog.LevelDebug // the Store itself tells of its failures
	if errors.Is(err, ErrStateLost) {
		level = slog.LevelWarn
	}
	p.log.Log(p.ctx, level, "requests go on without the shared store", "part", n, "cause", err)
	p.presentIn(0)
}

// present says that this replica is there. Without the Store it tries to
// return. The timer calls it.
func (p *Poller) present() {
	p.mu.Lock()
	if p.ctx.Err() != nil {
		p.mu.Unlock()
		return
	}
	p.requests.Add(1)
	defer p.requests.Done()
	p.store.due = time.Time{}
	alone, back := p.store.alone, p.toReturn(p.clock.now())
	idle := p.callers == 0 && p.budget.inFlight == 0 && len(back.Held) == 0 // nothing that the store may lose
	var silent time.Duration
	if idle {
		silent = idleEvery
	}
	p.mu.Unlock()

	var replicas int
	var err error
	if alone {
		replicas, err = p.store.Return(p.ctx, back)
	} else {
		replicas, err = p.store.Present(p.ctx, silent)
	}

	p.mu.Lock()
	defer p.mu.Unlock()
	again := presentEvery
	switch {
	case err != nil:
		p.goAlone(err, p.clock.now())
	case alone:
		p.store.alone = false
		p.store.count(replicas, p.clock.now())
		p.budget.unite()
		p.budget.refused = [3]time.Time{}
		p.log.Debug("requests use the shared store again", "replicas", replicas)
		p.dispatchLocked()
	default:
		p.store.count(replicas, p.clock.now())
		if idle {
			again = idleEvery
			p.store.noticed = p.clock.now().Add(idleEvery + noticedAfter)
		}
	}
	p.presentIn(again)
}

// toReturn returns what the Store must know after a time without it.
func (p *Poller) toReturn(now time.Time) Return {
	back := Return{Spent: p.store.spent, HoldKey: p.breaker.wait(now), Cause: p.breaker.cause, Rate: p.budget.all()}
	for id, f := range p.floors {
		switch {
		case f.inFlight:
			back.Held = append(back.Held, Held{id, leasedFor, true})
		case f.wait(now) > 0:
			back.Held = append(back.Held, Held{id, f.wait(now), false})
		}
	}
	return back
}
