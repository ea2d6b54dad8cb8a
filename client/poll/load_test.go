package poll_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/sandbox"
)

// Fifty runs on a sandbox that allows 120 requests a minute.
func TestFiftyRunsAtOnceOnOneKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var options []sandbox.Option
		for i := range 50 {
			options = append(options, sandbox.WithRun(fmt.Sprint("req_", i), sandbox.Run{Takes: time.Minute}))
		}
		s := sandbox.New(options...)
		dial, stop := s.Start()
		defer stop()
		c, err := client.New(client.NewKey(sandbox.Key), client.WithBaseURL("http://localhost"), client.WithDialContext(dial))
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseIdleConnections()
		p := poll.New(c)
		defer p.Close()
		begun := time.Now()
		var lag atomic.Int64
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				snapshot, err := p.Wait(t.Context(), fmt.Sprint("req_", i), 3*time.Minute, nil)
				if err != nil || snapshot.Err != nil || !snapshot.Results.Finished() {
					t.Errorf("req_%d: %+v, %v", i, snapshot, err)
					return
				}
				lag.Add(int64(snapshot.Results.Date.Sub(snapshot.Results.CompletedAt)))
			})
		}
		all.Wait()
		for _, r := range s.Requests() {
			if r.Status == http.StatusTooManyRequests {
				t.Errorf("a request was refused %v after the beginning", r.Arrived.Sub(begun))
			}
		}
		t.Logf("%d requests, seen %v after the end on the mean, all within %v", len(s.Requests()), time.Duration(lag.Load()/50).Round(time.Second), time.Since(begun).Round(time.Second))
	})
}

var soak = flag.Duration("soak", 0, "how long TestSoak goes on; without it, the test is skipped")

// Random waits, gets, cancels and faults, in real time: no answer is lost or
// given to another call, and nothing grows.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("needs -soak and real time")
	}
	const runs, callers = 2_000, 300
	var options []sandbox.Option
	name := func(i int) string { return fmt.Sprint("req_", i) }
	for i := range runs {
		options = append(options, sandbox.WithRun(name(i), sandbox.Run{
			Takes: time.Duration(i%7) * time.Second, Found: i, Scored: i,
			Candidates: []sandbox.Candidate{{ProfileID: fmt.Sprint("p", i), Name: name(i)}},
		}))
	}
	s := sandbox.New(append(options, sandbox.WithRateLimit(0, 0))...)
	dial, stop := s.Start()
	defer stop()
	c, err := client.New(client.NewKey(sandbox.Key), client.WithBaseURL("http://localhost"), client.WithDialContext(dial))
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	p := poll.New(c, poll.WithRequestsPerMinute(100_000))
	defer p.Close()

	faults := []sandbox.Fault{
		{Status: 500}, {Drop: true}, {Status: 200, Body: "<html>"}, {Delay: 300 * time.Millisecond},
		{Status: 429, Header: http.Header{"Retry-After": {"1"}}}, {Status: 404, Body: `{}`},
	}
	length := *soak
	// go test ends everything after 10 min unless -timeout says otherwise.
	if limit, ok := t.Deadline(); ok {
		length = min(length, time.Until(limit)-10*time.Second)
	}
	end := time.Now().Add(length)
	var calls, answered atomic.Int64
	var all sync.WaitGroup
	for n := range callers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(n)))
			for time.Now().Before(end) {
				calls.Add(1)
				i := random.IntN(runs)
				if random.IntN(100) == 0 {
					s.Inject(name(i), faults[random.IntN(len(faults))])
				}
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(random.IntN(3000))*time.Millisecond)
				var snapshot poll.Snapshot
				var err error
				if random.IntN(4) == 0 {
					snapshot, err = p.Get(ctx, name(i))
				} else {
					snapshot, err = p.Wait(ctx, name(i), time.Duration(random.IntN(2000))*time.Millisecond, nil)
				}
				if err == nil {
					answered.Add(1)
				} else if ctx.Err() == nil {
					t.Errorf("%s: %v", name(i), err)
				}
				cancel()
				if r := snapshot.Results; r != nil && r.Finished() && (len(r.Candidates) != 1 || r.Candidates[0].Name != name(i)) {
					t.Errorf("%s was answered with %+v", name(i), r.Candidates)
				}
			}
		})
	}
	warm := measure()
	half := make(chan usage, 1)
	time.AfterFunc(length/2, func() { half <- measure() })
	all.Wait()
	last := measure()
	t.Logf("%d calls, %d answered, %d requests; goroutines, heap, descriptors: %v, half way %v, at the end %v", calls.Load(), answered.Load(), len(s.Requests()), warm, <-half, last)
	if last.goroutines > 200 || last.heap > 64<<20 || last.descriptors > warm.descriptors+20 {
		t.Errorf("left: %v, at first %v", last, warm)
	}
}

type usage struct {
	goroutines  int
	heap        uint64
	descriptors int
}

func (u usage) String() string {
	return fmt.Sprintf("%d, %d KiB, %d", u.goroutines, u.heap>>10, u.descriptors)
}

func measure() usage {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	open, _ := os.ReadDir("/proc/self/fd") // only Linux has this directory
	return usage{runtime.NumGoroutine(), m.HeapAlloc, len(open)}
}

// endless is an API whose runs never end.
type endless struct{ requests atomic.Int64 }

func (e *endless) Results(context.Context, string) (*client.Results, error) {
	e.requests.Add(1)
	return &client.Results{Status: client.StatusProcessing, HTTPStatus: 202}, nil
}

// BenchmarkWaiters measures memory and time for many callers on one run, and
// for one caller on each of many runs.
func BenchmarkWaiters(b *testing.B) {
	for _, of := range []struct {
		name          string
		waiters, runs int
	}{{"10000 on one run", 10_000, 1}, {"one on each of 1000", 1_000, 1_000}} {
		b.Run(of.name, func(b *testing.B) {
			for b.Loop() {
				api := &endless{}
				p := poll.New(api)
				before := measure()
				ctx, leave := context.WithCancel(context.Background())
				var all sync.WaitGroup
				for i := range of.waiters {
					all.Go(func() { _, _ = p.Wait(ctx, fmt.Sprint("r", i%of.runs), time.Hour, nil) })
				}
				for runtime.NumGoroutine() < before.goroutines+of.waiters {
					runtime.Gosched()
				}
				time.Sleep(time.Second)
				after := measure()
				b.ReportMetric(float64(after.heap-before.heap)/float64(of.waiters), "heap-B/waiter")
				b.ReportMetric(float64(stack())/float64(of.waiters), "stack-B/waiter")
				b.ReportMetric(float64(api.requests.Load()), "requests")
				leave()
				all.Wait()
				p.Close()
			}
		})
	}
}

// stack returns the memory of all goroutines' stacks, in bytes.
func stack() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.StackInuse
}
