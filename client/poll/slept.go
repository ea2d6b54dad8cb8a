//go:build linux || darwin

package poll

import (
	"time"

	"golang.org/x/sys/unix"
)

// slept returns how long the machine has been suspended since it was started.
func slept() time.Duration {
	var awake, always unix.Timespec
	if unix.ClockGettime(awakeClock, &awake) != nil || unix.ClockGettime(alwaysClock, &always) != nil {
		return 0
	}
	return time.Duration(always.Nano() - awake.Nano())
}
