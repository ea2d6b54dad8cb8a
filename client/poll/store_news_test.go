package poll_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/internal/store/fakeredis"
)

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
func (u *upstream) next(id string) time.Duration { return u.nextAfter(id, func() {}) }

// nextAfter returns how long that takes after something was done, which may
// cause the request at once.
func (u *upstream) nextAfter(id string, do func()) time.Duration {
	count := func() int {
		u.mu.Lock()
		defer u.mu.Unlock()
		return len(u.sent[id])
	}
	before := count()
	do()
	began := time.Now()
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
			if took := u.nextAfter("r", func() { a.Hint(hint) }); took > time.Second {
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
			hints := func() {
				began := time.Now()
				for n := range 1_000 {
					b.Hint(fmt.Sprint("other", n))
				}
				b.Hint("r")
				if took := time.Since(began); took > 0 {
					t.Errorf("slow by %v: the hints took %v", slow, took)
				}
			}
			if took := u.nextAfter("r", hints); took > 5*time.Second {
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
