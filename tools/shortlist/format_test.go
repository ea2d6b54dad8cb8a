package shortlist

import (
	"testing"
	"time"

	"instaview-mcp/internal/sanitize"
)

func TestDurations(t *testing.T) {
	for d, want := range map[time.Duration]sanitize.Clean{
		0: "0 s", 1499 * time.Millisecond: "1 s", 79 * time.Second: "1 min 19 s", 2 * time.Minute: "2 min",
		125 * time.Minute: "2 h 5 min", 72 * time.Hour: "3 days",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%v = %q, want %q", d, got, want)
		}
	}
}

func TestRanges(t *testing.T) {
	for want, numbers := range map[sanitize.Clean][]int{
		"": nil, "3": {3}, "1-3, 5": {1, 2, 3, 5}, "2, 4, 6-7": {2, 4, 6, 7},
		"1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23 and 2 more": {1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27},
	} {
		if got := ranges(numbers); got != want {
			t.Errorf("%v = %q, want %q", numbers, got, want)
		}
	}
}
