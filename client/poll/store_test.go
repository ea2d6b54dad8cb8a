package poll_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
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

// pair are two replicas, of which the second waits for a run that is so old
// that it is requested every 15 s.
func pair(t *testing.T, test func(u *upstream, redis *fakeredis.Server, a, b replica)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		u, redis := newUpstream(), fakeredis.New(0)
		all := replicas(2, u, redis)
		u.Begin("r", time.Hour)
		var wait sync.WaitGroup
		ctx, stop := context.WithCancel(t.Context())
		wait.Go(func() { _, _ = all[1].Wait(ctx, "r", time.Hour, nil) })
		time.Sleep(5 * time.Minute)
		test(u, redis, all[0], all[1])
		stop()
		wait.Wait()
		closeAll(all)
		time.Sleep(10 * time.Minute)
		u.check(t)
	})
}

// next returns how long it takes until the run is requested again.
func (u *upstream) next(id string) time.Duration {
	count := func() int {
		u.mu.Lock()
		defer u.mu.Unlock()
		return len(u.sent[id])
	}
	began, before := time.Now(), count()
	for count() == before {
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(began)
}

// A hint that one replica is given makes the others ask, also if it knows
// nothing of the run.
func TestHintReachesEveryReplica(t *testing.T) {
	for _, hint := range []string{"r", ""} {
		pair(t, func(u *upstream, _ *fakeredis.Server, a, _ replica) {
			u.next("r")
			time.Sleep(8 * time.Second) // the floor is over, and the next request is far
			a.Hint(hint)
			if took := u.next("r"); took > time.Second {
				t.Errorf("hint %q: the other replica asks after %v", hint, took)
			}
		})
	}
}

// A caller may come to another replica right after the hint for its run, which
// that one has never seen.
func TestHintReachesTheReplicaThatIsAskedNext(t *testing.T) {
	pair(t, func(u *upstream, _ *fakeredis.Server, a, b replica) {
		u.Begin("q", 0)
		b.Hint("q")
		if s, err := b.Wait(context.Background(), "q", time.Minute, nil); err != nil || !s.Results.Finished() {
			t.Fatal(s, err)
		}
		ends := u.Begin("s", 38*time.Second)
		if s, err := a.Wait(context.Background(), "s", 37*time.Second, nil); err != nil || s.Results.Finished() {
			t.Fatal(s, err)
		}
		time.Sleep(time.Until(ends))
		a.Hint("s")
		synctest.Wait() // until b has the hint
		s, err := b.Wait(context.Background(), "s", time.Minute, nil)
		if late := time.Since(ends); err != nil || !s.Results.Finished() || late > promisedFloor+time.Second {
			t.Errorf("the end is noticed after %v: %v, %v", late, s, err)
		}
	})
}

// A replica that relies on hints no longer does once another has missed one.
func TestMissedHintIsToldToEveryReplica(t *testing.T) {
	pair(t, func(u *upstream, _ *fakeredis.Server, a, b replica) {
		for name, r := range map[string]replica{"p": a, "q": b} {
			u.Begin(name, 0)
			r.Hint(name)
			if s, err := r.Wait(context.Background(), name, time.Minute, nil); err != nil || !s.Results.Finished() {
				t.Fatal(s, err)
			}
		}
		u.next("r")
		if took := u.next("r"); took < 30*time.Second {
			t.Errorf("hints are not relied on: the run is requested again after %v", took)
		}
		u.Begin("s", 10*time.Second)
		if s, err := a.Wait(context.Background(), "s", time.Minute, nil); err != nil || !s.Results.Finished() {
			t.Fatal(s, err)
		}
		time.Sleep(10 * time.Second) // no hint has come
		u.next("r")
		if took := u.next("r"); took > 20*time.Second {
			t.Errorf("the other replica relies on hints: the run is requested again after %v", took)
		}
	})
}

// A store that takes its time must not delay the next hints, of which hundreds
// may have come.
func TestSlowStoreDelaysNoHint(t *testing.T) {
	for _, slow := range []time.Duration{200 * time.Millisecond, 2 * time.Second} {
		pair(t, func(u *upstream, _ *fakeredis.Server, _, b replica) {
			u.next("r")
			time.Sleep(8 * time.Second) // the floor is over, and the next request is far
			b.SetSlow(slow)
			began := time.Now()
			for n := range 1_000 {
				b.Hint(fmt.Sprint("other", n))
			}
			b.Hint("r")
			if took := time.Since(began); took > 0 {
				t.Errorf("slow by %v: the hints took %v", slow, took)
			}
			if took := u.next("r"); took > 5*time.Second {
				t.Errorf("slow by %v: the run is asked for after %v", slow, took)
			}
		})
	}
}

// When one replica sees an end, the others fetch the candidates at the floor's
// end, although hints let them ask rarely.
func TestEndIsToldToEveryReplica(t *testing.T) {
	pair(t, func(u *upstream, _ *fakeredis.Server, a, b replica) {
		u.Begin("q", 0)
		b.Hint("q")
		if s, err := b.Wait(context.Background(), "q", time.Minute, nil); err != nil || !s.Results.Finished() {
			t.Fatal(s, err)
		}
		u.next("r") // from now on every 30 s
		time.Sleep(8 * time.Second)
		u.Begin("r", 0)
		if s, err := a.Get(context.Background(), "r"); err != nil || !s.Results.Finished() {
			t.Fatal(s, err)
		}
		if took := u.next("r"); took > promisedFloor+time.Second {
			t.Errorf("the other replica asks after %v", took)
		}
	})
}

// Within the floor of one replica the others answer with what it was told.
func TestAnswerOfOneReplicaServesAll(t *testing.T) {
	pair(t, func(u *upstream, _ *fakeredis.Server, a, _ replica) {
		u.next("r")
		time.Sleep(3 * time.Second) // it is answered
		began, before := time.Now(), requests(u)
		s, err := a.Get(context.Background(), "r")
		if err != nil || s.Results == nil || !s.Results.InProgress() || requests(u) != before {
			t.Errorf("%+v, %v after %d requests", s, err, requests(u)-before)
		}
		if age := began.Sub(s.SeenAt); age < 0 || age > 3*time.Second {
			t.Errorf("seen %v before", age)
		}
	})
}

func requests(u *upstream) int {
	_, _, n := u.Counted()
	return n
}

// A pause is told with its reason by replicas that did not cause it.
func TestPauseIsTheWholeKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		redis := fakeredis.New(0)
		u := apiFunc(func(context.Context, string) (*client.Results, error) {
			return nil, &client.Error{Code: client.CodeRateLimited, HTTPStatus: 429, RetryAfter: time.Minute}
		})
		all := replicas(2, u, redis)
		time.Sleep(10 * time.Second)
		_, _ = all[0].Get(t.Context(), "1")
		synctest.Wait() // until the store was told
		began := time.Now()
		s, err := all[1].Get(t.Context(), "2")
		if took := time.Since(began); took > time.Second {
			t.Errorf("an answer that there is none takes %v", took)
		}
		if err != nil || s.Paused != client.CodeRateLimited || s.NextIn < 50*time.Second || !s.At.IsZero() {
			t.Errorf("%+v, %v", s, err)
		}
		closeAll(all)
	})
}

// A start may be the probe after a pause. If it fails, the next probe follows.
func TestStartThatFailsEndsNoPause(t *testing.T) {
	for name, tt := range map[string]struct {
		failure error
		want    int // requests for three runs, of which each takes 3 s
	}{
		"no answer": {&client.Error{Code: client.CodeTimeout, OutcomeUnknown: true}, 1},
		"refused":   {&client.Error{Code: client.CodeInvalidRequest, HTTPStatus: 400}, 3},
		"accepted":  {nil, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var requests atomic.Int64
				u := apiFunc(func(_ context.Context, id string) (*client.Results, error) {
					if id == "limited" {
						return nil, &client.Error{Code: client.CodeRateLimited, HTTPStatus: 429, RetryAfter: 40 * time.Second}
					}
					requests.Add(1)
					time.Sleep(3 * time.Second)
					return &client.Results{RequestID: id, Status: client.StatusProcessing, HTTPStatus: 202}, nil
				})
				all := replicas(2, u, fakeredis.New(0))
				time.Sleep(time.Minute)
				_, _ = all[0].Get(t.Context(), "limited")
				time.Sleep(41 * time.Second)
				_, _ = all[0].Start(func() (*client.Started, error) { return &client.Started{}, tt.failure })
				synctest.Wait()
				for i := range 3 {
					go func() { _, _ = all[1].Wait(t.Context(), fmt.Sprint(i), 10*time.Second, nil) }()
				}
				time.Sleep(2 * time.Second)
				if n := int(requests.Load()); n != tt.want {
					t.Errorf("%d requests after the start, want %d", n, tt.want)
				}
				time.Sleep(time.Minute)
				closeAll(all)
			})
		})
	}
}

// A window that slides and is full resets within this second, which headers in
// whole seconds cannot tell. Replicas that took it for used up then requested
// something every 5 s only.
func TestFullSlidingWindowDoesNotStopReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests atomic.Int64
		u := apiFunc(func(_ context.Context, id string) (*client.Results, error) {
			used, left := client.Window{Limit: perMinute, Remaining: new(int), ResetIn: 2 * time.Second}, 8
			if requests.Add(1) > 1 {
				used = client.Window{Limit: perMinute, Remaining: &left}
			}
			return &client.Results{RequestID: id, Status: client.StatusProcessing, HTTPStatus: 202, RateLimit: client.RateLimit{Minute: used}}, nil
		})
		all := replicas(3, u, fakeredis.New(0))
		var waits sync.WaitGroup
		for i := range 30 {
			waits.Go(func() { _, _ = all[i%3].Wait(t.Context(), fmt.Sprint(i), 50*time.Second, nil) })
		}
		waits.Wait()
		if n := requests.Load(); n < 60 {
			t.Errorf("%d requests within 50 s, want at least 60 of the 90 that the budget allows", n)
		}
		closeAll(all)
	})
}

type apiFunc func(context.Context, string) (*client.Results, error)

func (f apiFunc) Results(ctx context.Context, id string) (*client.Results, error) { return f(ctx, id) }

// A floor survives a loss of the store's state even if nobody waits at the
// replica that knows of it.
func TestIdleReplicaRemembersItsFloors(t *testing.T) {
	pair(t, func(u *upstream, redis *fakeredis.Server, a, b replica) {
		u.Begin("q", time.Hour)
		if _, err := a.Get(context.Background(), "q"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1100 * time.Millisecond) // a has said that it is idle
		redis.Flush()
		if s, err := b.Wait(context.Background(), "q", 10*time.Second, nil); err != nil || s.Results == nil {
			t.Error(s, err)
		}
	})
}

// Decisions are made one after the other, so that a get is not late because
// many waits ask a slow store.
func TestDecisionsKeepTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, redis := newUpstream(), fakeredis.New(0)
		c := &counting{Connection: redis.Connect()}
		p := poll.New(u, poll.Awake, poll.WithStore(store.On(c, key, func(store.Decision) {})))
		time.Sleep(time.Minute)
		c.SetSlow(300 * time.Millisecond)
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() { _, _ = p.Wait(t.Context(), fmt.Sprint("r", i), 20*time.Second, nil) })
		}
		all.Wait()
		p.Close()
		if c.most != 1 {
			t.Errorf("%d decisions at the same time", c.most)
		}
	})
}

// Right after a loss the store knows few replicas. If it then goes down, the
// replicas still divide the budget by all.
func TestLossBeforeAnOutageKeepsTheBudget(t *testing.T) {
	for after := 300 * time.Millisecond; after < time.Second; after += 200 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			u, redis := newUpstream(), fakeredis.New(0)
			u.setApart(true)
			all := replicas(5, u, redis)
			var waits sync.WaitGroup
			for i := range 100 {
				u.Begin(fmt.Sprint("r", i), time.Hour)
				waits.Go(func() { _, _ = all[i%5].Wait(t.Context(), fmt.Sprint("r", i), 4*time.Minute, nil) })
			}
			time.Sleep(time.Minute)
			redis.Flush()
			time.Sleep(after) // some replicas have returned
			redis.SetDown(true)
			waits.Wait()
			closeAll(all)
			u.check(t)
		})
	}
}

// counting counts the decisions about waits that are made at the same time.
type counting struct {
	*fakeredis.Connection
	mu        sync.Mutex
	now, most int
}

func (c *counting) Run(ctx context.Context, script *store.Script, keys, args []string) ([]string, error) {
	if !slices.Contains(args, "wait") {
		return c.Connection.Run(ctx, script, keys, args)
	}
	c.mu.Lock()
	c.now++
	c.most = max(c.most, c.now)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.now--
	}()
	return c.Connection.Run(ctx, script, keys, args)
}

// The others cannot tell at once that an idle replica was cut off, so that one
// waits until they leave its part of the budget to it.
func TestIdleReplicaThatIsCutOffKeepsTheBudget(t *testing.T) {
	for _, after := range []time.Duration{0, 4 * time.Second, 8 * time.Second, 20 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			u, redis := newUpstream(), fakeredis.New(0)
			u.setApart(true)
			all := replicas(3, u, redis)
			time.Sleep(time.Minute)
			var waits sync.WaitGroup
			wait := func(by int, d time.Duration) {
				for i := range 50 {
					id := fmt.Sprint("r", by, "-", i)
					u.Begin(id, time.Hour)
					waits.Go(func() { _, _ = all[by].Wait(context.Background(), id, d, nil) })
				}
			}
			wait(0, 3*time.Minute)
			wait(1, 3*time.Minute)
			time.Sleep(time.Minute)
			all[2].SetCut(true)
			time.Sleep(after)
			wait(2, 100*time.Second) // the part is left to it for 2 min
			waits.Wait()
			closeAll(all)
			u.check(t)
		})
	}
}

// What starts runs without the store is told when the store is back.
func TestStartsWithoutTheStoreAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &unreliable{Store: store.On(fakeredis.New(0).Connect(), key, func(store.Decision) {}), down: true}
		p := poll.New(newUpstream(), poll.Awake, poll.WithStore(s))
		for range 5 {
			time.Sleep(10 * time.Second)
			if _, err := p.Start(func() (*client.Started, error) { return &client.Started{}, nil }); err != nil {
				t.Error(err)
			}
		}
		s.mu.Lock()
		s.down = false
		s.mu.Unlock()
		time.Sleep(10 * time.Second)
		p.Close()
		if s.spent != 5 {
			t.Errorf("%d requests were told, want 5", s.spent)
		}
	})
}

// unreliable is a Store that is down at times, and counts what it is told of
// requests without it.
type unreliable struct {
	poll.Store
	mu    sync.Mutex
	down  bool
	spent int
}

func (u *unreliable) Present(ctx context.Context, silent time.Duration) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.down {
		return 0, fakeredis.ErrDown
	}
	return u.Store.Present(ctx, silent)
}

func (u *unreliable) Return(ctx context.Context, r poll.Return) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.down {
		return 0, fakeredis.ErrDown
	}
	u.spent += r.Spent
	return u.Store.Return(ctx, r)
}
