package poll

import (
	"errors"
	"maps"
	"time"

	"instaview-mcp/client"
)

const (
	// unknownFor is how long after its start a run may be unknown to the
	// results endpoint. The API documents no such time; most databases need far
	// less.
	unknownFor = 15 * time.Second
	// staleFor is how long after a refinement the old end state is not taken
	// for the new one: the documented example of a whole run takes 79 s.
	staleFor = 3 * time.Minute
	// acceptedFor is how long a refined run's age is not counted from its
	// creation.
	acceptedFor = time.Hour
	// maxAccepted is far above what credits allow a key in acceptedFor.
	maxAccepted = 1_000
)

// acceptance is that InstaView has said to work on a run.
type acceptance struct {
	at      time.Time
	refined bool
	before  time.Time // completedAt of a refined run's old end state; zero = not told
}

// Accepted tells the Poller that InstaView has just accepted to start the run,
// or to refine it if before, its old end state, is not nil. For 15 s a 404 then
// means that the run is not known yet, and for three minutes an end state that
// was completed when before was is not taken for an end.
//
// requestID is as for Get.
func (p *Poller) Accepted(requestID string, before *client.Results) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	maps.DeleteFunc(p.accepted, func(_ string, a acceptance) bool { return now.Sub(a.at) >= acceptedFor })
	if len(p.accepted) >= maxAccepted {
		return
	}
	a := acceptance{at: now, refined: before != nil}
	if before != nil {
		a.before = before.CompletedAt
	}
	p.accepted[requestID] = a
	if r := p.runs[requestID]; r != nil {
		r.last = Snapshot{} // or the old end state would answer from the cache
		p.measure(r)
		r.born, r.schedule = now, newSchedule(p.jitter)
	}
}

// Start makes a request with the key that starts or refines a run. It counts
// against the budget, and the rate limits that it is told hold for all of the
// key's requests. While they forbid one, Start makes none and returns a
// *client.Error with CodeRateLimited.
func (p *Poller) Start(request func() (*client.Started, error)) (*client.Started, error) {
	sent, hold := p.begin()
	if hold == 0 {
		hold = p.mayStart()
	}
	if hold > 0 {
		return nil, &client.Error{Code: client.CodeRateLimited, RetryAfter: hold}
	}
	started, err := request()
	brought := Outcome{Result: Answered}
	defer func() { p.report(brought) }() // when p.mu is free
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	p.budget.ended()
	var failure *client.Error
	if errors.As(err, &failure) && (failure.OutcomeUnknown || failure.Transient()) {
		brought.Result = Failed // as a probe it does not end a pause
	}
	switch {
	case err == nil:
		p.budget.learn(now, sent, started.RateLimit)
	case failure != nil && failure.HTTPStatus != 0:
		p.budget.learn(now, sent, failure.RateLimit)
		p.budget.notBefore = later(p.budget.notBefore, now.Add(failure.RetryAfter))
		brought.HoldKey, brought.Cause = failure.RetryAfter, failure.Code
	}
	p.describe(&brought, now)
	return started, err
}

// begin counts a request, or returns for how long none is allowed.
func (p *Poller) begin() (now time.Time, hold time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now = p.clock.now()
	hold = p.budget.held(now)
	if p.breaker.cause == client.CodeRateLimited {
		hold = max(hold, p.breaker.wait(now))
	}
	if hold == 0 {
		p.budget.take(now, get)
	}
	return now, hold
}

// expect corrects the outcome of an attempt by what was accepted.
func (p *Poller) expect(requestID string, results *client.Results, err error) (*client.Results, error) {
	a, ok := p.accepted[requestID]
	if !ok {
		return results, err
	}
	since := p.clock.now().Sub(a.at)
	var failure *client.Error
	switch {
	case errors.As(err, &failure) && failure.Code == client.CodeNotFound && since < unknownFor:
		return &client.Results{Status: client.StatusProcessing, HTTPStatus: 202, Date: failure.Date, RateLimit: failure.RateLimit}, nil
	case err != nil, !a.refined, since >= acceptedFor:
		return results, err
	case results.Finished() && results.CompletedAt.Equal(a.before) && since < staleFor:
		return &client.Results{RequestID: results.RequestID, Status: client.StatusProcessing, HTTPStatus: 202, Date: results.Date, RateLimit: results.RateLimit}, nil
	case results.InProgress():
		again := *results
		again.CreatedAt = time.Time{} // of the first search, long ago
		return &again, nil
	}
	return results, err
}
