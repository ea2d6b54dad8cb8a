package tenant

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/sandbox"
	"instaview-mcp/internal/store"
	"instaview-mcp/internal/store/fakeredis"
)

// inBubble runs test in a synctest bubble, with a Pool in which each key of
// found has its own sandbox, whose run has found that many.
func inBubble(t *testing.T, found map[string]int, test func(t *testing.T, p *Pool, asked func(key string) int)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sandboxes := map[string]*sandbox.Sandbox{}
		pool := NewPool(func(key client.Key) (*client.Client, error) {
			s := sandboxes[key.Reveal()]
			if s == nil {
				s = sandbox.New(sandbox.WithKey(key.Reveal()), sandbox.WithRun("req_1", sandbox.Run{Found: found[key.Reveal()]}))
				if _, ok := found[key.Reveal()]; !ok {
					s = sandbox.New() // accepts another key
				}
				sandboxes[key.Reveal()] = s
			}
			dial, stop := s.Start()
			t.Cleanup(stop)
			return client.New(key, client.WithBaseURL("http://localhost"), client.WithDialContext(dial))
		})
		defer pool.Close()
		test(t, pool, func(key string) int { return len(sandboxes[key].Requests()) })
	})
}

func on(t *testing.T, key, company string) context.Context {
	return WithCredentials(t.Context(), Credentials{Key: client.NewKey(key), CompanyID: company})
}

func TestCallersNeverShareWhatWasSeen(t *testing.T) {
	inBubble(t, map[string]int{"a": 1, "b": 2}, func(t *testing.T, p *Pool, asked func(string) int) {
		for range 3 {
			for key, want := range map[string]int{"a": 1, "b": 2} {
				snapshot, err := p.Get(on(t, key, ""), "req_1")
				if err != nil || snapshot.Err != nil {
					t.Fatal(err, snapshot.Err)
				}
				if got := *snapshot.Results.FoundCount; got != want {
					t.Errorf("key %s was shown %d found, want %d", key, got, want)
				}
			}
		}
		if asked("a") != 1 || asked("b") != 1 {
			t.Errorf("%d and %d requests, want one each", asked("a"), asked("b"))
		}
	})
}

func TestCompaniesOfAKeyAreAskedForApartAndShareItsBudget(t *testing.T) {
	inBubble(t, map[string]int{"a": 1}, func(t *testing.T, p *Pool, asked func(string) int) {
		start := time.Now()
		for i := range 30 {
			if _, err := p.Get(on(t, "a", fmt.Sprintf("company-%d", i)), fmt.Sprintf("req_%d", i/2)); err != nil {
				t.Fatal(err)
			}
		}
		if asked("a") != 30 {
			t.Errorf("%d requests, want one for each company", asked("a"))
		}
		// A limit of 120 a minute is reported, of which 0.9 is used after the
		// burst.
		if took := time.Since(start); took < 9*time.Second {
			t.Errorf("30 requests in %v", took)
		}
	})
}

// A webhook's delivery does not say whose caller waits.
func TestAHintReachesTheRunsOfEveryCompany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const takes = 41 * time.Second // asked for at 40 and 45 s by each company, in turn
		s := sandbox.New(sandbox.WithKey("a"), sandbox.WithRun("req_1", sandbox.Run{Takes: takes}))
		dial, stop := s.Start()
		defer stop()
		p := NewPool(func(key client.Key) (*client.Client, error) {
			return client.New(key, client.WithBaseURL("http://localhost"), client.WithDialContext(dial))
		})
		defer p.Close()
		c := p.ForCompanies(client.NewKey("a"))
		c.Hint("req_1") // before anyone has called
		var all sync.WaitGroup
		for _, company := range []string{"x", "y"} {
			all.Go(func() {
				snapshot, err := c.Wait(WithPerson(t.Context(), "issuer", "ann", company), "req_1", 4*time.Minute, nil)
				if err != nil || snapshot.Results == nil || snapshot.Results.InProgress() {
					t.Errorf("%s: %+v, %v", company, snapshot, err)
				}
			})
		}
		time.Sleep(takes)
		before := len(s.Requests())
		c.Hint("req_1")
		all.Wait()
		if n := len(s.Requests()) - before; n != 2 {
			t.Errorf("%d requests after the hint, want one for each company", n)
		}
	})
}

// N13: the contract's floor is the run's, whichever company it is requested
// for.
func TestOneRunHasOneFloorForAllCompaniesOfAKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.New(sandbox.WithKey("a"))
		dial, stop := s.Start()
		defer stop()
		p := NewPool(func(key client.Key) (*client.Client, error) {
			return client.New(key, client.WithBaseURL("http://localhost"), client.WithDialContext(dial))
		})
		defer p.Close()
		var all sync.WaitGroup
		for i := range 13 {
			all.Go(func() {
				snapshot, err := p.Wait(on(t, "a", fmt.Sprintf("company-%d", i)), "req_demo_slow", 90*time.Second, nil)
				if err != nil || snapshot.Results == nil {
					t.Errorf("company %d: %+v, %v", i, snapshot, err)
				}
			})
		}
		all.Wait()
		requests := s.Requests()
		for i := 1; i < len(requests); i++ {
			if apart := requests[i].Arrived.Sub(requests[i-1].Arrived); apart < poll.Floor {
				t.Errorf("request %d arrived %v after the one before", i, apart)
			}
		}
	})
}

func TestARequestWithoutAKeyFallsBackToNone(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, p *Pool, _ func(string) int) {
		if _, err := p.Get(t.Context(), "req_1"); !errors.Is(err, errNoKey) {
			t.Errorf("error %v", err)
		}
		if _, err := p.Wait(With(t.Context(), "x"), "req_1", time.Second, nil); !errors.Is(err, errNoKey) {
			t.Errorf("error %v", err)
		}
	})
}

// Without a company, a caller must not read the runs of the key's own.
func TestTheServersKeyIsUsedOnlyForACallersCompany(t *testing.T) {
	inBubble(t, map[string]int{"a": 1}, func(t *testing.T, p *Pool, asked func(string) int) {
		runs := p.ForCompanies(client.NewKey("a"))
		for _, ctx := range []context.Context{t.Context(), WithPerson(t.Context(), "issuer", "ada", "")} {
			if _, err := runs.Get(ctx, "req_1"); !errors.Is(err, errNoKey) {
				t.Errorf("error %v", err)
			}
			if _, err := runs.Wait(ctx, "req_1", time.Second, nil); !errors.Is(err, errNoKey) {
				t.Errorf("error %v", err)
			}
		}
		if snapshot, err := runs.Get(WithPerson(t.Context(), "issuer", "ada", "acme"), "req_1"); err != nil || snapshot.Results == nil {
			t.Errorf("for a company: %+v, %v", snapshot, err)
		}
		if asked("a") != 1 {
			t.Errorf("%d requests, want 1", asked("a"))
		}
	})
}

func TestAFullPoolForgetsTheKeysThatWereNeverAccepted(t *testing.T) {
	inBubble(t, map[string]int{"good": 1}, func(t *testing.T, p *Pool, asked func(string) int) {
		get := func(key string) {
			if _, err := p.Get(on(t, key, ""), "req_1"); err != nil {
				t.Fatal(err)
			}
		}
		get("good")
		for i := range maxKeys + 10 {
			get(fmt.Sprintf("guess-%d", i))
		}
		if n := p.recent.Len(); n != maxKeys || len(p.entries) != n {
			t.Errorf("%d keys held, %d listed", n, len(p.entries))
		}
		get("good")
		if asked("good") != 1 {
			t.Error("what a good key saw was forgotten for a stranger's guesses")
		}
	})
}

// N12: after a key was dropped to make room, its Retry-After and its runs'
// floors still hold.
func TestADroppedKeyIsNotAskedForBeforeItsTime(t *testing.T) {
	for name, tt := range map[string]struct {
		fault  *sandbox.Fault
		within time.Duration // after the key was dropped
		want   time.Duration // between the two requests
	}{
		"Retry-After":         {&sandbox.Fault{Status: 429, Header: map[string][]string{"Retry-After": {"600"}}}, 0, 10 * time.Minute},
		"a run's Retry-After": {&sandbox.Fault{Status: 503, Header: map[string][]string{"Retry-After": {"90"}}}, 0, 90 * time.Second},
		"the floor":           {nil, 0, poll.Floor},
		"a request in flight": {&sandbox.Fault{Delay: 10 * time.Second}, time.Second, time.Second + poll.Floor},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sandbox.New(sandbox.WithKey("a"))
				if tt.fault != nil {
					s.Inject("req_demo_slow", *tt.fault)
				}
				dial, stop := s.Start()
				defer stop()
				p := NewPool(func(key client.Key) (*client.Client, error) {
					return client.New(key, client.WithBaseURL("http://localhost"), client.WithDialContext(dial))
				})
				defer p.Close()
				_, _ = p.Wait(on(t, "a", ""), "req_demo_slow", tt.within, nil)
				synctest.Wait()
				for i := range maxKeys + 100 {
					a, err := p.take(client.NewKey(fmt.Sprint("other", i)))
					if err != nil {
						t.Fatal(err)
					}
					p.release(a, poll.Snapshot{Results: &client.Results{}})
				}
				if p.entries[hash("a")] != nil {
					t.Fatal("the key was not dropped: the test shows nothing")
				}
				snapshot, err := p.Wait(on(t, "a", ""), "req_demo_slow", 15*time.Minute, nil)
				requests := s.Requests()
				if err != nil || snapshot.Results == nil || len(requests) < 2 {
					t.Fatalf("%+v, %v after %d requests", snapshot, err, len(requests))
				}
				if apart := requests[1].Arrived.Sub(requests[0].Arrived); apart < tt.want || apart > tt.want+time.Second {
					t.Errorf("asked again after %v, want %v", apart, tt.want)
				}
				if len(p.held) != 0 {
					t.Errorf("%d keys still held", len(p.held))
				}
			})
		})
	}
}

func TestAFullPoolForgetsTheKeyUsedLongestAgo(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, p *Pool, _ func(string) int) {
		use := func(i int) {
			a, err := p.take(client.NewKey(fmt.Sprint(i)))
			if err != nil {
				t.Fatal(err)
			}
			p.release(a, poll.Snapshot{Results: &client.Results{}})
		}
		for i := range maxKeys {
			use(i)
		}
		use(0)
		use(maxKeys)
		if p.entries[hash("0")] == nil || p.entries[hash("1")] != nil {
			t.Error("not the one used longest ago was forgotten")
		}
	})
}

func TestAPoolWithEveryKeyInUseIsFull(t *testing.T) {
	inBubble(t, map[string]int{"a": 1}, func(t *testing.T, p *Pool, _ func(string) int) {
		for i := range maxKeys {
			if _, err := p.take(client.NewKey(fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := p.Get(on(t, "a", ""), "req_1"); !errors.Is(err, ErrFull) {
			t.Errorf("error %v, want %v", err, ErrFull)
		}
	})
}

func TestAKeyIsForgottenAfterAnHour(t *testing.T) {
	inBubble(t, map[string]int{"a": 1, "b": 1}, func(t *testing.T, p *Pool, _ func(string) int) {
		_, _ = p.Get(on(t, "a", ""), "req_1")
		time.Sleep(maxIdle + time.Second)
		_, _ = p.Get(on(t, "b", ""), "req_1")
		if n := p.recent.Len(); n != 1 {
			t.Errorf("%d keys held", n)
		}
	})
}

func TestDrainEndsWaitsOfKeysThatComeLaterToo(t *testing.T) {
	inBubble(t, map[string]int{"a": 1, "b": 1}, func(t *testing.T, p *Pool, _ func(string) int) {
		begun := time.Now()
		time.AfterFunc(3*time.Second, p.Drain)
		for _, key := range []string{"a", "b"} {
			if _, err := p.Wait(on(t, key, ""), "req_demo_slow", time.Minute, nil); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(begun); took > 4*time.Second {
			t.Errorf("ended after %v", took)
		}
	})
}

func TestAClosedPoolOpensNothing(t *testing.T) {
	inBubble(t, map[string]int{"a": 1, "b": 1}, func(t *testing.T, p *Pool, _ func(string) int) {
		_, _ = p.Get(on(t, "a", ""), "req_1")
		p.Close()
		for _, key := range []string{"a", "b"} {
			if _, err := p.Get(on(t, key, ""), "req_1"); !errors.Is(err, poll.ErrClosed) {
				t.Errorf("key %s: %v", key, err)
			}
		}
	})
}

func TestIDsTellCallersApart(t *testing.T) {
	ids := map[ID]bool{}
	for _, c := range []Credentials{{}, {Key: client.NewKey("a")}, {Key: client.NewKey("b")}, {Key: client.NewKey("a"), CompanyID: "b"}, {CompanyID: "ab"}} {
		ids[c.ID()] = true
	}
	if len(ids) != 5 {
		t.Errorf("%d ids for 5 callers", len(ids))
	}
}

// However many keys there are, a slow store delays the end like one key does.
func TestCloseWaitsOnceForASlowStore(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, p *Pool, _ func(string) int) {
		redis := fakeredis.New(0)
		var all []*fakeredis.Connection
		p.Share(func(key client.Key) poll.Store {
			all = append(all, redis.Connect())
			return store.On(all[len(all)-1], key, func(store.Decision) {})
		})
		for i := range 50 {
			_, _ = p.Get(on(t, fmt.Sprint(i), ""), "req_1")
		}
		for _, c := range all {
			c.SetSlow(400 * time.Millisecond)
		}
		began := time.Now()
		p.Close()
		if took := time.Since(began); took > time.Second {
			t.Errorf("closed after %v", took)
		}
	})
}
