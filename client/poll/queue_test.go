package poll

import (
	"math/rand/v2"
	"testing"
	"time"
)

// The requests ahead are counted exactly up to MaxAhead, at a cost that does
// not grow with the number of runs: thousands of waits may end, and count, at
// once.
func TestCountingTheRequestsAheadIsCheap(t *testing.T) {
	now := time.Now()
	p := New(nil)
	defer p.Close()
	runs := make([]*run, 20*1_000)
	for place, i := range rand.Perm(len(runs)) {
		r := p.newRun(string(rune('a'+i)), now)
		r.callers[wait], r.due, r.order = 1, now.Add(time.Duration(place-len(runs))*time.Second), uint64(i)
		runs[place] = r
		p.requeue(r)
	}
	p.ahead(runs[0], now) // moves all to those that are due
	due := &p.queues[wait].due
	compared, key := 0, due.key
	due.key = func(r *run) time.Time { compared++; return key(r) }
	for _, place := range []int{0, 1, 2, 500, 999, 1_000, 1_001, len(runs) - 1} {
		compared = 0
		if got, want := p.ahead(runs[place], now), min(place, 1_000); got != want {
			t.Errorf("%d are ahead of the run at place %d, want %d", got, place, want)
		}
		if compared > 8*1_000 {
			t.Errorf("%d times compared for place %d of %d", compared, place, len(runs))
		}
	}
}
