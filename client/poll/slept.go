//go:build linux || darwin

package poll

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// started is any time of this process.
var started = time.Now()

// reading is what readSlept returned, and by how much the wall clock was ahead
// of Go's monotonic clock then, both counted from started.
type reading struct{ slept, ahead time.Duration }

var lastReading atomic.Pointer[reading]

// slept returns how long the machine has been suspended since it was started.
// A call asks for the time some twenty times, and reading this takes three
// system calls, so it is read again only when the wall clock has moved
// otherwise than the monotonic one, as it does when the machine sleeps.
func slept() time.Duration {
	const noticed = 100 * time.Millisecond
	now := time.Now()
	ahead := now.Round(0).Sub(started.Round(0)) - now.Sub(started) // Round drops the monotonic clock
	last := lastReading.Load()
	if last == nil || (ahead-last.ahead).Abs() >= noticed {
		last = &reading{readSlept(), ahead}
		lastReading.Store(last)
	}
	return last.slept
}

// readSlept reads the two clocks again if much time passed between the
// readings, since that would look like sleep.
func readSlept() time.Duration {
	const tries, tight = 10, time.Millisecond
	var shortest time.Duration
	for i := range tries {
		before, always, after := read(awakeClock), read(alwaysClock), read(awakeClock)
		if always == 0 {
			return 0
		}
		if asleep := always - before; i == 0 || asleep < shortest {
			shortest = asleep
		}
		if after-before < tight {
			break
		}
	}
	return shortest
}

// read returns a clock's time; 0 if the system has no such clock.
func read(clock int32) time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(clock, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
