package poll

import (
	"time"

	"github.com/cenkalti/backoff/v4"

	"instaview-mcp/client"
)

// How long a pause takes that InstaView set no time for: it doubles with every
// probe that fails.
const (
	firstPause = Floor
	maxPause   = 30 * time.Second
	// faultsToPause is how many requests must fail one after the other. They must
	// be for more than one run: a run that fails alone has its own backoff.
	faultsToPause = 3
)

// breaker pauses all requests of a key: a refusal for its rate is the key's, and
// so is an InstaView that is down. When its time is over one request probes, and
// the others wait for what becomes of it. The zero value is no pause, but lacks
// a jitter. Not safe for concurrent use.
type breaker struct {
	cause   client.Code // "" = no pause
	until   time.Time
	probe   *run // its request is the one under way
	failing *run // the last probe, if it met a fault
	backoff *backoff.ExponentialBackOff
	jitter  jitter

	faults int  // in a row
	first  *run // that met one of them
	mixed  bool // others did, too
}

// wait is the time until a request may be made; 0 = now.
func (b *breaker) wait(now time.Time) time.Duration {
	if b.cause == "" {
		return 0
	}
	return max(0, b.until.Sub(now))
}

// answered takes in that a request for r brought an answer, of whatever kind,
// and reports whether that ended the pause.
func (b *breaker) answered(r *run, now time.Time) bool {
	b.faults, b.first, b.mixed = 0, nil, false
	if b.probe != r {
		return false
	}
	b.probe = nil
	return b.end(now)
}

// end ends a pause whose time is over, and reports whether it did. A refusal
// that arrived while the probe was out may have prolonged it.
func (b *breaker) end(now time.Time) bool {
	if now.Before(b.until) {
		return false
	}
	b.cause, b.failing, b.backoff = "", nil, nil
	return true
}

// failed takes in that a request for r met a fault that may pass, and reports
// whether a pause begins or goes on for it.
func (b *breaker) failed(r *run, failure *client.Error, now time.Time) bool {
	probed := b.probe == r
	if probed {
		b.probe = nil
	}
	limited := failure.Code == client.CodeRateLimited
	if probed && !limited {
		if b.failing == r {
			// No other is waited for, and of one alone the faults may be its own.
			b.faults, b.mixed = 0, false
			b.until = later(b.until, now.Add(failure.RetryAfter))
			return !b.end(now)
		}
		b.failing = r
	}
	if !limited {
		if b.faults == 0 {
			b.first = r
		}
		b.faults++
		b.mixed = b.mixed || b.first != r
	}
	if !limited && !probed && (b.faults < faultsToPause || !b.mixed) {
		return false
	}
	hold := failure.RetryAfter
	if b.cause == "" || probed {
		hold = max(hold, b.lengthen())
	}
	b.cause = failure.Code
	b.until = later(b.until, now.Add(hold))
	return true
}

// lengthen returns how long the pause, or the next of its kind, should take.
func (b *breaker) lengthen() time.Duration {
	if b.backoff == nil {
		b.backoff = exponential(firstPause, 2, maxPause)
		return firstPause // exact: the floor is known to both sides
	}
	next := b.backoff.NextBackOff()
	return next + b.jitter(next/4)
}
