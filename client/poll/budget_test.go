package poll

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"instaview-mcp/client"
)

// plan is a limit of requests a minute and an hour; 0 = none.
type plan struct {
	minute, hour int
	// sliding windows refuse what exceeds the limit in any 60 s or 60 min;
	// otherwise the windows are aligned to the clock.
	sliding bool
	silent  bool // sends no rate-limit headers
	taken   []time.Time
}

// take counts a request unless it refuses it, and returns what the response's
// headers would say.
func (p *plan) take(now time.Time) (told client.RateLimit, retryAfter time.Duration) {
	minute, wait := p.window(now, p.minute, time.Minute)
	hour, waitHour := p.window(now, p.hour, time.Hour)
	retryAfter = max(wait, waitHour)
	if retryAfter == 0 {
		p.taken = append(p.taken, now)
		for _, w := range []client.Window{minute, hour} {
			if w.Remaining != nil {
				*w.Remaining--
			}
		}
	}
	return client.RateLimit{Minute: minute, Hour: hour}, retryAfter
}

func (p *plan) window(now time.Time, limit int, length time.Duration) (told client.Window, retryAfter time.Duration) {
	if limit == 0 {
		return told, 0
	}
	began := now.Truncate(length)
	if p.sliding {
		began = now.Add(-length + 1)
	}
	first, _ := slices.BinarySearchFunc(p.taken, began, time.Time.Compare)
	within := p.taken[first:]
	reset := now.Truncate(length).Add(length).Sub(now)
	if p.sliding && len(within) > 0 {
		reset = within[0].Add(length).Sub(now)
	}
	left := limit - len(within)
	if left <= 0 {
		retryAfter = reset
	}
	told = client.Window{Limit: limit}
	if !p.silent {
		// As the client reads them, in whole seconds.
		told.Remaining, told.ResetIn = &left, (reset + time.Second - 1).Truncate(time.Second)
	}
	return told, retryAfter
}

// limited is an API of runs in progress whose plan limits the key.
type limited struct {
	mu                sync.Mutex
	plan              plan
	requests, refused int
}

func (l *limited) Results(context.Context, string) (*client.Results, error) {
	time.Sleep(serviceLatency)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests++
	told, retryAfter := l.plan.take(time.Now())
	if retryAfter > 0 {
		l.refused++
		return nil, &client.Error{Code: client.CodeRateLimited, HTTPStatus: 429, RetryAfter: retryAfter, RateLimit: told}
	}
	r := processing()
	r.RateLimit = told
	return r, nil
}

// For two hours, twenty runs need many times the Trial plan's 30 requests a
// minute and 500 an hour.
func TestBudgetOfATrialKeySeesNoRefusal(t *testing.T) {
	for name, plan := range map[string]plan{
		"windows of the clock": {minute: 30, hour: 500},
		"sliding windows":      {minute: 30, hour: 500, sliding: true},
		"only limits told":     {minute: 30, sliding: true, silent: true},
		"a minute alone":       {minute: 30},
		"an hour alone":        {hour: 500},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &limited{plan: plan}
				p := New(l)
				time.Sleep(47*time.Minute + 13*time.Second) // in the middle of the windows
				var waits sync.WaitGroup
				for i := range 20 {
					waits.Go(func() { _, _ = p.Wait(t.Context(), fmt.Sprint("r", i), 2*time.Hour, nil) })
				}
				waits.Wait()
				p.Close() // which ends the requests in flight
				if l.refused > 0 {
					t.Errorf("%d of %d requests were refused", l.refused, l.requests)
				}
				want := 2 * 500
				if plan.hour == 0 {
					want = 2 * 60 * 27
				}
				if l.requests < want*3/4 {
					t.Errorf("%d requests in two hours: the budget of %d is not used", l.requests, want)
				}
			})
		})
	}
}

// A get may use the requests that waits leave for later in a short hour.
func TestBudgetKeptForLaterServesAGet(t *testing.T) {
	u := &upstream{answer: func(n int, at time.Duration) (*client.Results, error) {
		r, left := processing(), max(0, 7-n)
		r.RateLimit.Hour = client.Window{Limit: 500, Remaining: &left, ResetIn: 40 * time.Minute}
		return r, nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		_, _ = p.Get(t.Context(), "first")
		for i := range 3 {
			go func() { _, _ = p.Wait(t.Context(), fmt.Sprint("r", i), 4*time.Minute, nil) }()
			synctest.Wait() // the first one's answer reports the hour's numbers again
		}
		time.Sleep(time.Minute)
		for i := range 5 {
			start := time.Now()
			snapshot, err := p.Get(t.Context(), fmt.Sprint("new", i))
			if err != nil || snapshot.Results == nil || time.Since(start) != 0 {
				t.Errorf("snapshot %d: %+v, %v after %v", i, snapshot, err, time.Since(start))
			}
		}
		snapshot, err := p.Get(t.Context(), "one more")
		if err != nil || snapshot.Results != nil || snapshot.NextIn != 40*time.Minute {
			t.Errorf("with nothing left: %+v, %v", snapshot, err)
		}
		if got := len(u.times()); got != 7 {
			t.Errorf("%d requests, want those of the gets and one of the waits", got)
		}
		p.Close()
	})
}

func TestBudgetKeptForLaterHoldsUpNoGetThatIsDue(t *testing.T) {
	left := 10
	u := &upstream{answer: func(n int, at time.Duration) (*client.Results, error) {
		r := processing()
		r.RateLimit.Hour = client.Window{Limit: 500, Remaining: &left, ResetIn: 40 * time.Minute}
		return r, nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		_, _ = p.Get(t.Context(), "forgotten")
		p.mu.Lock()
		p.forget(p.runs["forgotten"].cached, time.Now()) // as if the cache was full; the floor stays
		p.mu.Unlock()
		for i := range 2 { // the second waits for its share of the hour
			go func() { _, _ = p.Wait(t.Context(), fmt.Sprint("r", i), time.Hour, nil) }()
			synctest.Wait() // the first one's answer reports the hour's numbers again
		}
		if snapshot, err := p.Get(t.Context(), "forgotten"); err != nil || snapshot.Results == nil {
			t.Errorf("%+v, %v", snapshot, err)
		}
		p.Close()
		if diff := cmp.Diff(seconds(0, 0, 5), u.times()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

// A window that was reported as used up, and is not reported any more, must not
// slow down the requests after its reset.
func TestAWindowThatIsNotToldAnyMoreIsForgotten(t *testing.T) {
	none, some := 0, 40
	for name, tt := range map[string]struct{ before, after client.Window }{
		"spent, then no headers":                 {client.Window{Limit: 120, Remaining: &none, ResetIn: 30 * time.Second}, client.Window{}},
		"40 left, then no headers":               {client.Window{Limit: 120, Remaining: &some, ResetIn: 30 * time.Second}, client.Window{}},
		"spent, then a reset that lies in past":  {client.Window{Limit: 120, Remaining: &none, ResetIn: 30 * time.Second}, client.Window{Limit: 120, Remaining: &none}},
		"spent, then only a limit":               {client.Window{Limit: 120, Remaining: &none, ResetIn: 30 * time.Second}, client.Window{Limit: 120}},
		"spent, then no headers, and new faults": {client.Window{Limit: 120, Remaining: &none, ResetIn: 30 * time.Second}, client.Window{}},
	} {
		for _, which := range []string{"minute", "hour"} {
			t.Run(which+" "+name, func(t *testing.T) {
				u := &upstream{answer: func(_ int, at time.Duration) (*client.Results, error) {
					w := tt.before
					if at >= 30*time.Second {
						w = tt.after
					}
					limit := client.RateLimit{Hour: w}
					if which == "minute" {
						limit = client.RateLimit{Minute: w}
					}
					if strings.HasSuffix(name, "faults") && at < time.Minute && at > 20*time.Second {
						return nil, &client.Error{Code: client.CodeUnavailable, HTTPStatus: 502, RateLimit: limit}
					}
					r := processing()
					r.RateLimit = limit
					return r, nil
				}}
				bubble(t, u, func(t *testing.T, p *Poller) {
					waitForAll(t, p, 60, 4*time.Minute)
					n := 0
					for _, at := range u.times() {
						if at >= 2*time.Minute && at < 4*time.Minute {
							n++
						}
					}
					if n < 200 {
						t.Errorf("%d requests in two minutes", n)
					}
				})
			})
		}
	}
}

// A slow body makes the reset in its headers seem later than it is, but the
// answer is about the same window.
func TestASpentWindowOutlastsASlowBody(t *testing.T) {
	const resetIn = 40 * time.Second
	none, few := 0, 3
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	api := &scripted{answer: func(id string, n int) (*client.Results, error) {
		r := processing()
		switch {
		case n == 1 && id == "r0":
			time.Sleep(10 * time.Second)
			r.Date, r.RateLimit.Minute = began, client.Window{Limit: 120, Remaining: &few, ResetIn: resetIn}
		case n == 1 && id == "r1":
			time.Sleep(time.Second)
			r.Date, r.RateLimit.Minute = began, client.Window{Limit: 120, Remaining: &none, ResetIn: resetIn}
		default:
			r.Date = began.Add(resetIn)
		}
		return r, nil
	}}
	synctest.Test(t, func(t *testing.T) {
		api.began = time.Now()
		p := New(api)
		waitForAll(t, p, 2, time.Minute)
		p.Close()
		if diff := cmp.Diff(seconds(0, 0, 41), api.times()[:3]); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

// A single wrong number, as from a faulty instance of a gateway, changes
// nothing. If it is reported twice in a row, it counts.
func TestAFalseFigureIsBelievedOnlyWhenToldTwice(t *testing.T) {
	spent := func(l client.RateLimit) client.RateLimit {
		none := 0
		l.Hour = client.Window{Limit: l.Hour.Limit, Remaining: &none, ResetIn: l.Hour.ResetIn}
		return l
	}
	for name, tt := range map[string]struct {
		first, times int
		change       func(client.RateLimit) client.RateLimit
		least, most  int // requests from 2 min to 10 min
	}{
		"nothing":                        {30, 0, nil, 800, 900},
		"0 left this hour":               {30, 1, spent, 800, 900},
		"0 left this hour, later reset":  {30, 1, func(l client.RateLimit) client.RateLimit { l.Hour.ResetIn = time.Hour; return spent(l) }, 800, 900},
		"0 left this hour, sooner reset": {30, 1, func(l client.RateLimit) client.RateLimit { l.Hour.ResetIn = 20 * time.Minute; return spent(l) }, 800, 900},
		"0 left this hour, twice":        {30, 2, spent, 0, 0},
		"0 left this hour at first":      {1, 1, spent, 800, 900},
		"30 left this hour at first":     {1, 1, func(l client.RateLimit) client.RateLimit { *l.Hour.Remaining = 30; return l }, 800, 900},
		"limit 1":                        {30, 1, func(l client.RateLimit) client.RateLimit { l.Minute.Limit = 1; return l }, 800, 900},
		"limit 1 at first":               {1, 1, func(l client.RateLimit) client.RateLimit { l.Minute.Limit = 1; return l }, 800, 900},
		"limit 30 for good":              {1, 1 << 20, func(l client.RateLimit) client.RateLimit { l.Minute.Limit = 30; return l }, 200, 220},
	} {
		t.Run(name, func(t *testing.T) {
			u := &upstream{latency: 100 * time.Millisecond, answer: func(n int, at time.Duration) (*client.Results, error) {
				left := 5000 - n
				told := client.RateLimit{
					Minute: client.Window{Limit: 120},
					Hour:   client.Window{Limit: 5000, Remaining: &left, ResetIn: 40*time.Minute - at},
				}
				if n >= tt.first && n < tt.first+tt.times {
					told = tt.change(told)
				}
				r := processing()
				r.RateLimit = told
				return r, nil
			}}
			bubble(t, u, func(t *testing.T, p *Poller) {
				waitForAll(t, p, 60, 10*time.Minute)
				n := 0
				for _, at := range u.times() {
					if at >= 2*time.Minute {
						n++
					}
				}
				if n < tt.least || n > tt.most {
					t.Errorf("%d requests in eight minutes, want %d to %d", n, tt.least, tt.most)
				}
			})
		})
	}
}

// With only one run, a wrong number in a key's first answer used to stop the
// key: a limit of 1 for eleven minutes, because the burst was owed, and “0
// left” for the rest of the hour.
func TestAFalseFirstAnswerDoesNotSilenceTheKey(t *testing.T) {
	none := 0
	for name, lie := range map[string]client.RateLimit{
		"limit 1":          {Minute: client.Window{Limit: 1}},
		"0 left this hour": {Hour: client.Window{Limit: 5000, Remaining: &none, ResetIn: time.Hour}},
		"0 left alone":     {Hour: client.Window{Remaining: &none, ResetIn: time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			u := &upstream{answer: func(n int, at time.Duration) (*client.Results, error) {
				left := 5000 - n
				r := processing()
				r.RateLimit.Minute.Limit = 120
				r.RateLimit.Hour = client.Window{Limit: 5000, Remaining: &left, ResetIn: time.Hour - at}
				if n == 1 {
					r.RateLimit = lie
				}
				return r, nil
			}}
			bubble(t, u, func(t *testing.T, p *Poller) {
				waitForAll(t, p, 1, 2*time.Minute)
				if got := len(u.times()); got < 20 {
					t.Errorf("%d requests in two minutes", got)
				}
			})
		})
	}
}

// N28: an upstream that counts any 60 s receives no more than its limit,
// whatever the network's jitter. With 110 a minute and a burst of 10 it
// received 121 of 120.
func TestNetworkJitterNeverMakesTheLimitPass(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for an hour of requests")
	}
	for _, tt := range []struct {
		limit int
		told  bool
	}{{120, true}, {120, false}, {60, true}, {30, true}} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			var arrived []time.Duration
			random := rand.New(rand.NewPCG(1, 2))
			api := &scripted{}
			api.answer = func(string, int) (*client.Results, error) {
				api.mu.Lock()
				// The worst jitter delays only the burst, so that it arrives
				// together with what was sent up to two seconds later.
				delay := 2*time.Second - 1
				if time.Since(api.began)%(2*time.Minute) > time.Second {
					delay = 0
				}
				if random.IntN(4) == 0 {
					delay = time.Duration(random.Int64N(int64(2 * time.Second)))
				}
				arrived = append(arrived, time.Since(api.began)+delay)
				api.mu.Unlock()
				time.Sleep(delay)
				r := processing()
				if tt.told {
					r.RateLimit.Minute.Limit = tt.limit
				}
				return r, nil
			}
			synctest.Test(t, func(t *testing.T) {
				api.began = time.Now()
				p := New(api)
				for range 30 {
					waitForAll(t, p, 130, 100*time.Second)
					time.Sleep(20 * time.Second) // to let a burst accumulate
				}
				p.Close()
			})
			slices.Sort(arrived)
			if !tt.told && len(arrived) < 4000 {
				t.Errorf("%d requests in an hour", len(arrived))
			}
			for i := tt.limit; i < len(arrived); i++ {
				// The first burst is sent before a lower limit is known.
				if first := arrived[i-tt.limit]; first > 2*time.Minute && arrived[i]-first < time.Minute {
					t.Fatalf("%d requests within %v, from %v", tt.limit+1, arrived[i]-first, first)
				}
			}
		})
	}
}

// Requests in flight count against what is reported to be left.
func TestRequestsUnderWayUseUpWhatIsLeft(t *testing.T) {
	left := 8
	api := &scripted{answer: func(id string, _ int) (*client.Results, error) {
		r := processing()
		r.RateLimit.Minute = client.Window{Limit: 9, Remaining: &left, ResetIn: time.Minute}
		if id != "r0" {
			time.Sleep(15 * time.Second)
		}
		return r, nil
	}}
	synctest.Test(t, func(t *testing.T) {
		api.began = time.Now()
		p := New(api, WithRequestsPerMinute(600))
		if _, err := p.Wait(t.Context(), "r0", 0, nil); err != nil { // so that this run is the first
			t.Fatal(err)
		}
		synctest.Wait()
		waitForAll(t, p, 30, 10*time.Second)
		if n := len(api.times()); n > 9 {
			t.Errorf("%d requests, with 8 left when the first was answered", n)
		}
		p.Close()
	})
}

// After a used-up window's reset one request is sent each Floor, even when the
// answer to an older one arrives then.
func TestALateAnswerAllowsNoSecondProbe(t *testing.T) {
	none := 0
	reset := time.Now()
	w := window{resetsAt: reset}
	w.take(reset.Add(time.Second))
	now := reset.Add(2 * time.Second)
	w.learn(now, reset.Add(-10*time.Second), client.Window{Remaining: &none, ResetIn: 10 * time.Second}, 1)
	if got := w.wait(now); got != Floor-time.Second {
		t.Errorf("the next request in %v, want %v", got, Floor-time.Second)
	}
}
