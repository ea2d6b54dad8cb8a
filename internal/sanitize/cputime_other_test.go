//go:build !linux

package sanitize

import "time"

var began = time.Now()

// cpuTime returns the time that has passed, since not every system tells the
// CPU time of a thread.
func cpuTime() time.Duration { return time.Since(began) }
