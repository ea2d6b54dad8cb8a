package app

import (
	"testing"

	"instaview-mcp/internal/config"
)

// T38: one person cannot take all places for waits, however few there are.
func TestT38OnePersonCannotTakeAllWaits(t *testing.T) {
	for all, want := range map[int]int{10_000: 90, 100: 50, 5: 3, 1: 1} {
		if got := callerWaits(config.Config{OAuthIssuer: "https://login.example.com", MaxWaits: all}); got != want {
			t.Errorf("%d of %d waits, want %d", got, all, want)
		}
	}
	if got := callerWaits(config.Config{MaxWaits: 100}); got != 0 {
		t.Errorf("a limit of %d without OAuth", got)
	}
}
