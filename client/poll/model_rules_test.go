package poll

import (
	"context"
	"errors"
	"slices"
	"time"

	"instaview-mcp/client"
)

// instant is a duration that counts as none, since in a bubble only sleeping
// takes time.
const instant = time.Millisecond

// Two requests for one run are never less than the floor apart, counted from
// the end of the answer before, and never in flight at the same time, whatever
// the company.
func checkFloor(h *history, broken func(string, ...any)) {
	runs := map[string][]*request{}
	for _, q := range h.requests {
		runs[sourced(q.run)] = append(runs[sourced(q.run)], q)
	}
	for _, requests := range runs {
		for i, q := range requests[1:] {
			if before := requests[i]; before.ended == never || q.sent-before.ended < promisedFloor {
				broken("%v came %v after %v", q, q.sent-before.ended, before)
			}
		}
	}
}

// A request is sent only while a caller wants its answer.
func checkWanted(h *history, broken func(string, ...any)) {
	calls := h.callsByRun()
	for _, q := range h.requests {
		if !slices.ContainsFunc(calls[q.run], func(c *call) bool {
			until := h.over(c)
			if c.blocked > 0 {
				until = min(c.returned, h.drained, h.closed) // onSnapshot blocks, so it does not notice its cancellation
			}
			return c.begun <= q.sent && q.sent <= until && c.begun <= until
		}) {
			broken("nobody wanted %v", q)
		}
	}
}

// A wait ends with its time and a get within 25 s. Both end at once when
// cancelled or when the Poller is closed, and waits also when it is drained.
func checkDeadlines(h *history, broken func(string, ...any)) {
	for _, c := range h.calls {
		if c.returned == never {
			broken("%v never returned", c)
			continue
		}
		end := c.deadline + time.Second
		if stopped := h.stopped(c); stopped < never {
			end = min(end, max(stopped, c.begun)+instant)
		}
		if end = max(end, c.blocked+instant); c.returned > end {
			broken("%v returned %v late", c, c.returned-end)
		}
		if c.late {
			broken("%v told its caller of more after its time", c)
		}
	}
}

// during returns the run's replies that ended while c wanted one.
func (h *history) during(c *call, requests []*request) []*request {
	var during []*request
	for _, q := range requests {
		if q.ended >= c.begun && q.ended <= c.returned && q.ended < h.stopped(c) && !q.reply.aborted {
			during = append(during, q)
		}
	}
	return during
}

// mayPass reports whether a wait repeats the request after this reply.
func mayPass(r reply) bool {
	switch r.code() {
	case client.CodeNotFound, client.CodeUnauthorized, client.CodeForbidden:
		return true
	}
	return false
}

// As soon as an answer settles a call, the call returns.
func checkPromptness(h *history, broken func(string, ...any)) {
	runs := h.byRun()
	for _, c := range h.calls {
		if c.blocked > 0 {
			continue // an answer that it did not see may be replaced or dropped by now
		}
		refusals, faults := 0, 0
		for _, q := range h.during(c, runs[c.run]) {
			done := q.reply.settled()
			if q.reply.transient() {
				faults++
			}
			if c.kind == waitCall && mayPass(q.reply) {
				refusals++
				done = refusals >= 2
			} else {
				refusals = 0
			}
			if c.kind == getCall {
				done = !q.reply.transient() || faults >= promisedAttempts
			}
			if done && q.ended > c.begun && c.returned > q.ended+instant {
				broken("%v went on after %v", c, q)
				break
			}
		}
	}
}

// A wait returns before its time only with a final state. A get returns only
// with an answer, after three attempts, or when no attempt can come in time.
func checkEarlyReturns(h *history, broken func(string, ...any)) {
	runs := h.byRun()
	for _, c := range h.calls {
		if c.err != nil || c.returned >= min(c.deadline, h.stopped(c)) {
			continue
		}
		if c.kind == waitCall {
			if !c.snapshot.settled() {
				broken("%v returned unsettled", c)
			}
			continue
		}
		during := h.during(c, runs[c.run])
		answered := len(during) >= promisedAttempts
		for _, q := range during {
			answered = answered || !q.reply.transient()
		}
		fromMemory := !c.snapshot.At.IsZero() && c.snapshot.At.Sub(h.began) <= c.begun
		if !answered && !fromMemory && c.snapshot.NextIn <= c.deadline-c.returned {
			broken("%v returned without an answer, though the next was due in %v", c, c.snapshot.NextIn)
		}
	}
}

// What a call returns is an answer for its run, with the instant at which it
// arrived.
func checkOwnAnswers(h *history, broken func(string, ...any)) {
	runs := h.byRun()
	for _, c := range h.calls {
		last := time.Time{}
		for _, l := range append(slices.Clone(c.seen), c.snapshot) {
			if l.At.IsZero() {
				continue
			}
			if l.At.Before(last) {
				broken("%v was told of %v after %v", c, l.At.Sub(h.began), last.Sub(h.began))
			}
			last = l.At
			if !h.matches(l, runs[c.run]) {
				broken("%v was told %+v, which no reply said", c, l)
			}
		}
	}
}

// matches reports whether l is what the run's requests returned.
func (h *history) matches(l Snapshot, requests []*request) bool {
	at := func(when time.Time) *request {
		i := slices.IndexFunc(requests, func(q *request) bool { return q.ended == when.Sub(h.began) })
		if i < 0 {
			return nil
		}
		return requests[i]
	}
	newest := at(l.At)
	if newest == nil || l.Err != nil && newest.reply.code() != l.Err.Code {
		return false
	}
	if l.Results == nil {
		return true
	}
	seen := at(l.SeenAt)
	return seen != nil && seen.reply.results != nil && l.Results.RequestID == seen.run &&
		l.Results.SourcedCount != nil && *l.Results.SourcedCount == seen.n && l.Results.Status == seen.reply.results.Status
}

// A call returns the latest state. A state older than the call is returned only
// if no request was allowed, or for a minute if the run has finished.
func checkFreshness(h *history, broken func(string, ...any)) {
	runs := h.byRun()
	for _, c := range h.calls {
		if c.err != nil {
			continue
		}
		var newest *request
		for _, q := range runs[c.run] {
			if q.ended < c.returned && !q.reply.aborted && (newest == nil || q.ended > newest.ended) {
				newest = q
			}
		}
		at := c.snapshot.At.Sub(h.began)
		if newest != nil && newest.ended > c.begun && newest.ended < h.over(c) && (c.snapshot.At.IsZero() && c.blocked == 0 || !c.snapshot.At.IsZero() && at < newest.ended) {
			broken("%v was told of %v instead of %v", c, at, newest)
		}
		if c.snapshot.At.IsZero() || at >= c.begun {
			continue
		}
		if c.returned >= min(c.deadline, h.stopped(c)) || c.kind == getCall && c.snapshot.NextIn > c.deadline-c.returned {
			continue // not an answer, only the last known state
		}
		hold := promisedFloor
		if newest != nil && newest.reply.failure != nil {
			hold = max(hold, newest.reply.failure.RetryAfter)
		}
		if c.snapshot.Err == nil && c.snapshot.Results != nil && c.snapshot.Results.Finished() {
			hold = max(hold, promisedMemory)
		}
		if c.begun-at > hold {
			broken("%v was told what is %v old", c, c.begun-at)
		}
	}
}

// A 404 ends a wait only when repeated, and so does a 401 after an answer.
func checkPassingRefusals(h *history, broken func(string, ...any)) {
	runs := h.byRun()
	for _, c := range h.calls {
		if c.kind != waitCall || c.err != nil || c.snapshot.Err == nil || !mayPass(reply{failure: c.snapshot.Err}) || c.returned >= min(c.deadline, h.stopped(c)) {
			continue
		}
		var before []*request
		for _, q := range runs[c.run] {
			if q.ended <= c.snapshot.At.Sub(h.began) {
				before = append(before, q)
			}
		}
		twice := len(before) > 1 && mayPass(before[len(before)-1].reply) && mayPass(before[len(before)-2].reply)
		during := h.during(c, before)
		answered := slices.ContainsFunc(during, func(q *request) bool { return q.reply.code() == "" })
		if len(during) == 0 {
			during = before // what ended a wait before may be returned again
		}
		first := len(during) <= 1
		if !twice && (c.snapshot.Err.Code == client.CodeNotFound && first || c.snapshot.Err.Code != client.CodeNotFound && answered) {
			broken("%v ended with %q told once", c, c.snapshot.Err.Code)
		}
	}
}

// Errors are the context's, ErrClosed after Close, and ErrBusy at a limit.
func checkErrors(h *history, broken func(string, ...any)) {
	for _, c := range h.calls {
		switch {
		case c.err == nil:
		case errors.Is(c.err, context.Canceled) && c.cancelled <= c.returned:
		case errors.Is(c.err, ErrClosed) && h.closed <= c.returned:
		default:
			broken("%v", c)
		}
	}
}
