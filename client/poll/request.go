package poll

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"instaview-mcp/client"
)

// request makes one attempt at r and records the result.
func (p *Poller) request(r *run) {
	defer p.requests.Done()
	growStack()
	sent := p.clock.now()
	results, err := p.attempt(r.id)
	brought := Outcome{ID: r.id, Run: sourcingRun(r.id), HoldRun: Floor}
	defer func() { p.report(brought) }() // when p.mu is free

	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	r.inFlight, r.floor.inFlight = false, false
	p.budget.ended()
	if p.ctx.Err() != nil {
		r.floor.notBefore = now.Add(Floor) // the server may have counted the request
		if !r.active() {
			p.retire(r)
		}
		return
	}
	results, err = p.expect(r.id, results, err)
	failure := asFailure(err)
	p.observe(observed(r.last, results, failure, now.Sub(sent)))
	before := r.last
	r.record(results, failure, now)
	p.heed(r, before, sent, now)
	r.order = p.nextOrder()
	p.requeue(r)
	p.measure(r)
	p.shrink()
	p.learn(r, results, failure, sent, now)
	if p.store.Store != nil {
		brought = p.outcome(r, failure, now)
	}
	p.logAttempt(r, results, failure, now)
	if !r.active() {
		p.retire(r)
	}
	p.dispatchLocked()
}

// growStack gives a new goroutine the stack that a request needs at once, since
// the runtime would otherwise double it, and copy what is on it, again and
// again while a body is decoded.
//
//go:noinline
func growStack() {
	var room [6 << 10]byte
	runtime.KeepAlive(&room)
}

// attempt calls the API. A panic while decoding fails only this run. Its value
// may hold response data, so it is not logged.
func (p *Poller) attempt(id string) (results *client.Results, err error) {
	defer func() {
		if v := recover(); v != nil {
			p.log.Error("a request panicked", "type", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
			results, err = nil, &client.Error{Code: client.CodeBadResponse, Reason: "it could not be read"}
		}
	}()
	return p.api.Results(p.ctx, id)
}

// learn applies what the result of an attempt at r means for the whole key.
func (p *Poller) learn(r *run, results *client.Results, failure *client.Error, sent, now time.Time) {
	switch {
	case failure == nil:
		p.budget.learn(now, sent, results.RateLimit)
	case failure.HTTPStatus != 0: // otherwise there are no headers
		p.budget.learn(now, sent, failure.RateLimit)
	}
	if failure == nil || !failure.Transient() {
		cause := p.breaker.cause
		if p.breaker.answered(r, now) {
			p.log.Debug("requests resume", "cause", cause)
		}
		return
	}
	if p.breaker.failed(r, failure, now) {
		p.log.Debug("requests pause", "cause", p.breaker.cause, "for", p.breaker.wait(now), "retry_after", failure.RetryAfter)
	}
}

func (p *Poller) logAttempt(r *run, results *client.Results, failure *client.Error, now time.Time) {
	attrs := []any{"outcome", outcome(results, failure), "waiters", r.callers[get] + r.callers[wait]}
	if !r.last.final() {
		attrs = append([]any{"next_in", r.due.Sub(now)}, attrs...)
	}
	p.log.Debug("requested", attrs...)
	if failure == nil && disagree(results) {
		p.log.Warn("InstaView's status and HTTP code disagree; the status counts", "http", results.HTTPStatus, "outcome", outcome(results, failure))
	}
}

// disagree reports whether the body's status says that the run goes on and the
// HTTP code that it has ended, or the reverse. An unknown status says neither.
func disagree(r *client.Results) bool {
	return r.Status == client.StatusProcessing && r.HTTPStatus == http.StatusOK || r.Finished() && r.HTTPStatus == http.StatusAccepted
}

// asFailure converts an error of the API to one with a code.
func asFailure(err error) *client.Error {
	var failure *client.Error
	if err != nil && !errors.As(err, &failure) {
		failure = &client.Error{Code: client.CodeUnavailable}
	}
	return failure
}

func outcome(results *client.Results, failure *client.Error) string {
	switch {
	case failure != nil:
		return failure.Error()
	case results.InProgress():
		return "in progress"
	default:
		return "ended"
	}
}
