package tenant

import (
	"container/list"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
)

// The limits of a Pool.
const (
	maxKeys = 1_000
	// maxHeld limits the dropped keys that may not send a request yet.
	maxHeld = 10 * maxKeys
	// maxIdle is how long an unused key is kept. It is the longest wait that
	// InstaView can require, so that none is forgotten.
	maxIdle = client.MaxRetryAfter
	// cacheSize is the cache of one key's Poller, in bytes, enough for about
	// ten runs of a hundred candidates.
	cacheSize = 8 << 20
)

// ErrFull is returned for a new key while calls with maxKeys others are in
// progress.
var ErrFull = errors.New("tenant: too many keys in use")

var errNoKey = errors.New("tenant: a request without credentials")

// Pool reads and starts runs with the keys that callers bring. It has one
// poll.Poller for each key, because InstaView limits each key. It is safe for
// concurrent use.
type Pool struct {
	open  func(client.Key) (*client.Client, error)
	store func(client.Key) poll.Store // nil if replicas share nothing
	opts  []poll.Option

	mu       sync.Mutex
	entries  map[ID]*list.Element
	recent   list.List        // of *entry, the most recently used at the back
	held     map[ID]time.Time // dropped keys, and when they may send a request again
	draining bool
	closed   bool
}

// entry is what serves one key.
type entry struct {
	id     ID
	client *client.Client
	poller *poll.Poller
	calls  int // in progress
	used   time.Time
	known  bool // InstaView has accepted the key
}

// NewPool returns a Pool that calls open to make a client for each new key. The
// Pollers get opts.
func NewPool(open func(client.Key) (*client.Client, error), opts ...poll.Option) *Pool {
	opts = append([]poll.Option{poll.WithCacheSize(cacheSize), poll.WithShared(new(poll.Shared))}, opts...)
	return &Pool{open: open, opts: opts, entries: map[ID]*list.Element{}, held: map[ID]time.Time{}}
}

// Share calls store for what the replicas of the program share about each new
// key. It must be called before all other methods.
func (p *Pool) Share(store func(client.Key) poll.Store) { p.store = store }

// Get calls poll.Poller.Get with the key of ctx's caller. Beside its errors it
// returns ErrFull.
func (p *Pool) Get(ctx context.Context, requestID string) (poll.Snapshot, error) {
	return p.with(ctx, requestID, func(poller *poll.Poller, run string) (poll.Snapshot, error) {
		return poller.Get(ctx, run)
	})
}

// Wait calls poll.Poller.Wait with the key of ctx's caller. Beside its errors
// it returns ErrFull.
func (p *Pool) Wait(ctx context.Context, requestID string, d time.Duration, onSnapshot func(poll.Snapshot)) (poll.Snapshot, error) {
	return p.with(ctx, requestID, func(poller *poll.Poller, run string) (poll.Snapshot, error) {
		return poller.Wait(ctx, run, d, onSnapshot)
	})
}

// Known reports whether InstaView has accepted the key of ctx's caller.
func (p *Pool) Known(ctx context.Context) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.entries[hash(CredentialsOf(ctx).Key.Reveal())]
	return at != nil && at.Value.(*entry).known
}

// Start is client.Client.Start with the key of ctx's caller. Beside its errors
// it returns ErrFull.
func (p *Pool) Start(ctx context.Context, b client.Brief) (*client.Started, error) {
	return p.spend(ctx, nil, func(c *client.Client) (*client.Started, error) { return c.Start(ctx, b) })
}

// Refine is client.Client.Refine with the key of ctx's caller, of a run with
// the results before. Beside its errors it returns ErrFull.
func (p *Pool) Refine(ctx context.Context, requestID string, r client.Refinement, before *client.Results) (*client.Started, error) {
	return p.spend(ctx, before, func(c *client.Client) (*client.Started, error) { return c.Refine(ctx, requestID, r) })
}

func (p *Pool) spend(ctx context.Context, before *client.Results, do func(*client.Client) (*client.Started, error)) (*client.Started, error) {
	c := CredentialsOf(ctx)
	a, err := p.take(c.Key)
	if err != nil {
		return nil, err
	}
	started, err := a.poller.Start(func() (*client.Started, error) { return do(a.client.ForCompany(c.CompanyID)) })
	if err == nil {
		a.poller.Accepted(c.CompanyID+"/"+started.RequestID, before)
	}
	p.done(a, err == nil)
	return started, err
}

// Drain ends all waits, and all that begin later, with the latest state.
func (p *Pool) Drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draining = true
	for at := p.recent.Front(); at != nil; at = at.Next() {
		at.Value.(*entry).poller.Drain()
	}
}

// Close ends all waits and requests. Later calls return poll.ErrClosed.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var closing sync.WaitGroup // together, since each may wait for the shared store
	for at := p.recent.Front(); at != nil; at = at.Next() {
		closing.Go(at.Value.(*entry).close)
	}
	closing.Wait()
	p.recent.Init()
	clear(p.entries)
}

func (p *Pool) with(ctx context.Context, requestID string, use func(*poll.Poller, string) (poll.Snapshot, error)) (poll.Snapshot, error) {
	c := CredentialsOf(ctx)
	a, err := p.take(c.Key)
	if err != nil {
		return poll.Snapshot{}, err
	}
	seen, err := use(a.poller, c.CompanyID+"/"+requestID)
	p.release(a, seen)
	return seen, err
}

// companies is the API of a key that may serve several companies, as keys of
// applicant tracking systems do. The company is in front of the run's id. All
// companies share the key's budget.
type companies struct{ client *client.Client }

func (c companies) Results(ctx context.Context, name string) (*client.Results, error) {
	company, requestID, _ := strings.Cut(name, "/")
	return c.client.ForCompany(company).Results(ctx, requestID)
}

func (p *Pool) take(key client.Key) (*entry, error) {
	if key.Reveal() == "" {
		return nil, errNoKey
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, poll.ErrClosed
	}
	id, now := hash(key.Reveal()), time.Now()
	at := p.entries[id]
	if at == nil {
		if !p.makeRoom(now) {
			return nil, ErrFull
		}
		c, err := p.open(key)
		if err != nil {
			return nil, err
		}
		opts := append(slices.Clip(p.opts), poll.WithNotBefore(p.held[id]))
		if p.store != nil {
			opts = append(opts, poll.WithStore(p.store(key)))
		}
		delete(p.held, id)
		a := &entry{id: id, client: c, poller: poll.New(companies{c}, opts...)}
		if p.draining {
			a.poller.Drain()
		}
		at = p.recent.PushBack(a)
		p.entries[id] = at
	}
	p.recent.MoveToBack(at)
	a := at.Value.(*entry)
	a.calls++
	a.used = now
	return a, nil
}

func (p *Pool) release(a *entry, seen poll.Snapshot) {
	p.done(a, seen.Results != nil || seen.Err != nil && seen.Err.Code == client.CodeNotFound)
}

// done ends a call. accepted reports whether InstaView has accepted the key.
func (p *Pool) done(a *entry, accepted bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a.calls--
	a.known = a.known || accepted
}

// makeRoom drops the entries that have not been used for long and, if that is
// not enough, the least recently used one. Keys that InstaView never accepted
// go first, so that a stranger who guesses keys displaces no real caller.
func (p *Pool) makeRoom(now time.Time) bool {
	var oldest, oldestUnknown *list.Element
	for at := p.recent.Front(); at != nil; {
		a, next := at.Value.(*entry), at.Next()
		switch {
		case a.calls > 0:
		case now.Sub(a.used) > maxIdle:
			p.drop(at)
		case !a.known && oldestUnknown == nil:
			oldestUnknown = at
		case a.known && oldest == nil:
			oldest = at
		}
		at = next
	}
	if p.recent.Len() < maxKeys {
		return true
	}
	if len(p.held) >= maxHeld {
		maps.DeleteFunc(p.held, func(_ ID, until time.Time) bool { return !now.Before(until) })
		if len(p.held) >= maxHeld {
			return false
		}
	}
	if oldestUnknown == nil {
		oldestUnknown = oldest
	}
	if oldestUnknown == nil {
		return false
	}
	p.drop(oldestUnknown)
	return true
}

func (p *Pool) drop(at *list.Element) {
	a := p.recent.Remove(at).(*entry)
	delete(p.entries, a.id)
	a.close()
	if until := a.poller.NotBefore(); time.Now().Before(until) {
		p.held[a.id] = until // also binds whoever brings the key next
	}
}

func (a *entry) close() {
	a.poller.Close()
	a.client.CloseIdleConnections()
}
