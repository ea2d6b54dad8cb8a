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

// The bounds of a Pool.
const (
	maxKeys = 1_000
	// maxHeld is of keys that were dropped and may not be asked for yet.
	maxHeld = 10 * maxKeys
	// maxIdle is the longest pause that an upstream can ask for, so that none is
	// forgotten.
	maxIdle = client.MaxRetryAfter
	// cacheSize is how much a key's Poller remembers, in bytes, for a minute, as long
	// as the others leave room: some ten runs of a hundred candidates.
	cacheSize = 8 << 20
)

// ErrFull is returned for a key that there is no room for, as calls with as many
// others are under way.
var ErrFull = errors.New("tenant: too many keys in use")

var errNoKey = errors.New("tenant: a request without credentials")

// Pool reads runs with the keys that callers bring: one poll.Poller per key,
// since limits are a key's. It is safe for concurrent use.
type Pool struct {
	open func(client.Key) (*client.Client, error)
	opts []poll.Option

	mu       sync.Mutex
	accounts map[ID]*list.Element
	recent   list.List        // of *account, the one used last at the back
	held     map[ID]time.Time // dropped keys: no request earlier
	draining bool
	closed   bool
}

// account is what serves one key.
type account struct {
	id     ID
	client *client.Client
	poller *poll.Poller
	calls  int // under way
	used   time.Time
	known  bool // InstaView has accepted the key
}

// NewPool returns a Pool that opens a client for every key, and a Poller with
// opts over it.
func NewPool(open func(client.Key) (*client.Client, error), opts ...poll.Option) *Pool {
	opts = append([]poll.Option{poll.WithCacheSize(cacheSize), poll.WithShared(new(poll.Shared))}, opts...)
	return &Pool{open: open, opts: opts, accounts: map[ID]*list.Element{}, held: map[ID]time.Time{}}
}

// Get is poll.Poller.Get with the key of ctx's caller. Beside its errors it
// returns ErrFull.
func (p *Pool) Get(ctx context.Context, requestID string) (poll.Snapshot, error) {
	return p.with(ctx, requestID, func(poller *poll.Poller, run string) (poll.Snapshot, error) {
		return poller.Get(ctx, run)
	})
}

// Wait is poll.Poller.Wait with the key of ctx's caller. Beside its errors it
// returns ErrFull.
func (p *Pool) Wait(ctx context.Context, requestID string, d time.Duration, onSnapshot func(poll.Snapshot)) (poll.Snapshot, error) {
	return p.with(ctx, requestID, func(poller *poll.Poller, run string) (poll.Snapshot, error) {
		return poller.Wait(ctx, run, d, onSnapshot)
	})
}

// Drain ends every wait, and those that begin later, with what is known.
func (p *Pool) Drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draining = true
	for at := p.recent.Front(); at != nil; at = at.Next() {
		at.Value.(*account).poller.Drain()
	}
}

// Close ends every wait and every request. Calls that come later end with
// poll.ErrClosed.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for at := p.recent.Front(); at != nil; at = p.recent.Front() {
		p.drop(at)
	}
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

// companies asks on behalf of the company that a run's name begins with: one
// key of an applicant tracking system serves many, and has one budget.
type companies struct{ client *client.Client }

func (c companies) Results(ctx context.Context, name string) (*client.Results, error) {
	company, requestID, _ := strings.Cut(name, "/")
	return c.client.ForCompany(company).Results(ctx, requestID)
}

func (p *Pool) take(key client.Key) (*account, error) {
	if key.Reveal() == "" {
		return nil, errNoKey
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, poll.ErrClosed
	}
	id, now := hash(key.Reveal()), time.Now()
	at := p.accounts[id]
	if at == nil {
		if !p.makeRoom(now) {
			return nil, ErrFull
		}
		c, err := p.open(key)
		if err != nil {
			return nil, err
		}
		opts := append(slices.Clip(p.opts), poll.WithNotBefore(p.held[id]))
		delete(p.held, id)
		a := &account{id: id, client: c, poller: poll.New(companies{c}, opts...)}
		if p.draining {
			a.poller.Drain()
		}
		at = p.recent.PushBack(a)
		p.accounts[id] = at
	}
	p.recent.MoveToBack(at)
	a := at.Value.(*account)
	a.calls++
	a.used = now
	return a, nil
}

func (p *Pool) release(a *account, seen poll.Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a.calls--
	a.known = a.known || seen.Results != nil || seen.Err != nil && seen.Err.Code == client.CodeNotFound
}

// makeRoom drops what has not been used for long and, if that is not enough,
// the account used longest ago: of a key that InstaView never accepted, if there
// is one, lest a stranger's guesses cost others their memory.
func (p *Pool) makeRoom(now time.Time) bool {
	var oldest, oldestUnknown *list.Element
	for at := p.recent.Front(); at != nil; {
		a, next := at.Value.(*account), at.Next()
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
	a := p.recent.Remove(at).(*account)
	delete(p.accounts, a.id)
	a.poller.Close()
	if until := a.poller.NotBefore(); time.Now().Before(until) {
		p.held[a.id] = until // for what InstaView asked of the key, whoever asks next
	}
	a.client.CloseIdleConnections()
}
