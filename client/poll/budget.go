package poll

import (
	"math"
	"time"

	"golang.org/x/time/rate"

	"instaview-mcp/client"
)

// DefaultRequestsPerMinute is share of the documented limit of the results
// endpoint, 120 requests a minute.
const DefaultRequestsPerMinute = 108

const (
	// share is the part of a limit reported by the server that is used as the
	// rate. The rest allows the burst, and other programs with the same key.
	share    = 0.9
	maxBurst = 8
	// keptForGets is how many tokens waits leave in the bucket, so that a get
	// is sent at once instead of at the next token, 0.55 s later.
	keptForGets = 3
	// jitterSeconds is how much longer one request may travel than another. The
	// server may therefore receive in 60 s what was sent in 62 s.
	jitterSeconds = 2
	// evenShare is the part of the hour's limit that waits spread evenly over
	// the hour; the rest may be used at full speed. Simulated lag, mean and
	// worst, with 500 requests an hour and 3 runs always waited for: 169 s and
	// 42 min if nothing is spread; 17 s and 46 s if the second half is; 11 s
	// and 22 s if all is; 13 s and 29 s with this share.
	evenShare = 0.75
)

// budget limits the requests of one key. It is not safe for concurrent use.
type budget struct {
	ceiling       float64 // configured requests a minute
	perMinute     float64 // as limited by ceiling and server, for all replicas together
	limiter       *rate.Limiter
	reportedLimit int // requests a minute, as reported by the last answer
	inFlight      int
	notBefore     time.Time    // earliest time of the next request
	refused       [3]time.Time // by kind, until when the shared store allows no request
	part          int          // of how many replicas this one has its part of the rate; 0 = all of it
	lastWait      time.Time    // when the last request for a wait was sent
	windows       [2]window
}

// The indexes of the windows. The limiter alone spreads the minute's requests
// evenly; the hour's are spread by window.pace.
const (
	minute = iota
	hour
)

func newBudget(requestsPerMinute int) *budget {
	perMinute := float64(requestsPerMinute)
	return &budget{ceiling: perMinute, perMinute: perMinute, limiter: rate.NewLimiter(rate.Limit(perMinute/60), burst(perMinute))}
}

// burst returns how many requests may be sent at once. perMinute is share of
// the server's limit, and despite jitter no 60 s may have more requests than
// that limit: of 120 a minute 120 - 108 * 62/60 = 8 are left.
func burst(perMinute float64) int {
	spare := perMinute/share - perMinute*(60+jitterSeconds)/60
	return max(1, min(maxBurst, int(spare)))
}

// wait returns the time until a request is allowed that leaves keep tokens for
// others, as far as the burst allows that; 0 = now. A get may use what waits
// leave for later in the hour.
func (b *budget) wait(now time.Time, by kind, keep int) time.Duration {
	until := max(b.held(now), b.refused[by].Sub(now))
	if by == wait {
		until = max(until, b.lastWait.Add(b.windows[hour].pace(now)).Sub(now))
	}
	need := min(1+keep, b.limiter.Burst())
	if missing := float64(need) - b.limiter.TokensAt(now); missing > 0 {
		// A nanosecond more, because rounding could make the time too short for
		// a whole token.
		until = max(until, time.Duration(missing/float64(b.limiter.Limit())*float64(time.Second))+time.Nanosecond)
	}
	return until
}

// held returns the time during which no request is allowed, whatever the rate.
func (b *budget) held(now time.Time) time.Duration {
	held := max(0, b.notBefore.Sub(now))
	for _, w := range b.windows {
		held = max(held, w.wait(now))
	}
	return held
}

// kept returns how many tokens waits leave in the bucket.
func (b *budget) kept() int { return min(keptForGets, b.limiter.Burst()/2) }

// queueing returns how much longer than now a request has to wait that has
// ahead others before it, if the next request is allowed now.
func (b *budget) queueing(now time.Time, by kind, ahead int) time.Duration {
	each := time.Duration(float64(time.Second) / float64(b.limiter.Limit()))
	tokens := max(1, int(b.limiter.TokensAt(now)))
	queueing := time.Duration(max(0, ahead+1-tokens)) * each
	if by == wait {
		queueing = max(queueing, time.Duration(ahead)*b.windows[hour].pace(now))
	}
	return queueing
}

// take spends one request. The caller must have checked that wait is 0.
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

// ended must be called when a request that was taken has ended.
func (b *budget) ended() { b.inFlight-- }

// learn reads the rate-limit headers of the answer to a request that was sent
// at sent. They never raise the rate above the configured one.
func (b *budget) learn(now, sent time.Time, limit client.RateLimit) {
	if n := limit.Minute.Limit; n > 0 {
		// A single answer may be wrong, so a limit counts once it was reported
		// twice in a row.
		if n == b.reportedLimit {
			b.setRate(now, min(b.ceiling, share*float64(n)))
		}
		b.reportedLimit = n
	}
	for i, reported := range [...]client.Window{minute: limit.Minute, hour: limit.Hour} {
		b.windows[i].learn(now, sent, reported, b.inFlight)
	}
}

// divide gives this replica the n-th part of the rate, and an empty bucket.
func (b *budget) divide(now time.Time, n int) {
	b.part = n
	own := b.own()
	b.limiter = rate.NewLimiter(rate.Limit(own/60), burst(own))
	b.limiter.ReserveN(now, burst(own))
}

// unite ends the division. Its bucket is full, since the shared store's counts,
// and an empty one after each short fault of the store could stop this replica.
func (b *budget) unite() {
	b.part = 0
	b.limiter = rate.NewLimiter(rate.Limit(b.perMinute/60), burst(b.perMinute))
}

// all returns the rate of all replicas together.
func (b *budget) all() Rate {
	return Rate{PerMinute: b.perMinute, Burst: burst(b.perMinute), Kept: min(keptForGets, burst(b.perMinute)/2)}
}

// own returns this replica's part of the rate. It is less than the n-th part if
// that has room for no burst, because each bucket holds a token all the same:
// with 10 requests a minute, four replicas must make two each and not three.
func (b *budget) own() float64 {
	if b.part <= 1 {
		return b.perMinute
	}
	n := float64(b.part)
	most := max(1, math.Floor(b.perMinute/share/n))
	return min(b.perMinute/n, most*60/(60+jitterSeconds))
}

func (b *budget) setRate(now time.Time, perMinute float64) {
	b.perMinute = perMinute
	own := b.own()
	// The requests of the last burst beyond the new rate's burst are owed.
	for range b.limiter.Burst() - burst(own) {
		b.limiter.ReserveN(now, 1)
	}
	b.limiter.SetLimitAt(now, rate.Limit(own/60))
	b.limiter.SetBurstAt(now, burst(own))
}
