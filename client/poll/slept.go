//go:build linux || darwin

package poll

import (
	"time"

	"golang.org/x/sys/unix"
)

// slept returns how long the machine has been suspended since it was started.
// It reads its two clocks again if much time passed between the readings, since
// that would look like sleep.
func slept() time.Duration {
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
