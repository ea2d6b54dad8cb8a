package poll

import (
	"context"
	"time"

	"instaview-mcp/client"
)

const (
	// presentEvery is how often a replica says that it is there and asks again
	// for a token, and, without the store, how often it tries to return.
	presentEvery = time.Second
	// idleEvery is how often it says so while nobody waits.
	idleEvery = 10 * time.Second
	// noticedAfter is how long it takes until the others notice that a replica
	// is silent for longer than it said.
	noticedAfter = 3 * time.Second
	// rememberedFor is how long a replica that is not told of any more counts.
	rememberedFor = 2 * time.Minute
	// unknownReplicas is how many there are at least taken to be for newFor
	// after the start, since others may be starting, too, and an idle replica
	// is told every idleEvery.
	unknownReplicas = 4
	newFor          = idleEvery + time.Second
	// leasedFor is how long a request may take, and the floor after it.
	leasedFor = 20*time.Second + Floor
	// getAgain is how soon a get asks again for a run that another replica is
	// requesting, which usually takes less.
	getAgain = 500 * time.Millisecond
	// maxPublishing is how many hints may be on their way to the store. More
	// are not published.
	maxPublishing = 100
)

// store is a Poller's use of its Store.
type store struct {
	Store                  // nil if there is none
	asking     bool        // a Begin is in flight
	publishing int         // hints that are on their way to the Store
	alone      bool        // the Store cannot be used for now
	opened     time.Time   // when the Poller was made
	spent      int         // requests sent alone
	replicas   int         // the most told of late; 0 if never
	countedAt  time.Time   // when there were that many
	noticed    time.Time   // when the others notice at the latest that this replica is alone
	timer      *time.Timer // for present
	due        time.Time   // of the timer; zero if it is not set
}

// shared reports whether the Store must be asked.
func (s *store) shared() bool { return s.Store != nil && !s.alone }

// count notes how many replicas there are, as the store has just told. One that
// has lost its state tells too few, until all have returned.
func (s *store) count(replicas int, now time.Time) {
	s.noticed = time.Time{}
	if replicas >= s.replicas || now.Sub(s.countedAt) > rememberedFor {
		s.replicas, s.countedAt = replicas, now
	}
}

// openStore begins to use the Store, if there is one.
func (p *Poller) openStore() {
	if p.store.Store != nil {
		p.store.opened = p.clock.now()
		p.store.timer = stoppedTimer(p.present)
		p.store.Subscribe(p.learnNews)
		p.presentIn(0)
	}
}

// closeStore must be called when no request is in flight any more.
func (p *Poller) closeStore() {
	if p.store.Store == nil {
		return
	}
	p.mu.Lock()
	p.store.timer.Stop()
	alone, back := p.store.alone, p.toReturn(p.clock.now())
	p.mu.Unlock()
	if alone { // or its floors would be forgotten
		_, _ = p.store.Return(context.WithoutCancel(p.ctx), back)
	}
	p.store.Close()
}

// presentIn lets present run within a time.
func (p *Poller) presentIn(in time.Duration) {
	due := p.clock.now().Add(in)
	if p.ctx.Err() == nil && (p.store.due.IsZero() || due.Before(p.store.due)) {
		p.store.due = due
		p.store.timer.Reset(in)
	}
}

// decideLater starts decide for r, which the caller has marked as in flight.
// One decision is made at a time, so that the order is kept.
func (p *Poller) decideLater(r *run, now time.Time) {
	p.store.asking = true
	by := p.lastKind
	request := Request{ID: r.id, Run: sourcingRun(r.id), Get: by == get, Known: -1, Overdue: now.Sub(r.turn()), Rate: p.budget.all()}
	if by == wait {
		request.Overdue = now.Sub(r.waitTurn())
		request.Kept = min(request.Kept+p.keptForHints(r, now), request.Burst-1)
	}
	if !r.last.At.IsZero() {
		request.Known = now.Sub(r.last.At)
	}
	go p.decide(r, by, request)
}

// decide asks the Store for a permit for r, and makes the request if there is
// one.
func (p *Poller) decide(r *run, by kind, request Request) {
	permit, err := p.store.Begin(p.ctx, request)
	if err == nil && permit.Granted && permit.In > 0 {
		timer := time.NewTimer(permit.In)
		select {
		case <-timer.C:
		case <-p.ctx.Done():
			timer.Stop()
		}
	}
	if p.permitted(r, by, permit, err) {
		p.request(r)
		return
	}
	if err == nil && permit.Granted {
		p.report(Outcome{ID: r.id, Run: sourcingRun(r.id), Result: Unsent})
	}
	p.requests.Done()
}

// permitted applies the Store's answer, and reports whether r may be requested.
func (p *Poller) permitted(r *run, by kind, permit Permit, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	p.store.asking = false
	p.presentIn(presentEvery)
	// A 429 for another run may have arrived in the meantime.
	held := max(p.breaker.wait(now), p.budget.held(now)) > 0
	granted := err == nil && permit.Granted && !held && p.ctx.Err() == nil
	if granted {
		p.budget.take(now, by)
	} else {
		r.inFlight, r.floor.inFlight = false, false
		if p.breaker.probe == r {
			p.breaker.probe = nil
		}
	}
	switch {
	case p.ctx.Err() != nil:
		if !r.active() {
			p.retire(r)
		}
		return false
	case err != nil:
		p.goAlone(err, now)
	case !permit.Granted:
		p.refused(r, by, permit, now)
	}
	if err == nil {
		p.store.count(permit.Replicas, now)
	}
	p.requeue(r)
	if !r.active() && !r.inFlight {
		p.retire(r)
	}
	p.dispatchLocked()
	return granted
}

// refused applies a refusal.
func (p *Poller) refused(r *run, by kind, permit Permit, now time.Time) {
	until := now.Add(permit.In)
	switch permit.Scope {
	case ScopeKind:
		// Those ahead may have nothing to ask for any more, and a run that goes
		// first may become due here.
		p.budget.refused[by] = earlier(until, now.Add(presentEvery))
	case ScopeKey:
		p.budget.refused[get], p.budget.refused[wait] = until, until
		if permit.Cause != "" {
			p.breaker.adopt(permit.Cause, until)
		}
		for _, r := range p.runs {
			if r.callers[get] > 0 { // which may not want to wait for that long
				close(r.changed)
				r.changed = make(chan struct{})
			}
		}
	case ScopeLease:
		again := Floor
		if by == get {
			again = getAgain
		}
		r.due, r.order = earlier(until, now.Add(again)), p.nextOrder()
	case ScopeRun:
		r.due, r.order = until, p.nextOrder()
		if p.adopt(r, permit.Seen, now) {
			r.currentUntil, r.due = until, later(r.due, until)
		}
		r.floor.notBefore = later(r.floor.notBefore, until)
	}
}

// adopt records what another replica was told about r, as if it had been told
// here, and reports whether there was anything to record. That a run has ended
// is not recorded, because its candidates must still be requested.
func (p *Poller) adopt(r *run, seen *Seen, now time.Time) bool {
	if seen == nil || seen.Ended || seen.Ago > leasedFor || !now.Add(-seen.Ago).After(r.last.At) {
		return false
	}
	results := &client.Results{
		RequestID: sourcingRun(r.id), Status: client.StatusProcessing, HTTPStatus: 202,
		SourcedCount: seen.SourcedCount, FoundCount: seen.FoundCount, ScoredCount: seen.ScoredCount,
	}
	at := now.Add(-seen.Ago)
	if seen.Age >= 0 {
		results.Date = p.clock.outside(at)
		results.CreatedAt = results.Date.Add(-seen.Age)
	}
	before := r.last
	r.record(results, nil, at)
	p.heed(r, before, at, now)
	p.measure(r)
	p.shrink()
	return true
}

// mayStart asks for a request that starts or refines a run and was counted,
// and returns for how long none is allowed. Without an answer there may be one,
// since the limit of such requests is another.
func (p *Poller) mayStart() (hold time.Duration) {
	p.mu.Lock()
	shared, request := p.store.shared(), Request{Get: true, Rate: p.budget.all()}
	if !shared {
		p.store.spent++
	}
	p.mu.Unlock()
	if !shared {
		return 0
	}
	permit, err := p.store.Begin(p.ctx, request)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.presentIn(presentEvery)
	switch {
	case err != nil:
		p.goAlone(err, p.clock.now())
		p.store.spent++
		return 0
	case permit.Granted:
		return 0
	}
	p.budget.ended()
	return permit.In
}

// outcome describes the attempt at r that was just recorded.
func (p *Poller) outcome(r *run, failure *client.Error, now time.Time) Outcome {
	o := Outcome{ID: r.id, Run: sourcingRun(r.id), Result: Answered, HoldRun: r.floor.wait(now)}
	p.describe(&o, now)
	switch {
	case failure == nil:
		results := r.last.Results
		o.Seen = &Seen{
			Ended: !results.InProgress(), Age: -1,
			SourcedCount: results.SourcedCount, FoundCount: results.FoundCount, ScoredCount: results.ScoredCount,
		}
		if age, ok := results.Age(); ok {
			o.Seen.Age = age
		}
	case failure.Transient():
		o.Result, o.HoldKey, o.Cause = Failed, p.breaker.wait(now), p.breaker.cause
	}
	return o
}

// describe adds what is known about the key's rate limits.
func (p *Poller) describe(o *Outcome, now time.Time) {
	o.InFlight = p.budget.inFlight
	o.Minute, o.Hour = p.budget.windows[minute].shared(now), p.budget.windows[hour].shared(now)
}

// report tells the Store what a request has brought, even after Close.
func (p *Poller) report(o Outcome) {
	if p.store.Store == nil {
		return
	}
	p.mu.Lock()
	shared := p.store.shared()
	p.mu.Unlock()
	if !shared {
		return
	}
	if err := p.store.End(context.WithoutCancel(p.ctx), o); err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.goAlone(err, p.clock.now())
	}
}

// publish tells the other replicas of a hint, or of one that was missed. It
// does not wait for the Store, which may be slow, and tells nobody of its
// failure, since a lost hint only costs time.
func (p *Poller) publish(n News) {
	if p.store.Store == nil || p.ctx.Err() != nil || p.store.publishing == maxPublishing {
		return
	}
	p.store.publishing++
	p.requests.Go(func() {
		_ = p.store.Publish(p.ctx, n)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.store.publishing--
	})
}

// learnNews applies what another replica tells.
func (p *Poller) learnNews(n News) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case n.Missed:
		p.doubtHints()
		return
	case n.Name == "":
		p.hint("")
		return
	}
	for run, f := range p.floors {
		switch {
		case f.name != n.Name:
			continue
		case !n.Ended:
			p.hint(run)
		default: // each replica requests the candidates
			for _, r := range f.sharers {
				r.due, r.order = earlier(r.due, later(p.clock.now(), f.notBefore)), p.nextOrder()
				p.requeue(r)
			}
			p.dispatchLocked()
		}
		return
	}
	if !n.Ended {
		p.hints.seen = true
		p.keepHint(n.Name, p.clock.now())
	}
}
