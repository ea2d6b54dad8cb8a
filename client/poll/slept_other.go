//go:build !linux && !darwin

package poll

import "time"

// slept returns 0: on Windows Go's monotonic clock goes on while the machine
// sleeps, and other systems are servers'.
func slept() time.Duration { return 0 }
