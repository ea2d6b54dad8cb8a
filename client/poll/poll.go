// Package poll asks InstaView about runs again and again, as seldom as serves:
// one loop per run, whoever waits for it, within one budget per API key.
//
// A Poller belongs to one key. A call joins the run it names; the run becomes
// due, by its age or because a get wants it now; the dispatcher picks the next
// run that is due and makes its request; the outcome is recorded, every caller
// who waits for the run is answered, and a run that nobody waits for is retired
// to the cache for a minute, since the next caller must neither break the
// contract's floor nor pay for an answer just given. The Poller has one timer
// and, for each request out, one goroutine.
//
// The rules, and what they were measured to be worth:
//
//   - Never two requests for one run less than Floor apart, counted from the end
//     of the answer before, whatever the company; jitter only lengthens.
//   - A run is requested at ages 0, 10, 15, 20 and 30 s, then every 5 s until
//     180 s, then with a backoff of 1.5 up to 15 s (schedule.go).
//   - A key makes 108 requests a minute with a burst of 8, less when InstaView
//     tells a lower limit twice, and none of a spent window (budget.go, window.go).
//     An upstream that counts any 60 s behind 2 s of network jitter then never
//     sees 121.
//   - A get and a wait that are both due take turns, and waits leave three
//     requests of the burst for gets: beside 64 waits a get goes out at once.
//     Among their own kind whichever is due first goes first; a run never seen
//     counts as due 10 s ago, and one up to 35 s old as due 3 s later.
//   - Retry-After is obeyed, a refusal for the rate by the whole key. When
//     several runs fail in a row requests pause, and single ones probe
//     (breaker.go).
//   - A failure for good ends a wait. A 404, and a 401 or 403 after an answer, has
//     to be repeated first.
//
// How late the end of a run is seen, mean and p95, with so many always waited
// for: 1 run 2.7 and 5.0 s, 12 runs 3.3 and 6.6 s, 24 runs 7.1 and 13.7 s, 100
// runs 32 and 60 s. This prints it, beside what older rules gave:
//
//	go test ./client/poll -run Simulation -simulated 4000 -v
//
// and this checks every promise over random schedules:
//
//	go test ./client/poll -run Model -seeds 5000
//
// Per process only: two processes on one key share nothing but what the
// server's rate-limit headers tell each of them.
package poll

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"instaview-mcp/client"
)

// The errors of a Poller's own.
var (
	// ErrClosed is returned by calls to a Poller that was closed before.
	ErrClosed = errors.New("poll: closed")
	// ErrBusy is returned when as many callers wait, or runs are waited for, as
	// may be. It passes when some of them have ended.
	ErrBusy = errors.New("poll: too many waits")
)

// The most that one key may keep a Poller busy with.
const (
	// maxCallers is what one process over HTTP is measured with; a caller costs
	// some KiB here, and tens in the connection it came by.
	maxCallers = 10_000
	// maxRuns is as many as the budget requests every nine minutes: to wait for
	// more is to wait in vain.
	maxRuns = 1_000
	// maxKept is of all runs known: those waited for, requested and remembered.
	maxKept = maxRuns + 100
)

// API makes one attempt at a run's results. *client.Client is one.
type API interface {
	// Results should be small for a run in progress, as those of *client.Client
	// are, because they are kept for as long as anyone waits.
	Results(ctx context.Context, requestID string) (*client.Results, error)
}

// Snapshot is what is known of a run after the newest attempt. It is shared between
// callers and must not be changed.
type Snapshot struct {
	// Results is the newest answer; nil as long as there was none. SeenAt is
	// when it came.
	Results *client.Results
	SeenAt  time.Time
	// Err says why the newest attempt brought no answer; nil if it did.
	Err *client.Error
	// At is when the newest attempt ended; zero as long as there was none.
	At time.Time
	// NextIn is the time until InstaView can be asked for the run again: as the
	// floor, Retry-After, the budget and the requests ahead allow it. It is 0
	// while a request is under way. A wait may ask later, by the run's age; once its
	// turn has come NextIn knows the pace that spreads the rest of the hour, too.
	NextIn time.Duration
	// Ahead is how many requests go before the run's, which is due; 0 if it is not.
	Ahead int
	// Stopping reports whether Drain or Close has ended the wait early.
	Stopping bool
	// Paused says why no run of the key is requested for a while; "" if none is
	// kept back.
	Paused client.Code

	unconfirmed bool // Err may pass although it says otherwise
}

// settled reports whether a get has its answer.
func (l Snapshot) settled() bool {
	if l.Err != nil {
		return !l.Err.Transient()
	}
	return l.Results != nil && !l.Results.InProgress()
}

// final reports whether asking again by itself would change nothing, so that a
// wait ends.
func (l Snapshot) final() bool { return l.settled() && !l.unconfirmed }

// Poller asks for runs on behalf of one API key. It is safe for concurrent use.
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

	mu         sync.Mutex
	runs       map[string]*run
	callers    int    // under way
	activeRuns int    // that they ask for
	order      uint64 // the last number given to what became due or idle

	budget   *budget
	breaker  breaker
	lastKind kind        // of the newest request
	timer    *time.Timer // of the next dispatch

	cacheLimit int64 // in bytes
	shared     *Shared
	counted    int64       // bytes held, as told to shared
	sweeper    *time.Timer // of the cache
	sweeping   bool        // the sweeper runs
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

// WithMemory replaces DefaultMemory.
func WithMemory(bytes int64) Option {
	return func(p *Poller) { p.cacheLimit = bytes }
}

// WithShared has the Poller hold no more than all that share s may together.
func WithShared(s *Shared) Option {
	return func(p *Poller) { p.shared = s }
}

// WithNotBefore makes no request before t. It lets a Poller take over a key from
// one that was closed; see NotBefore.
func WithNotBefore(t time.Time) Option {
	return func(p *Poller) { p.budget.notBefore = t }
}

// WithLogger logs the reason of every delay at debug level.
func WithLogger(l *slog.Logger) Option {
	return func(p *Poller) { p.log = l }
}

// WithObserver has f told of every attempt. It is called for one after the other
// and must return at once.
func WithObserver(f func(Observed)) Option {
	return func(p *Poller) { p.observe = f }
}

// withJitter replaces the random source of backoffs, to make a test repeatable.
func withJitter(f jitter) Option {
	return func(p *Poller) { p.jitter = f }
}

// withSleep replaces what tells how long the machine has slept.
func withSleep(slept func() time.Duration) Option {
	return func(p *Poller) { p.clock = newClock(slept) }
}

// New returns a Poller that asks api. Close it to stop.
func New(api API, opts ...Option) *Poller {
	p := &Poller{
		api:        api,
		log:        slog.New(slog.DiscardHandler),
		observe:    func(Observed) {},
		jitter:     rand.N[time.Duration],
		clock:      newClock(slept),
		runs:       map[string]*run{},
		budget:     newBudget(DefaultRequestsPerMinute),
		cacheLimit: DefaultMemory,
		shared:     new(Shared),
	}
	for _, opt := range opts {
		opt(p)
	}
	p.breaker.jitter = p.jitter
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.waiting, p.drain = context.WithCancel(p.ctx)
	p.timer = stoppedTimer(p.dispatch)
	p.sweeper = stoppedTimer(p.sweep)
	return p
}

func stoppedTimer(f func()) *time.Timer {
	t := time.AfterFunc(time.Hour, f)
	t.Stop()
	return t
}

// Drain ends every wait, and those that begin later, with what is known. Gets
// go on.
func (p *Poller) Drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drain()
}

// Close ends every wait, which then returns what it knows, and every request.
func (p *Poller) Close() {
	p.mu.Lock()
	p.cancel()
	p.timer.Stop()
	p.sweeper.Stop()
	p.shrink()
	p.mu.Unlock()
	p.requests.Wait()
}

// NotBefore returns when another Poller may make the key's next request, after
// this one was closed: once the floor of every run, Retry-After and spent
// windows allow it, by when the burst is whole again, too. It may lie in the
// past.
func (p *Poller) NotBefore() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	until := now.Add(max(p.breaker.wait(now), p.budget.held(now)))
	for _, r := range p.runs {
		until = later(until, r.floor.notBefore)
	}
	return p.clock.outside(until)
}
