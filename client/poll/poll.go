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
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
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

// ErrClosed is returned by calls to a Poller that was closed before.
var ErrClosed = errors.New("poll: closed")

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
	// NextIn is the time until the next look, as far as is known; 0 while one
	// is under way.
	NextIn time.Duration
}

// settled reports whether looking again by itself would change nothing.
func (l Look) settled() bool {
	if l.Err != nil {
		return !l.Err.Transient()
	}
	return l.Results != nil && !l.Results.InProgress()
}

// Poller looks at runs on behalf of one API key. It is safe for concurrent use.
type Poller struct {
	api     API
	log     *slog.Logger
	observe func(Observed)

	ctx     context.Context // of requests; ends with Close
	cancel  context.CancelFunc
	waiting context.Context // of waits; ends with Drain
	drain   context.CancelFunc
	asking  sync.WaitGroup

	mu     sync.Mutex
	runs   map[string]*run
	urgent queue // of runs that a Look is for: a model waits for its answer now
	queue  queue // of the others
	budget *budget
	order  uint64
	timer  *time.Timer // of the first that is due
	memory memory
}

// Option configures a Poller.
type Option func(*Poller)

// WithRequestsPerMinute replaces DefaultRequestsPerMinute. It must be positive.
func WithRequestsPerMinute(n int) Option {
	return func(p *Poller) { p.budget = newBudget(n) }
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

// Observed is one look, for an operator's figures. It names no run and nobody.
type Observed struct {
	// Outcome is "in_progress", "ended", or the client.Code of a failure.
	Outcome string
	Latency time.Duration // of the request
	Retry   bool          // the look before it had failed
	// Lag is the time from a run's end to this look, by InstaView's clock, which
	// tells whole seconds; negative unless the look is the one that found it.
	Lag time.Duration
}

// New returns a Poller that asks api. Close it to stop.
func New(api API, opts ...Option) *Poller {
	p := &Poller{
		api:     api,
		log:     slog.New(slog.DiscardHandler),
		observe: func(Observed) {},
		runs:    map[string]*run{},
		budget:  newBudget(DefaultRequestsPerMinute),
	}
	for _, opt := range opts {
		opt(p)
	}
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

// Drain ends every wait, and those that begin later, with what is known. Looks
// go on.
func (p *Poller) Drain() { p.drain() }

// Close ends every wait, which then returns what it knows, and every request.
func (p *Poller) Close() {
	p.mu.Lock()
	p.cancel()
	p.timer.Stop()
	p.memory.timer.Stop()
	p.mu.Unlock()
	p.asking.Wait()
}

// Look returns the state of a run, no older than the floor allows; that of a
// finished run may be up to a minute old. Transient faults are retried, three
// attempts in all and within 25 s. The error is ctx's, or ErrClosed; failures
// of the API are in Look.Err.
func (p *Poller) Look(ctx context.Context, requestID string) (Look, error) {
	end := time.Now().Add(lookTime)
	return p.follow(ctx, p.ctx, requestID, end, true, func(l Look, looks int) bool {
		if looks > 0 && (l.Err == nil || l.settled() || looks >= lookAttempts) {
			return true
		}
		return l.NextIn > time.Until(end) // no use in waiting for what cannot come in time
	})
}

// Wait returns as soon as the run has ended, or has failed to be looked at for
// good, and otherwise when d is over, with what is known then. A request in
// flight is not awaited. onLook, if not nil, is called with what was known
// before, if anything, and after every look. Errors are as for Look.
func (p *Poller) Wait(ctx context.Context, requestID string, d time.Duration, onLook func(Look)) (Look, error) {
	return p.follow(ctx, p.waiting, requestID, time.Now().Add(d), false, func(l Look, _ int) bool {
		if onLook != nil && !l.At.IsZero() {
			onLook(l)
		}
		return l.settled()
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
	r, before, current := p.join(id, end, urgent)
	defer p.leave(r)

	timeUp := time.NewTimer(time.Until(end))
	defer timeUp.Stop()
	for {
		look, looks, changed := p.peek(r)
		if enough(look, looks-before) || urgent && current {
			return look, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Look{}, context.Cause(ctx)
		case <-open.Done():
			if look.At.IsZero() && p.ctx.Err() != nil {
				return Look{}, ErrClosed
			}
			return look, nil
		case <-timeUp.C:
			look, _, _ = p.peek(r)
			return look, nil
		}
	}
}

// join counts the caller among those who wait for the run. If they are the
// first, the run is looked at as soon as it may be; others follow the pace of
// the loop, unless they are urgent or would leave before its next look. It
// returns the number of looks made before, and whether the last is current.
func (p *Poller) join(id string, end time.Time, urgent bool) (r *run, looks int, current bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	r = p.runs[id]
	if r == nil {
		r = &run{id: id, born: now, schedule: newSchedule(), changed: make(chan struct{})}
		p.runs[id] = r
	}
	r.waiters++
	if r.waiters == 1 {
		p.memory.drop(r)
		r.forgetStale(now)
	}
	looks, current = r.looks, r.current(now)
	if r.inFlight || current && (urgent || r.look.settled()) {
		return r, looks, current
	}
	if r.queue == nil || urgent || r.due.After(end) {
		due := now
		if !r.due.IsZero() && r.due.Before(now) {
			due = r.due // its turn outlives whoever waited before
		}
		p.enqueue(r, later(due, r.notBefore), urgent)
	}
	p.dispatchLocked()
	return r, looks, current
}

func (p *Poller) leave(r *run) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.waiters--
	if r.waiters > 0 {
		return
	}
	r.remove()
	// A request in flight is let end: it is paid for, and the next caller is
	// likely to want its answer.
	if !r.inFlight {
		p.rest(r)
	}
	p.dispatchLocked()
}

// peek returns what is known of r, from how many looks, and a channel that is
// closed when there is one more.
func (p *Poller) peek(r *run) (look Look, looks int, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	look = r.look
	switch {
	case r.queue != nil:
		look.NextIn = max(0, r.due.Sub(now), p.budget.wait(now)+p.budget.spacing(r.ahead()))
	case !r.inFlight:
		look.NextIn = max(0, r.notBefore.Sub(now), p.budget.wait(now))
	}
	return look, r.looks, r.changed
}

// enqueue queues r for due. A run that is queued for earlier keeps its turn,
// and one that is urgent stays so until it is looked at.
func (p *Poller) enqueue(r *run, due time.Time, urgent bool) {
	to := &p.queue
	if urgent {
		to = &p.urgent
	}
	if r.queue != nil {
		if r.due.Before(due) {
			due = r.due
		}
		if r.queue == &p.urgent {
			to = r.queue
		}
		if r.queue != to {
			r.remove()
		}
	} else if !due.Equal(r.due) {
		p.order++
		r.order = p.order
	}
	to.add(r, due)
}

// dispatch serves the queues; it is the timer's function.
func (p *Poller) dispatch() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dispatchLocked()
}

func (p *Poller) dispatchLocked() {
	p.timer.Stop()
	for p.ctx.Err() == nil {
		now := time.Now()
		r := p.next(now)
		if r == nil {
			return
		}
		if wait := max(r.due.Sub(now), p.budget.wait(now)); wait > 0 {
			p.timer.Reset(wait)
			return
		}
		p.budget.take(now)
		r.remove()
		r.inFlight = true
		p.asking.Add(1)
		go p.ask(r)
	}
}

// next is the run to serve next: an urgent one that is due, or else whichever
// is due first.
func (p *Poller) next(now time.Time) *run {
	urgent, other := p.urgent.head(), p.queue.head()
	if urgent == nil || other != nil && urgent.due.After(now) && other.before(urgent) {
		return other
	}
	return urgent
}

// ask makes one attempt at r and books its outcome.
func (p *Poller) ask(r *run) {
	defer p.asking.Done()
	begun := time.Now()
	results, err := p.attempt(r.id)

	p.mu.Lock()
	defer p.mu.Unlock()
	r.inFlight = false
	now := time.Now()
	p.budget.ended()
	if p.ctx.Err() != nil {
		return
	}
	failure := asFailure(err)
	p.observe(observed(r.look, results, failure, now.Sub(begun)))
	r.record(results, failure, now, p.crowded())
	p.learn(results, failure, now)
	p.tell(r, results, failure, now)
	switch {
	case r.waiters == 0:
		p.rest(r)
	case !r.look.settled():
		p.enqueue(r, r.due, false)
	}
	p.dispatchLocked()
}

// crowded reports whether more runs are queued than the budget serves within
// the floor.
func (p *Poller) crowded() bool {
	return p.budget.spacing(p.queue.Len()+p.urgent.Len()) > Floor
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
	p.log.Debug("looked", "next_in", r.due.Sub(now), "outcome", outcome(results, failure), "waiters", r.waiters)
	if failure == nil && results.Status != "" && results.Finished() == (results.HTTPStatus == http.StatusAccepted) {
		p.log.Warn("InstaView's status and HTTP code disagree; the status counts", "http", results.HTTPStatus, "outcome", outcome(results, failure))
	}
}

func (p *Poller) learn(results *client.Results, failure *client.Error, now time.Time) {
	if failure == nil {
		p.budget.learn(now, results.RateLimit)
		return
	}
	p.budget.learn(now, failure.RateLimit)
	if failure.Code == client.CodeRateLimited {
		// The limit is the key's, so one run's refusal holds for all.
		p.budget.pause(now, max(Floor, failure.RetryAfter))
	}
}

// observed compares a look with the last one.
func observed(last Look, results *client.Results, failure *client.Error, latency time.Duration) Observed {
	o := Observed{Latency: latency, Retry: last.Err != nil, Lag: -1}
	switch {
	case failure != nil:
		o.Outcome = string(failure.Code)
	case results.InProgress():
		o.Outcome = "in_progress"
	default:
		o.Outcome = "ended"
		watched := last.Results != nil && last.Results.InProgress()
		if watched && !results.Date.IsZero() && !results.CompletedAt.IsZero() {
			o.Lag = max(0, results.Date.Sub(results.CompletedAt))
		}
	}
	return o
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

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
