package poll

import "time"

// clock tells the time that passes for InstaView and for people. Go's monotonic
// clock stands still while a machine sleeps, on Linux and macOS, so a Retry-After
// of an hour would be waited for anew after an hour's sleep. The wall clock goes
// on, but may also be set, and then nothing must change.
type clock struct {
	slept  func() time.Duration // the machine, since it was started
	before time.Duration        // of that, before the clock was made
}

func newClock(slept func() time.Duration) clock { return clock{slept, slept()} }

// now is time.Now, moved on by the time slept.
func (c clock) now() time.Time { return time.Now().Add(c.sleptSince()) }

// sleptSince is in whole seconds, because slept reads two clocks one after the
// other.
func (c clock) sleptSince() time.Duration { return (c.slept() - c.before).Truncate(time.Second) }

// outside makes a time of now's one of time.Now's, for which time.Since tells
// how much passed.
func (c clock) outside(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-c.sleptSince())
}

// maxSleep is how long a timer may run at most before the time is read again,
// because timers stand still with the monotonic clock.
const maxSleep = 30 * time.Second
