package poll

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"instaview-mcp/client"
)

// service is an InstaView whose runs take a random time, and which refuses the
// 121st request of any minute.
type service struct {
	mu       sync.Mutex
	runs     map[string]time.Time // id → end
	recent   []time.Time
	requests int
	refused  int
	tooClose int
	last     map[string]time.Time
}

const (
	serviceLatency = 100 * time.Millisecond
	perMinute      = 120
)

// duration draws how long the n-th run takes: 20 to 180 s, with a median of
// 75 s, and always the same.
func duration(n int) time.Duration {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	for {
		seconds := 75 * math.Exp(random.NormFloat64()/2)
		if seconds >= 20 && seconds <= 180 {
			return time.Duration(seconds * float64(time.Second))
		}
	}
}

func (s *service) start(id string, n int) (ends time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs[id] = time.Now().Add(duration(n))
	return s.runs[id]
}

func (s *service) Results(_ context.Context, id string) (*client.Results, error) {
	s.mu.Lock()
	now := time.Now()
	if at, ok := s.last[id]; ok && now.Sub(at) < Floor {
		s.tooClose++
	}
	s.requests++
	s.recent = slices.DeleteFunc(s.recent, func(at time.Time) bool { return now.Sub(at) >= time.Minute })
	s.recent = append(s.recent, now)
	refused := len(s.recent) > perMinute
	left := max(0, perMinute-len(s.recent))
	ends := s.runs[id]
	s.mu.Unlock()
	time.Sleep(serviceLatency)
	s.mu.Lock()
	s.last[id] = time.Now()
	s.mu.Unlock()
	if refused {
		s.mu.Lock()
		s.refused++
		s.mu.Unlock()
		return nil, &client.Error{Code: client.CodeRateLimited, HTTPStatus: 429, RetryAfter: 10 * time.Second}
	}
	r := processing()
	r.RateLimit.Minute = client.Window{Limit: perMinute, Remaining: &left}
	if !now.Before(ends) {
		r.Status, r.HTTPStatus = client.StatusCompleted, 200
	}
	return r, nil
}

// outcomeOf keeps a number of runs always waited for, and tells how late their
// ends were seen.
func outcomeOf(t *testing.T, inFlight, runs int) (mean, p95 time.Duration, s *service) {
	t.Helper()
	s = &service{runs: map[string]time.Time{}, last: map[string]time.Time{}}
	p := New(s)
	defer p.Close()
	var (
		mu   sync.Mutex
		lags []time.Duration
		next int
		wg   sync.WaitGroup
	)
	for range inFlight {
		wg.Go(func() {
			for {
				mu.Lock()
				n := next
				next++
				done := next > runs
				mu.Unlock()
				if done {
					return
				}
				id := fmt.Sprint("r", n)
				ends := s.start(id, n)
				for {
					look, err := p.Wait(context.Background(), id, 50*time.Second, nil)
					if err != nil || look.Err != nil && !look.Err.Transient() {
						t.Errorf("a wait failed: %+v, %v", look, err)
						return
					}
					if look.Err == nil && look.Results != nil && look.Results.Finished() {
						break
					}
				}
				mu.Lock()
				lags = append(lags, time.Since(ends))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.Sort(lags)
	var sum time.Duration
	for _, l := range lags {
		sum += l
	}
	return sum / time.Duration(len(lags)), lags[len(lags)*95/100], s
}

// How late the end of a run is seen, at how many requests. The bounds are what
// no schedule can beat: half the floor with few runs, and with many half the
// time in which the budget serves each of them once.
func TestSimulation(t *testing.T) {
	t.Logf("%8s %10s %10s %14s %6s %10s", "in flight", "mean lag", "p95", "requests a run", "429s", "bound")
	for _, tt := range []struct {
		inFlight, runs int
		mean, p95      time.Duration // targets; 0 = none
		requests       float64
	}{
		{1, 300, 2700 * time.Millisecond, 5200 * time.Millisecond, 16},
		{9, 600, 2700 * time.Millisecond, 5200 * time.Millisecond, 16},
		{10, 600, 0, 0, 16},
		{24, 1000, 7500 * time.Millisecond, 15 * time.Second, 0},
		{50, 1000, 16 * time.Second, 31 * time.Second, 0},
		{100, 1500, 32 * time.Second, 62 * time.Second, 0},
		{1000, 2000, 8 * time.Minute, 10 * time.Minute, 0}, // half of them begin at once
	} {
		synctest.Test(t, func(t *testing.T) {
			mean, p95, s := outcomeOf(t, tt.inFlight, tt.runs)
			perRun := float64(s.requests) / float64(tt.runs)
			bound := max(Floor, time.Duration(float64(tt.inFlight)/perMinute*float64(time.Minute))) / 2
			t.Logf("%8d %10v %10v %14.1f %6d %10v", tt.inFlight, mean.Round(100*time.Millisecond), p95.Round(100*time.Millisecond), perRun, s.refused, bound)
			if tt.mean > 0 && mean > tt.mean || tt.p95 > 0 && p95 > tt.p95 || tt.requests > 0 && perRun > tt.requests {
				t.Errorf("%d in flight: mean %v, p95 %v, %.1f requests a run; want at most %v, %v, %v", tt.inFlight, mean, p95, perRun, tt.mean, tt.p95, tt.requests)
			}
			if s.refused > 0 || s.tooClose > 0 {
				t.Errorf("%d in flight: %d refused, %d closer than the floor", tt.inFlight, s.refused, s.tooClose)
			}
		})
	}
}

// At equal intervals nobody is served at the cost of another.
func TestSimulationIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const runs, length = 100, 170 * time.Second // each run is due 5 s after its last look
		s := &service{runs: map[string]time.Time{}, last: map[string]time.Time{}}
		looked := map[string][]time.Time{}
		var mu sync.Mutex
		p := New(apiFunc(func(ctx context.Context, id string) (*client.Results, error) {
			mu.Lock()
			looked[id] = append(looked[id], time.Now())
			mu.Unlock()
			return s.Results(ctx, id)
		}))
		defer p.Close()
		for i := range runs {
			s.runs[fmt.Sprint("r", i)] = time.Now().Add(time.Hour)
		}
		waitForAll(t, p, runs, length)
		p.Close() // and no look is under way
		var late []time.Duration
		for _, at := range looked {
			for i := 2; i < len(at); i++ { // once the first look's age no longer matters
				late = append(late, at[i].Sub(at[i-1])-serviceLatency-Floor)
			}
		}
		var sum time.Duration
		for _, l := range late {
			sum += l
		}
		mean, most := sum/time.Duration(len(late)), slices.Max(late)
		t.Logf("%d looks, late by %v on the mean and %v at most", len(late), mean.Round(time.Second), most.Round(time.Second))
		if most > 2*mean {
			t.Errorf("a look was late by %v, the mean is %v", most, mean)
		}
	})
}

type apiFunc func(context.Context, string) (*client.Results, error)

func (f apiFunc) Results(ctx context.Context, id string) (*client.Results, error) { return f(ctx, id) }
