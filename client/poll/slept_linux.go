package poll

import "golang.org/x/sys/unix"

// Go's monotonic clock, and the one that continues while the machine sleeps.
const awakeClock, alwaysClock = unix.CLOCK_MONOTONIC, unix.CLOCK_BOOTTIME
