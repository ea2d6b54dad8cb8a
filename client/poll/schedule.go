package poll

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Floor is the least time between the end of one response and the next request
// for the same run. The API documents "at most once every 5 seconds".
const Floor = 5 * time.Second

// The regular schedule, by the age of the run. A run of InstaView's own
// example takes 79 s, so nothing is lost by looking rarely in the first
// seconds, and nothing won by backing off before the third minute: with one
// run the floor bounds the lag, and an earlier backoff only adds to it.
const (
	firstAge  = 10 * time.Second
	secondAge = 20 * time.Second
	oldAge    = 180 * time.Second

	oldMultiplier  = 1.5
	oldMaxInterval = 30 * time.Second
)

// The backoff after a fault: its figure is the upper end of the random time
// added to what the floor and Retry-After already ask for.
const (
	faultInitialJitter = time.Second
	faultMultiplier    = 2
	faultMaxJitter     = 30 * time.Second
)

// schedule decides when a run is looked at next. Not safe for concurrent use.
type schedule struct {
	old    *backoff.ExponentialBackOff
	faults *backoff.ExponentialBackOff
	jitter jitter
}

// jitter returns a random duration from 0 up to but excluding below, which must
// be positive. rand.N is one; tests inject a repeatable source.
type jitter func(below time.Duration) time.Duration

func newSchedule(jitter jitter) schedule {
	return schedule{
		jitter: jitter,
		old:    exponential(time.Duration(float64(Floor)*oldMultiplier), oldMultiplier, oldMaxInterval),
		faults: exponential(faultInitialJitter, faultMultiplier, faultMaxJitter),
	}
}

// exponential never ends and is never random: the library's jitter goes both
// ways, and below the floor is not ours to go.
func exponential(initial time.Duration, multiplier float64, ceiling time.Duration) *backoff.ExponentialBackOff {
	return backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(initial),
		backoff.WithMultiplier(multiplier),
		backoff.WithMaxInterval(ceiling),
		backoff.WithRandomizationFactor(0),
		backoff.WithMaxElapsedTime(0),
	)
}

// afterAnswer is the time from an answer to the next look, for a run that was
// age old when it answered.
func (s *schedule) afterAnswer(age time.Duration) time.Duration {
	s.faults.Reset()
	switch {
	case age < firstAge:
		return max(Floor, firstAge-age)
	case age < secondAge:
		return max(Floor, secondAge-age)
	case age < oldAge:
		return Floor
	default:
		return s.old.NextBackOff()
	}
}

// afterFault is the time from a transient fault to the retry: full jitter above
// hold, which is what the floor and Retry-After ask for.
func (s *schedule) afterFault(hold time.Duration) time.Duration {
	return hold + s.jitter(s.faults.NextBackOff())
}
