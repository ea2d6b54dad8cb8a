package tools

import (
	"sync"

	"instaview-mcp/internal/tenant"
)

// callerWaits counts the waits of each caller, so that one cannot take the
// places of all others.
type callerWaits struct {
	limit int // for each caller; 0 for none

	mu    sync.Mutex
	waits map[tenant.ID]int // in progress
}

// enter counts a wait until leave is called. It reports whether the caller may
// have another one. Callers without an ID cannot be told apart and have no
// limit.
func (c *callerWaits) enter(caller tenant.ID) (leave func(), ok bool) {
	if c.limit == 0 || caller == "" {
		return func() {}, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waits[caller] >= c.limit {
		return nil, false
	}
	if c.waits == nil {
		c.waits = map[tenant.ID]int{}
	}
	c.waits[caller]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.waits[caller]--; c.waits[caller] == 0 {
			delete(c.waits, caller)
		}
	}, true
}
