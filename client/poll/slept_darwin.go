package poll

import "golang.org/x/sys/unix"

// Go's monotonic clock, and the one that continues while the machine sleeps.
const awakeClock, alwaysClock = unix.CLOCK_UPTIME_RAW, unix.CLOCK_MONOTONIC
