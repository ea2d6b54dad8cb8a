package poll

import "golang.org/x/sys/unix"

// Go's monotonic clock, and the one that goes on while the machine sleeps.
const awakeClock, alwaysClock = unix.CLOCK_MONOTONIC, unix.CLOCK_BOOTTIME
