package poll

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Floor is the least time between the end of one response and the next request
// for the same run. The API documents "at most once every 5 seconds".
const Floor = 5 * time.Second

// youngAges are the ages at which a run is asked for after its first request;
// from the last on that is every Floor. A run of InstaView's own example takes
// 79 s and one that fails 16 s. Ages of 10 and 20 s alone find runs that fail
// within 20 s 4.45 s after their end; these do after 2.44 s, for 0.2 % more
// requests.
var youngAges = [...]time.Duration{10 * time.Second, 15 * time.Second, 20 * time.Second, 30 * time.Second}

// From oldAge on backing off saves requests. With one run the floor bounds the
// lag, and an earlier backoff only adds to it. A longest interval of 15 s finds
// an old run's end 7.6 s late instead of 14.7 s with 30 s, for 11 more requests.
const (
	oldAge         = 180 * time.Second
	oldMultiplier  = 1.5
	oldMaxInterval = 15 * time.Second
)

// headStart is by how much a run never seen counts as due earlier than it
// became known. In a crowd its first answer then comes before others' next: of
// waits of 50 s beside a hundred runs in flight 5 % end without one, not 34 %.
const headStart = 10 * time.Second

// A run no older than young that has been answered for gives way to those due up
// to giveWay later: it is likelier to go on. With 24 runs always waited for that
// takes the mean lag from 7.4 to 7.1 s and the p95 from 14.4 to 13.7; runs that
// fail within 20 s are seen 0.8 s later there.
const (
	young   = 35 * time.Second
	giveWay = 3 * time.Second
)

// The backoff after a fault: its figure is the upper end of the random time
// added to what the floor and Retry-After already ask for.
const (
	faultInitialJitter = time.Second
	faultMultiplier    = 2
	faultMaxJitter     = 30 * time.Second
)

// schedule decides when a run is requested next. Not safe for concurrent use.
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

// afterAnswer is the time from an answer to the next request, for a run that was
// age old when it answered.
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

// afterFault is the time from a transient fault to the retry: full jitter above
// hold, which is what the floor and Retry-After ask for.
func (s *schedule) afterFault(hold time.Duration) time.Duration {
	return hold + s.jitter(s.faults.NextBackOff())
}
