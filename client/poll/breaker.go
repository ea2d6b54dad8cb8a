package poll

import (
	"time"

	"github.com/cenkalti/backoff/v4"

	"instaview-mcp/client"
)

// The length of a pause for which InstaView gave none. It doubles with every
// probe that fails.
const (
	firstPause = Floor
	maxPause   = 30 * time.Second
	// faultsToPause is how many requests must fail in a row. They must concern
	// more than one run, since a single failing run has its own backoff.
	faultsToPause = 3
)

// breaker is a circuit breaker: it pauses all requests of a key after a 429,
// which limits the whole key, and when InstaView seems to be down. After the
// pause one request is sent as a probe, and the others wait for its result. The
// zero value has no pause; jitter must be set. It is not safe for concurrent
// use.
type breaker struct {
	cause   client.Code // "" if there is no pause
	until   time.Time
	probe   *run // the run whose probe is in flight; nil if there is none
	failing *run // the run of the last probe, if that failed
	backoff *backoff.ExponentialBackOff
	jitter  jitter

	faults int  // temporary failures in a row
	first  *run // the run of the first of them
	mixed  bool // whether other runs failed too
}

// wait returns the time until a request is allowed; 0 = now.
func (b *breaker) wait(now time.Time) time.Duration {
	if b.cause == "" {
		return 0
	}
	return max(0, b.until.Sub(now))
}

// adopt begins a pause of which another replica has told, or makes it longer.
func (b *breaker) adopt(cause client.Code, until time.Time) {
	if b.cause == "" {
		b.cause = cause
	}
	b.until = later(b.until, until)
}

// answered records that a request for r was answered, and reports whether that
// ended the pause.
func (b *breaker) answered(r *run, now time.Time) bool {
	b.faults, b.first, b.mixed = 0, nil, false
	if b.probe != r {
		return false
	}
	b.probe = nil
	return b.end(now)
}

// end ends the pause if its time is over, and reports whether it did. A 429
// that arrived while the probe was in flight may have made the pause longer.
func (b *breaker) end(now time.Time) bool {
	if now.Before(b.until) {
		return false
	}
	b.cause, b.failing, b.backoff = "", nil, nil
	return true
}

// failed records a temporary failure of a request for r, and reports whether a
// pause starts or continues because of it.
func (b *breaker) failed(r *run, failure *client.Error, now time.Time) bool {
	probed := b.probe == r
	if probed {
		b.probe = nil
	}
	limited := failure.Code == client.CodeRateLimited
	if probed && !limited {
		if b.failing == r {
			// A second probe of the same run means that nobody waits for
			// another. Its faults may be its own, so they no longer pause the
			// key; its Retry-After still does.
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

// lengthen returns the length of this pause, or of the next one of its series.
func (b *breaker) lengthen() time.Duration {
	if b.backoff == nil {
		b.backoff = exponential(firstPause, 2, maxPause)
		return firstPause // without jitter, since the contract gives exactly this time
	}
	next := b.backoff.NextBackOff()
	return next + b.jitter(next/4)
}
