//go:build !linux && !darwin

package poll

import "time"

// slept returns 0: on Windows Go's monotonic clock continues while the machine
// sleeps, and machines with other systems are servers, which do not sleep.
func slept() time.Duration { return 0 }
