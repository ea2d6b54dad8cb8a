package poll

import (
	"testing"
	"testing/synctest"
)

// A seed that failed must fail again: nothing may depend on the order in which
// goroutines run.
func TestModelIsRepeatable(t *testing.T) {
	for seed := range uint64(schedules() / 10) {
		var h [2]*history
		for i := range h {
			synctest.Test(t, func(*testing.T) { h[i] = play(newScenario(seed)) })
		}
		if first, second := h[0].fingerprint(), h[1].fingerprint(); first != second {
			t.Errorf("seed %d, %v: %x, then %x", seed, newScenario(seed).theme, first, second)
		}
	}
}
