package poll

import (
	"context"
	"time"
)

// The bounds of a get. Three attempts span at least two floors, 10 s, and usual
// clients give up on a call after 60 s.
const (
	getAttempts = 3
	getTime     = 25 * time.Second
)

// Get returns the state of a run, no older than the floor allows; that of a
// finished run may be up to a minute old. Transient faults are retried, three
// attempts in all and within 25 s. The error is ctx's, ErrBusy or ErrClosed;
// failures of the API are in Snapshot.Err.
//
// requestID may begin with a company and a slash. Each company has its own
// answers for a run, but the floor is the run's.
func (p *Poller) Get(ctx context.Context, requestID string) (Snapshot, error) {
	end := p.clock.now().Add(getTime)
	return p.await(ctx, p.ctx, requestID, end, get, func(l Snapshot, attempts int) bool {
		if attempts > 0 && (l.Err == nil || l.settled() || attempts >= getAttempts) {
			return true
		}
		return l.NextIn > end.Sub(p.clock.now()) // no use in waiting for what cannot come in time
	})
}

// Wait returns as soon as the run has ended, or has failed for good, and
// otherwise when d is over, with what is known then. A request in flight is not
// awaited. onSnapshot, if not nil, is called with what was known before, if
// anything, and after every attempt. requestID and errors are as for Get.
func (p *Poller) Wait(ctx context.Context, requestID string, d time.Duration, onSnapshot func(Snapshot)) (Snapshot, error) {
	end := p.clock.now().Add(d)
	return p.await(ctx, p.waiting, requestID, end, wait, func(l Snapshot, _ int) bool {
		if onSnapshot != nil && !l.At.IsZero() {
			onSnapshot(l)
		}
		return l.final()
	})
}

// await takes part in the run's loop until enough says so or end is reached. It
// calls enough with what is known, and how many attempts were made meanwhile; a
// get is content with a snapshot that is still current. When open ends, what is
// known has to do.
func (p *Poller) await(ctx, open context.Context, id string, end time.Time, by kind, enough func(l Snapshot, attempts int) bool) (Snapshot, error) {
	switch {
	case p.ctx.Err() != nil:
		return Snapshot{}, ErrClosed
	case ctx.Err() != nil: // no request for a caller who has gone
		return Snapshot{}, context.Cause(ctx)
	}
	r, before, current, err := p.join(id, end, by)
	if err != nil {
		return Snapshot{}, err
	}
	defer p.leave(r, by)

	timeUp := time.NewTimer(end.Sub(p.clock.now()))
	defer timeUp.Stop()
	for {
		known, attempts, changed := p.snapshot(r)
		if enough(known, attempts-before) || by == get && current {
			select {
			case <-changed: // enough took its time, and there is a newer answer
			default:
				return known, nil
			}
		}
		over := false
		select {
		case <-changed:
		case <-ctx.Done():
		case <-open.Done():
		case <-timeUp.C:
			over = true
		}
		// Several may have happened, because enough may take its time.
		switch {
		case ctx.Err() != nil:
			return Snapshot{}, context.Cause(ctx)
		case over || open.Err() != nil || !p.clock.now().Before(end):
			known, _, _ = p.snapshot(r)
			known.Stopping = open.Err() != nil
			if known.At.IsZero() && p.ctx.Err() != nil {
				return Snapshot{}, ErrClosed
			}
			return known, nil
		}
	}
}

// join counts the caller among those who wait for the run. If they are the
// first, the run is due as soon as it may be requested; others follow the pace
// of the loop, unless they get it or would leave before its next request. It
// returns the number of attempts made before, and whether the last is current.
// The error is ErrBusy.
func (p *Poller) join(id string, end time.Time, by kind) (r *run, attempts int, current bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	r = p.runs[id]
	if p.full(r, by, now) {
		return nil, 0, false, ErrBusy
	}
	if r == nil {
		r = p.newRun(id, now)
	}
	queued := p.queuedFor(r) != nobody
	if !queued && !r.inFlight { // those who still wait may be busy with what they were told
		r.forgetStale(now)
	}
	if !r.active() {
		p.activeRuns++
	}
	p.callers++
	r.callers[by]++
	current = r.current(now)
	if r.inFlight || current && (by == get || r.last.final()) {
		return r, r.attempts, current, nil
	}
	if !queued || by == get || r.due.After(end) {
		// A turn that has come already outlives whoever waited before.
		if due := later(earlier(r.due, now), r.floor.notBefore); !due.Equal(r.due) {
			r.due, r.order = due, p.nextOrder()
		}
	}
	p.dispatchLocked()
	return r, r.attempts, current, nil
}

// full reports whether there is no place for one more caller, who asks for r;
// nil is a run not known yet.
func (p *Poller) full(r *run, by kind, now time.Time) bool {
	switch {
	case p.callers >= maxCallers:
		return true
	case r != nil && r.active():
		return false
	case by == wait && p.activeRuns >= maxRuns:
		return true
	default:
		return r == nil && !p.makeRoom(now)
	}
}

func (p *Poller) leave(r *run, by kind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.callers--
	r.callers[by]--
	if !r.active() {
		p.activeRuns--
		// A request in flight is let end: it is paid for, and the next caller is
		// likely to want its answer.
		if !r.inFlight {
			p.retire(r)
		}
	}
}

// snapshot returns what is known of r, after how many attempts, and a channel
// that is closed when there is one more.
func (p *Poller) snapshot(r *run) (known Snapshot, attempts int, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	known = r.last
	known.At, known.SeenAt = p.clock.outside(known.At), p.clock.outside(known.SeenAt)
	known.Paused = p.breaker.cause
	by := get
	queued := !r.due.After(now) && p.queuedFor(r) != nobody
	if queued {
		by = p.queuedFor(r) // and a wait's is asked when the hour's pace allows it
	}
	if !r.inFlight {
		known.NextIn = max(r.floor.wait(now), p.breaker.wait(now), p.budget.wait(now, by, false))
	}
	if queued {
		known.Ahead = p.ahead(r, now)
		known.NextIn += p.budget.queueing(now.Add(known.NextIn), by, known.Ahead)
	}
	return known, r.attempts, r.changed
}
