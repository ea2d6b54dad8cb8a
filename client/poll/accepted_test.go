package poll

import (
	"errors"
	"testing"
	"time"

	"instaview-mcp/client"
)

var notFound = &client.Error{Code: client.CodeNotFound, HTTPStatus: 404}

func TestARunJustStartedMayBeUnknownFor15s(t *testing.T) {
	for name, tt := range map[string]struct {
		known time.Duration // when the results endpoint knows the run
		found bool
	}{"in time": {14 * time.Second, true}, "never": {time.Hour, false}} {
		t.Run(name, func(t *testing.T) {
			u := &upstream{answer: func(_ int, at time.Duration) (*client.Results, error) {
				if at < tt.known {
					return nil, notFound
				}
				return completed(), nil
			}}
			bubble(t, u, func(t *testing.T, p *Poller) {
				p.Accepted("r", nil)
				if s, err := p.Get(t.Context(), "r"); err != nil || s.Err != nil || !s.Results.InProgress() {
					t.Errorf("at once: %+v, %v", s, err)
				}
				s, err := p.Wait(t.Context(), "r", time.Minute, nil)
				if err != nil || (s.Err == nil) != tt.found || tt.found && !s.Results.Finished() {
					t.Errorf("waited: %+v, %v", s, err)
				}
				if s, _ := p.Get(t.Context(), "other"); tt.known > time.Minute && s.Err == nil {
					t.Error("another run is waited for, too")
				}
			})
		})
	}
}

func ended(completedAt int64) *client.Results {
	r := completed()
	r.CreatedAt, r.CompletedAt, r.Date = time.Unix(1, 0), time.Unix(completedAt, 0), time.Unix(1_000_000, 0)
	r.Candidates = []client.Candidate{{ProfileID: "p"}}
	return r
}

func TestTheOldEndStateIsNotTheNewOne(t *testing.T) {
	for name, tt := range map[string]struct {
		old, new int64 // completedAt
		changes  time.Duration
		endsAt   time.Duration // of the wait, at the latest
		stale    bool
	}{
		"it changes":                   {100, 200, 20 * time.Second, 30 * time.Second, false},
		"a clock that goes backwards":  {100, 50, 20 * time.Second, 30 * time.Second, false},
		"it never changes":             {100, 200, time.Hour, 200 * time.Second, true},
		"the new one tells no time":    {100, 0, 20 * time.Second, 30 * time.Second, false},
		"neither of them tells a time": {0, 0, 20 * time.Second, 200 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			state := func(completedAt int64) *client.Results {
				r := ended(completedAt)
				if completedAt == 0 {
					r.CompletedAt = time.Time{}
				}
				return r
			}
			u := &upstream{answer: func(_ int, at time.Duration) (*client.Results, error) {
				if at < tt.changes {
					return state(tt.old), nil
				}
				return state(tt.new), nil
			}}
			bubble(t, u, func(t *testing.T, p *Poller) {
				before, err := p.Get(t.Context(), "r")
				if err != nil || !before.Results.Finished() {
					t.Fatalf("%+v, %v", before, err)
				}
				p.Accepted("r", before.Results)
				if s, _ := p.Get(t.Context(), "r"); !s.Results.InProgress() || len(s.Results.Candidates) > 0 {
					t.Errorf("at once: %+v", s.Results)
				}
				began := time.Now()
				s, err := p.Wait(t.Context(), "r", 240*time.Second, nil)
				if err != nil || !s.Results.Finished() {
					t.Fatalf("%+v, %v", s, err)
				}
				if took := time.Since(began); took > tt.endsAt {
					t.Errorf("took %v", took)
				}
				if stale := s.Results.CompletedAt.Equal(before.Results.CompletedAt) && tt.old != tt.new; stale != tt.stale {
					t.Errorf("stale: %v", stale)
				}
				for i, at := range u.times()[1:] {
					if at-u.times()[i] < Floor {
						t.Errorf("asked at %v and %v", u.times()[i], at)
					}
				}
			})
		})
	}
}

// The age of a refined run is that of its first search, and says nothing of how
// long this one takes.
func TestARefinedRunInProgressIsNotCalledOld(t *testing.T) {
	u := &upstream{answer: func(n int, at time.Duration) (*client.Results, error) {
		if n == 1 {
			return ended(100), nil
		}
		r := processing()
		r.CreatedAt, r.Date = time.Unix(1, 0), time.Unix(1_000_000, 0).Add(at)
		return r, nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		before, _ := p.Get(t.Context(), "r")
		p.Accepted("r", before.Results)
		s, _ := p.Wait(t.Context(), "r", 30*time.Second, nil)
		if _, told := s.Results.Age(); told {
			t.Error("an age is told")
		}
		time.Sleep(time.Hour)
		s, _ = p.Get(t.Context(), "r")
		if _, told := s.Results.Age(); !told {
			t.Error("no age is told after an hour")
		}
	})
}

// Retry-After holds for all of a key's requests, whichever was told it.
func TestStartsAndPollsObeyOneRetryAfter(t *testing.T) {
	limited := &client.Error{Code: client.CodeRateLimited, HTTPStatus: 429, RetryAfter: 42 * time.Second}
	start := func(t *testing.T, p *Poller, err error) (made bool, retry time.Duration) {
		_, got := p.Start(func() (*client.Started, error) {
			made = true
			return &client.Started{RequestID: "s"}, err
		})
		var failure *client.Error
		if errors.As(got, &failure) {
			retry = failure.RetryAfter
			if failure.Code != client.CodeRateLimited {
				t.Error(got)
			}
		}
		return made, retry
	}
	polled := &upstream{answer: func(n int, _ time.Duration) (*client.Results, error) {
		if n == 1 {
			return nil, limited
		}
		return completed(), nil
	}}
	bubble(t, polled, func(t *testing.T, p *Poller) {
		_, _ = p.Wait(t.Context(), "r", 2*time.Second, nil)
		if made, retry := start(t, p, nil); made || retry != 40*time.Second {
			t.Errorf("after a poll's 429: made %v, retry after %v", made, retry)
		}
		time.Sleep(40 * time.Second)
		if made, retry := start(t, p, nil); !made || retry != 0 {
			t.Errorf("42 s later: made %v, retry after %v", made, retry)
		}
	})
	u := &upstream{answer: func(int, time.Duration) (*client.Results, error) { return completed(), nil }}
	bubble(t, u, func(t *testing.T, p *Poller) {
		_, _ = start(t, p, limited)
		if made, retry := start(t, p, nil); made || retry != 42*time.Second {
			t.Errorf("after a start's 429: made %v, retry after %v", made, retry)
		}
		if _, err := p.Wait(t.Context(), "r", time.Minute, nil); err != nil {
			t.Fatal(err)
		}
		if at := u.times()[0]; at < 42*time.Second {
			t.Errorf("asked at %v, before Retry-After", at)
		}
	})
}

func TestRequestsOutsideThePollerCount(t *testing.T) {
	u := &upstream{answer: func(int, time.Duration) (*client.Results, error) { return completed(), nil }}
	bubble(t, u, func(t *testing.T, p *Poller) {
		for range maxBurst {
			if _, err := p.Start(func() (*client.Started, error) { return &client.Started{RequestID: "s"}, nil }); err != nil {
				t.Error(err)
			}
		}
		if _, err := p.Get(t.Context(), "r"); err != nil {
			t.Fatal(err)
		}
		if at := u.times()[0]; at < 500*time.Millisecond {
			t.Errorf("asked at %v, after a burst that the start of runs has used up", at)
		}
	})
}
