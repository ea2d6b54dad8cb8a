package poll

import (
	"time"

	"golang.org/x/time/rate"

	"instaview-mcp/client"
)

// DefaultRequestsPerMinute is share of the results endpoint's documented 120 a
// minute.
const DefaultRequestsPerMinute = 108

const (
	// share of a limit told by the server is spent; the rest is for the burst and
	// for other programs on the key.
	share    = 0.9
	maxBurst = 8
	// keptForGets lets a get that comes when waits use up the budget go out at
	// once instead of after the next token, 0.55 s later.
	keptForGets = 3
	// jitterSeconds is by how much the network may delay one request more than
	// another, so that the server counts in 60 s what was sent in so many more.
	jitterSeconds = 2
	// evenShare is the part of the hour's limit that waits make last the hour.
	// Simulated with 500 an hour and 3 runs always waited for: spent as it comes,
	// a mean lag of 169 s and a worst of 42 min; the second half spread, 17 s and
	// 46 s; all of it, 11 s and 22 s; this, 13 s and 29 s, and the first quarter
	// serves an hour with few runs at full speed.
	evenShare = 0.75
)

// budget is what one key may ask for. Not safe for concurrent use.
type budget struct {
	ceiling   float64 // requests a minute, as configured
	limiter   *rate.Limiter
	toldLimit int // the minute's, as the last answer told it
	inFlight  int
	notBefore time.Time // no request earlier
	lastWait  time.Time // when the newest of a wait was taken
	windows   [2]window
}

// The windows. The limiter spreads the first by itself.
const (
	minute = iota
	hour
)

func newBudget(requestsPerMinute int) *budget {
	perMinute := float64(requestsPerMinute)
	return &budget{ceiling: perMinute, limiter: rate.NewLimiter(rate.Limit(perMinute/60), burst(perMinute))}
}

// burst is how many requests may go out at once beside a rate of perMinute,
// which is share of a limit: with network jitter no 60 s may hold more than the
// limit. Of 120 a minute that leaves 120 - 108 * 62/60 = 8.
func burst(perMinute float64) int {
	spare := perMinute/share - perMinute*(60+jitterSeconds)/60
	return max(1, min(maxBurst, int(spare)))
}

// wait is the time until a request may be made; 0 = now. A get's may take
// what waits leave for later in the hour; with keep, so many tokens remain that
// a get's could follow at once.
func (b *budget) wait(now time.Time, by kind, keep bool) time.Duration {
	until := b.held(now)
	if by == wait {
		until = max(until, b.lastWait.Add(b.windows[hour].pace(now)).Sub(now))
	}
	need := 1
	if keep {
		need += b.kept()
	}
	if missing := float64(need) - b.limiter.TokensAt(now); missing > 0 {
		// A nanosecond more, lest rounding leave the token a hair short.
		until = max(until, time.Duration(missing/float64(b.limiter.Limit())*float64(time.Second))+time.Nanosecond)
	}
	return until
}

// held is the time for which no request may be made, whatever the rate.
func (b *budget) held(now time.Time) time.Duration {
	held := max(0, b.notBefore.Sub(now))
	for _, w := range b.windows {
		held = max(held, w.wait(now))
	}
	return held
}

// kept is how many tokens waits leave in the bucket.
func (b *budget) kept() int { return min(keptForGets, b.limiter.Burst()/2) }

// queueing is the time from now, when a request may be made, until one may be
// that has so many ahead.
func (b *budget) queueing(now time.Time, by kind, ahead int) time.Duration {
	each := time.Duration(float64(time.Second) / float64(b.limiter.Limit()))
	tokens := max(1, int(b.limiter.TokensAt(now)))
	queueing := time.Duration(max(0, ahead+1-tokens)) * each
	if by == wait {
		queueing = max(queueing, time.Duration(ahead)*b.windows[hour].pace(now))
	}
	return queueing
}

// take spends one request; wait must have allowed it.
func (b *budget) take(now time.Time, by kind) {
	b.limiter.ReserveN(now, 1)
	b.inFlight++
	if by == wait {
		b.lastWait = now
	}
	for i := range b.windows {
		b.windows[i].take(now)
	}
}

// ended is called for every request taken.
func (b *budget) ended() { b.inFlight-- }

// learn takes into account the rate-limit headers that the answer to a request
// sent then brought. Nothing raises the rate above the configured one.
func (b *budget) learn(now, sent time.Time, limit client.RateLimit) {
	if n := limit.Minute.Limit; n > 0 {
		// One answer may be false, so a limit counts when told twice in a row.
		if n == b.toldLimit {
			b.setRate(now, min(b.ceiling, share*float64(n)))
		}
		b.toldLimit = n
	}
	for i, told := range [...]client.Window{minute: limit.Minute, hour: limit.Hour} {
		b.windows[i].learn(now, sent, told, b.inFlight)
	}
}

func (b *budget) setRate(now time.Time, perMinute float64) {
	// What was sent at once beyond the lower rate's burst is owed.
	for range b.limiter.Burst() - burst(perMinute) {
		b.limiter.ReserveN(now, 1)
	}
	b.limiter.SetLimitAt(now, rate.Limit(perMinute/60))
	b.limiter.SetBurstAt(now, burst(perMinute))
}
