package tools

import (
	"testing"

	"instaview-mcp/internal/tenant"
)

func TestWaitsAreCountedForEachCaller(t *testing.T) {
	c := callerWaits{limit: 2}
	var leaves []func()
	for _, tt := range []struct {
		caller tenant.ID
		ok     bool
	}{{"a", true}, {"a", true}, {"a", false}, {"b", true}, {"", true}, {"", true}, {"", true}} {
		leave, ok := c.enter(tt.caller)
		if ok != tt.ok {
			t.Errorf("caller %q: %t, want %t", tt.caller, ok, tt.ok)
		}
		if ok {
			leaves = append(leaves, leave)
		}
	}
	for _, leave := range leaves {
		leave()
	}
	if len(c.waits) != 0 {
		t.Errorf("kept after all have left: %v", c.waits)
	}
	none := callerWaits{}
	for range 3 {
		if _, ok := none.enter("a"); !ok {
			t.Error("refused without a limit")
		}
	}
}
