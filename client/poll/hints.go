package poll

import (
	"container/heap"
	"maps"
	"slices"
	"time"
)

const (
	// hintedPace is the time between requests for a run whose end a hint will
	// tell.
	hintedPace = 30 * time.Second
	// provenFor is how long hints are relied on after one that was right.
	provenFor = time.Hour
	// hintGrace is how long after an end was found its hint may still come. It
	// is not Floor, or its timer and that of a run's floor could end together,
	// in whichever order.
	hintGrace = 6 * time.Second
	// hintStart makes a run with a hint count as due earlier among waits, so
	// that it goes first, and no other wait is overtaken for longer than this.
	hintStart = 2 * time.Minute
	// doubtFor is how long a run is treated as without hints after one that was
	// wrong, except in its next request, so that repeating it gains nothing.
	doubtFor = time.Minute
	// hintTokens is how many tokens other waits leave for runs with a hint, so
	// that one is sent at once.
	hintTokens = 2
	// wokenAtOnce is how many runs are requested after a hint that names none.
	wokenAtOnce = 4
	// A hint for a run that nobody has asked for yet is kept for a minute, like
	// an answer. That many are far more than a key may start in a minute.
	maxEarly = 1_000
)

// hints is what a Poller has learned from hints. The zero value has seen none.
type hints struct {
	seen     bool
	provenAt time.Time            // when one was last right; zero if they are not relied on
	early    map[string]time.Time // by Poller.name, for runs that are not known
	awaited  []foundEnd           // whose hints may still come, oldest first
	timer    *time.Timer          // for the first of them
}

// foundEnd is a run's end that was found without a hint.
type foundEnd struct {
	sourcingRun string
	at          time.Time
}

// wakeUp is what hints have changed for a run.
type wakeUp struct {
	since   time.Time // when the first hint came that no answer has followed; zero = none
	latest  time.Time // when the last of them came
	ahead   bool      // whether the run goes before others
	wrongAt time.Time // when a hint was last wrong
	usual   time.Time // when the run would be due without hints; zero if it is
}

// Hint tells the Poller that the run has probably ended, or with "" that some
// run has. The run is then requested as soon as the floor and the budget allow,
// before the runs of other waits. If nobody waits for it, no request is made,
// and the next wait for it goes first. A hint is never taken for the answer.
//
// requestID has no company in front, and means the run of every company.
func (p *Poller) Hint(requestID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hint(requestID)
	p.publish(News{Name: p.name(requestID)})
}

// hint applies a hint to this Poller.
func (p *Poller) hint(requestID string) {
	if p.ctx.Err() != nil {
		return
	}
	now := p.clock.now()
	p.hints.seen = true
	if i := slices.IndexFunc(p.hints.awaited, func(e foundEnd) bool { return e.sourcingRun == requestID }); i >= 0 {
		p.hints.awaited = slices.Delete(p.hints.awaited, i, i+1)
		p.hints.provenAt = now
	}
	switch f := p.floors[requestID]; {
	case requestID == "":
		p.wakeNext(now)
	case f != nil && len(f.sharers) > 0:
		for _, r := range f.sharers {
			p.wake(r, now)
		}
	default:
		p.keepHint(p.name(requestID), now)
	}
	p.dispatchLocked()
}

// wake makes a run due because of a hint.
func (p *Poller) wake(r *run, now time.Time) {
	if r.last.final() {
		return
	}
	if r.wake.since.IsZero() {
		r.wake.since, r.wake.ahead = now, r.wake.ahead || !r.doubted(now)
	}
	r.wake.latest = now
	if !r.inFlight { // otherwise the answer decides
		r.due, r.order = later(earlier(r.due, now), r.floor.notBefore), p.nextOrder()
		p.requeue(r)
	}
}

// doubted reports whether a hint for the run was wrong a short time ago.
func (r *run) doubted(now time.Time) bool {
	return !r.wake.wrongAt.IsZero() && now.Sub(r.wake.wrongAt) < doubtFor
}

// wakeNext makes the waits that are due next due at once. They do not go before
// others, since each of those may be meant.
func (p *Poller) wakeNext(now time.Time) {
	q := &p.queues[wait]
	q.update(now)
	var next []*run
	for len(next) < wokenAtOnce && len(q.upcoming.runs) > 0 {
		next = append(next, heap.Pop(&q.upcoming).(*run))
	}
	for _, r := range next {
		r.due = earlier(r.due, later(now, r.floor.notBefore))
		p.requeue(r)
	}
}

// keepHint remembers a hint for a run that is not known.
func (p *Poller) keepHint(name string, now time.Time) {
	if p.hints.early == nil {
		p.hints.early = map[string]time.Time{}
	}
	maps.DeleteFunc(p.hints.early, func(_ string, at time.Time) bool { return now.Sub(at) >= cacheFor })
	if len(p.hints.early) < maxEarly {
		p.hints.early[name] = now
	}
}

// takeHint gives a new run the hint that was kept for it.
func (p *Poller) takeHint(r *run, now time.Time) {
	if at, ok := p.hints.early[r.floor.name]; ok && now.Sub(at) < cacheFor {
		r.wake.since, r.wake.latest, r.wake.ahead = at, at, true
	}
}

// waitTurn returns the time by which runs that are due are ordered for waits.
func (r *run) waitTurn() time.Time {
	if r.wake.ahead {
		return r.due.Add(-hintStart)
	}
	return r.turn()
}

// heed applies hints after an attempt at r that was sent at sent and recorded
// at now. before is the state that was known before it.
func (p *Poller) heed(r *run, before Snapshot, sent, now time.Time) {
	r.wake.usual = time.Time{}
	hinted := !r.wake.since.IsZero()
	wasRunning := before.Results != nil && before.Results.InProgress()
	switch {
	case r.last.Err != nil: // the hint counts for the next attempt
	case !r.last.Results.InProgress():
		// A hint may come before InstaView's answers show the end.
		early := r.doubted(now)
		r.wake = wakeUp{}
		if hinted {
			p.hints.provenAt = now
		} else if wasRunning && p.hints.seen && !early {
			p.awaitHint(r, now)
		}
	case hinted && r.wake.latest.After(sent): // so the answer may be older
		r.due = r.currentUntil
		if !r.wake.since.After(sent) { // repeating a hint must gain nothing
			r.wake = wakeUp{since: r.wake.latest, latest: r.wake.latest, wrongAt: now}
		}
	case hinted:
		// The answers may show the end a moment later, so the run goes ahead
		// once more.
		r.wake = wakeUp{wrongAt: now, ahead: r.wake.ahead && !r.doubted(now)}
	case r.wake.ahead:
		r.wake.ahead = false
	case p.relyOnHints(now) && !r.doubted(now):
		r.wake.usual, r.due = r.due, later(r.due, now.Add(hintedPace))
	}
}

// relyOnHints reports whether hints are expected to tell of ends.
func (p *Poller) relyOnHints(now time.Time) bool {
	return !p.hints.provenAt.IsZero() && now.Sub(p.hints.provenAt) < provenFor
}

// awaitHint expects the hint for an end that was just found without.
func (p *Poller) awaitHint(r *run, now time.Time) {
	p.hints.awaited = append(p.hints.awaited, foundEnd{sourcingRun(r.id), now})
	if len(p.hints.awaited) == 1 { // otherwise the timer is set
		p.hints.timer.Reset(hintGrace)
	}
}

// missHints stops relying on hints if one did not come.
func (p *Poller) missHints() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	missed := false
	for len(p.hints.awaited) > 0 && now.Sub(p.hints.awaited[0].at) >= hintGrace {
		p.hints.awaited = p.hints.awaited[1:]
		missed = true
	}
	if len(p.hints.awaited) > 0 && p.ctx.Err() == nil {
		p.hints.timer.Reset(p.hints.awaited[0].at.Add(hintGrace).Sub(now))
	}
	if missed && !p.hints.provenAt.IsZero() {
		p.doubtHints()
		p.publish(News{Missed: true})
	}
}

// doubtHints requests runs as often as without hints, until the next that is
// right.
func (p *Poller) doubtHints() {
	if p.hints.provenAt.IsZero() {
		return
	}
	p.hints.provenAt = time.Time{}
	p.log.Debug("a hint did not come: runs are requested as often as without hints")
	for _, r := range p.runs {
		if !r.wake.usual.IsZero() {
			r.due, r.wake.usual = earlier(r.due, r.wake.usual), time.Time{}
			p.requeue(r)
		}
	}
	p.dispatchLocked()
}

// keptForHints returns how many tokens a request for r leaves for runs with a
// hint, beside those for gets.
func (p *Poller) keptForHints(r *run, now time.Time) int {
	if r.wake.ahead || !p.relyOnHints(now) {
		return 0
	}
	return hintTokens
}
