// Package poll requests the state of runs repeatedly but rarely: with one loop
// for each run, however many callers wait for it, and one budget for each API
// key.
//
// A Poller belongs to one key. A call joins the run that it names. The run
// becomes due, because of its age or because a get needs it now. The dispatcher
// picks the next run that is due and makes its request. The result is recorded,
// and every caller who waits for the run is answered. A run that nobody waits
// for is retired to the cache for a minute, so that the next caller neither
// violates the contract's floor nor costs a request for an answer just
// received, and keeps its place in the queue for two more. The Poller has one
// timer, and one goroutine for each request in flight.
//
// The rules, with the measurements behind them:
//
//   - Two requests for one run are never less than Floor apart, counted from
//     the end of the answer before, even if they name different companies;
//     jitter only adds time.
//   - A run is requested at ages 0, 10, 15, 20 and 30 s, then every 5 s until
//     180 s, then with a backoff of 1.5 up to 15 s (schedule.go).
//   - A key makes 108 requests a minute with a burst of 8, fewer once InstaView
//     has reported a lower limit twice, and none in a window that is used up
//     (budget.go, window.go). An upstream that counts any 60 s behind 2 s of
//     network jitter then never sees 121.
//   - A get and a wait that are both due alternate, and waits leave three
//     requests of the burst for gets: beside 64 waits a get is sent at once.
//     Within a kind the run that was due first goes first; a run never
//     requested counts as due 10 s ago, and one up to 35 s old as due 3 s
//     later.
//   - Retry-After is obeyed, and after a 429 by the whole key. When several
//     runs fail in a row requests pause, and single probes follow (breaker.go).
//   - A permanent failure ends a wait. A 404, and a 401 or 403 after a success,
//     must be repeated first.
//   - A hint, as webhooks give, is never the answer. It makes a run due at once
//     and puts it ahead of waits that are due up to 2 min longer. After one
//     that was wrong, as one that comes before the answers show the end, the
//     run goes ahead once more, but for a minute no other hint puts it ahead.
//     From the first that was right, waits request a run every 30 s, and leave
//     two more requests of the burst for hinted runs: for an hour, or until an
//     end was found whose hint did not come within 6 s (hints.go).
//
// How late a run's end is noticed, mean and p95, by the number of runs that are
// always waited for: 1 run 2.7 and 5.0 s, 12 runs 3.3 and 6.6 s, 24 runs 7.1
// and 13.7 s, 100 runs 32 and 60 s. With hints: 1 run 0.65 and 3.8 s, 24 runs
// 0.67 and 3.9 s, 100 runs 0.64 and 2.7 s, for 4.3, 4.3 and 1.4 requests a run
// instead of 14, 6 and 1.9. With a fifth of them lost, the mean is 3.0, 2.7 and
// 8.5 s; for 100 runs started at once it is 0.56 and 4.5 s instead of 20.
// Because ends go first, 36 % of the waits of 50 s for 100 runs then end
// without an answer instead of 5 %. This prints it, beside the result of older
// rules:
//
//	go test ./client/poll -run Simulation -simulated 4000 -v
//
// and this checks every rule over random schedules:
//
//	go test ./client/poll -run Model -seeds 5000
//
// All this holds within one process. Several that have a Store, the replicas,
// keep to it together: before each request they ask it (replicas.go). Without
// one, two processes with one key share nothing but what the server's
// rate-limit headers report to each of them.
package poll

import (
	"container/list"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"instaview-mcp/client"
)

// The errors of Get and Wait, beside the context's.
var (
	// ErrClosed is returned by calls that begin after Close.
	ErrClosed = errors.New("poll: closed")
	// ErrBusy is returned at the limit of callers. A later call may succeed.
	ErrBusy = errors.New("poll: too many waits")
)

// maxCallers limits the callers of one Poller, each of whom may wait for a run
// of its own. It is what one HTTP process was tested with. A caller costs some
// KiB here, and tens of KiB in its connection.
const maxCallers = 10_000

// API makes one attempt to read a run's results. *client.Client is one.
type API interface {
	// Results should be small for a run in progress, as those of *client.Client
	// are, because they are kept for as long as anyone waits.
	Results(ctx context.Context, requestID string) (*client.Results, error)
}

// Snapshot is what is known about a run after the latest attempt. It is shared
// between callers and must not be changed.
type Snapshot struct {
	// Results is the latest answer, which came at SeenAt; nil until there is
	// one.
	Results *client.Results
	SeenAt  time.Time
	// Err says why the latest attempt brought no answer; nil if it did.
	Err *client.Error
	// At is when the latest attempt ended; zero until there is one.
	At time.Time
	// NextIn is the time until the run may be requested again, as limited by
	// the floor, Retry-After, the budget and the requests ahead. It is 0 while
	// a request is in flight. A wait may request the run later than that,
	// because of the run's age or because hints tell of ends. Once the run is
	// due, NextIn includes the pace that spreads the hour's remaining requests.
	NextIn time.Duration
	// Ahead is how many requests are sent before the run's; 0 if it is not due.
	// Of those of the same kind, for gets or for waits, at most MaxAhead
	// count.
	Ahead int
	// Stopping reports whether Drain or Close ended the wait early.
	Stopping bool
	// Paused says why all requests of the key are paused; "" if they are not.
	Paused client.Code

	// Failures is how many attempts have failed since the call began.
	Failures int

	attempts    int  // at the run
	unconfirmed bool // the failure in Err may be temporary; see run.mayPass
}

// settled reports whether a get needs no further attempt.
func (s Snapshot) settled() bool {
	if s.Err != nil {
		return !s.Err.Transient()
	}
	return s.Results != nil && !s.Results.InProgress()
}

// final reports whether another request cannot change the answer, so that a
// wait ends.
func (s Snapshot) final() bool { return s.settled() && !s.unconfirmed }

// Poller requests runs with one API key. It is safe for concurrent use.
type Poller struct {
	api     API
	log     *slog.Logger
	observe func(Observed)
	jitter  jitter
	clock   clock

	ctx      context.Context // of requests; ends with Close
	cancel   context.CancelFunc
	waiting  context.Context // of waits; ends with Drain
	drain    context.CancelFunc
	requests sync.WaitGroup

	mu       sync.Mutex
	runs     map[string]*run
	floors   map[string]*floor     // by sourcing run; they outlive the runs
	accepted map[string]acceptance // by the names of runs
	queues   [3]queue              // by kind
	callers  int                   // calls in progress
	order    uint64                // the last number of nextOrder

	store    store
	budget   *budget
	breaker  breaker
	hints    hints
	lastKind kind        // of the latest request
	timer    *time.Timer // for the next dispatch

	answered   list.List   // cached runs with results, left longest ago first
	unanswered list.List   // cached runs without
	cacheLimit int64       // in bytes
	counted    int64       // bytes of all runs
	shared     *Shared     // counts them, too
	sweeper    *time.Timer // removes what has expired from the cache
	sweeping   bool        // whether the sweeper is set
}

// Option configures a Poller.
type Option func(*Poller)

// WithRequestsPerMinute replaces DefaultRequestsPerMinute. It must be positive.
func WithRequestsPerMinute(n int) Option {
	return func(p *Poller) {
		notBefore := p.budget.notBefore
		p.budget = newBudget(n)
		p.budget.notBefore = notBefore
	}
}

// WithCacheSize replaces DefaultCacheSize, in bytes.
func WithCacheSize(bytes int64) Option {
	return func(p *Poller) { p.cacheLimit = bytes }
}

// WithShared limits the caches of all Pollers that share s to DefaultCacheSize.
func WithShared(s *Shared) Option {
	return func(p *Poller) { p.shared = s }
}

// WithNotBefore makes no request before t. A Poller needs it that takes over a
// key from a closed one; see NotBefore.
func WithNotBefore(t time.Time) Option {
	return func(p *Poller) { p.budget.notBefore = t }
}

// WithLogger logs the reason for every delay at debug level.
func WithLogger(l *slog.Logger) Option {
	return func(p *Poller) { p.log = l }
}

// WithObserver calls f after every attempt, never concurrently. f must return
// quickly.
func WithObserver(f func(Observed)) Option {
	return func(p *Poller) { p.observe = f }
}

// withJitter replaces the random source of backoffs, for repeatable tests.
func withJitter(f jitter) Option {
	return func(p *Poller) { p.jitter = f }
}

// withSleep replaces the function that returns how long the machine has slept.
func withSleep(slept func() time.Duration) Option {
	return func(p *Poller) { p.clock = newClock(slept) }
}

// New returns a Poller that makes its requests through api. It must be closed.
func New(api API, opts ...Option) *Poller {
	p := &Poller{
		api:        api,
		log:        slog.New(slog.DiscardHandler),
		observe:    func(Observed) {},
		jitter:     rand.N[time.Duration],
		clock:      newClock(slept),
		runs:       map[string]*run{},
		floors:     map[string]*floor{},
		accepted:   map[string]acceptance{},
		budget:     newBudget(DefaultRequestsPerMinute),
		cacheLimit: DefaultCacheSize,
		shared:     new(Shared),
	}
	for _, opt := range opts {
		opt(p)
	}
	for kind := range p.queues {
		p.queues[kind].init()
	}
	p.queues[wait].due.key = (*run).waitTurn
	p.breaker.jitter = p.jitter
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.waiting, p.drain = context.WithCancel(p.ctx)
	p.timer = stoppedTimer(p.dispatch)
	p.sweeper = stoppedTimer(p.sweep)
	p.hints.timer = stoppedTimer(p.missHints)
	p.openStore()
	return p
}

func stoppedTimer(f func()) *time.Timer {
	t := time.AfterFunc(time.Hour, f)
	t.Stop()
	return t
}

// Drain ends all waits, and all that begin later, with the latest state. Gets
// are not affected.
func (p *Poller) Drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drain()
	for _, r := range p.runs {
		p.requeue(r)
	}
}

// Close ends all requests and all calls, which return the latest state.
func (p *Poller) Close() {
	p.mu.Lock()
	p.cancel()
	p.timer.Stop()
	p.sweeper.Stop()
	p.hints.timer.Stop()
	p.shrink()
	p.mu.Unlock()
	p.requests.Wait()
	p.closeStore()
}

// NotBefore returns when, after Close, another Poller may make the key's next
// request: when the floor of every run, Retry-After and used-up windows allow
// it. By then the burst is available again. The time may be in the past.
func (p *Poller) NotBefore() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	until := now.Add(max(p.breaker.wait(now), p.budget.held(now)))
	for _, f := range p.floors {
		until = later(until, f.notBefore)
	}
	return p.clock.outside(until)
}
