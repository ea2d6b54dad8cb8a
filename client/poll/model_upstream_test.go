package poll

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"instaview-mcp/client"
)

// attemptTime is the longest time of one attempt, as set by the client.
const attemptTime = 20 * time.Second

// fakeUpstream is an API that misbehaves as its scenario says. What it does to
// a request depends only on the run, the request's number and the time.
type fakeUpstream struct {
	s scenario
	h *history

	mu    sync.Mutex
	runs  map[string]*fakeRun
	count map[int64]int   // requests of each fixed minute
	hours map[int64]int   // and hour
	last  []time.Duration // arrivals of the last minute
}

type fakeRun struct {
	created, ends time.Duration
	unknownUntil  time.Duration
	ageless       bool
	status        client.Status
}

func newFakeUpstream(s scenario, h *history) *fakeUpstream {
	return &fakeUpstream{s: s, h: h, runs: map[string]*fakeRun{}, count: map[int64]int{}, hours: map[int64]int{}}
}

// start creates a run and returns when it ends.
func (u *fakeUpstream) start(id string) (ends time.Duration) {
	random := source(u.s.seed, id, 0)
	now := u.h.now()
	r := &fakeRun{created: now, status: client.StatusCompleted}
	if random.IntN(4) == 0 {
		r.created -= between(random, 0, pick(random, 30*time.Second, 5*time.Minute, time.Hour))
	}
	r.ends = max(now, r.created+takes(random))
	if random.Float64() < u.s.young {
		r.unknownUntil = now + between(random, 0, 15*time.Second)
	}
	r.ageless = random.Float64() < u.s.ageless
	switch random.IntN(12) {
	case 0:
		r.status = "archived"
	case 1, 2:
		r.status = client.StatusFailed
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.runs[id] = r
	return r.ends
}

// Results implements API.
func (u *fakeUpstream) Results(ctx context.Context, id string) (*client.Results, error) {
	q := u.h.send(id)
	r := u.serve(ctx, q, source(u.s.seed, id, q.n))
	u.h.end(q, r)
	switch {
	case r.panicked:
		panic("a body that cannot be read")
	case r.aborted:
		return nil, ctx.Err()
	case r.failure != nil:
		return nil, r.failure
	}
	return r.results, nil
}

// serve delays a request, answers it and sends the body.
func (u *fakeUpstream) serve(ctx context.Context, q *request, random *rand.Rand) reply {
	network := between(random, time.Microsecond, u.s.network)
	think := between(random, 0, u.s.latency)
	quick := random.Float64() < u.s.quick
	if quick {
		think /= 100
	}
	var body time.Duration
	if random.Float64() < u.s.slowBodies {
		body = between(random, 0, u.s.body)
	}
	if network+think > attemptTime {
		think = attemptTime // the headers are never sent
	}
	if !sleep(ctx, network) {
		return reply{aborted: true}
	}
	if u.breaks(random) {
		return reply{failure: &client.Error{Code: client.CodeUnavailable}}
	}
	refused := u.arrive(q)
	if network+think > attemptTime {
		if !sleep(ctx, attemptTime-network) {
			return reply{aborted: true}
		}
		return reply{failure: &client.Error{Code: client.CodeTimeout}}
	}
	if !sleep(ctx, think) {
		return reply{aborted: true}
	}
	rate := u.s.refusalRate
	if quick {
		rate /= 5 // so that a probe succeeds while older requests are refused
	}
	r := u.answer(q, refused, rate, random)
	r.panicked = random.Float64() < u.s.panics
	if !sleep(ctx, min(body, attemptTime-network-think)) {
		return reply{aborted: true}
	}
	if network+think+body > attemptTime {
		failure := &client.Error{Code: client.CodeTimeout}
		if r.results != nil {
			failure.HTTPStatus, failure.RateLimit, failure.Date = r.results.HTTPStatus, r.results.RateLimit, r.results.Date
		} else {
			failure.HTTPStatus, failure.RateLimit, failure.Date = r.failure.HTTPStatus, r.failure.RateLimit, r.failure.Date
			failure.Code, failure.RetryAfter = r.failure.Code, r.failure.RetryAfter // the status decides
		}
		r.results, r.failure, r.panicked = nil, failure, false
	}
	if r.panicked {
		return reply{panicked: true}
	}
	u.understand(&r)
	return r
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// breaks reports whether the connection breaks before the request is counted.
func (u *fakeUpstream) breaks(random *rand.Rand) bool {
	hit := random.Float64()
	return u.during(u.s.outages) && hit < 0.5 || hit < u.s.faults/3
}

func (u *fakeUpstream) during(spans []span) bool {
	now := u.h.now()
	for _, s := range spans {
		if s.holds(now) {
			return true
		}
	}
	return false
}

// answer returns the reply as it is when the headers are sent.
func (u *fakeUpstream) answer(q *request, refused bool, refusalRate float64, random *rand.Rand) reply {
	var r reply
	limit := u.tell(&r, random)
	date := u.clock().Truncate(time.Second)
	if u.s.undated {
		date = time.Time{}
	}
	fail := func(code client.Code, status int, retryAfter time.Duration) reply {
		r.failure = &client.Error{Code: code, HTTPStatus: status, RetryAfter: retryAfter, RateLimit: limit, Date: date}
		return r
	}
	hit, which := random.Float64(), random.IntN(4)
	retryAfter := pick(random, 0, between(random, time.Second, 3*time.Second))
	if random.IntN(5) == 0 {
		retryAfter = between(random, 0, u.s.longRefusal)
	}
	switch {
	case refused:
		return fail(client.CodeRateLimited, 429, max(retryAfter, spentFor(limit)))
	case u.during(u.s.refusals) && hit < refusalRate:
		return fail(client.CodeRateLimited, 429, max(retryAfter, spentFor(limit)))
	case u.during(u.s.outages):
		return fail(client.CodeUnavailable, 503, 0)
	case hit < u.s.faults && which == 0:
		return fail(client.CodeUnavailable, 503, max(retryAfter, spentFor(limit)))
	case hit < u.s.faults && which == 1:
		return fail(client.CodeBadResponse, 200, 0)
	case hit < u.s.faults:
		return fail(client.CodeTimeout, 408, spentFor(limit))
	case hit > 1-u.s.blips && which < 2:
		return fail(client.CodeUnauthorized, 401, 0)
	case hit > 1-u.s.blips:
		return fail(client.CodeNotFound, 404, 0)
	}
	r.results = u.results(q, date, random)
	if r.results == nil {
		return fail(client.CodeNotFound, 404, 0)
	}
	r.results.RateLimit = limit
	return r
}

// spentFor returns what the client adds to Retry-After: the reset of a used-up
// window.
func spentFor(limit client.RateLimit) time.Duration {
	var wait time.Duration
	for _, w := range []client.Window{limit.Minute, limit.Hour} {
		if w.Spent() {
			wait = max(wait, w.ResetIn)
		}
	}
	return wait
}

// results returns the run's state; nil if there is no such run.
func (u *fakeUpstream) results(q *request, date time.Time, random *rand.Rand) *client.Results {
	now := u.h.now()
	u.mu.Lock()
	run := u.runs[sourced(q.run)]
	u.mu.Unlock()
	if run == nil || now < run.unknownUntil {
		return nil
	}
	n := q.n // makes the answer recognisable
	r := &client.Results{RequestID: q.run, SourcedCount: &n, Date: date, Status: client.StatusProcessing, HTTPStatus: 202}
	if !run.ageless {
		r.CreatedAt = u.clock().Add(run.created - now)
	}
	if now >= run.ends && random.Float64() >= u.s.flaps {
		r.Status, r.HTTPStatus, r.CompletedAt = run.status, 200, u.clock().Add(run.ends-now)
	}
	if u.s.bodyBytes > 0 {
		n := random.IntN(u.s.bodyBytes)
		if r.InProgress() { // a client.Client returns no more of such a run
			n = min(n, 4<<10)
		}
		r.Message = strings.Repeat("x", n)
	}
	return r
}

// sourced returns a run's id without the company in front.
func sourced(id string) string { return id[strings.Index(id, "/")+1:] }

// clock returns the upstream's time.
func (u *fakeUpstream) clock() time.Time { return time.Now().Add(u.s.skew) }
