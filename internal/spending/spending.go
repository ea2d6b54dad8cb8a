// Package spending keeps the rules for requests that cost credits: each is
// shown to a person first and needs a code that stands for it, the operator's
// limits hold, and nothing is spent twice by accident.
//
// Everything is kept in memory: a restart forgets codes, what was spent, and
// what was started.
package spending

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/tenant"
)

// The default limits, in credits.
const (
	DefaultPerRun = 20
	DefaultPerDay = 100
)

const (
	// CodeLife is how long a confirmation code is good for.
	CodeLife = 10 * time.Minute
	// RepeatWindow is how long after an attempt the same order is taken for a
	// repetition of it.
	RepeatWindow = 10 * time.Minute
	// day is how long credits count as spent, and how long a used code is
	// known.
	day = 24 * time.Hour
	// codeLength is in characters of A-Z and 2-7, five bits each: in its ten
	// minutes a code is found by chance once in some billion tries.
	codeLength = 8
)

// The bounds of the memory. An order with the longest brief has about 45 KB.
const (
	maxPending         = 500 // codes that wait for a yes
	maxPendingOfCaller = 20
	maxUsed            = 10_000 // used codes and their runs
	maxKeys            = 10_000 // with credits spent within a day
)

// The errors of a Ledger, beside LimitError and those of what it carries out.
var (
	// ErrVoid is returned for a code that is unknown or too old, or that was
	// given to another caller or tool.
	ErrVoid = errors.New("spending: void confirmation code")
	// ErrChanged is returned for a code that stands for another order.
	ErrChanged = errors.New("spending: the code is for another order")
	// ErrFull is returned when the credits of no more keys can be counted.
	ErrFull = errors.New("spending: too many keys")
)

// LimitError refuses an order that one of the operator's limits forbids.
type LimitError struct {
	Limit  int           // credits a run or, if Daily, in 24 hours
	Daily  bool          // which limit it is
	Spent  int           // credits asked for in the last 24 hours
	FreeIn time.Duration // until the order is within the daily limit; 0 = never
}

func (e *LimitError) Error() string { return "spending: over the limit" }

// Order is a request that costs credits.
type Order struct {
	Tool    string    // which tool asks: the code of one is void for another
	Caller  tenant.ID // who asks
	Key     tenant.ID // whose API key pays
	Known   bool      // InstaView has accepted the key; codes of others make room first
	Same    [32]byte  // equal for orders with the same arguments; see Fingerprint
	Again   bool      // wanted even if the same order was carried out just now
	Credits int       // the most that it can cost, at least 1
	Payload any       // what to carry out
}

// Fingerprint returns a value for Order.Same.
func Fingerprint(text string) [32]byte { return sha256.Sum256([]byte(text)) }

// Attempt is an order that was carried out, or may have been.
type Attempt struct {
	RequestID string        // of the run; "" if Unknown is not nil
	Unknown   *client.Error // why the outcome is not known; nil if it is
	Ago       time.Duration // since it was begun
	Earlier   bool          // it is that of an earlier call
}

// Ledger gives out codes and carries out what is confirmed. Create one with
// New; it is safe for concurrent use.
type Ledger struct {
	perRun, perDay int
	now            func() time.Time // goes on while the machine sleeps

	mu       sync.Mutex
	codes    map[string]*confirmation
	pending  []*confirmation // oldest first
	used     []*confirmation // oldest first
	spent    map[tenant.ID][]expense
	attempts []*attempt // of the last RepeatWindow, oldest first
	sweeping bool       // a timer for the next sweep is running
}

// confirmation is a code and what it stands for.
type confirmation struct {
	code    string
	order   Order // without its payload once used
	expires time.Time
	attempt *attempt // nil until used
}

// attempt is one order being carried out, or carried out.
type attempt struct {
	caller, key tenant.ID
	same        [32]byte
	at          time.Time
	done        chan struct{} // closed at the end; the fields below are set then

	requestID string
	unknown   *client.Error
	refused   error
}

// expense is credits that an attempt may cost.
type expense struct {
	attempt *attempt
	credits int
}

// New returns a Ledger with limits in credits, a run and in any 24 hours of a
// key; 0 means the default.
func New(perRun, perDay int) *Ledger {
	if perRun == 0 {
		perRun = DefaultPerRun
	}
	if perDay == 0 {
		perDay = DefaultPerDay
	}
	return &Ledger{perRun: perRun, perDay: perDay, now: poll.Clock(), codes: map[string]*confirmation{}, spent: map[tenant.ID][]expense{}}
}

// PerRun returns the limit a run, in credits.
func (l *Ledger) PerRun() int { return l.perRun }

// Unfinished returns how many attempts are being carried out.
func (l *Ledger) Unfinished() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.attempts {
		if !a.ended() {
			n++
		}
	}
	return n
}

// Propose returns the code that confirms an order. If the same order was
// carried out within RepeatWindow and o.Again is not set, it returns that
// attempt instead. Asked again, it returns the same code, good for another
// CodeLife. The error is a *LimitError, ErrFull, or ctx's.
func (l *Ledger) Propose(ctx context.Context, o Order) (code string, earlier *Attempt, err error) {
	for {
		l.mu.Lock()
		a := l.repeated(o)
		if a == nil {
			break
		}
		l.mu.Unlock()
		earlier, err := l.wait(ctx, a)
		if err == nil || ctx.Err() != nil {
			return "", earlier, err
		} // it was refused, and so is no repetition
	}
	defer l.mu.Unlock()
	if err := l.allowed(o); err != nil {
		return "", nil, err
	}
	for _, c := range l.pending {
		if c.order.Caller == o.Caller && c.isFor(o) {
			c.expires = l.now().Add(CodeLife)
			return c.code, nil, nil
		}
	}
	return l.newCode(o), nil, nil
}

// Confirm carries out the order that a code stands for, by calling do, unless
// that was done before: a code is good for one attempt, and of two calls at the
// same time one makes it and both get its result. An o without Same stands for
// the code's own order, any other must be it.
//
// do goes on if ctx ends. If it returns an error, nothing was spent and the
// code stays good, unless the error is a *client.Error with OutcomeUnknown.
// Beside do's error, Confirm returns ErrVoid, ErrChanged, ErrFull, a
// *LimitError, or ctx's.
func (l *Ledger) Confirm(ctx context.Context, o Order, code string, do func(context.Context, Order) (requestID string, err error)) (*Attempt, error) {
	order, a, mine, err := l.begin(o, code)
	if err != nil {
		return nil, err
	}
	if mine {
		go l.carryOut(context.WithoutCancel(ctx), order, a, do)
	}
	result, err := l.wait(ctx, a)
	if err != nil {
		return nil, err
	}
	result.Earlier = !mine
	return result, nil
}

// begin returns the attempt for a code. If it is mine, the caller must carry
// out the order.
func (l *Ledger) begin(o Order, code string) (order Order, a *attempt, mine bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget()
	c := l.codes[code]
	switch {
	case c == nil || c.order.Caller != o.Caller || c.order.Tool != o.Tool:
		return order, nil, false, ErrVoid
	case o.Same != [32]byte{} && !c.isFor(o):
		return order, nil, false, ErrChanged
	case c.attempt != nil:
		return order, c.attempt, false, nil
	}
	order = c.order
	if a := l.repeated(order); a != nil {
		return order, a, false, nil
	}
	if err := l.allowed(order); err != nil {
		return order, nil, false, err
	}
	a = &attempt{caller: order.Caller, key: order.Key, same: order.Same, at: l.now(), done: make(chan struct{})}
	l.attempts = append(l.attempts, a)
	l.spent[order.Key] = append(l.spent[order.Key], expense{a, order.Credits})
	l.use(c, a)
	return order, a, true, nil
}

// carryOut makes the attempt. Should do panic, the outcome is unknown.
func (l *Ledger) carryOut(ctx context.Context, order Order, a *attempt, do func(context.Context, Order) (string, error)) {
	requestID, err := "", error(&client.Error{Code: client.CodeBadResponse, Reason: "an internal error", OutcomeUnknown: true})
	defer func() {
		_ = recover() // its value may hold personal data, and the outcome says enough
		l.end(order, a, requestID, err)
	}()
	requestID, err = do(ctx, order)
}

// end records what became of an attempt. A refusal takes everything back.
func (l *Ledger) end(order Order, a *attempt, requestID string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var failure *client.Error
	switch {
	case err == nil:
		a.requestID = requestID
	case errors.As(err, &failure) && failure.OutcomeUnknown:
		a.unknown = failure
	default:
		a.refused = err
		l.takeBack(order, a)
	}
	close(a.done)
}

// wait returns the result of an attempt once it has ended.
func (l *Ledger) wait(ctx context.Context, a *attempt) (*Attempt, error) {
	select {
	case <-a.done:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if a.refused != nil {
		return nil, a.refused
	}
	return &Attempt{RequestID: a.requestID, Unknown: a.unknown, Ago: l.now().Sub(a.at), Earlier: true}, nil
}
