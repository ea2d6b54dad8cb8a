package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// unlimited keeps the budget from being what is measured.
const unlimited = "INSTAVIEW_REQUESTS_PER_MINUTE=1000000"

// callsInTurn is how many calls a program answers before the next has its turn:
// enough to be as warm as in use.
const callsInTurn = 20

// What reading a run costs that was not read before, or again within a minute:
// the median of calls that come one after the other in ms, and the CPU time
// that a server takes for each, which other programs on the machine disturb
// less.
func BenchmarkGet(b *testing.B) {
	all := programs(b)
	for _, transport := range []string{"stdio", "http"} {
		for _, sample := range samples {
			api := upstream(b, sample.run)
			b.Run(fmt.Sprintf("%s/candidates=%d", transport, sample.candidates), func(b *testing.B) {
				calls, servers := map[string]func(n int) error{}, map[string]*process{}
				serve := func(p program, name string, distinct int) {
					s := p.start(b, transport, api, unlimited)
					c := s.connect(b)
					servers[name], calls[name] = s, func(n int) error { return c.get(fmt.Sprintf("req_%d", n*distinct)) }
				}
				for _, p := range all {
					serve(p, p.name, 1)
				}
				serve(all[0], "again", 0)
				n := inTurns(b, calls)
				for name, s := range servers {
					b.ReportMetric(s.busy().Seconds()*1000/float64(n), name+"-cpu-ms")
				}
			})
		}
	}
}

// samples are runs of the sandbox.
var samples = []struct {
	run        string
	candidates int
}{{"req_demo_done", 20}, {"req_demo_large", 100}}

// inTurns measures each of the calls callsInTurn times a round, and returns how
// often it has made each.
func inTurns(b *testing.B, calls map[string]func(n int) error) (n int) {
	took := figures{}
	for b.Loop() {
		n += callsInTurn
		for name, call := range calls {
			var each []time.Duration
			for i := range callsInTurn {
				start := time.Now()
				if err := call(n + i); err != nil {
					b.Fatalf("%s: %v", name, err)
				}
				each = append(each, time.Since(start))
			}
			took.add(name, median(each).Seconds()*1000)
		}
	}
	took.report(b, "ms")
	return n
}

// What reading a run costs beside 90 waits on the same connection.
func BenchmarkGetBeside(b *testing.B) {
	ours, api := programs(b)[0], upstream(b, samples[0].run)
	calls := map[string]func(n int) error{}
	for name, waits := range map[string]int{"ours": 90, "alone": 0} {
		c := ours.start(b, "stdio", api, unlimited).connect(b)
		for i := range waits {
			if err := c.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"wait_for_sourcing","arguments":{"request_id":"slow_%[1]d"}}}`, i+2)); err != nil {
				b.Fatal(err)
			}
		}
		calls[name] = func(n int) error { return c.get(fmt.Sprint("req_", n)) }
	}
	inTurns(b, calls)
}

// How many runs a server reads in a second for 128 callers over HTTP, and its
// memory at the end in MiB.
func BenchmarkGetTogether(b *testing.B) {
	const (
		callers = 128
		turn    = 500 * time.Millisecond
	)
	all := programs(b)
	for _, sample := range samples {
		api := upstream(b, sample.run)
		b.Run(fmt.Sprintf("candidates=%d", sample.candidates), func(b *testing.B) {
			clients, servers := map[string][]*caller{}, map[string]*process{}
			for _, p := range all {
				s := p.start(b, "http", api, unlimited)
				servers[p.name] = s
				for range callers {
					clients[p.name] = append(clients[p.name], s.connect(b))
				}
			}
			rate := figures{}
			var n atomic.Int64
			for b.Loop() {
				for name, clients := range clients {
					var together sync.WaitGroup
					start, before := time.Now(), n.Load()
					for _, c := range clients {
						together.Go(func() {
							for time.Since(start) < turn {
								if err := c.get(fmt.Sprint("req_", n.Add(1))); err != nil {
									b.Errorf("%s: %v", name, err)
									return
								}
							}
						})
					}
					together.Wait()
					rate.add(name, float64(n.Load()-before)/time.Since(start).Seconds())
				}
			}
			rate.report(b, "calls/s")
			for name, s := range servers {
				b.ReportMetric(float64(s.resident())/1024, name+"-MiB")
			}
		})
	}
}
