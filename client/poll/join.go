package poll

import (
	"context"
	"time"
)

// The limits of a get. Three attempts take at least two floors, 10 s, and the
// usual clients give up on a call after 60 s.
const (
	getAttempts = 3
	getTime     = 25 * time.Second
)

// Get returns the state of a run. The state is requested from InstaView unless
// the floor forbids that, or it was seen to have ended less than a minute ago.
// Temporary failures are retried, with three attempts in all and within 25 s.
// The error is ctx's, ErrBusy or ErrClosed; a failure of the API is in
// Snapshot.Err.
//
// requestID may begin with a company id and a slash. Each company has answers
// of its own for a run, but all share the run's floor.
func (p *Poller) Get(ctx context.Context, requestID string) (Snapshot, error) {
	end := p.clock.now().Add(getTime)
	return p.await(ctx, p.ctx, requestID, end, get, false, func(s *Snapshot, attempts int) bool {
		if attempts > 0 && (s.Err == nil || s.settled() || attempts >= getAttempts) {
			return true
		}
		return s.NextIn > end.Sub(p.clock.now()) // do not wait for an attempt that would come too late
	})
}

// Wait returns as soon as the run has ended or has failed permanently.
// Otherwise it returns the latest state after d, without waiting for a request
// in flight. If onSnapshot is not nil, Wait calls it with the state known
// before, if there is one, and after every attempt, but without Ahead and its
// part of NextIn. Otherwise it sleeps through the attempts that end no wait.
// requestID and the errors are those of Get.
func (p *Poller) Wait(ctx context.Context, requestID string, d time.Duration, onSnapshot func(Snapshot)) (Snapshot, error) {
	end := p.clock.now().Add(d)
	return p.await(ctx, p.waiting, requestID, end, wait, onSnapshot == nil, func(s *Snapshot, _ int) bool {
		if onSnapshot != nil && !s.At.IsZero() {
			onSnapshot(*s)
		}
		return s.final()
	})
}

// await waits for the run until enough returns true, or until end. It calls
// enough with the latest state and the number of attempts since the call began.
// A get also returns if the state is still current. With onlyFinal it calls
// enough at first and for states that end a wait. When open ends, await returns
// the latest state.
func (p *Poller) await(ctx, open context.Context, id string, end time.Time, by kind, onlyFinal bool, enough func(s *Snapshot, attempts int) bool) (known Snapshot, err error) {
	switch {
	case p.ctx.Err() != nil:
		return known, ErrClosed
	case ctx.Err() != nil: // the caller has already gone
		return known, context.Cause(ctx)
	}
	r, before, current, err := p.join(id, end, by)
	if err != nil {
		return known, err
	}
	defer p.leave(r, by)

	timeUp := time.NewTimer(end.Sub(p.clock.now()))
	defer timeUp.Stop()
	for {
		changed := p.snapshot(&known, r, before, by == get, onlyFinal)
		if enough(&known, known.attempts-before.attempts) || by == get && current {
			select {
			case <-changed: // a newer answer arrived while enough was running
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
		// All of these may have happened while enough was running.
		switch {
		case ctx.Err() != nil:
			return Snapshot{}, context.Cause(ctx)
		case over || open.Err() != nil || !p.clock.now().Before(end):
			p.snapshot(&known, r, before, true, false)
			known.Stopping = open.Err() != nil
			if known.At.IsZero() && p.ctx.Err() != nil {
				return Snapshot{}, ErrClosed
			}
			return known, nil
		}
	}
}

// join adds the caller to those who wait for the run. For the first caller the
// run becomes due as soon as a request is allowed. Later callers wait for the
// run's next request, except for a get, or if they would leave before that
// request. join returns the attempts so far, and whether the last one's result
// is current. The error is ErrBusy.
func (p *Poller) join(id string, end time.Time, by kind) (r *run, before tally, current bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	if p.callers >= maxCallers {
		return nil, tally{}, false, ErrBusy
	}
	if r = p.runs[id]; r == nil {
		r = p.newRun(id, now)
	}
	p.uncache(r)
	queued := p.queuedFor(r) != nobody
	if !queued && !r.inFlight { // otherwise a caller may still be using the state
		p.forgetStale(r, now)
	}
	p.callers++
	r.callers[by]++
	current = r.current(now)
	wanted := !r.inFlight && !(current && (by == get || r.last.final()))
	if wanted && (!queued || by == get || r.due.After(end)) {
		// A run that is already due keeps its place in the queue.
		if due := later(earlier(r.due, now), r.floor.notBefore); !due.Equal(r.due) {
			r.due, r.order = due, p.nextOrder()
		}
	}
	p.requeue(r)
	if wanted {
		p.dispatchLocked()
	}
	return r, r.tally, current, nil
}

func (p *Poller) leave(r *run, by kind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.callers--
	r.callers[by]--
	p.requeue(r)
	// A request in flight goes on: it is already counted, and the next caller
	// probably wants its answer.
	if !r.active() && !r.inFlight {
		p.retire(r)
	}
}

// snapshot sets known to the latest state of r for a call that began after the
// attempts before, and returns a channel that is closed after the next attempt,
// or with onlyFinal after the next that ends a wait. With queue it also counts
// the requests that are sent before.
func (p *Poller) snapshot(known *Snapshot, r *run, before tally, queue, onlyFinal bool) (changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	*known = r.last
	known.At, known.SeenAt = p.clock.outside(known.At), p.clock.outside(known.SeenAt)
	known.Paused = p.breaker.cause
	known.attempts, known.Failures = r.attempts, r.failures-before.failures
	by := get
	queued := !r.due.After(now) && p.queuedFor(r) != nobody
	if queued {
		by = p.queuedFor(r) // a request for a wait must also keep the hour's pace
	}
	if !r.inFlight {
		known.NextIn = max(r.floor.wait(now), p.breaker.wait(now), p.budget.wait(now, by, 0))
	}
	if queued && queue {
		known.Ahead = p.ahead(r, now)
		known.NextIn += p.budget.queueing(now.Add(known.NextIn), by, known.Ahead)
	}
	if onlyFinal {
		return r.final
	}
	return r.changed
}
