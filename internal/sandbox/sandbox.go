// Package sandbox is an InstaView that behaves as its documentation says: the results endpoint of candidate sourcing with invented runs,
// for a demonstration without a key, for tests with a virtual clock and for benchmarks without a network.
//
// It is written from the documentation alone and shares no code with the client, so that a misreading on one side shows on the other.
// Where the documentation is silent or contradicts itself, the choice made here is noted beside it.
package sandbox

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Key is the bearer key accepted when no WithKey option names another.
const Key = "sandbox-key"

// A Starter plan (rate limit guide): the smallest plan whose minute is as wide as the results endpoint's own 120.
const (
	defaultPerMinute = 120
	defaultPerHour   = 5000
)

// Sandbox is an InstaView in memory. It is safe for concurrent use; its zero value is not usable, call New.
type Sandbox struct {
	perMinute, perHour int

	mu     sync.Mutex
	keys   map[string]*account
	runs   map[string]*execution
	faults map[string][]Fault
	log    requestLog
}

// account is what the sandbox knows of one API key.
type account struct {
	suspended bool
	budget    budget
}

// Option changes a new Sandbox.
type Option func(*Sandbox)

// New returns a Sandbox that holds the sample runs:
//
//	req_demo         processes for 12 s, then 20 candidates for a staff ML infrastructure engineer, of 115 found
//	req_demo_done    completed minutes ago: 20 candidates for a senior Go backend engineer in payments, of 134 found
//	req_demo_failed  fails after 2 s with PROVIDER_TEMPORARILY_UNAVAILABLE
//	req_demo_large   completed minutes ago: 100 candidates for a data platform engineer, of 412 found
//	req_demo_empty   completed minutes ago: none found
//	req_demo_slow    processes for 3 minutes, then 12 candidates for an embedded software engineer, of 64 found
//
// All people and nearly all companies in them are invented.
func New(opts ...Option) *Sandbox {
	s := &Sandbox{
		perMinute: defaultPerMinute,
		perHour:   defaultPerHour,
		keys:      make(map[string]*account),
		runs:      make(map[string]*execution),
		faults:    make(map[string][]Fault),
	}
	for _, sample := range samples {
		s.runs[sample.id] = &execution{id: sample.id, run: sample.run, people: sample.people}
	}
	for _, opt := range opts {
		opt(s)
	}
	if !s.accepts() {
		if _, named := s.keys[Key]; !named {
			s.keys[Key] = &account{}
		}
	}
	for _, a := range s.keys {
		a.budget = newBudget(s.perMinute, s.perHour)
	}
	return s
}

// accepts reports whether an option has named a key that is not suspended.
func (s *Sandbox) accepts() bool {
	for _, a := range s.keys {
		if !a.suspended {
			return true
		}
	}
	return false
}

// WithKey accepts key as a bearer, in place of Key. Given several times, every key named is accepted; each has a rate limit of its own and
// all see the same runs.
func WithKey(key string) Option {
	return func(s *Sandbox) { s.keys[key] = &account{} }
}

// WithSuspendedKey answers key with 401 API_KEY_SUSPENDED.
func WithSuspendedKey(key string) Option {
	return func(s *Sandbox) { s.keys[key] = &account{suspended: true} }
}

// WithRun adds a run, or replaces the one of that id. The candidates are kept, not copied: do not change them afterwards.
func WithRun(id string, r Run) Option {
	return func(s *Sandbox) { s.runs[id] = &execution{id: id, run: r} }
}

// WithRateLimit sets how many requests one key may make in a minute and in an hour; without it 120 and 5,000, the Starter plan. A limit of
// zero or less lifts that limit and leaves its headers out, as a limiter does that is itself out of order.
//
// The windows are fixed and aligned to the clock, so that the moment of reset is a whole Unix second, which is all the headers can say.
// The plan's burst allowance is not imitated: the documentation does not say how it is counted.
func WithRateLimit(perMinute, perHour int) Option {
	return func(s *Sandbox) { s.perMinute, s.perHour = perMinute, perHour }
}

// Inject queues the next answers for a run: each fault takes the place of one authorised request's answer, in the order given, before normal
// service resumes. The run need not exist. Requests answered by a fault are counted against the rate limit and keep the run from idling.
func (s *Sandbox) Inject(runID string, f ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[runID] = append(s.faults[runID], f...)
}

// Requests returns a copy of the log, in the order of arrival, limited to the latest 100,000 requests.
func (s *Sandbox) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.list()
}

// ServeHTTP answers GET /sourcing/{id}/results. Authorisation comes first, as a stranger learns nothing about paths or runs; then the
// fault queued for the run, the rate limit, and the run itself.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, isResults := runID(r.URL)
	c := s.admit(r, id)
	c.isResults = isResults

	if c.fault != nil && !pause(r.Context(), c.fault.Delay) {
		s.answered(c, 0)
		panic(http.ErrAbortHandler) // the caller has left, or the sandbox is being stopped
	}
	if c.fault != nil && c.fault.Drop {
		s.answered(c, 0)
		panic(http.ErrAbortHandler) // net/http's way to close a connection without an answer or a stack trace
	}

	a := s.answer(r, c)
	header := w.Header()
	maps.Copy(header, c.limits)
	header.Set("Content-Type", "application/json")
	maps.Copy(header, a.header)
	// Logged before the first byte leaves: whoever has read the answer finds it in the log.
	s.answered(c, a.status)
	w.WriteHeader(a.status)
	w.Write(a.body) //nolint:errcheck // the caller has gone; nobody is left to be told
}

// call is one request on its way to an answer.
type call struct {
	seq       int
	runID     string
	isResults bool
	account   *account // nil for an unknown key
	limits    http.Header
	refused   *retry // nil within the rate limit
	fault     *Fault
}

// admit logs the request, counts it against its key and takes the fault that waits for it.
func (s *Sandbox) admit(r *http.Request, id string) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	c := &call{runID: id, seq: s.log.begin(Request{Arrived: now, RunID: id})}
	c.account = s.keys[bearer(r)]
	if c.account == nil {
		// There is no key to count against, yet the documentation promises the headers on all responses.
		fresh := newBudget(s.perMinute, s.perHour)
		fresh.roll(now)
		c.limits = fresh.header()
		return c
	}
	if c.account.suspended {
		c.account.budget.roll(now)
		c.limits = c.account.budget.header()
		return c
	}
	c.refused = c.account.budget.take(now)
	c.limits = c.account.budget.header()
	if e := s.runs[id]; e != nil {
		e.look(now)
	}
	if queue := s.faults[id]; id != "" && len(queue) > 0 {
		c.fault, s.faults[id] = &queue[0], queue[1:]
	}
	return c
}

// answer decides what a request gets to see.
func (s *Sandbox) answer(r *http.Request, c *call) answer {
	switch {
	case c.account == nil:
		return failure(http.StatusUnauthorized, "INVALID_API_KEY", "The API key is missing, invalid, revoked or expired.", nil)
	case c.account.suspended:
		return failure(http.StatusUnauthorized, "API_KEY_SUSPENDED", "This API key has been suspended.",
			map[string]string{"suspendedAt": "2026-05-01T08:00:00.000Z", "reason": "Suspended by an administrator."})
	case c.fault != nil && c.fault.replaces():
		return answer{status: c.fault.status(), body: []byte(c.fault.Body)}.with(c.fault.Header)
	}
	a := s.serve(r, c)
	if c.fault != nil {
		a = a.with(c.fault.Header)
	}
	return a
}

// serve is the normal service of an authorised request.
func (s *Sandbox) serve(r *http.Request, c *call) answer {
	switch {
	case c.refused != nil:
		return tooMany(c.refused)
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
	if e == nil {
		return failure(http.StatusNotFound, "REQUEST_NOT_FOUND", "No sourcing request with this id exists for your company.", nil)
	}
	return e.answer(time.Now())
}

func (s *Sandbox) answered(c *call, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.end(c.seq, time.Now(), status, c.fault != nil)
}

// runID finds the run in a path. It reads the escaped form, so that an id with an escaped slash stays one segment.
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

// bearer returns the key of the Authorization header, empty if it has none in that scheme.
func bearer(r *http.Request) string {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}
