package poll

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"runtime/debug"
	"time"

	"instaview-mcp/client"
)

// dispatch serves the queues; it is the timer's function.
func (p *Poller) dispatch() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dispatchLocked()
}

func (p *Poller) dispatchLocked() {
	p.timer.Stop()
	for p.ctx.Err() == nil {
		now := p.clock.now()
		r, in := p.next(now)
		if r == nil || p.pause.probe != nil {
			return // the probe's answer comes back here
		}
		if in > 0 {
			p.timer.Reset(min(in, maxSleep))
			return
		}
		if hold := r.floor.wait(now); hold > 0 {
			// Another company's request for the run went before. The order stays, so
			// that each has its turn.
			r.due = now.Add(hold)
			p.place(r)
			continue
		}
		if p.pause.cause != "" {
			p.pause.probe = r
		}
		p.urgentNext = r.queue != &p.urgent
		p.budget.take(now, r.queue == &p.urgent)
		p.made++
		r.remove()
		r.inFlight, r.floor.inFlight = true, true
		p.asking.Add(1)
		go p.ask(r)
	}
}

// next returns the run to serve next and the time until then; nil if none is
// queued. When runs of both queues may be served now the queues take turns, so
// that neither can keep the other from being served.
func (p *Poller) next(now time.Time) (r *run, in time.Duration) {
	urgent, other := p.urgent.head(), p.queue.head()
	if urgent == nil && other == nil {
		return nil, 0
	}
	urgentIn, otherIn := p.until(urgent, now), p.until(other, now)
	if urgentIn < otherIn || urgentIn == otherIn && p.urgentNext {
		return urgent, urgentIn
	}
	return other, otherIn
}

// until is the time until r, the head of a queue, may be served; nil never is.
func (p *Poller) until(r *run, now time.Time) time.Duration {
	if r == nil {
		return math.MaxInt64
	}
	return max(0, r.due.Sub(now), p.budgetWait(r.queue == &p.urgent, now), p.pause.wait(now))
}

// budgetWait is the time until the budget has a request for the urgent, or for
// the others: these leave some for urgent ones to come, but not while one is
// due, as they take turns then.
func (p *Poller) budgetWait(urgent bool, now time.Time) time.Duration {
	first := p.urgent.head()
	return p.budget.wait(now, urgent, !urgent && (first == nil || first.due.After(now)))
}

// ask makes one attempt at r and books its outcome.
func (p *Poller) ask(r *run) {
	defer p.asking.Done()
	begun := p.clock.now()
	results, err := p.attempt(r.id)

	p.mu.Lock()
	defer p.mu.Unlock()
	r.inFlight, r.floor.inFlight = false, false
	now := p.clock.now()
	p.budget.ended()
	if p.ctx.Err() != nil {
		r.floor.notBefore = now.Add(Floor) // it may have been counted
		return
	}
	failure := asFailure(err)
	p.observe(observed(r.look, results, failure, now.Sub(begun)))
	r.record(results, failure, now)
	p.memory.count(r)
	p.memory.shrink()
	p.learn(r, results, failure, begun, now)
	p.tell(r, results, failure, now)
	r.order = p.nextOrder()
	p.place(r)
	if !r.watched() {
		p.rest(r)
	}
	p.dispatchLocked()
}

// attempt asks the API. What a body makes it panic with is a fault of that
// body's answer alone, and its value, which may hold anything, is not logged.
func (p *Poller) attempt(id string) (results *client.Results, err error) {
	defer func() {
		if v := recover(); v != nil {
			p.log.Error("looking panicked", "type", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
			results, err = nil, &client.Error{Code: client.CodeBadResponse, Reason: "it could not be read"}
		}
	}()
	return p.api.Results(p.ctx, id)
}

func (p *Poller) tell(r *run, results *client.Results, failure *client.Error, now time.Time) {
	attrs := []any{"outcome", outcome(results, failure), "waiters", r.gets + r.waits}
	if !r.look.final() {
		attrs = append([]any{"next_in", r.due.Sub(now)}, attrs...)
	}
	p.log.Debug("looked", attrs...)
	if failure == nil && results.Status != "" && results.Finished() == (results.HTTPStatus == http.StatusAccepted) {
		p.log.Warn("InstaView's status and HTTP code disagree; the status counts", "http", results.HTTPStatus, "outcome", outcome(results, failure))
	}
}

// learn takes what a look of r says of the key as a whole.
func (p *Poller) learn(r *run, results *client.Results, failure *client.Error, sent, now time.Time) {
	switch {
	case failure == nil:
		p.budget.learn(now, sent, results.RateLimit)
	case failure.HTTPStatus != 0: // or there was no answer to learn from
		p.budget.learn(now, sent, failure.RateLimit)
	}
	if failure == nil || !failure.Transient() {
		cause := p.pause.cause
		if p.pause.answered(r, now) {
			p.log.Debug("looks go on", "cause", cause)
		}
		return
	}
	if p.pause.failed(r, failure, now) {
		p.log.Debug("looks pause", "cause", p.pause.cause, "for", p.pause.wait(now), "retry_after", failure.RetryAfter)
	}
}

// asFailure makes any error of an API one with a code.
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
