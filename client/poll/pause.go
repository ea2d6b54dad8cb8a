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
	// faultsToPause is how many looks must fail one after the other. They must be
	// of more than one run: a run that fails alone has its own backoff.
	faultsToPause = 3
)

// pause stops all looks of a key: a refusal for its rate is the key's, and so is
// an InstaView that is down. When its time is over one look probes, and the
// others wait for what becomes of it. The zero value is no pause, except that it
// lacks a jitter. Not safe for concurrent use.
type pause struct {
	cause   client.Code // "" = none
	until   time.Time
	probe   *run // its look is the one under way
	failing *run // the last probe, if it met a fault
	backoff *backoff.ExponentialBackOff
	jitter  jitter

	faults int  // in a row
	first  *run // that met one of them
	mixed  bool // others did, too
}

// wait is the time until a look may be made; 0 = now.
func (p *pause) wait(now time.Time) time.Duration {
	if p.cause == "" {
		return 0
	}
	return max(0, p.until.Sub(now))
}

// answered takes in that a look of r brought an answer, of whatever kind, and
// reports whether that ended the pause.
func (p *pause) answered(r *run, now time.Time) bool {
	p.faults, p.first, p.mixed = 0, nil, false
	if p.probe != r {
		return false
	}
	p.probe = nil
	return p.end(now)
}

// end ends a pause whose time is over, and reports whether it did. A refusal
// that arrived while the probe was out may have prolonged it.
func (p *pause) end(now time.Time) bool {
	if now.Before(p.until) {
		return false
	}
	p.cause, p.failing, p.backoff = "", nil, nil
	return true
}

// failed takes in that a look of r met a fault that may pass, and reports
// whether a pause begins or goes on for it.
func (p *pause) failed(r *run, failure *client.Error, now time.Time) bool {
	probed := p.probe == r
	if probed {
		p.probe = nil
	}
	limited := failure.Code == client.CodeRateLimited
	if probed && !limited {
		if p.failing == r {
			// No other is waited for, and of one alone the faults may be its own.
			p.faults, p.mixed = 0, false
			p.until = later(p.until, now.Add(failure.RetryAfter))
			return !p.end(now)
		}
		p.failing = r
	}
	if !limited {
		if p.faults == 0 {
			p.first = r
		}
		p.faults++
		p.mixed = p.mixed || p.first != r
	}
	if !limited && !probed && (p.faults < faultsToPause || !p.mixed) {
		return false
	}
	hold := failure.RetryAfter
	if p.cause == "" || probed {
		hold = max(hold, p.lengthen())
	}
	p.cause = failure.Code
	p.until = later(p.until, now.Add(hold))
	return true
}

// lengthen returns how long the pause, or the next of its kind, should take.
func (p *pause) lengthen() time.Duration {
	if p.backoff == nil {
		p.backoff = exponential(firstPause, 2, maxPause)
		return firstPause // exact: the floor is known to both sides
	}
	next := p.backoff.NextBackOff()
	return next + p.jitter(next/4)
}
