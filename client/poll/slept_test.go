//go:build linux || darwin

package poll

import (
	"testing"
	"time"
)

// A wall clock that was set, or that moved with a sleep, makes the machine's
// sleep be read again; otherwise the last reading serves.
func TestSleepIsReadAgainWhenTheWallClockMoves(t *testing.T) {
	slept()
	for ahead, again := range map[time.Duration]bool{0: false, time.Hour: true, -time.Hour: true, 10 * time.Millisecond: false} {
		known := *lastReading.Load()
		known.slept, known.ahead = time.Minute, known.ahead-ahead
		lastReading.Store(&known)
		if got := slept() != time.Minute; got != again {
			t.Errorf("wall clock %v ahead: read again %v", ahead, got)
		}
		lastReading.Store(nil)
		slept()
	}
}
