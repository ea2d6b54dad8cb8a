package poll_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/store"
	"instaview-mcp/internal/store/fakeredis"
)

// The promises in numbers, as in the tests of one Poller.
const (
	promisedFloor = 5 * time.Second
	perMinute     = 120
	promisedLease = 25 * time.Second
)

// upstream is the documented service, and a witness of what all replicas
// request from it.
type upstream struct {
	*poll.Service
	mu       sync.Mutex
	inFlight map[string]int
	ended    map[string]time.Time
	sent     map[string][]time.Time
	tooClose []string
	apart    bool // replicas know nothing of each other for now
	latency  time.Duration
}

func newUpstream() *upstream {
	return &upstream{
		Service: poll.NewService(2 * time.Second), inFlight: map[string]int{}, ended: map[string]time.Time{}, sent: map[string][]time.Time{},
	}
}

func (u *upstream) Results(ctx context.Context, id string) (*client.Results, error) {
	u.mu.Lock()
	now := time.Now()
	if gap := now.Sub(u.ended[id]); !u.apart && (u.inFlight[id] > 0 || gap < promisedFloor) {
		u.tooClose = append(u.tooClose, fmt.Sprintf("%s at %v: %d in flight, %v after the last", id, now, u.inFlight[id], gap))
	}
	latency := u.latency
	u.inFlight[id]++
	u.sent[id] = append(u.sent[id], now)
	u.mu.Unlock()
	defer func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.inFlight[id]--
		u.ended[id] = time.Now()
	}()
	r, err := u.Service.Results(ctx, id)
	time.Sleep(latency)
	return r, err
}

// setLatency makes answers take so much longer than usual.
func (u *upstream) setLatency(d time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.latency = d
}

// setApart says whether two requests for a run may be close together.
func (u *upstream) setApart(apart bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.apart = apart
}

// check reports what was promised and not kept.
func (u *upstream) check(t *testing.T) {
	t.Helper()
	most, refused, requests := u.Counted()
	t.Logf("%d requests, %d in the busiest 60 s", requests, most)
	if most > perMinute || refused > 0 {
		t.Errorf("%d requests in 60 s, %d refused", most, refused)
	}
	if n := len(u.tooClose); n > 0 {
		t.Errorf("%d requests too close together: %v", n, u.tooClose[:min(n, 5)])
	}
}

// replica is one process.
type replica struct {
	*poll.Poller
	*fakeredis.Connection
}

var key = client.NewKey("test-key")

// replicas makes Pollers that share a store.
func replicas(n int, u poll.API, redis *fakeredis.Server, options ...poll.Option) []replica {
	all := make([]replica, n)
	for i := range all {
		c := redis.Connect()
		s := store.On(c, key, func(store.Decision) {})
		all[i] = replica{poll.New(u, append(options, poll.Awake, poll.WithStore(s))...), c}
	}
	return all
}

// watchAll waits for runs, each through one replica after the other as behind a
// load balancer, and returns how late their ends were seen.
func watchAll(t *testing.T, u *upstream, all []replica, runs int, spread time.Duration) (lags []time.Duration) {
	var (
		mu sync.Mutex
		wg sync.WaitGroup
	)
	for i := range runs {
		wg.Go(func() {
			time.Sleep(spread*time.Duration(i)/time.Duration(runs) + time.Duration(i)*time.Microsecond)
			takes, _ := poll.RunDuration(i)
			id := fmt.Sprint("r", i)
			ends := u.Begin(id, takes)
			for n := i; ; n++ {
				snapshot, err := all[n%len(all)].Wait(context.Background(), id, 50*time.Second, nil)
				if err != nil {
					t.Error(err)
					return
				}
				if snapshot.Results != nil && snapshot.Results.Finished() {
					break
				}
			}
			mu.Lock()
			defer mu.Unlock()
			lags = append(lags, time.Since(ends))
		})
	}
	wg.Wait()
	return lags
}

func mean(of []time.Duration) time.Duration {
	var sum time.Duration
	for _, d := range of {
		sum += d
	}
	return sum / time.Duration(max(1, len(of)))
}

func closeAll(all []replica) {
	for _, r := range all {
		r.Close()
	}
}

// Three replicas keep one budget and one floor a run, and see ends about as
// early as one process does, whatever happens to the store.
func TestReplicasShareOneBudget(t *testing.T) {
	for name, tt := range map[string]struct {
		skew  time.Duration
		most  time.Duration // mean lag
		apart bool          // replicas may request a run at the same time
		fault func(redis *fakeredis.Server, all []replica, u *upstream)
	}{
		"all well":            {most: 8 * time.Second},
		"another time of day": {skew: -72 * time.Hour, most: 8 * time.Second},
		"a slow store":        {most: 9 * time.Second, fault: func(_ *fakeredis.Server, all []replica, _ *upstream) { slow(all, 200*time.Millisecond) }},
		"a store too slow": {most: 20 * time.Second, apart: true, fault: func(_ *fakeredis.Server, all []replica, _ *upstream) {
			slow(all, 2*time.Second)
		}},
		"a store that is down from the start": {most: 20 * time.Second, apart: true, fault: func(redis *fakeredis.Server, _ []replica, _ *upstream) {
			redis.SetDown(true)
		}},
		"a store that is down for a minute": {most: 12 * time.Second, fault: func(redis *fakeredis.Server, _ []replica, u *upstream) {
			go func() {
				time.Sleep(time.Minute)
				u.setApart(true)
				redis.SetDown(true)
				time.Sleep(time.Minute)
				redis.SetDown(false)
				time.Sleep(3 * time.Second)
				u.setApart(false)
			}()
		}},
		"a store that forgets": {most: 12 * time.Second, fault: func(redis *fakeredis.Server, _ []replica, _ *upstream) {
			go func() {
				for range 5 {
					time.Sleep(40 * time.Second)
					redis.Flush()
				}
			}()
		}},
		"a replica cut off for a minute": {most: 12 * time.Second, fault: func(_ *fakeredis.Server, all []replica, u *upstream) {
			go func() {
				time.Sleep(time.Minute)
				u.setApart(true)
				all[0].SetCut(true)
				time.Sleep(time.Minute)
				all[0].SetCut(false)
				time.Sleep(3 * time.Second)
				u.setApart(false)
			}()
		}},
		"a store that stalls every two seconds": {most: 15 * time.Second, apart: true, fault: func(_ *fakeredis.Server, all []replica, _ *upstream) {
			go func() {
				for range 300 {
					time.Sleep(1400 * time.Millisecond)
					slow(all, 700*time.Millisecond)
					time.Sleep(600 * time.Millisecond)
					slow(all, 0)
				}
			}()
		}},
		"hiccups": {most: 12 * time.Second, fault: func(_ *fakeredis.Server, all []replica, u *upstream) {
			u.setApart(true)
			go func() {
				for i := range 60 {
					time.Sleep(4 * time.Second)
					all[i%3].SetSlow(700 * time.Millisecond)
					time.Sleep(time.Second)
					all[i%3].SetSlow(0)
				}
			}()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u, redis := newUpstream(), fakeredis.New(tt.skew)
				all := replicas(3, u, redis)
				u.apart = tt.apart
				if tt.fault != nil {
					tt.fault(redis, all, u)
				}
				lags := watchAll(t, u, all, 60, 5*time.Minute)
				slices.Sort(lags)
				t.Logf("mean lag %v, longest %v", mean(lags), lags[len(lags)-1])
				if got := mean(lags); got > tt.most {
					t.Errorf("mean lag %v, want at most %v", got, tt.most)
				}
				closeAll(all)
				time.Sleep(20 * time.Minute) // until what happens to the store is over
				u.check(t)
			})
		})
	}
}

// So many runs that most waits end without an answer. Callers that come back to
// a replica after two others must not start at the end of its queue, or nearly
// all requests are made for callers that have just left.
func TestReplicasThatAreOverloadedMakeProgress(t *testing.T) {
	for name, tt := range map[string]struct {
		runs    int
		latency time.Duration
		most    time.Duration // mean lag
	}{
		"400 runs":                        {runs: 400, most: 100 * time.Second},
		"240 runs, answers that take 6 s": {runs: 240, latency: 6 * time.Second, most: 75 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := newUpstream()
				u.setLatency(tt.latency)
				all := replicas(3, u, fakeredis.New(0))
				lags := watchAll(t, u, all, tt.runs, 5*time.Minute)
				closeAll(all)
				t.Logf("mean lag %v, longest %v", mean(lags), slices.Max(lags))
				if got := mean(lags); got > tt.most {
					t.Errorf("mean lag %v, want at most %v", got, tt.most)
				}
				u.check(t)
			})
		})
	}
}

// A new replica does not know yet that InstaView's limit is lower than usual,
// or others know a lower one because it was just configured. It must neither
// wait for more tokens than the others' bucket holds, nor stop them meanwhile.
func TestReplicasWithDifferentRatesShareTheLowest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, redis := newUpstream(), fakeredis.New(0)
		all := append(replicas(2, u, redis, poll.WithRequestsPerMinute(27)), replicas(2, u, redis)...)
		watchAll(t, u, all, 60, time.Minute)
		closeAll(all)
		u.check(t)
		if most, _, _ := u.Counted(); most > 30 {
			t.Errorf("%d requests in 60 s, want at most 30", most)
		}
	})
}

// Replicas whose only run waits for a token may have none a moment later: the
// caller goes to another replica. With a low limit nobody may then be kept from
// the next token for long.
func TestManyReplicasShareALowLimit(t *testing.T) {
	lags := map[int]time.Duration{}
	for _, n := range []int{1, 3, 10} {
		synctest.Test(t, func(t *testing.T) {
			u, redis := newUpstream(), fakeredis.New(0)
			all := replicas(n, u, redis, poll.WithRequestsPerMinute(9))
			lags[n] = mean(watchAll(t, u, all, 10, 10*time.Second))
			closeAll(all)
			u.check(t)
		})
	}
	t.Log("mean lag by replicas", lags)
	if lags[10] > 3*lags[1] {
		t.Errorf("mean lag %v with ten replicas, %v with one", lags[10], lags[1])
	}
}

// Each replica without the store has a bucket of its own, with at least one
// token. Together these must not allow more than a low limit does.
func TestReplicasWithoutAStoreKeepALowLimit(t *testing.T) {
	for _, limit := range []int{10, 30} {
		for n := 2; n <= 10; n++ {
			synctest.Test(t, func(t *testing.T) {
				u, redis := newUpstream(), fakeredis.New(0)
				u.setApart(true)
				all := replicas(n, u, redis, poll.WithRequestsPerMinute(limit*9/10))
				time.Sleep(time.Minute)
				redis.SetDown(true)
				watchAll(t, u, all, 2*n, 10*time.Second)
				closeAll(all)
				if most, _, _ := u.Counted(); most > limit {
					t.Errorf("%d requests of %d replicas in 60 s, want at most %d", most, n, limit)
				}
			})
		}
	}
}

// The first of several replicas that start at the same time is told that it is
// the only one, and while idle not again for 10 s.
func TestStoreThatFailsAfterTheStartKeepsTheBudget(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4} {
		for _, after := range []time.Duration{500 * time.Millisecond, 5 * time.Second, 9500 * time.Millisecond, 11 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				u, redis := newUpstream(), fakeredis.New(0)
				u.setApart(true)
				all := replicas(n, u, redis)
				time.Sleep(after)
				redis.SetDown(true)
				watchAll(t, u, all, 150, 10*time.Second)
				closeAll(all)
				u.check(t)
			})
		}
	}
}

func slow(all []replica, d time.Duration) {
	for _, r := range all {
		r.SetSlow(d)
	}
}
