package poll

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"instaview-mcp/client"
)

// sleeper is a machine that can be suspended. Meanwhile its timers and its
// monotonic clock stand still.
type sleeper struct{ slept atomic.Int64 }

func (s *sleeper) suspend(d time.Duration) { s.slept.Add(int64(d)) }

func (s *sleeper) option() Option {
	return withSleep(func() time.Duration { return time.Duration(s.slept.Load()) })
}

// N19: a machine that slept during Retry-After does not wait for it again.
func TestSleepCountsForRetryAfter(t *testing.T) {
	for name, tt := range map[string]struct {
		slept, least, most time.Duration // until the second request, counted while awake
	}{
		"no sleep":         {0, time.Hour, time.Hour},
		"twenty minutes":   {20 * time.Minute, 40 * time.Minute, 40 * time.Minute},
		"an hour":          {time.Hour, 10 * time.Second, 10*time.Second + maxSleep},
		"less than it can": {time.Millisecond, time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			machine := &sleeper{}
			machine.suspend(77 * time.Hour) // before this process started
			u := &upstream{answer: func(n int, _ time.Duration) (*client.Results, error) {
				if n == 1 {
					return nil, &client.Error{Code: client.CodeRateLimited, HTTPStatus: 429, RetryAfter: time.Hour}
				}
				return completed(), nil
			}}
			bubble(t, u, func(t *testing.T, p *Poller) {
				time.AfterFunc(10*time.Second, func() { machine.suspend(tt.slept) })
				snapshot, err := p.Wait(t.Context(), "r", 2*time.Hour, nil)
				if err != nil || snapshot.Err != nil || !snapshot.Results.Finished() {
					t.Fatalf("%+v, %v", snapshot, err)
				}
				if at := u.times()[1]; at < tt.least || at > tt.most {
					t.Errorf("asked again %v after the refusal, want %v to %v", at, tt.least, tt.most)
				}
			}, machine.option(), withJitter(func(time.Duration) time.Duration { return 0 }))
		})
	}
}

// The age of a cached answer includes the sleep, also for the caller.
func TestSleepCountsForTheAgeShown(t *testing.T) {
	machine := &sleeper{}
	u := &upstream{answer: func(n int, at time.Duration) (*client.Results, error) {
		switch {
		case n == 1:
			return processing(), nil
		case at < 12*time.Second:
			return nil, &client.Error{Code: client.CodeUnavailable}
		}
		return completed(), nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		go func() { _, _ = p.Wait(t.Context(), "r", 3*time.Minute, nil) }()
		synctest.Wait()
		time.Sleep(2 * time.Second)
		machine.suspend(time.Hour)
		begun := time.Now()
		snapshot, err := p.Wait(t.Context(), "r", 10*time.Second, nil)
		if age := time.Since(snapshot.SeenAt); err != nil || snapshot.Err == nil || age != time.Hour+12*time.Second {
			t.Errorf("%+v, %v, seen %v ago", snapshot, err, age)
		}
		if snapshot.At.Before(begun) {
			t.Errorf("the failed snapshot was at %v, before the call of %v", snapshot.At, begun)
		}
		machine.suspend(time.Minute) // longer than the cache keeps the answer
		if snapshot, err := p.Get(t.Context(), "r"); err != nil || snapshot.Err != nil || time.Since(snapshot.SeenAt) != 0 {
			t.Errorf("%+v, %v", snapshot, err)
		}
		p.Close()
	}, machine.option())
}

// The two real clocks never differ by less than zero, and not by more as time
// passes.
func TestTheMachinesSleepIsRead(t *testing.T) {
	c := newClock(slept)
	if before := c.before; before < -time.Millisecond {
		t.Errorf("slept %v", before)
	}
	if d := time.Until(c.now()); d > 0 || d < -time.Minute {
		t.Errorf("the clock is off by %v", d)
	}
}
