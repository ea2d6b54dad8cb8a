// Package poll asks InstaView about runs again and again, as seldom as serves:
// one loop per run, whoever waits for it, within one budget per API key.
//
// A Poller belongs to one key. It has no goroutine of its own: runs that
// someone waits for stand in a queue ordered by when their next look is due, a
// single timer serves its head, and each request out is one goroutine. What
// was seen last outlives those who waited for it, because the next caller must
// neither break the contract's floor of 5 s nor pay for an answer just given.
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

// The bounds of a Look. Three attempts span at least two floors, 10 s, and
// usual clients give up on a call after 60 s.
const (
	lookAttempts = 3
	lookTime     = 25 * time.Second
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
	// maxRuns is as many as the budget looks at every nine minutes: to wait for
	// more is to wait in vain.
	maxRuns = 1_000
	// maxKept is of all runs known: those waited for, looked at and remembered.
	maxKept = maxRuns + 100
)

// API makes one attempt at a run's results. *client.Client is one.
type API interface {
	Results(ctx context.Context, requestID string) (*client.Results, error)
}

// Look is what is known of a run after the newest look at it. It is shared
// between callers and must not be changed.
type Look struct {
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
	// while a request is under way. A wait may look later, by the run's age.
	NextIn time.Duration
	// Ahead is how many requests go before the run's, which is due; 0 if it is not.
	Ahead int
	// Paused says why no run of the key is looked at for a while; "" if none is
	// kept back.
	Paused client.Code

	unconfirmed bool // Err may pass although it says otherwise
}

// settled reports whether a get has its answer.
func (l Look) settled() bool {
	if l.Err != nil {
		return !l.Err.Transient()
	}
	return l.Results != nil && !l.Results.InProgress()
}

// final reports whether looking again by itself would change nothing, so that
// a wait ends.
func (l Look) final() bool { return l.settled() && !l.unconfirmed }

// Poller looks at runs on behalf of one API key. It is safe for concurrent use.
type Poller struct {
	api     API
	log     *slog.Logger
	observe func(Observed)
	jitter  jitter
	clock   clock

	ctx     context.Context // of requests; ends with Close
	cancel  context.CancelFunc
	waiting context.Context // of waits; ends with Drain
	drain   context.CancelFunc
	asking  sync.WaitGroup

	mu         sync.Mutex
	runs       map[string]*run
	floors     map[string]*floor // by sourcing run
	urgent     queue             // of runs that a Look is for: a model waits for its answer now
	queue      queue             // of the others
	urgentNext bool              // the last request was for one of the others
	budget     *budget
	pause      pause
	order      uint64
	made       uint64      // requests, and one
	timer      *time.Timer // of the first that is due
	memory     memory

	callers int // of Look and Wait, under way
	watched int // runs that they ask for
}

// Option configures a Poller.
type Option func(*Poller)

// WithRequestsPerMinute replaces DefaultRequestsPerMinute. It must be positive.
func WithRequestsPerMinute(n int) Option {
	return func(p *Poller) { p.budget = newBudget(n) }
}

// WithMemory replaces DefaultMemory.
func WithMemory(bytes int64) Option {
	return func(p *Poller) { p.memory.limit = bytes }
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

// WithObserver has f told of every look. It is called for one look after the
// other and must return at once.
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
		api:     api,
		log:     slog.New(slog.DiscardHandler),
		observe: func(Observed) {},
		jitter:  rand.N[time.Duration],
		clock:   newClock(slept),
		runs:    map[string]*run{},
		floors:  map[string]*floor{},
		made:    1,
		budget:  newBudget(DefaultRequestsPerMinute),
		memory:  memory{limit: DefaultMemory},
	}
	for _, opt := range opts {
		opt(p)
	}
	p.pause.jitter = p.jitter
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.waiting, p.drain = context.WithCancel(p.ctx)
	p.timer = stoppedTimer(p.dispatch)
	p.memory.timer = stoppedTimer(p.sweep)
	return p
}

func stoppedTimer(f func()) *time.Timer {
	t := time.AfterFunc(time.Hour, f)
	t.Stop()
	return t
}

// Close ends every wait, which then returns what it knows, and every request.
func (p *Poller) Close() {
	p.mu.Lock()
	p.cancel()
	p.timer.Stop()
	p.memory.timer.Stop()
	p.mu.Unlock()
	p.asking.Wait()
}

// NotBefore returns when another Poller may make the key's next request, after
// this one was closed: once the floor of all runs, Retry-After and spent windows
// allow it, and the budget's burst with them. It may lie in the past.
func (p *Poller) NotBefore() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	until := later(p.pause.until, p.budget.notBefore)
	for _, w := range p.budget.windows {
		until = later(until, now.Add(w.wait(now)))
	}
	for _, f := range p.floors {
		until = later(until, f.notBefore)
	}
	return p.clock.outside(until)
}

// Look returns the state of a run, no older than the floor allows; that of a
// finished run may be up to a minute old. What stands before a slash in requestID
// is a company: its answers are its own, but the floor is the run's. Transient faults are retried, three
// attempts in all and within 25 s. The error is ctx's, ErrBusy or ErrClosed;
// failures of the API are in Look.Err.
func (p *Poller) Look(ctx context.Context, requestID string) (Look, error) {
	end := p.clock.now().Add(lookTime)
	return p.follow(ctx, p.ctx, requestID, end, true, func(l Look, looks int) bool {
		if looks > 0 && (l.Err == nil || l.settled() || looks >= lookAttempts) {
			return true
		}
		return l.NextIn > end.Sub(p.clock.now()) // no use in waiting for what cannot come in time
	})
}

// Wait returns as soon as the run has ended, or has failed to be looked at for
// good, and otherwise when d is over, with what is known then. A request in
// flight is not awaited. onLook, if not nil, is called with what was known
// before, if anything, and after every look. Errors are as for Look.
func (p *Poller) Wait(ctx context.Context, requestID string, d time.Duration, onLook func(Look)) (Look, error) {
	return p.follow(ctx, p.waiting, requestID, p.clock.now().Add(d), false, func(l Look, _ int) bool {
		if onLook != nil && !l.At.IsZero() {
			onLook(l)
		}
		return l.final()
	})
}

// follow takes part in the run's loop until enough says so or end is reached.
// It calls enough with what is known, and how many looks were made meanwhile;
// an urgent caller is content with a last look that is still current. When open
// ends, what is known has to do.
func (p *Poller) follow(ctx, open context.Context, id string, end time.Time, urgent bool, enough func(l Look, looks int) bool) (Look, error) {
	if p.ctx.Err() != nil {
		return Look{}, ErrClosed
	}
	if ctx.Err() != nil { // no request for who has gone already
		return Look{}, context.Cause(ctx)
	}
	r, before, current, err := p.join(id, end, urgent)
	if err != nil {
		return Look{}, err
	}
	defer p.leave(r, urgent)

	timeUp := time.NewTimer(end.Sub(p.clock.now()))
	defer timeUp.Stop()
	for {
		look, looks, changed := p.peek(r)
		if enough(look, looks-before) || urgent && current {
			select {
			case <-changed: // enough took its time, and there is a newer look
			default:
				return look, nil
			}
		}
		over := false
		select {
		case <-changed:
		case <-ctx.Done():
		case <-open.Done():
		case <-timeUp.C:
			over = true
		}
		// All of them may have happened meanwhile, as enough may take its time.
		switch {
		case ctx.Err() != nil:
			return Look{}, context.Cause(ctx)
		case over || open.Err() != nil || !p.clock.now().Before(end):
			look, _, _ = p.peek(r)
			if look.At.IsZero() && p.ctx.Err() != nil {
				return Look{}, ErrClosed
			}
			return look, nil
		}
	}
}
