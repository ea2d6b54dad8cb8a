// Package sandbox imitates InstaView's sourcing and webhook endpoints with
// invented runs: for the demo without a key, for tests with a virtual clock and
// for benchmarks without a network.
//
// It is written from the documentation alone and shares no code with the
// client, so that a misunderstanding on one side makes a test fail. Where the
// documentation is silent or contradicts itself, a comment says what was
// chosen.
package sandbox

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Key is the API key that is accepted unless a WithKey option sets others.
const Key = "sandbox-key"

// The limits of the Starter plan in the rate limit guide: the smallest plan
// that allows the results endpoint's own 120 requests a minute.
const (
	defaultPerMinute = 120
	defaultPerHour   = 5000
)

// Sandbox is an InstaView in memory. Create one with New; it is safe for
// concurrent use.
type Sandbox struct {
	perMinute, perHour int

	mu     sync.Mutex
	keys   map[string]*apiKey
	runs   map[string]*execution
	faults map[string][]Fault
	log    requestLog

	spending   // POST and PATCH
	delivering // webhooks
}

// apiKey is the state of one API key.
type apiKey struct {
	suspended bool
	budget    budget
}

// Option configures a new Sandbox.
type Option func(*Sandbox)

// New returns a Sandbox with the sample runs:
//
//	req_demo         processes for 12 s, then has 20 candidates of 115 found
//	req_demo_done    completed minutes ago: 20 candidates of 134 found
//	req_demo_failed  fails after 2 s: PROVIDER_TEMPORARILY_UNAVAILABLE
//	req_demo_large   completed minutes ago: 100 candidates of 412 found
//	req_demo_empty   completed minutes ago: none found
//	req_demo_slow    processes for 3 minutes, then has 12 of 64 found
//
// All people and nearly all companies in them are invented.
func New(opts ...Option) *Sandbox {
	s := &Sandbox{
		perMinute: defaultPerMinute,
		perHour:   defaultPerHour,
		keys:      make(map[string]*apiKey),
		runs:      make(map[string]*execution),
		faults:    make(map[string][]Fault),

		delivering: newDelivering(),
	}
	for _, sample := range samples {
		s.runs[sample.id] = &execution{id: sample.id, run: sample.run, people: sample.people}
	}
	for _, opt := range opts {
		opt(s)
	}
	if !s.hasValidKey() {
		if _, exists := s.keys[Key]; !exists {
			s.keys[Key] = &apiKey{}
		}
	}
	for _, a := range s.keys {
		a.budget = newBudget(s.perMinute, s.perHour)
	}
	return s
}

// hasValidKey reports whether an option has added a key that is not suspended.
func (s *Sandbox) hasValidKey() bool {
	for _, a := range s.keys {
		if !a.suspended {
			return true
		}
	}
	return false
}

// WithKey accepts key instead of Key. It may be given several times: every key
// has its own rate limit and all see the same runs.
func WithKey(key string) Option {
	return func(s *Sandbox) { s.keys[key] = &apiKey{} }
}

// WithSuspendedKey answers key with 401 API_KEY_SUSPENDED.
func WithSuspendedKey(key string) Option {
	return func(s *Sandbox) { s.keys[key] = &apiKey{suspended: true} }
}

// WithRun adds a run, or replaces the one with that id. Do not change the
// candidates afterwards, since they are not copied.
func WithRun(id string, r Run) Option {
	return func(s *Sandbox) { s.runs[id] = &execution{id: id, run: r} }
}

// WithRateLimit sets how many requests one key may make in a minute and in an
// hour. The default is that of the Starter plan: 120 and 5,000. A limit of zero
// or less removes the limit and its headers, as when a real rate limiter is out
// of order.
//
// The windows are aligned to the wall clock, so that they end at whole Unix
// seconds, the precision of the headers. The plan's burst allowance is not
// imitated, because the documentation does not say how it is counted.
func WithRateLimit(perMinute, perHour int) Option {
	return func(s *Sandbox) { s.perMinute, s.perHour = perMinute, perHour }
}

// Inject queues faults for a run: each changes the answer of one authorised
// request for its results, in the order given. The run need not exist. A
// request with a fault counts against the rate limit and as a request for the
// run. In place of a run's id, Starts and Refinements stand for the requests
// that cost credits.
func (s *Sandbox) Inject(runID string, f ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[runID] = append(s.faults[runID], f...)
}

// Requests returns a copy of the log in the order of arrival, at most the
// latest 100,000 requests.
func (s *Sandbox) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.list()
}

// ServeHTTP answers GET /sourcing/{id}/results, POST /sourcing, PATCH
// /sourcing/{id} and the requests about webhooks. It checks authorisation
// first, so that callers without a key learn nothing about paths or runs; then
// come the queued fault, the rate limit and the run.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := s.admit(r)
	if c.key != nil && c.fault != nil && c.fault.CarriedOut {
		done := s.serve(r, c)
		c.done = &done
	}
	if c.fault != nil && !sleep(r.Context(), c.fault.Delay) {
		s.answered(c, 0)
		panic(http.ErrAbortHandler) // the caller has left or the sandbox stops
	}
	if c.fault != nil && c.fault.Drop {
		s.answered(c, 0)
		panic(http.ErrAbortHandler) // closes the connection without a stack trace
	}

	a := s.answer(r, c)
	header := w.Header()
	maps.Copy(header, c.limits)
	header.Set("Content-Type", "application/json")
	maps.Copy(header, a.header)
	// Logged before it is written, so that a caller that has the answer finds
	// it in the log.
	s.answered(c, a.status)
	w.WriteHeader(a.status)
	w.Write(a.body) //nolint:errcheck // the caller has left
}

// call is one request while it is being answered.
type call struct {
	seq       int
	runID     string
	isResults bool
	spends    string  // the method of a request that costs credits, or ""
	done      *answer // of a request carried out before its fault
	key       *apiKey // nil if unknown
	limits    http.Header
	refused   *retry // nil if within the rate limit
	fault     *Fault
}

// admit logs the request, counts it against its key and takes the next fault of
// its run.
func (s *Sandbox) admit(r *http.Request) *call {
	id, isResults := runID(r.URL)
	faults, spends := id, ""
	if spent, fault, ok := spendingID(r); ok {
		id, faults, spends = spent, fault, r.Method
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	c := &call{runID: id, isResults: isResults, spends: spends, seq: s.log.begin(Request{Arrived: now, Method: spends, RunID: id})}
	c.key = s.keys[bearer(r)]
	if c.key == nil {
		// There is no key to count against, but the documentation promises the
		// headers on all responses.
		fresh := newBudget(s.perMinute, s.perHour)
		fresh.roll(now)
		c.limits = fresh.header()
		return c
	}
	if c.key.suspended {
		c.key.budget.roll(now)
		c.limits = c.key.budget.header()
		return c
	}
	c.refused = c.key.budget.take(now)
	c.limits = c.key.budget.header()
	if e := s.runs[id]; e != nil && e.request(now) {
		s.announce(e, now)
	}
	if queue := s.faults[faults]; faults != "" && len(queue) > 0 {
		c.fault, s.faults[faults] = &queue[0], queue[1:]
	}
	return c
}

// answer returns the answer to a request, with its fault if there is one.
func (s *Sandbox) answer(r *http.Request, c *call) answer {
	switch {
	case c.key == nil:
		return failure(http.StatusUnauthorized, "INVALID_API_KEY", "The API key is missing, invalid, revoked or expired.", nil)
	case c.key.suspended:
		return failure(http.StatusUnauthorized, "API_KEY_SUSPENDED", "This API key has been suspended.",
			map[string]string{"suspendedAt": "2026-05-01T08:00:00.000Z", "reason": "Suspended by an administrator."})
	case c.fault != nil && c.fault.replaces():
		return answer{status: c.fault.status(), body: []byte(c.fault.Body)}.with(c.fault.Header)
	}
	a := answer{}
	if c.done != nil {
		a = *c.done
	} else {
		a = s.serve(r, c)
	}
	if c.fault != nil {
		a = a.with(c.fault.Header)
	}
	return a
}

// serve answers an authorised request without a fault.
func (s *Sandbox) serve(r *http.Request, c *call) answer {
	switch {
	case c.refused != nil:
		return tooMany(c.refused)
	case c.spends != "":
		return s.spend(r, c)
	case isWebhooks(r):
		return s.serveWebhooks(r)
	case !c.isResults:
		return failure(http.StatusNotFound, "RESOURCE_NOT_FOUND", "The requested resource was not found.",
			map[string]string{"resourceType": "route", "resourceId": r.URL.Path})
	case r.Method != http.MethodGet:
		return failure(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "Only GET is supported here.", nil).
			with(http.Header{"Allow": {http.MethodGet}})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.runs[c.runID]
	if now := time.Now(); e != nil && !now.Before(e.unknownUntil) {
		return e.answer(now)
	}
	return unknownRun()
}

// answered completes the log entry of a call.
func (s *Sandbox) answered(c *call, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.end(c.seq, time.Now(), status, c.fault != nil)
}

// runID returns the run's id in a path. It reads the escaped path, so that an
// id with an escaped slash stays one segment.
func runID(u *url.URL) (id string, isResults bool) {
	rest, ok := strings.CutPrefix(u.EscapedPath(), "/sourcing/")
	if !ok {
		return "", false
	}
	segment, ok := strings.CutSuffix(rest, "/results")
	if !ok || segment == "" || strings.Contains(segment, "/") {
		return "", false
	}
	id, err := url.PathUnescape(segment)
	return id, err == nil
}

// bearer returns the bearer token of the Authorization header, or "" if there
// is none.
func bearer(r *http.Request) string {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}
