package poll

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"instaview-mcp/client"
)

// pending is an API whose runs stay in progress and that answers at once.
type pending struct{ results *client.Results }

func (p pending) Results(context.Context, string) (*client.Results, error) { return p.results, nil }

// BenchmarkWakingWaits measures how long one answer takes to reach every caller
// that waits for the run.
func BenchmarkWakingWaits(b *testing.B) {
	for _, of := range []struct{ waits, others int }{{1, 0}, {100, 0}, {9000, 0}, {9000, 999}} {
		b.Run(fmt.Sprintf("waits=%d/other_runs=%d", of.waits, of.others), func(b *testing.B) {
			results := &client.Results{Status: client.StatusProcessing, HTTPStatus: 202}
			p := New(pending{results}, WithRequestsPerMinute(1_000_000_000))
			defer p.Close()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			for i := range of.others {
				go func() { _, _ = p.Wait(ctx, fmt.Sprint("r", i), time.Hour, nil) }()
			}
			var told atomic.Int64
			for range of.waits {
				go func() { _, _ = p.Wait(ctx, "r", time.Hour, func(Snapshot) { told.Add(1) }) }()
			}
			until := func(n int) {
				for told.Load() < int64(n) {
					runtime.Gosched()
				}
			}
			until(of.waits) // for the first attempt
			p.mu.Lock()
			r := p.runs["r"]
			p.mu.Unlock()
			attempts := 1
			for b.Loop() {
				attempts++
				p.mu.Lock()
				r.record(results, nil, time.Now())
				p.mu.Unlock()
				until(attempts * of.waits)
			}
		})
	}
}
