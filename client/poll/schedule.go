package poll

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Floor is the shortest time between the end of one response and the next
// request for the same run. The API documents "at most once every 5 seconds".
const Floor = 5 * time.Second

// youngAges are the ages at which a run is requested after the first time;
// after the last one it is requested every Floor. In InstaView's own example a
// run takes 79 s, and one that fails takes 16 s. Simulated: a failure within 20
// s is noticed 2.44 s after the end, for 0.2 % more requests than with the ages
// 10 and 20 s alone, which need 4.45 s.
var youngAges = [...]time.Duration{10 * time.Second, 15 * time.Second, 20 * time.Second, 30 * time.Second}

// From oldAge on, backing off saves requests; earlier it would only add lag,
// since with one run the floor sets the lag. With a longest interval of 15 s an
// old run's end is noticed after 7.6 s instead of 14.7 s with 30 s, for 11 more
// requests.
const (
	oldAge         = 180 * time.Second
	oldMultiplier  = 1.5
	oldMaxInterval = 15 * time.Second
)

// headStart makes a run that was never requested count as due earlier, so that
// in a crowd its first answer precedes the next ones of others. Of waits of 50
// s beside a hundred runs in flight, 5 % then end without an answer instead of
// 34 %.
const headStart = 10 * time.Second

// A run no older than young that was answered before gives way to runs that
// become due up to giveWay later, because it probably goes on. With 24 runs
// always waited for, that lowers the mean lag from 7.4 to 7.1 s and the p95
// from 14.4 to 13.7 s, but runs that fail within 20 s are noticed 0.8 s later.
const (
	young   = 35 * time.Second
	giveWay = 3 * time.Second
)

// The backoff after a failure. Its interval is the upper limit of the random
// time that is added to the floor or Retry-After.
const (
	faultInitialJitter = time.Second
	faultMultiplier    = 2
	faultMaxJitter     = 30 * time.Second
)

// schedule decides when a run is requested next. It is not safe for concurrent
// use.
type schedule struct {
	old    *backoff.ExponentialBackOff
	faults *backoff.ExponentialBackOff
	jitter jitter
}

// jitter returns a random duration of at least 0 and less than below, which
// must be positive. rand.N is one; tests use a repeatable one.
type jitter func(below time.Duration) time.Duration

func newSchedule(jitter jitter) schedule {
	return schedule{
		jitter: jitter,
		old:    exponential(time.Duration(float64(Floor)*oldMultiplier), oldMultiplier, oldMaxInterval),
		faults: exponential(faultInitialJitter, faultMultiplier, faultMaxJitter),
	}
}

// exponential returns a backoff that never ends and is never random, because
// the library's jitter also shortens intervals, which could violate the floor.
func exponential(initial time.Duration, multiplier float64, ceiling time.Duration) *backoff.ExponentialBackOff {
	return backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(initial),
		backoff.WithMultiplier(multiplier),
		backoff.WithMaxInterval(ceiling),
		backoff.WithRandomizationFactor(0),
		backoff.WithMaxElapsedTime(0),
	)
}

// afterAnswer returns the time until the next request for a run that had this
// age when it was answered.
func (s *schedule) afterAnswer(age time.Duration) time.Duration {
	s.faults.Reset()
	if age >= oldAge {
		return s.old.NextBackOff()
	}
	for _, next := range youngAges {
		if age < next {
			return max(Floor, next-age)
		}
	}
	return Floor
}

// afterFault returns the time until the retry after a temporary failure: full
// jitter on top of hold, which the floor and Retry-After require.
func (s *schedule) afterFault(hold time.Duration) time.Duration {
	return hold + s.jitter(s.faults.NextBackOff())
}
