package poll

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"instaview-mcp/client"
)

// unknownButRuns answers 404 for every id that does not begin with r.
func unknownButRuns(u *upstream) {
	u.answer = func(n int, _ time.Duration) (*client.Results, error) {
		if u.run(n)[0] != 'r' {
			return nil, &client.Error{Code: client.CodeNotFound, HTTPStatus: 404}
		}
		return processing(), nil
	}
}

// longestGap returns the longest time between two requests for id.
func (u *upstream) longestGap(id string, end time.Duration) time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	var last, longest time.Duration
	for i, at := range u.asked {
		if u.runs[i] == id {
			last, longest = at, max(longest, at-last)
		}
	}
	return max(longest, end-last)
}

// N11: gets for unknown ids, one after the other, used to keep every wait from
// its turn.
func TestGetsDoNotStarveWaits(t *testing.T) {
	for _, clients := range []int{1, 5, 30} {
		t.Run(fmt.Sprint(clients), func(t *testing.T) {
			u := &upstream{latency: 100 * time.Millisecond}
			unknownButRuns(u)
			bubble(t, u, func(t *testing.T, p *Poller) {
				const length = 2 * time.Minute
				ctx, cancel := context.WithTimeout(t.Context(), length)
				defer cancel()
				for i := range clients {
					go func() {
						for n := 0; ctx.Err() == nil; n++ {
							_, _ = p.Get(ctx, fmt.Sprintf("unknown-%d-%d", i, n))
						}
					}()
				}
				waitForAll(t, p, 3, length)
				for i := range 3 {
					if gap := u.longestGap(fmt.Sprint("r", i), length); gap > 15*time.Second {
						t.Errorf("r%d was not requested for %v", i, gap)
					}
				}
				p.Close()
			})
		})
	}
}

// N11, the other way round: every second request is left to gets.
func TestWaitsDoNotStarveGets(t *testing.T) {
	u := &upstream{latency: 100 * time.Millisecond}
	unknownButRuns(u)
	bubble(t, u, func(t *testing.T, p *Poller) {
		for i := range 100 {
			go func() { _, _ = p.Wait(t.Context(), fmt.Sprint("r", i), time.Hour, nil) }()
		}
		time.Sleep(time.Minute)
		var took []time.Duration
		for n := range 100 {
			begun := time.Now()
			if snapshot, err := p.Get(t.Context(), fmt.Sprint("unknown-", n)); err != nil || snapshot.Err == nil {
				t.Fatalf("%+v, %v", snapshot, err)
			}
			took = append(took, time.Since(begun))
		}
		if longest := slices.Max(took); longest > 3*time.Second {
			t.Errorf("a get took %v beside a hundred waits", longest)
		}
		p.Close()
	})
}

// If only one queue has a run that may be requested, the dispatcher must not
// spin. In a bubble that would end the test by its timeout.
func TestTurnsPassWhenOnlyOneQueueIsReady(t *testing.T) {
	left := 10
	u := &upstream{latency: 100 * time.Millisecond, answer: func(int, time.Duration) (*client.Results, error) {
		r := processing()
		r.RateLimit.Hour = client.Window{Limit: 500, Remaining: &left, ResetIn: 40 * time.Minute}
		return r, nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		for i := range 3 {
			go func() { _, _ = p.Wait(t.Context(), fmt.Sprint("r", i), time.Hour, nil) }()
		}
		time.Sleep(time.Second)
		for n := range 5 {
			begun := time.Now()
			if snapshot, err := p.Get(t.Context(), fmt.Sprint("g", n)); err != nil || snapshot.Results == nil || time.Since(begun) != u.latency {
				t.Errorf("get %d: %+v, %v after %v", n, snapshot, err, time.Since(begun))
			}
		}
		p.Close()
	})
}

// Runs that are queued but not due leave the budget unused, so their number
// must not delay any request.
func TestManyYoungRunsAreSeenEarly(t *testing.T) {
	const runs, failAt = 20, 9 * time.Second
	u := &upstream{latency: 100 * time.Millisecond, answer: func(_ int, at time.Duration) (*client.Results, error) {
		if at < failAt {
			return processing(), nil
		}
		return &client.Results{Status: client.StatusFailed, HTTPStatus: 200}, nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		begun := time.Now()
		for i, snapshot := range waitForAll(t, p, runs, time.Minute) {
			// The budget allows twenty requests within 11 s.
			if lag := snapshot.At.Sub(begun) - failAt; lag > 12*time.Second {
				t.Errorf("r%d was seen %v after its end", i, lag)
			}
		}
	})
}

// In a crowd a run that was never requested goes before those whose next answer
// is due, so that few waits end without an answer.
func TestFirstAnswersComeEarlyInACrowd(t *testing.T) {
	u := &upstream{latency: 100 * time.Millisecond, answer: func(int, time.Duration) (*client.Results, error) { return processing(), nil }}
	bubble(t, u, func(t *testing.T, p *Poller) {
		for i := range 100 {
			go func() { _, _ = p.Wait(t.Context(), fmt.Sprint("r", i), time.Hour, nil) }()
		}
		time.Sleep(70 * time.Second) // each is now requested every 56 s
		for n := range 3 {
			begun := time.Now()
			if snapshot, err := p.Wait(t.Context(), fmt.Sprint("new", n), 50*time.Second, nil); err != nil || snapshot.Results == nil {
				t.Errorf("wait %d: %+v, %v after %v", n, snapshot, err, time.Since(begun))
			}
		}
		p.Close()
	})
}

// Waits leave a few requests of the minute for gets: beside 64 waits a get is
// sent at once.
func TestAGetBesideManyWaitsGoesOutAtOnce(t *testing.T) {
	u := &upstream{latency: 3 * time.Millisecond, answer: func(int, time.Duration) (*client.Results, error) { return processing(), nil }}
	bubble(t, u, func(t *testing.T, p *Poller) {
		for i := range 64 {
			go func() { _, _ = p.Wait(t.Context(), fmt.Sprint("r", i), time.Hour, nil) }()
		}
		for n := range 30 {
			time.Sleep(7123 * time.Millisecond)
			for i := range 2 { // one after the other
				begun := time.Now()
				snapshot, err := p.Get(t.Context(), fmt.Sprint("g", n, "-", i))
				if took := time.Since(begun); err != nil || snapshot.Results == nil || took > 10*time.Millisecond {
					t.Errorf("get %d.%d: %+v, %v after %v", n, i, snapshot, err, took)
				}
			}
		}
		p.Close()
	})
}

// N13: a run has one floor, whatever the company, and each company has its turn
// and its own answers.
func TestOneRunHasOneFloorForAllCompanies(t *testing.T) {
	for _, latency := range []time.Duration{0, 300 * time.Millisecond, 7 * time.Second} {
		t.Run(latency.String(), func(t *testing.T) {
			u := &upstream{latency: latency}
			u.answer = func(n int, _ time.Duration) (*client.Results, error) {
				r := processing()
				r.Message = u.run(n)
				return r, nil
			}
			bubble(t, u, func(t *testing.T, p *Poller) {
				const companies = 13
				var all sync.WaitGroup
				for i := range companies {
					id := fmt.Sprintf("company-%d/r", i)
					all.Go(func() {
						snapshot, err := p.Wait(t.Context(), id, 5*time.Minute, nil)
						if err != nil || snapshot.Results == nil || latency == 0 && snapshot.Results.Message != id {
							t.Errorf("%s: %+v, %v", id, snapshot, err)
						}
					})
					if i%3 == 0 {
						all.Go(func() { _, _ = p.Get(t.Context(), id) })
					}
				}
				all.Wait()
				p.Close()
				count := map[string]int{}
				for _, id := range u.runs {
					count[id]++
				}
				mean := len(u.runs) / companies
				for id, n := range count {
					if n < mean-1 || n > mean+2 {
						t.Errorf("%s was requested %d times, the mean is %d", id, n, mean)
					}
				}
				if len(u.runs) < int(5*time.Minute/(2*Floor+latency)) {
					t.Errorf("%d requests in five minutes", len(u.runs))
				}
			})
			u.assertFloor(t)
		})
	}
}

// N16: a get and a wait give the same time until the next request, whatever
// delays it.
func TestAGetAndAWaitTellTheSameTime(t *testing.T) {
	none := 0
	for name, tt := range map[string]struct {
		answer func() (*client.Results, error)
		want   time.Duration // after 10 s
	}{
		"hour spent": {func() (*client.Results, error) {
			r := processing()
			r.RateLimit.Hour = client.Window{Limit: 500, Remaining: &none, ResetIn: 40 * time.Minute}
			return r, nil
		}, 40 * time.Minute}, // counts once reported again
		"refused": {func() (*client.Results, error) {
			return nil, &client.Error{Code: client.CodeRateLimited, HTTPStatus: 429, RetryAfter: 5 * time.Minute}
		}, 5*time.Minute - 10*time.Second},
		"Retry-After of a run": {func() (*client.Results, error) {
			return nil, &client.Error{Code: client.CodeUnavailable, HTTPStatus: 503, RetryAfter: time.Minute}
		}, 50 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			u := &upstream{answer: func(int, time.Duration) (*client.Results, error) { return tt.answer() }}
			bubble(t, u, func(t *testing.T, p *Poller) {
				_, _ = p.Wait(t.Context(), "r", 10*time.Second, nil)
				told := map[string]time.Duration{}
				get, _ := p.Get(t.Context(), "r")
				told["get"] = get.NextIn
				wait, _ := p.Wait(t.Context(), "r", 0, nil)
				told["wait"] = wait.NextIn
				if name != "Retry-After of a run" { // which delays only that run
					get, _ = p.Get(t.Context(), "other")
					told["get another"] = get.NextIn
					wait, _ = p.Wait(t.Context(), "another", 0, nil)
					told["wait for another"] = wait.NextIn
				}
				for call, got := range told {
					if got != tt.want {
						t.Errorf("%s: %v, want %v", call, got, tt.want)
					}
				}
			})
		})
	}
}

// NextIn is the time when a request is allowed, not when the schedule has one.
func TestTheTimeToldIsNotTheSchedules(t *testing.T) {
	u := &upstream{answer: func(int, time.Duration) (*client.Results, error) {
		r := processing()
		r.CreatedAt = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		r.Date = r.CreatedAt.Add(time.Hour)
		return r, nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		_, _ = p.Wait(t.Context(), "r", time.Minute, nil)
		if snapshot, _ := p.Wait(t.Context(), "r", 3*time.Second, nil); snapshot.NextIn > Floor {
			t.Errorf("%+v, though nothing but the floor holds the run back", snapshot)
		}
	})
}

// When the hour's remaining requests are spread, NextIn includes that pace.
// Otherwise it would seem as if InstaView had not answered.
func TestAWaitIsToldThatTheHoursRestIsSpread(t *testing.T) {
	u := &upstream{latency: 100 * time.Millisecond, answer: func(n int, at time.Duration) (*client.Results, error) {
		left := 6 - n
		r := processing()
		r.RateLimit.Hour = client.Window{Limit: 500, Remaining: &left, ResetIn: time.Hour - at}
		return r, nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		_, _ = p.Wait(t.Context(), "asked", 50*time.Second, nil)
		var snapshots []Snapshot
		for i := range 2 {
			go func() { _, _ = p.Wait(t.Context(), fmt.Sprint("r", i), time.Hour, nil) }()
			time.Sleep(time.Second)
			p.mu.Lock()
			r := p.runs[fmt.Sprint("r", i)]
			p.mu.Unlock()
			var snapshot Snapshot
			p.snapshot(&snapshot, r, tally{}, true, false)
			snapshots = append(snapshots, snapshot)
		}
		told, before := time.Since(u.began), len(u.times())
		time.Sleep(50 * time.Minute)
		for i, at := range u.times()[before : before+2] {
			// The pace quickens as the rest of the hour gets shorter.
			if next := snapshots[i].NextIn; snapshots[i].Ahead != i || at-told > next || at-told < next*3/4 {
				t.Errorf("%v and %d ahead, and requested after %v", next, snapshots[i].Ahead, at-told)
			}
		}
		p.Close()
	})
}

// Ahead also counts the turns of the other kind.
func TestRequestsAheadCountTheTurnsOfBothKinds(t *testing.T) {
	u := &upstream{latency: 100 * time.Millisecond, answer: finishingAt(time.Hour)}
	bubble(t, u, func(t *testing.T, p *Poller) {
		for i := range 10 {
			go func() { _, _ = p.Wait(t.Context(), fmt.Sprint("w", i), time.Minute, nil) }()
		}
		for i := range 10 {
			go func() { _, _ = p.Get(t.Context(), fmt.Sprint("g", i)) }()
		}
		time.Sleep(time.Millisecond)
		go func() { _, _ = p.Wait(t.Context(), "last", time.Minute, nil) }()
		time.Sleep(time.Millisecond)
		p.mu.Lock()
		r := p.runs["last"]
		p.mu.Unlock()
		var snapshot Snapshot
		p.snapshot(&snapshot, r, tally{}, true, false)
		before := len(u.times())
		time.Sleep(30 * time.Second)
		n := before
		for u.run(n+1) != "last" {
			n++
		}
		if ahead := n - before; snapshot.Ahead < ahead-1 || snapshot.Ahead > ahead+1 {
			t.Errorf("told of %d requests ahead, and there were %d", snapshot.Ahead, ahead)
		}
		p.Close()
	}, WithRequestsPerMinute(60))
}
