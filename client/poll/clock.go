package poll

import "time"

// clock tells the time including the time that the machine has slept. On Linux
// and macOS Go's monotonic clock stops during sleep, so a Retry-After of an
// hour would be waited for again after an hour's sleep. The wall clock does not
// stop, but setting it must change nothing here.
type clock struct {
	slept  func() time.Duration // how long the machine has slept since it was started
	before time.Duration        // slept() when the clock was made
}

func newClock(slept func() time.Duration) clock { return clock{slept, slept()} }

// Clock returns a function like time.Now that includes the time that the
// machine sleeps from now on, for durations that must not stand still.
func Clock() func() time.Time { return newClock(slept).now }

// now returns time.Now plus the time slept.
func (c clock) now() time.Time { return time.Now().Add(c.sleptSince()) }

// sleptSince returns the time slept since the clock was made. It is in whole
// seconds, because slept reads two clocks one after the other.
func (c clock) sleptSince() time.Duration { return (c.slept() - c.before).Truncate(time.Second) }

// outside converts a time of this clock to one of time.Now, so that a caller's
// time.Since includes the sleep.
func (c clock) outside(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-c.sleptSince())
}

// maxSleep is the longest time for which a timer is set, because timers stop
// with the monotonic clock while the machine sleeps.
const maxSleep = 30 * time.Second
