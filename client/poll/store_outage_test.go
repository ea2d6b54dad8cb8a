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
