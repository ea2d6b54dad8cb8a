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

// upstream is an API whose answers depend on the request's number, from 1, and
// on the time since the bubble began. It records every request.
type upstream struct {
	latency time.Duration
	answer  func(n int, at time.Duration) (*client.Results, error)

	mu    sync.Mutex
	began time.Time
	asked []time.Duration // when each request was made
	ended []time.Duration
	runs  []string
}

func (u *upstream) Results(ctx context.Context, id string) (*client.Results, error) {
	u.mu.Lock()
	at := time.Since(u.began)
	u.asked, u.runs = append(u.asked, at), append(u.runs, id)
	n := len(u.asked)
	u.mu.Unlock()
	select {
	case <-time.After(u.latency):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	u.mu.Lock()
	u.ended = append(u.ended, time.Since(u.began))
	u.mu.Unlock()
	return u.answer(n, time.Since(u.began))
}

// run returns the run that request n was for.
func (u *upstream) run(n int) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.runs[n-1]
}

func (u *upstream) times() []time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.asked)
}

// bubble runs test in a synctest bubble with a Poller of u.
func bubble(t *testing.T, u *upstream, test func(t *testing.T, p *Poller), opts ...Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		u.began = time.Now()
		p := New(u, opts...)
		defer p.Close()
		test(t, p)
	})
}

func processing() *client.Results {
	return &client.Results{Status: client.StatusProcessing, HTTPStatus: 202}
}

func completed() *client.Results {
	return &client.Results{Status: client.StatusCompleted, HTTPStatus: 200}
}

// finishingAt answers like a run that was created at the start of the bubble
// and ends at end.
func finishingAt(end time.Duration) func(int, time.Duration) (*client.Results, error) {
	return func(_ int, at time.Duration) (*client.Results, error) {
		r := processing()
		if at >= end {
			r = completed()
		}
		r.CreatedAt = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		r.Date = r.CreatedAt.Add(at)
		return r, nil
	}
}

func failing(e client.Error) func(int, time.Duration) (*client.Results, error) {
	return func(int, time.Duration) (*client.Results, error) { return nil, &e }
}

func seconds(s ...float64) []time.Duration {
	var d []time.Duration
	for _, x := range s {
		d = append(d, time.Duration(x*float64(time.Second)))
	}
	return d
}

func TestWaitRequestsAtOnceThenByTheRunsAge(t *testing.T) {
	u := &upstream{answer: finishingAt(time.Hour)}
	bubble(t, u, func(t *testing.T, p *Poller) {
		if _, err := p.Wait(t.Context(), "r", 4*time.Minute, nil); err != nil {
			t.Fatal(err)
		}
		want := seconds(0, 10, 15, 20, 30)
		for at := 35.0; at <= 180; at += 5 {
			want = append(want, seconds(at)...)
		}
		want = append(want, seconds(187.5, 198.75, 213.75, 228.75)...)
		if diff := cmp.Diff(want, u.times()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

// The Date header has whole seconds. A run of age 10 s must not be taken for
// one of 9 s, which would be requested again too early.
func TestTheAgeIsNotRoundedDown(t *testing.T) {
	u := &upstream{answer: func(_ int, at time.Duration) (*client.Results, error) {
		r := processing()
		r.CreatedAt = time.Date(2026, 1, 1, 0, 0, 0, 700e6, time.UTC)
		r.Date = r.CreatedAt.Add(at).Truncate(time.Second)
		return r, nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		_, _ = p.Wait(t.Context(), "r", 29*time.Second, nil)
		if diff := cmp.Diff(seconds(0, 10, 15, 20), u.times()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

func TestBackoffOfOldRunsIsCapped(t *testing.T) {
	s := newSchedule(nil)
	var got []time.Duration
	for range 6 {
		got = append(got, s.afterAnswer(oldAge))
	}
	want := seconds(7.5, 11.25, 15, 15, 15, 15)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("intervals (-want +got):\n%s", diff)
	}
}

func TestAnUnknownAgeCountsFromTheFirstSight(t *testing.T) {
	u := &upstream{answer: func(int, time.Duration) (*client.Results, error) { return processing(), nil }}
	bubble(t, u, func(t *testing.T, p *Poller) {
		_, _ = p.Wait(t.Context(), "r", 29*time.Second, nil)
		if diff := cmp.Diff(seconds(0, 10, 15, 20), u.times()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

func TestWaitEndsWhenTheRunDoes(t *testing.T) {
	u := &upstream{answer: finishingAt(42 * time.Second), latency: 300 * time.Millisecond}
	bubble(t, u, func(t *testing.T, p *Poller) {
		var seen int
		start := time.Now()
		snapshot, err := p.Wait(t.Context(), "r", time.Minute, func(Snapshot) { seen++ })
		if err != nil || !snapshot.Results.Finished() {
			t.Fatalf("snapshot %+v, %v; want a finished run", snapshot, err)
		}
		if took := time.Since(start); took > 42*time.Second+Floor+time.Second {
			t.Errorf("took %v", took)
		}
		if seen != len(u.times()) {
			t.Errorf("%d snapshots of %d requests", seen, len(u.times()))
		}
	})
}

func TestWaitEndsInTimeWithARequestInFlight(t *testing.T) {
	u := &upstream{answer: finishingAt(time.Hour), latency: 15 * time.Second}
	bubble(t, u, func(t *testing.T, p *Poller) {
		start := time.Now()
		snapshot, err := p.Wait(t.Context(), "r", 10*time.Second, nil)
		if err != nil || time.Since(start) != 10*time.Second || !snapshot.At.IsZero() {
			t.Errorf("snapshot %+v, %v after %v; want none, nil after 10s", snapshot, err, time.Since(start))
		}
		// The request's answer is kept: the next call gets it without a
		// request.
		time.Sleep(6 * time.Second)
		if snapshot, _ := p.Get(t.Context(), "r"); snapshot.Results == nil || len(u.times()) != 1 {
			t.Errorf("snapshot %+v after %d requests, want the first one's answer", snapshot, len(u.times()))
		}
	})
}

func TestAnUnknownStatusEndsAWait(t *testing.T) {
	u := &upstream{answer: func(int, time.Duration) (*client.Results, error) {
		return &client.Results{Status: "archived", HTTPStatus: 200}, nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		start := time.Now()
		snapshot, err := p.Wait(t.Context(), "r", time.Minute, nil)
		if err != nil || snapshot.Results.Status != "archived" || time.Since(start) != 0 {
			t.Errorf("snapshot %+v, %v after %v", snapshot, err, time.Since(start))
		}
	})
}

// assertFloor checks that two requests for one run are never less than Floor
// apart, counted from the end of the answer before.
func (u *upstream) assertFloor(t *testing.T) {
	t.Helper()
	u.mu.Lock()
	defer u.mu.Unlock()
	for i := 1; i < len(u.asked); i++ {
		if gap := u.asked[i] - u.ended[i-1]; gap < Floor {
			t.Errorf("request %d came %v after the answer before, want at least %v", i+1, gap, Floor)
		}
	}
}

func TestAHundredWaitersCostTheRequestsOfOne(t *testing.T) {
	one := &upstream{answer: finishingAt(time.Minute), latency: 200 * time.Millisecond}
	bubble(t, one, func(t *testing.T, p *Poller) {
		_, _ = p.Wait(t.Context(), "r", 2*time.Minute, nil)
	})
	hundred := &upstream{answer: finishingAt(time.Minute), latency: 200 * time.Millisecond}
	bubble(t, hundred, func(t *testing.T, p *Poller) {
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Millisecond)
				snapshot, err := p.Wait(t.Context(), "r", 2*time.Minute, nil)
				if err != nil || !snapshot.Results.Finished() {
					t.Errorf("waiter %d: %+v, %v", i, snapshot, err)
				}
			})
		}
		wg.Wait()
	})
	if diff := cmp.Diff(one.times(), hundred.times()); diff != "" {
		t.Errorf("requests (-one waiter +hundred):\n%s", diff)
	}
	hundred.assertFloor(t)
}

func TestOneCallersCancelLeavesTheOthersAlone(t *testing.T) {
	u := &upstream{answer: finishingAt(30 * time.Second)}
	bubble(t, u, func(t *testing.T, p *Poller) {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := p.Wait(ctx, "r", time.Minute, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled wait: %v", err)
			}
		})
		wg.Go(func() {
			if snapshot, err := p.Wait(t.Context(), "r", time.Minute, nil); err != nil || !snapshot.Results.Finished() {
				t.Errorf("other wait: %+v, %v", snapshot, err)
			}
		})
		time.Sleep(12 * time.Second)
		cancel()
		wg.Wait()
	})
}

func TestTheLoopEndsWithItsLastWaiter(t *testing.T) {
	u := &upstream{answer: finishingAt(time.Hour)}
	bubble(t, u, func(t *testing.T, p *Poller) {
		_, _ = p.Wait(t.Context(), "r", 12*time.Second, nil)
		made := len(u.times())
		time.Sleep(10 * time.Minute)
		p.mu.Lock()
		defer p.mu.Unlock()
		if got := len(u.times()); got != made {
			t.Errorf("%d requests after the last waiter left", got-made)
		}
		if len(p.runs) != 0 {
			t.Errorf("%d runs still remembered", len(p.runs))
		}
	})
}

func TestTheFloorOutlivesItsWaiters(t *testing.T) {
	u := &upstream{answer: finishingAt(time.Hour), latency: 400 * time.Millisecond}
	bubble(t, u, func(t *testing.T, p *Poller) {
		for range 200 { // a model that calls again at once, alternating the tools
			ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
			_, _ = p.Wait(ctx, "r", 300*time.Millisecond, nil)
			_, _ = p.Get(ctx, "r")
			cancel()
		}
	})
	if len(u.times()) < 10 {
		t.Fatalf("only %d requests: the test shows nothing", len(u.times()))
	}
	u.assertFloor(t)
}

func TestAGetWithinTheFloorIsAnsweredFromTheCache(t *testing.T) {
	for name, u := range map[string]*upstream{
		"an answer":          {answer: finishingAt(time.Hour)},
		"a permanent error":  {answer: failing(client.Error{Code: client.CodeNotFound})},
		"a failure retried":  {answer: failing(client.Error{Code: client.CodeUnavailable})},
		"a held Retry-After": {answer: failing(client.Error{Code: client.CodeRateLimited, RetryAfter: time.Minute})},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, u, func(t *testing.T, p *Poller) {
				first, _ := p.Get(t.Context(), "r")
				made := len(u.times())
				time.Sleep(4 * time.Second)
				start := time.Now()
				second, err := p.Get(t.Context(), "r")
				if err != nil || second.At != first.At || second.Err != first.Err || second.Results != first.Results {
					t.Errorf("second snapshot %+v, %v; want the first's %+v", second, err, first)
				}
				if time.Since(start) != 0 || len(u.times()) != made {
					t.Errorf("took %v and %d requests, want none", time.Since(start), len(u.times())-made)
				}
			})
		})
	}
}

func TestAGetAfterTheFloorMakesARequest(t *testing.T) {
	u := &upstream{answer: finishingAt(time.Hour)}
	bubble(t, u, func(t *testing.T, p *Poller) {
		_, _ = p.Get(t.Context(), "r")
		time.Sleep(Floor)
		_, _ = p.Get(t.Context(), "r")
		if diff := cmp.Diff(seconds(0, 5), u.times()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

func TestAGetBringsForwardASlowLoop(t *testing.T) {
	u := &upstream{answer: func(int, time.Duration) (*client.Results, error) {
		r := processing()
		r.CreatedAt = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		r.Date = r.CreatedAt.Add(time.Hour)
		return r, nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		go func() { _, _ = p.Wait(t.Context(), "r", 2*time.Minute, nil) }()
		time.Sleep(25 * time.Second) // requests at 0, 7.5, 18.75; the next at 33.75
		_, _ = p.Get(t.Context(), "r")
		if diff := cmp.Diff(seconds(0, 7.5, 18.75, 25), u.times()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

// A wait that would end before the run's next request makes that request
// earlier.
func TestAShortWaitBringsForwardASlowLoop(t *testing.T) {
	u := &upstream{answer: func(int, time.Duration) (*client.Results, error) {
		r := processing()
		r.CreatedAt = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		r.Date = r.CreatedAt.Add(time.Hour)
		return r, nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		go func() { _, _ = p.Wait(t.Context(), "r", 2*time.Minute, nil) }()
		time.Sleep(25 * time.Second) // requests at 0, 7.5, 18.75; the next at 33.75
		_, _ = p.Wait(t.Context(), "r", 2*time.Second, nil)
		if diff := cmp.Diff(seconds(0, 7.5, 18.75, 25), u.times()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

func TestAFinishedRunIsRememberedForAMinute(t *testing.T) {
	u := &upstream{answer: finishingAt(0)}
	bubble(t, u, func(t *testing.T, p *Poller) {
		for range 59 {
			if snapshot, err := p.Get(t.Context(), "r"); err != nil || !snapshot.Results.Finished() {
				t.Fatalf("%+v, %v", snapshot, err)
			}
			if snapshot, err := p.Wait(t.Context(), "r", time.Minute, nil); err != nil || !snapshot.Results.Finished() {
				t.Fatalf("%+v, %v", snapshot, err)
			}
			time.Sleep(time.Second)
		}
		if got := len(u.times()); got != 1 {
			t.Errorf("%d requests in the first minute, want 1", got)
		}
		time.Sleep(2 * time.Second)
		_, _ = p.Get(t.Context(), "r")
		if got := len(u.times()); got != 2 {
			t.Errorf("%d requests after the minute, want 2", got)
		}
	})
}

func TestMemoryIsBoundedInBytes(t *testing.T) {
	large := strings.Repeat("x", 8<<20)
	u := &upstream{answer: func(int, time.Duration) (*client.Results, error) {
		r := completed()
		r.Candidates = []client.Candidate{{Rationale: large}}
		return r, nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		for i := range 10 {
			_, _ = p.Get(t.Context(), fmt.Sprint("r", i))
		}
		if held := p.held(); held > DefaultCacheSize {
			t.Errorf("%d MiB remembered, want at most %d", held>>20, DefaultCacheSize>>20)
		}
		_, _ = p.Get(t.Context(), "r9")
		if got := len(u.times()); got != 10 {
			t.Errorf("the newest was forgotten: %d requests, want 10", got)
		}
		_, _ = p.Get(t.Context(), "r0")
		if got := u.times()[10]; got < Floor {
			t.Errorf("the oldest was asked again after %v, want not before %v", got, Floor)
		}
	})
}

// held returns the size of everything in p's cache, in bytes.
func (p *Poller) held() (bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.runs {
		if r.last.Results != nil {
			bytes += r.last.Results.Footprint()
		}
	}
	return bytes
}

func TestTransientFaultsAreRetriedInsideAWait(t *testing.T) {
	for _, code := range []client.Code{client.CodeUnavailable, client.CodeTimeout, client.CodeRateLimited} {
		t.Run(string(code), func(t *testing.T) {
			u := &upstream{answer: func(n int, at time.Duration) (*client.Results, error) {
				if n <= 4 {
					return nil, &client.Error{Code: code}
				}
				return completed(), nil
			}}
			bubble(t, u, func(t *testing.T, p *Poller) {
				failures := 0
				snapshot, err := p.Wait(t.Context(), "r", 4*time.Minute, func(l Snapshot) {
					if l.Err != nil {
						failures++
					}
				})
				if err != nil || !snapshot.Results.Finished() || failures != 4 {
					t.Errorf("%+v, %v after %d failures; want finished after 4", snapshot, err, failures)
				}
			})
			u.assertFloor(t)
		})
	}
}

func TestPermanentFailuresEndAWaitAtOnce(t *testing.T) {
	for _, code := range []client.Code{client.CodeUnauthorized, client.CodeKeySuspended, client.CodePaymentRequired,
		client.CodeForbidden, client.CodeBadResponse, client.CodeInvalidRequest} {
		u := &upstream{answer: failing(client.Error{Code: code})}
		bubble(t, u, func(t *testing.T, p *Poller) {
			start := time.Now()
			snapshot, err := p.Wait(t.Context(), "r", time.Minute, nil)
			if err != nil || snapshot.Err == nil || snapshot.Err.Code != code || time.Since(start) != 0 || len(u.times()) != 1 {
				t.Errorf("%s: %+v, %v after %v and %d requests", code, snapshot, err, time.Since(start), len(u.times()))
			}
		})
	}
}

// N15: a new run may be unknown for some seconds, and an accepted key may be
// refused once. A wait requests it once more; a get does not.
func TestARefusalThatMayPassIsAskedOnceMoreInAWait(t *testing.T) {
	const unknown, unauthorized, forbidden, broken = client.CodeNotFound, client.CodeUnauthorized, client.CodeForbidden, client.CodeBadResponse
	for name, tt := range map[string]struct {
		answers []client.Code // "" means still running; after the list: completed
		want    client.Code   // the outcome of the wait
		asked   int
	}{
		"404 at first":               {[]client.Code{unknown}, "", 2},
		"404 twice":                  {[]client.Code{unknown, unknown}, unknown, 2},
		"404, a fault and an answer": {[]client.Code{unknown, client.CodeUnavailable}, "", 3},
		"404 after an answer":        {[]client.Code{"", unknown}, "", 3},
		"404 twice after an answer":  {[]client.Code{"", unknown, unknown}, unknown, 3},
		"401 at first":               {[]client.Code{unauthorized}, unauthorized, 1},
		"401 after an answer":        {[]client.Code{"", unauthorized}, "", 3},
		"401 twice after an answer":  {[]client.Code{"", unauthorized, unauthorized}, unauthorized, 3},
		"401 now and then":           {[]client.Code{"", unauthorized, "", unauthorized, ""}, "", 6},
		"403 after an answer":        {[]client.Code{"", forbidden}, "", 3},
		"401, then 403":              {[]client.Code{"", unauthorized, forbidden}, forbidden, 3},
		"a bad body after an answer": {[]client.Code{"", broken}, broken, 2},
	} {
		t.Run(name, func(t *testing.T) {
			u := &upstream{answer: func(n int, _ time.Duration) (*client.Results, error) {
				switch {
				case n > len(tt.answers):
					return completed(), nil
				case tt.answers[n-1] == "":
					return processing(), nil
				}
				return nil, &client.Error{Code: tt.answers[n-1]}
			}}
			bubble(t, u, func(t *testing.T, p *Poller) {
				snapshot, err := p.Wait(t.Context(), "r", 2*time.Minute, nil)
				if err != nil || len(u.times()) != tt.asked {
					t.Errorf("%+v, %v after %d requests, want %d", snapshot, err, len(u.times()), tt.asked)
				}
				if tt.want == "" && (snapshot.Err != nil || !snapshot.Results.Finished()) || tt.want != "" && (snapshot.Err == nil || snapshot.Err.Code != tt.want) {
					t.Errorf("%+v, want %q", snapshot, tt.want)
				}
			})
			u.assertFloor(t)
		})
	}
	u := &upstream{answer: failing(client.Error{Code: unknown})}
	bubble(t, u, func(t *testing.T, p *Poller) {
		begun := time.Now()
		if snapshot, err := p.Get(t.Context(), "r"); err != nil || snapshot.Err == nil || len(u.times()) != 1 || time.Since(begun) != 0 {
			t.Errorf("get: %+v, %v after %v and %d requests", snapshot, err, time.Since(begun), len(u.times()))
		}
		// A wait within the floor continues with the state that the get
		// returned.
		u.answer = finishingAt(0)
		if snapshot, err := p.Wait(t.Context(), "r", time.Minute, nil); err != nil || snapshot.Err != nil || time.Since(begun) != Floor {
			t.Errorf("wait: %+v, %v after %v", snapshot, err, time.Since(begun))
		}
	})
}

// After a failure that left no state, a later call starts anew.
func TestAFailureIsForgottenAfterTheFloor(t *testing.T) {
	for _, code := range []client.Code{client.CodeNotFound, client.CodeUnavailable} {
		u := &upstream{answer: failing(client.Error{Code: code})}
		bubble(t, u, func(t *testing.T, p *Poller) {
			_, _ = p.Get(t.Context(), "r")
			made := len(u.times())
			time.Sleep(10 * time.Second)
			u.answer = finishingAt(0)
			for _, call := range []func() (Snapshot, error){
				func() (Snapshot, error) {
					return p.Wait(t.Context(), "r", time.Minute, func(l Snapshot) {
						if l.Err != nil || l.Results == nil {
							t.Errorf("%s: told of %+v", code, l)
						}
					})
				},
				func() (Snapshot, error) { return p.Get(t.Context(), "r") },
			} {
				if l, err := call(); err != nil || l.Err != nil || !l.Results.Finished() {
					t.Errorf("%s: %+v, %v", code, l, err)
				}
			}
			if got := len(u.times()) - made; got != 1 {
				t.Errorf("%s: %d requests, want 1", code, got)
			}
		})
	}
}

// A caller whose callback is slow keeps the run active, but must not keep an
// old failure.
func TestABlockingCallbackKeepsNoOldError(t *testing.T) {
	u := &upstream{answer: func(n int, at time.Duration) (*client.Results, error) {
		if at < 10*time.Second {
			return nil, &client.Error{Code: client.CodeForbidden}
		}
		return completed(), nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		unblock := make(chan struct{})
		go func() {
			_, _ = p.Wait(t.Context(), "r", time.Minute, func(Snapshot) { <-unblock })
		}()
		time.Sleep(10 * time.Second)
		for range 2 {
			if snapshot, err := p.Wait(t.Context(), "r", time.Minute, nil); err != nil || snapshot.Err != nil || !snapshot.Results.Finished() {
				t.Errorf("%+v, %v", snapshot, err)
			}
		}
		if got := len(u.times()); got != 2 {
			t.Errorf("%d requests, want 2", got)
		}
		close(unblock)
	})
}

func TestAPanicOfTheAPIEndsOnlyItsOwnRequest(t *testing.T) {
	u := &upstream{answer: func(n int, _ time.Duration) (*client.Results, error) {
		if n == 1 {
			panic("Jane Doe")
		}
		return completed(), nil
	}}
	var log bytes.Buffer
	bubble(t, u, func(t *testing.T, p *Poller) {
		snapshot, err := p.Wait(t.Context(), "r", time.Minute, nil)
		if err != nil || snapshot.Err == nil || snapshot.Err.Code != client.CodeBadResponse {
			t.Errorf("%+v, %v", snapshot, err)
		}
		if snapshot, err := p.Get(t.Context(), "other"); err != nil || !snapshot.Results.Finished() {
			t.Errorf("afterwards: %+v, %v", snapshot, err)
		}
	}, WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	if !strings.Contains(log.String(), "poll_test.go") || strings.Contains(log.String(), "Jane") {
		t.Errorf("log: %s", log.String())
	}
}

// Clients show every warning as an error, and an unknown status is an answer
// like any other. Only a status that contradicts the HTTP code is logged.
func TestOnlyAStatusAgainstItsHTTPCodeIsWarnedOf(t *testing.T) {
	for _, tt := range []struct {
		status client.Status
		http   int
		warns  bool
	}{
		{client.StatusProcessing, 202, false}, {client.StatusProcessing, 200, true},
		{client.StatusCompleted, 200, false}, {client.StatusCompleted, 202, true},
		{client.StatusFailed, 200, false}, {client.StatusFailed, 202, true},
		{"queued", 200, false}, {"queued", 202, false}, {"", 200, false}, {"", 202, false},
	} {
		u := &upstream{answer: func(int, time.Duration) (*client.Results, error) {
			return &client.Results{Status: tt.status, HTTPStatus: tt.http}, nil
		}}
		var log bytes.Buffer
		bubble(t, u, func(t *testing.T, p *Poller) {
			_, _ = p.Get(t.Context(), "r")
		}, WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		if warned := strings.Contains(log.String(), "level=WARN"); warned != tt.warns {
			t.Errorf("%q on %d: warned %t, want %t: %s", tt.status, tt.http, warned, tt.warns, &log)
		}
	}
}

// If more runs are waited for than the budget allows, a get goes first, and a
// run that also has a get does not lose its turn.
func TestAGetGoesBeforeWaits(t *testing.T) {
	u := &upstream{answer: finishingAt(time.Hour)}
	bubble(t, u, func(t *testing.T, p *Poller) {
		for i := range 200 {
			go func() { _, _ = p.Wait(t.Context(), fmt.Sprint("r", i), 10*time.Minute, nil) }()
		}
		go func() { _, _ = p.Wait(t.Context(), "victim", 10*time.Minute, nil) }()
		time.Sleep(time.Minute)
		for i := range 20 {
			start := time.Now()
			snapshot, err := p.Get(t.Context(), fmt.Sprint("new", i))
			if err != nil || snapshot.Results == nil || time.Since(start) > time.Second {
				t.Errorf("%+v, %v after %v", snapshot, err, time.Since(start))
			}
			_, _ = p.Get(t.Context(), "victim")
			time.Sleep(8 * time.Second)
		}
		p.Close()
		requests := map[string]int{}
		for _, id := range u.runs {
			requests[id]++
		}
		if requests["victim"] < 18 {
			t.Errorf("the run due every 8 s was requested %d times", requests["victim"])
		}
	})
}

func TestTheTimeToTheNextRequestKnowsTheQueue(t *testing.T) {
	u := &upstream{answer: finishingAt(time.Hour)}
	bubble(t, u, func(t *testing.T, p *Poller) {
		for i := range 110 {
			go func() { _, _ = p.Wait(t.Context(), fmt.Sprint("r", i), time.Hour, nil) }()
		}
		synctest.Wait()
		snapshot, err := p.Wait(t.Context(), "last", time.Second, nil)
		if err != nil || snapshot.NextIn < 30*time.Second || snapshot.NextIn > time.Minute {
			t.Errorf("next request in %v, %v; want what a hundred before it take", snapshot.NextIn, err)
		}
	})
}

// Another program with the same key has used most of the window.
func TestNoMoreIsAskedThanTheServerSaysIsLeft(t *testing.T) {
	const left = 12
	for _, name := range []string{"minute", "hour"} {
		t.Run(name, func(t *testing.T) {
			u := &upstream{latency: 100 * time.Millisecond, answer: func(n int, _ time.Duration) (*client.Results, error) {
				r, remaining := processing(), max(0, left-n)
				w := client.Window{Limit: 120, Remaining: &remaining, ResetIn: 50 * time.Second}
				if name == "minute" {
					r.RateLimit.Minute = w
				} else {
					r.RateLimit.Hour = w
				}
				return r, nil
			}}
			bubble(t, u, func(t *testing.T, p *Poller) {
				_, _ = p.Get(t.Context(), "first")
				var wg sync.WaitGroup
				for i := range 50 {
					wg.Go(func() { _, _ = p.Wait(t.Context(), fmt.Sprint("r", i), 45*time.Second, nil) })
				}
				wg.Wait()
				if got := len(u.times()); got > left || got < left/2 {
					t.Errorf("%d requests before the window starts over, want at most %d", got, left)
				}
			})
		})
	}
}

func TestANewWindowOwesNothingToTheLast(t *testing.T) {
	now := time.Now()
	b := newBudget(DefaultRequestsPerMinute)
	few, many := 0, 119
	b.learn(now, now, client.RateLimit{Minute: client.Window{Limit: 120, Remaining: &few, ResetIn: time.Second}})
	now = now.Add(300 * time.Millisecond)
	b.learn(now, now, client.RateLimit{Minute: client.Window{Limit: 120, Remaining: &many, ResetIn: time.Minute}})
	if wait := b.wait(now, wait, 0); wait != 0 {
		t.Errorf("wait %v at the start of a window with 119 left", wait)
	}
}

func TestTheBurstFitsTheLimit(t *testing.T) {
	for limit, want := range map[float64]int{30: 2, 60: 4, 120: 8, 600: 8, 5: 1} {
		if got := burst(share * limit); got != want {
			t.Errorf("burst for %v a minute = %d, want %d", limit, got, want)
		}
	}
}

func TestRetryAfterIsObeyedByEveryCall(t *testing.T) {
	u := &upstream{answer: func(n int, _ time.Duration) (*client.Results, error) {
		if n == 2 {
			return nil, &client.Error{Code: client.CodeUnavailable, RetryAfter: 90 * time.Second}
		}
		return processing(), nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		start := time.Now()
		snapshot, err := p.Wait(t.Context(), "r", 30*time.Second, nil)
		if err != nil || snapshot.Results == nil || snapshot.Err == nil || time.Since(start) != 30*time.Second {
			t.Errorf("%+v, %v after %v; want the state before the fault, at the wait's end", snapshot, err, time.Since(start))
		}
		if snapshot.NextIn < 65*time.Second {
			t.Errorf("next snapshot in %v, want what is left of Retry-After", snapshot.NextIn)
		}
		_, _ = p.Get(t.Context(), "r")
		_, _ = p.Wait(t.Context(), "r", 80*time.Second, nil)
		if at := u.times()[2]; at < 100*time.Second {
			t.Errorf("asked again at %v, want not before 100 s", at)
		}
	})
}

func TestAGetTriesThreeTimesWithin25Seconds(t *testing.T) {
	u := &upstream{answer: failing(client.Error{Code: client.CodeUnavailable})}
	bubble(t, u, func(t *testing.T, p *Poller) {
		start := time.Now()
		snapshot, err := p.Get(t.Context(), "r")
		if err != nil || snapshot.Err == nil || len(u.times()) != getAttempts || time.Since(start) > getTime {
			t.Errorf("%+v, %v after %d attempts in %v", snapshot, err, len(u.times()), time.Since(start))
		}
	})
	u.assertFloor(t)
}

func TestAGetEndsIn25SecondsWhateverTheUpstreamDoes(t *testing.T) {
	u := &upstream{answer: failing(client.Error{Code: client.CodeTimeout}), latency: 20 * time.Second}
	bubble(t, u, func(t *testing.T, p *Poller) {
		start := time.Now()
		_, err := p.Get(t.Context(), "r")
		if err != nil || time.Since(start) > getTime {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestARefusalPausesTheWholeKey(t *testing.T) {
	u := &upstream{answer: func(n int, _ time.Duration) (*client.Results, error) {
		if n == 1 {
			return nil, &client.Error{Code: client.CodeRateLimited, RetryAfter: 40 * time.Second}
		}
		return completed(), nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		_, _ = p.Get(t.Context(), "a")
		start := time.Now()
		snapshot, err := p.Get(t.Context(), "b")
		if err != nil || snapshot.Results != nil || snapshot.NextIn != 40*time.Second || time.Since(start) != 0 {
			t.Errorf("%+v, %v; want at once that no snapshot is possible for 40 s", snapshot, err)
		}
		if snapshot, err := p.Wait(t.Context(), "b", time.Minute, nil); err != nil || !snapshot.Results.Finished() {
			t.Errorf("%+v, %v; want the run once the pause is over", snapshot, err)
		}
		if diff := cmp.Diff(seconds(0, 40), u.times()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

func TestTheBudgetHoldsForAllRunsOfAKey(t *testing.T) {
	u := &upstream{answer: finishingAt(time.Hour)}
	bubble(t, u, func(t *testing.T, p *Poller) {
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() { _, _ = p.Wait(t.Context(), fmt.Sprint("r", i), 5*time.Minute, nil) })
		}
		wg.Wait()
		asked := u.times()
		for i := range asked {
			inMinute := 0
			for _, at := range asked[i:] {
				if at < asked[i]+time.Minute {
					inMinute++
				}
			}
			if inMinute > 120 {
				t.Fatalf("%d requests in the minute from %v, want at most 120", inMinute, asked[i])
			}
		}
		if got := len(asked); got < 5*100 {
			t.Errorf("%d requests in 5 minutes: the budget is not used", got)
		}
		requests := map[string]int{}
		for _, id := range u.runs {
			requests[id]++
		}
		for id, n := range requests {
			if mean := len(asked) / 100; n < mean-1 || n > mean+1 {
				t.Errorf("run %s was requested %d times, the mean is %d", id, n, mean)
			}
		}
	})
}

func TestTheBudgetLearnsFromHeaders(t *testing.T) {
	none, some := 0, 7
	for name, tt := range map[string]struct {
		limit client.RateLimit
		want  int // requests in the following minute
	}{
		"a lower limit":            {client.RateLimit{Minute: client.Window{Limit: 30, Remaining: &some}}, 30},
		"a higher limit":           {client.RateLimit{Minute: client.Window{Limit: 600}}, 120},
		"nothing told":             {client.RateLimit{}, 120},
		"a minute spent":           {client.RateLimit{Minute: client.Window{Limit: 120, Remaining: &none, ResetIn: time.Minute}}, 10},
		"an hour spent":            {client.RateLimit{Hour: client.Window{Limit: 500, Remaining: &none, ResetIn: 59 * time.Minute}}, 10},
		"spent with no reset told": {client.RateLimit{Hour: client.Window{Remaining: &none}}, 120},
	} {
		t.Run(name, func(t *testing.T) {
			u := &upstream{answer: func(int, time.Duration) (*client.Results, error) {
				r := processing()
				r.RateLimit = tt.limit
				return r, nil
			}}
			bubble(t, u, func(t *testing.T, p *Poller) {
				var wg sync.WaitGroup
				for i := range 150 {
					wg.Go(func() { _, _ = p.Wait(t.Context(), fmt.Sprint("r", i), 59*time.Second, nil) })
				}
				wg.Wait()
				// The burst may be sent before the first answer reports a
				// limit.
				if got := len(u.times()); got > tt.want+maxBurst {
					t.Errorf("%d requests in a minute, want at most %d and the burst", got, tt.want)
				}
			})
		})
	}
}

func TestCloseEndsWaitsWithWhatTheyKnow(t *testing.T) {
	u := &upstream{answer: finishingAt(time.Hour)}
	bubble(t, u, func(t *testing.T, p *Poller) {
		var wg sync.WaitGroup
		wg.Go(func() {
			snapshot, err := p.Wait(t.Context(), "r", time.Minute, nil)
			if err != nil || snapshot.Results == nil || !snapshot.Results.InProgress() {
				t.Errorf("%+v, %v; want the run in progress", snapshot, err)
			}
		})
		time.Sleep(12 * time.Second)
		p.Close()
		wg.Wait()
		if _, err := p.Get(t.Context(), "r"); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v, want ErrClosed", err)
		}
	})
}

func TestDrainEndsWaitsAndNotGets(t *testing.T) {
	u := &upstream{answer: finishingAt(time.Hour), latency: time.Second}
	bubble(t, u, func(t *testing.T, p *Poller) {
		var calls sync.WaitGroup
		calls.Go(func() {
			start := time.Now()
			if snapshot, err := p.Wait(t.Context(), "r", time.Minute, nil); err != nil || snapshot.Results == nil || time.Since(start) != 12*time.Second {
				t.Errorf("wait: %+v, %v after %v", snapshot, err, time.Since(start))
			}
		})
		time.Sleep(12 * time.Second)
		calls.Go(func() {
			if snapshot, err := p.Get(t.Context(), "other"); err != nil || snapshot.Results == nil {
				t.Errorf("snapshot: %+v, %v", snapshot, err)
			}
		})
		synctest.Wait()
		p.Drain()
		calls.Wait()
		start := time.Now()
		if _, err := p.Wait(t.Context(), "r", time.Minute, nil); err != nil || time.Since(start) != 0 {
			t.Errorf("wait after Drain: %v after %v", err, time.Since(start))
		}
	})
}

// A cancelled call sends no request.
func TestNoRequestIsMadeThatNobodyWants(t *testing.T) {
	for name, call := range map[string]func(context.Context, *Poller){
		"a get cancelled before": func(ctx context.Context, p *Poller) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			_, _ = p.Get(ctx, "r")
		},
		"a wait cancelled before": func(ctx context.Context, p *Poller) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			_, _ = p.Wait(ctx, "r", time.Minute, nil)
		},
		"a wait after Drain": func(ctx context.Context, p *Poller) {
			p.Drain()
			_, _ = p.Wait(ctx, "r", time.Minute, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			u := &upstream{answer: finishingAt(time.Hour), latency: time.Second}
			bubble(t, u, func(t *testing.T, p *Poller) {
				call(t.Context(), p)
				time.Sleep(time.Minute)
				if n := len(u.times()); n != 0 {
					t.Errorf("%d requests", n)
				}
			})
		})
	}
}

// After Drain no request is made for waits in the queue.
func TestDrainedWaitsAreNotServed(t *testing.T) {
	u := &upstream{answer: finishingAt(time.Hour), latency: 100 * time.Millisecond}
	bubble(t, u, func(t *testing.T, p *Poller) {
		// Their callers are slow to notice, as when many are woken at once.
		unblock := make(chan struct{})
		for i := range 3 {
			go func() {
				_, _ = p.Wait(t.Context(), fmt.Sprint("r", i), time.Minute, func(Snapshot) { <-unblock })
			}()
		}
		time.Sleep(time.Second)
		p.Drain()
		time.Sleep(time.Minute)
		if n := len(u.times()); n != 3 {
			t.Errorf("%d requests, want none after Drain", n-3)
		}
		close(unblock)
	})
}

// A cancelled get in the queue does not give its turn to a wait for the same
// run.
func TestACancelledGetLeavesNoTurn(t *testing.T) {
	u := &upstream{answer: finishingAt(time.Hour)}
	bubble(t, u, func(t *testing.T, p *Poller) {
		for i := range 40 {
			go func() { _, _ = p.Wait(t.Context(), fmt.Sprint("r", i), time.Minute, nil) }()
		}
		synctest.Wait()
		go func() { _, _ = p.Wait(t.Context(), "last", time.Minute, nil) }()
		synctest.Wait()
		for i := range keptForGets {
			_, _ = p.Get(t.Context(), fmt.Sprint("g", i))
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = p.Get(ctx, "last") }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		time.Sleep(2 * time.Second)
		u.mu.Lock()
		defer u.mu.Unlock()
		if slices.Contains(u.runs, "last") {
			t.Error("the run was requested before its turn")
		}
	})
}

func TestCloseEndsRequestsInFlight(t *testing.T) {
	u := &upstream{answer: finishingAt(0), latency: time.Hour}
	bubble(t, u, func(t *testing.T, p *Poller) {
		go func() { _, _ = p.Wait(t.Context(), "r", 2*time.Hour, nil) }()
		synctest.Wait()
		start := time.Now()
		p.Close()
		if time.Since(start) != 0 {
			t.Errorf("Close took %v", time.Since(start))
		}
	})
}

func TestAnErrorWithoutACodeIsTransient(t *testing.T) {
	u := &upstream{answer: func(n int, _ time.Duration) (*client.Results, error) {
		if n == 1 {
			return nil, errors.New("who knows")
		}
		return completed(), nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		if snapshot, err := p.Wait(t.Context(), "r", time.Minute, nil); err != nil || !snapshot.Results.Finished() {
			t.Errorf("%+v, %v", snapshot, err)
		}
	})
}

func TestTheObserverIsCalledForEveryRequest(t *testing.T) {
	u := &upstream{latency: 100 * time.Millisecond}
	u.answer = func(n int, at time.Duration) (*client.Results, error) {
		if n == 2 {
			return nil, &client.Error{Code: client.CodeUnavailable}
		}
		r, err := finishingAt(18*time.Second)(n, at)
		r.CompletedAt = r.CreatedAt.Add(18 * time.Second)
		return r, err
	}
	var got []Observed
	bubble(t, u, func(t *testing.T, p *Poller) {
		_, _ = p.Wait(t.Context(), "r", time.Minute, nil)
		time.Sleep(2 * cacheFor)
		_, _ = p.Get(t.Context(), "r")
	}, WithObserver(func(o Observed) { got = append(got, o) }))
	if len(got) < 4 {
		t.Fatalf("%d observed requests", len(got))
	}
	end := len(got) - 2
	if lag := got[end].Lag; lag < 0 || lag > 7*time.Second {
		t.Errorf("lag %v", lag)
	}
	got[end].Lag = 0
	want := []Observed{
		{Outcome: "in_progress", Lag: -1},
		{Outcome: "unavailable", Lag: -1},
		{Outcome: "in_progress", Lag: -1, Retry: true},
		{Outcome: "ended"},
		{Outcome: "ended", Lag: -1}, // no call had seen the run unfinished
	}
	if got[2].Outcome == "ended" { // the retry came late by chance
		want = append(want[:2], Observed{Outcome: "ended", Retry: true}, want[4])
	}
	for i := range want {
		want[i].Latency = u.latency
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Callers that start waits on ever new runs and leave before the first request
// must not fill the memory.
func TestRunsNeverRequestedAreForgotten(t *testing.T) {
	u := &upstream{answer: finishingAt(time.Hour)}
	bubble(t, u, func(t *testing.T, p *Poller) {
		for i := range 2 * maxUnanswered {
			_, _ = p.Wait(t.Context(), fmt.Sprint("r", i), time.Millisecond, nil)
		}
		p.mu.Lock()
		// The budget allowed requests for some of them.
		if got := len(p.runs); got > maxUnanswered+100 {
			t.Errorf("%d runs are remembered, want at most %d", got, maxUnanswered)
		}
		p.mu.Unlock()
		time.Sleep(placeFor + sweepEvery)
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.runs) > 0 {
			t.Errorf("%d runs are remembered after %v", len(p.runs), placeFor+sweepEvery)
		}
	})
}

func TestTheJitterIsTheInjectedOne(t *testing.T) {
	var asked []time.Duration
	u := &upstream{answer: failing(client.Error{Code: client.CodeUnavailable})}
	bubble(t, u, func(t *testing.T, p *Poller) {
		_, _ = p.Wait(t.Context(), "r", 25*time.Second, nil)
		if diff := cmp.Diff(seconds(0, 5.5, 11.5, 18.5), u.times()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	}, withJitter(func(below time.Duration) time.Duration {
		asked = append(asked, below)
		return below / 2
	}))
	if diff := cmp.Diff(seconds(1, 2, 4, 8), asked); diff != "" {
		t.Errorf("bounds of the jitter (-want +got):\n%s", diff)
	}
}

// However many runs are waited for, left and requested.
func TestRunsKeptAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("reads thousands of runs")
	}
	const memory = 1 << 20
	u := &upstream{answer: finishingAt(time.Hour)}
	bubble(t, u, func(t *testing.T, p *Poller) {
		for round := range 3 {
			ctx, leave := context.WithCancel(t.Context())
			for i := range 1_000 {
				go func() { _, _ = p.Wait(ctx, fmt.Sprint("r", round, "-", i), time.Hour, nil) }()
			}
			time.Sleep(30 * time.Second)
			p.mu.Lock()
			if len(p.floors) < 1_000 || p.counted < memory {
				t.Errorf("%d floors and %d bytes: the test shows nothing", len(p.floors), p.counted)
			}
			p.mu.Unlock()
			leave()
			synctest.Wait()
			p.mu.Lock()
			if got := len(p.runs); got > memory/runSize || p.counted > memory {
				t.Errorf("%d runs are kept, with %d bytes", got, p.counted)
			}
			p.mu.Unlock()
		}
		time.Sleep(placeFor + 2*sweepEvery)
		p.mu.Lock()
		if len(p.runs)+len(p.floors)+int(p.counted) != 0 {
			t.Errorf("%d runs, %d floors and %d bytes are kept for ever", len(p.runs), len(p.floors), p.counted)
		}
		p.mu.Unlock()
		p.Close()
	}, WithRequestsPerMinute(10_000), WithCacheSize(memory))
}

// A wait that is shown no progress sleeps through the attempts that end none,
// is told how many of them failed, and still ends at once with the run.
func TestAWaitWithoutProgressCountsFailuresAndEndsInTime(t *testing.T) {
	u := &upstream{answer: func(n int, at time.Duration) (*client.Results, error) {
		switch {
		case n <= 3:
			return nil, &client.Error{Code: client.CodeUnavailable}
		case at < 40*time.Second:
			return processing(), nil
		}
		return completed(), nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		early, err := p.Wait(t.Context(), "r", 30*time.Second, nil)
		if err != nil || early.Failures != 3 || early.Results == nil {
			t.Errorf("%+v, %v", early, err)
		}
		seen := 0
		go func() { _, _ = p.Wait(t.Context(), "r", time.Minute, func(Snapshot) { seen++ }) }()
		late, err := p.Wait(t.Context(), "r", time.Minute, nil)
		if at := time.Since(u.began); err != nil || late.Failures != 0 || !late.Results.Finished() || at > 46*time.Second {
			t.Errorf("%+v, %v after %v", late, err, at)
		}
		synctest.Wait()
		if seen < 3 {
			t.Errorf("the wait with progress was told %d times", seen)
		}
	})
}
