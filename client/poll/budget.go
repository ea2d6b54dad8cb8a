package poll

import (
	"time"

	"golang.org/x/time/rate"

	"instaview-mcp/client"
)

// DefaultRequestsPerMinute leaves a twelfth of the results endpoint's
// documented 120 a minute: with the burst, no 60 s hold more than 120.
const DefaultRequestsPerMinute = 110

const (
	maxBurst = 10
	// share of a limit told by the server that is spent; the rest is for the
	// burst and for other programs on the key.
	share = 0.9
)

// budget is what one key may ask for. Not safe for concurrent use.
type budget struct {
	ceiling     float64 // requests a minute, as configured
	limiter     *rate.Limiter
	pausedUntil time.Time
}

func newBudget(requestsPerMinute int) *budget {
	perMinute := float64(requestsPerMinute)
	return &budget{ceiling: perMinute, limiter: rate.NewLimiter(rate.Limit(perMinute/60), burst(perMinute))}
}

// burst keeps burst and rate together below limit for a rate of share × limit.
func burst(perMinute float64) int {
	return max(1, min(maxBurst, int(perMinute*(1-share)/share)))
}

// wait is the time until a request may be made; 0 = now.
func (b *budget) wait(now time.Time) time.Duration {
	if pause := b.pausedUntil.Sub(now); pause > 0 {
		return pause
	}
	if missing := 1 - b.limiter.TokensAt(now); missing > 0 {
		// A nanosecond more, lest rounding leave the token a hair short.
		return time.Duration(missing/float64(b.limiter.Limit())*float64(time.Second)) + time.Nanosecond
	}
	return 0
}

// take spends one request, if wait allows it.
func (b *budget) take(now time.Time) bool {
	return b.wait(now) == 0 && b.limiter.AllowN(now, 1)
}

// learn takes a response's rate-limit headers into account. What is missing
// changes nothing; nothing raises the rate above the configured one.
func (b *budget) learn(now time.Time, limit client.RateLimit) {
	if limit.Minute.Limit > 0 {
		perMinute := min(b.ceiling, share*float64(limit.Minute.Limit))
		b.limiter.SetLimitAt(now, rate.Limit(perMinute/60))
		b.limiter.SetBurstAt(now, burst(perMinute))
	}
	for _, w := range []client.Window{limit.Minute, limit.Hour} {
		if w.Spent() {
			b.pause(now, w.ResetIn)
		}
	}
}

// pause stops all requests of the key for d.
func (b *budget) pause(now time.Time, d time.Duration) {
	if until := now.Add(d); until.After(b.pausedUntil) {
		b.pausedUntil = until
	}
}
