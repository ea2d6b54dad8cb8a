package poll

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"instaview-mcp/client"
)

// waitForAll waits for n runs at once and returns when all waits have ended.
func waitForAll(t *testing.T, p *Poller, n int, d time.Duration) []Snapshot {
	t.Helper()
	snapshots := make([]Snapshot, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			snapshot, err := p.Wait(t.Context(), fmt.Sprint("r", i), d, nil)
			if err != nil {
				t.Errorf("r%d: %v", i, err)
			}
			snapshots[i] = snapshot
		})
	}
	all.Wait()
	return snapshots
}

// While a key is paused one request probes, and the others wait for its result.
func TestPauseIsEndedByOneProbe(t *testing.T) {
	for name, fault := range map[string]client.Error{
		"429":         {Code: client.CodeRateLimited, HTTPStatus: 429, RetryAfter: 20 * time.Second},
		"429 bare":    {Code: client.CodeRateLimited, HTTPStatus: 429},
		"503":         {Code: client.CodeUnavailable, HTTPStatus: 503},
		"unreachable": {Code: client.CodeUnavailable},
		"no answer":   {Code: client.CodeTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			const recovers = 70 * time.Second
			u := &upstream{latency: 100 * time.Millisecond, answer: func(_ int, at time.Duration) (*client.Results, error) {
				if at < recovers {
					return nil, &fault
				}
				return completed(), nil
			}}
			bubble(t, u, func(t *testing.T, p *Poller) {
				for i, snapshot := range waitForAll(t, p, 20, 4*time.Minute) {
					if snapshot.Err != nil || !snapshot.Results.Finished() || snapshot.Paused != "" {
						t.Errorf("r%d: %+v", i, snapshot)
					}
				}
				asked := u.times()
				first := slices.IndexFunc(asked, func(at time.Duration) bool { return at > time.Second })
				last := slices.IndexFunc(asked, func(at time.Duration) bool { return at >= recovers-u.latency })
				probes := asked[first:last]
				if len(probes) == 0 || len(probes) > 8 {
					t.Errorf("%d requests during the pause: %v", len(probes), probes)
				}
				for i := 1; i < len(probes); i++ {
					if apart := probes[i] - probes[i-1]; apart < Floor {
						t.Errorf("two requests %v apart during the pause", apart)
					}
				}
				if after := asked[last+1:]; len(after) == 0 || after[0] < asked[last]+u.latency {
					t.Errorf("requests at %v, before the probe of %v was answered", after, asked[last])
				}
			})
		})
	}
}

// A 429 that arrives while the probe of another pause is in flight prolongs the
// pause, whatever the probe's result.
func TestPauseNeverEndsBeforeItsTime(t *testing.T) {
	const refusedFor = time.Minute
	for name, tt := range map[string]struct {
		refusedAt time.Duration // while the last probe is in flight
		probes    []bool        // whether each is answered, after 4 s
	}{
		"the probe is answered":    {8 * time.Second, []bool{true}},
		"the probe fails":          {8 * time.Second, []bool{false}},
		"a lone probe fails twice": {16 * time.Second, []bool{false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			probes := 0
			api := &scripted{answer: func(id string, n int) (*client.Results, error) {
				down := &client.Error{Code: client.CodeUnavailable, HTTPStatus: 503}
				switch {
				case id == "refused" && n == 1:
					time.Sleep(tt.refusedAt)
					return nil, &client.Error{Code: client.CodeRateLimited, HTTPStatus: 429, RetryAfter: refusedFor}
				case n == 1: // three runs fail at once, which starts a pause
					return nil, down
				case probes < len(tt.probes):
					probes++
					time.Sleep(4 * time.Second)
					if !tt.probes[probes-1] {
						return nil, down
					}
				}
				return processing(), nil
			}}
			synctest.Test(t, func(t *testing.T) {
				api.began = time.Now()
				p := New(api, withJitter(func(time.Duration) time.Duration { return 0 }))
				for _, id := range []string{"refused", "r1", "r2"} {
					go func() { _, _ = p.Wait(t.Context(), id, time.Second, nil) }()
					synctest.Wait() // requests this run before the pause starts
				}
				_, _ = p.Wait(t.Context(), "alone", 2*time.Minute, nil)
				p.Close()
				if probes != len(tt.probes) {
					t.Fatalf("%d probes, want %d: %v", probes, len(tt.probes), api.times())
				}
				for _, at := range api.times() {
					if at > tt.refusedAt && at < tt.refusedAt+refusedFor {
						t.Errorf("requested at %v, though refused at %v for %v", at, tt.refusedAt, refusedFor)
					}
				}
			})
		})
	}
}

// scripted is an API whose answers depend on the id and on the number of
// requests for it. It records every request.
type scripted struct {
	answer func(id string, n int) (*client.Results, error)

	mu    sync.Mutex
	began time.Time
	asked []time.Duration
	count map[string]int
}

func (s *scripted) Results(_ context.Context, id string) (*client.Results, error) {
	s.mu.Lock()
	s.asked = append(s.asked, time.Since(s.began))
	if s.count == nil {
		s.count = map[string]int{}
	}
	s.count[id]++
	n := s.count[id]
	s.mu.Unlock()
	return s.answer(id, n)
}

func (s *scripted) times() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

func TestPauseIsToldWithItsCause(t *testing.T) {
	u := &upstream{answer: failing(client.Error{Code: client.CodeUnavailable, HTTPStatus: 503})}
	bubble(t, u, func(t *testing.T, p *Poller) {
		waitForAll(t, p, 3, 3*time.Second)
		snapshot, err := p.Wait(t.Context(), "another", time.Second, nil)
		if err != nil || snapshot.Paused != client.CodeUnavailable || snapshot.NextIn <= 0 || snapshot.NextIn > firstPause {
			t.Errorf("%+v, %v; want a pause of at most %v", snapshot, err, firstPause)
		}
		if n := len(u.times()); n != 3 {
			t.Errorf("%d requests, want none during the pause", n)
		}
	})
}

func TestPauseOfAKeyNeedsFaultsOfMoreThanOneRun(t *testing.T) {
	u := &upstream{}
	u.answer = func(n int, _ time.Duration) (*client.Results, error) {
		if u.run(n) == "broken" {
			return nil, &client.Error{Code: client.CodeUnavailable, HTTPStatus: 500}
		}
		return processing(), nil
	}
	bubble(t, u, func(t *testing.T, p *Poller) {
		for range 5 {
			_, _ = p.Wait(t.Context(), "broken", time.Minute, nil)
		}
		begun := time.Now()
		snapshot, err := p.Get(t.Context(), "sound")
		if err != nil || snapshot.Results == nil || snapshot.Paused != "" || time.Since(begun) > 0 {
			t.Errorf("%+v, %v after %v", snapshot, err, time.Since(begun))
		}
	})
}

func TestPauseLengthensWithEveryProbeThatFails(t *testing.T) {
	u := &upstream{answer: failing(client.Error{Code: client.CodeRateLimited, HTTPStatus: 429})}
	bubble(t, u, func(t *testing.T, p *Poller) {
		waitForAll(t, p, 10, 4*time.Minute)
		asked := u.times()
		asked = asked[slices.IndexFunc(asked, func(at time.Duration) bool { return at > 0 }):]
		var apart []time.Duration
		for i := 1; i < len(asked); i++ {
			apart = append(apart, asked[i]-asked[i-1])
		}
		if len(apart) < 5 || len(apart) > 12 {
			t.Fatalf("probes at %v", asked)
		}
		for _, d := range apart[3:] {
			if d < maxPause*2/3 || d > maxPause*3/2 {
				t.Errorf("probes %v apart: %v", d, apart)
			}
		}
	})
}

func TestAPauseThatIsTooLongIsToldAtOnce(t *testing.T) {
	u := &upstream{answer: failing(client.Error{Code: client.CodeRateLimited, HTTPStatus: 429, RetryAfter: client.MaxRetryAfter})}
	bubble(t, u, func(t *testing.T, p *Poller) {
		_, _ = p.Get(t.Context(), "a")
		begun := time.Now()
		snapshot, err := p.Get(t.Context(), "b")
		if err != nil || snapshot.Paused != client.CodeRateLimited || snapshot.NextIn != client.MaxRetryAfter || time.Since(begun) > 0 {
			t.Errorf("%+v, %v after %v", snapshot, err, time.Since(begun))
		}
	})
}

func TestCallersAreCapped(t *testing.T) {
	if testing.Short() {
		t.Skip("starts thousands of waits")
	}
	u := &upstream{answer: finishingAt(time.Hour)}
	bubble(t, u, func(t *testing.T, p *Poller) {
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		wait := func(id string) { go func() { _, _ = p.Wait(ctx, id, time.Hour, nil) }() }
		for i := range maxCallers - 1 { // each for a run of its own
			wait(fmt.Sprint("r", i))
		}
		time.Sleep(time.Second)
		if look, err := p.Wait(ctx, "one more", time.Second, nil); err != nil || look.Ahead < MaxAhead {
			t.Errorf("the last wait that has room: %+v, %v", look, err)
		}
		// The get goes before the waits.
		if snapshot, err := p.Get(ctx, "one more"); err != nil || snapshot.Results == nil {
			t.Errorf("a snapshot beside them: %+v, %v", snapshot, err)
		}
		wait("r1")
		time.Sleep(time.Second)
		if _, err := p.Get(ctx, "r1"); !errors.Is(err, ErrBusy) {
			t.Errorf("one caller more: %v", err)
		}
		leave()
		time.Sleep(time.Second)
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.callers != 0 {
			t.Errorf("%d callers left", p.callers)
		}
	})
}

// A key of the Trial plan may send 30 requests a minute and 500 an hour.
func TestBudgetOfATrialKey(t *testing.T) {
	const (
		limitMinute = 30
		limitHour   = 500
	)
	var refused int
	u := &upstream{latency: 100 * time.Millisecond}
	began := time.Time{}
	var asked []time.Duration // in the order of the answers
	u.answer = func(int, time.Duration) (*client.Results, error) {
		u.mu.Lock()
		defer u.mu.Unlock()
		now := time.Since(began)
		asked = append(asked, now)
		in := func(window time.Duration) (n int) {
			for _, at := range asked {
				if at/window == now/window {
					n++
				}
			}
			return n
		}
		r := processing()
		window := func(limit int, length time.Duration) client.Window {
			left := max(0, limit-in(length))
			return client.Window{Limit: limit, Remaining: &left, ResetIn: length - now%length}
		}
		r.RateLimit = client.RateLimit{Minute: window(limitMinute, time.Minute), Hour: window(limitHour, time.Hour)}
		if in(time.Minute) > limitMinute || in(time.Hour) > limitHour {
			refused++
			return nil, &client.Error{Code: client.CodeRateLimited, HTTPStatus: 429, RateLimit: r.RateLimit}
		}
		return r, nil
	}
	bubble(t, u, func(t *testing.T, p *Poller) {
		began = time.Now()
		waitForAll(t, p, 10, 59*time.Minute)
		if refused > 0 {
			t.Errorf("%d refusals", refused)
		}
		if n := len(asked); n < limitHour*9/10 {
			t.Errorf("%d requests in an hour, of %d", n, limitHour)
		}
		longest := time.Duration(0)
		for i := 1; i < len(asked); i++ {
			longest = max(longest, asked[i]-asked[i-1])
		}
		// At the minute's full speed the hour's requests would be used up after
		// 19 minutes, and the next one allowed 41 minutes later.
		if longest > time.Minute {
			t.Errorf("no request for %v", longest)
		}
		t.Logf("%d requests, never more than %v apart", len(asked), longest)
	})
}

// The answer says when the used-up hour resets.
func TestBudgetOfAnHourThatIsSpentTellsWhenItResets(t *testing.T) {
	none := 0
	u := &upstream{answer: func(int, time.Duration) (*client.Results, error) {
		r := processing()
		r.RateLimit.Hour = client.Window{Limit: 500, Remaining: &none, ResetIn: 40 * time.Minute}
		return r, nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		snapshot, err := p.Wait(t.Context(), "r", 50*time.Second, nil)
		if err != nil || snapshot.NextIn != 40*time.Minute-40*time.Second {
			t.Errorf("%+v, %v", snapshot, err)
		}
		// A key's first answer may be wrong, so it does not count until
		// repeated.
		if diff := cmp.Diff(seconds(0, 10), u.times()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

// Missing or senseless headers change nothing.
func TestBudgetIgnoresNonsense(t *testing.T) {
	minus := -5
	for name, limit := range map[string]client.RateLimit{
		"nothing":      {},
		"minus":        {Minute: client.Window{Limit: -1, Remaining: &minus, ResetIn: -time.Second}},
		"no reset":     {Minute: client.Window{Remaining: &minus}, Hour: client.Window{Remaining: &minus}},
		"in the past":  {Hour: client.Window{Limit: 500, Remaining: &minus, ResetIn: -time.Hour}},
		"only a reset": {Hour: client.Window{ResetIn: time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			u := &upstream{answer: func(int, time.Duration) (*client.Results, error) {
				r := processing()
				r.RateLimit = limit
				return r, nil
			}}
			bubble(t, u, func(t *testing.T, p *Poller) {
				waitForAll(t, p, 150, 59*time.Second)
				if n := len(u.times()); n < 110 || n > 120 {
					t.Errorf("%d requests in a minute", n)
				}
			})
		})
	}
}

// The Poller logs every decision, without ids.
func TestPauseAndRetryAreLoggedWithTheirReasonsAndNoIDs(t *testing.T) {
	var log bytes.Buffer
	u := &upstream{answer: func(n int, _ time.Duration) (*client.Results, error) {
		switch n {
		case 1:
			return nil, &client.Error{Code: client.CodeTimeout, Reason: "no answer in time"}
		case 2:
			return nil, &client.Error{Code: client.CodeRateLimited, HTTPStatus: 429, RetryAfter: 9 * time.Second}
		case 3:
			r := processing()
			r.Message, r.RequestID = "canary", "canary"
			return r, nil
		}
		return completed(), nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) { _, _ = p.Wait(t.Context(), "canary", time.Minute, nil) },
		WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	for _, want := range []string{
		`outcome="instaview: timeout, no answer in time"`, `outcome="instaview: rate_limited, HTTP 429"`,
		`msg="requests pause" cause=rate_limited for=9s retry_after=9s`, `msg="requests resume" cause=rate_limited`,
		`outcome="in progress"`, `msg=requested next_in=5`, `outcome="in progress"`, "msg=requested outcome=ended",
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %s in the log:\n%s", want, &log)
		}
	}
	if strings.Contains(log.String(), "canary") {
		t.Errorf("a run is named:\n%s", &log)
	}
}

// If only one of several failing runs is still waited for, it alone must not
// keep the key paused.
func TestPauseIsNotKeptUpByOneRun(t *testing.T) {
	u := &upstream{answer: failing(client.Error{Code: client.CodeUnavailable, HTTPStatus: 500})}
	bubble(t, u, func(t *testing.T, p *Poller) {
		for i := range 3 {
			go func() { _, _ = p.Wait(t.Context(), fmt.Sprint("r", i), time.Second, nil) }()
		}
		go func() { _, _ = p.Wait(t.Context(), "bad", time.Hour, nil) }()
		time.Sleep(10 * time.Second)
		paused := 0
		for range 50 {
			time.Sleep(time.Minute)
			snapshot, err := p.Wait(t.Context(), "bad", 0, nil)
			if err != nil || snapshot.Err == nil {
				t.Fatalf("%+v, %v", snapshot, err)
			}
			if snapshot.Paused != "" {
				paused++
			}
		}
		if paused > 2 {
			t.Errorf("paused in %d of 50 minutes", paused)
		}
		p.Close()
	})
}

// A second failed probe of the only run left ends the pause, since its faults
// may be its own, but not before the Retry-After of that answer is over.
func TestWhatALoneProbeIsToldHoldsForTheKey(t *testing.T) {
	const hold = 2 * time.Minute
	api := &scripted{answer: func(id string, n int) (*client.Results, error) {
		down := &client.Error{Code: client.CodeUnavailable, HTTPStatus: 503}
		switch {
		case id == "alone" && n == 3:
			down.RetryAfter = hold
		case id == "later" || n > 3:
			return processing(), nil
		}
		return nil, down
	}}
	synctest.Test(t, func(t *testing.T) {
		api.began = time.Now()
		p := New(api, withJitter(func(time.Duration) time.Duration { return 0 }))
		for _, id := range []string{"r1", "r2"} {
			go func() { _, _ = p.Wait(t.Context(), id, time.Second, nil) }()
		}
		go func() { _, _ = p.Wait(t.Context(), "alone", 20*time.Second, nil) }()
		time.Sleep(30 * time.Second)
		told := api.times()
		_, _ = p.Wait(t.Context(), "later", 5*time.Minute, nil)
		p.Close()
		if api.count["alone"] != 3 {
			t.Fatalf("%d requests for the lone run: the test shows nothing", api.count["alone"])
		}
		last := told[len(told)-1]
		if next := api.times()[len(told)]; next < last+hold {
			t.Errorf("requested at %v, though told at %v to wait %v", next, last, hold)
		}
	})
}

// A run's Retry-After holds after everyone who waited has left, however long
// ago that was and however many other runs came since.
func TestRetryAfterOfARunOutlivesItsWaiters(t *testing.T) {
	const hold = 10 * time.Minute
	for name, others := range map[string]int{"left": 0, "crowded out": maxUnanswered + 10} {
		t.Run(name, func(t *testing.T) {
			api := &scripted{answer: func(id string, _ int) (*client.Results, error) {
				if id != "held" {
					return processing(), nil
				}
				return nil, &client.Error{Code: client.CodeUnavailable, HTTPStatus: 503, RetryAfter: hold}
			}}
			synctest.Test(t, func(t *testing.T) {
				api.began = time.Now()
				p := New(api)
				_, _ = p.Wait(t.Context(), "held", time.Second, nil)
				for i := range others {
					_, _ = p.Wait(t.Context(), fmt.Sprint("r", i), time.Millisecond, nil)
				}
				if others == 0 {
					time.Sleep(hold / 2)
				}
				_, _ = p.Wait(t.Context(), "held", hold/4, nil)
				if n := api.count["held"]; n != 1 {
					t.Errorf("%d requests before the time told", n)
				}
				p.Close()
			})
		})
	}
}

// NotBefore includes a pause and a used-up hour, although they are not part of
// any run's floor.
func TestNotBeforeKnowsThePauseAndTheSpentHour(t *testing.T) {
	none := 0
	for name, tt := range map[string]struct {
		answer func() (*client.Results, error)
		want   time.Duration
	}{
		"paused": {func() (*client.Results, error) {
			return nil, &client.Error{Code: client.CodeUnavailable, HTTPStatus: 503}
		}, 20 * time.Second}, // the probes at 5 and 10 s failed as well
		"spent": {func() (*client.Results, error) {
			r := processing()
			r.RateLimit.Hour = client.Window{Limit: 500, Remaining: &none, ResetIn: 40 * time.Minute}
			return r, nil
		}, 40 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			u := &upstream{answer: func(int, time.Duration) (*client.Results, error) { return tt.answer() }}
			bubble(t, u, func(t *testing.T, p *Poller) {
				begun := time.Now()
				waitForAll(t, p, 3, 11*time.Second)
				p.Close()
				if got := p.NotBefore().Sub(begun); got < tt.want {
					t.Errorf("%v, want %v at least", got, tt.want)
				}
			}, withJitter(func(time.Duration) time.Duration { return 0 }))
		})
	}
}

func TestNotBeforeHoldsWhateverOptionComesAfterIt(t *testing.T) {
	u := &upstream{answer: finishingAt(time.Hour)}
	bubble(t, u, func(t *testing.T, _ *Poller) {
		p := New(u, WithNotBefore(time.Now().Add(time.Minute)), WithRequestsPerMinute(60))
		_, _ = p.Wait(t.Context(), "r", 50*time.Second, nil)
		if n := len(u.times()); n > 0 {
			t.Errorf("%d requests before the time given", n)
		}
		p.Close()
	})
}

// Requests that were in flight when a pause began do not prolong it.
func TestAPauseIsNotLengthenedByWhatWasUnderWay(t *testing.T) {
	for name, fault := range map[string]client.Error{
		"429": {Code: client.CodeRateLimited, HTTPStatus: 429},
		"503": {Code: client.CodeUnavailable, HTTPStatus: 503},
	} {
		t.Run(name, func(t *testing.T) {
			u := &upstream{latency: 100 * time.Millisecond, answer: failing(fault)}
			bubble(t, u, func(t *testing.T, p *Poller) {
				waitForAll(t, p, 8, 6*time.Second)
				if got := u.times(); len(got) < 2 || got[len(got)-1] != firstPause+u.latency {
					t.Errorf("requests at %v, want a probe at %v", got, firstPause+u.latency)
				}
			}, withJitter(func(time.Duration) time.Duration { return 0 }))
		})
	}
}
