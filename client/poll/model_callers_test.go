package poll

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"testing/synctest"
	"time"
)

// players are the callers of one scenario.
type players struct {
	s scenario
	h *history
	u *fakeUpstream
	p *Poller

	all sync.WaitGroup

	mu      sync.Mutex
	current []string // the run of each worker
}

// awake replaces the real clocks, which do not follow the bubble's time.
var awake = withSleep(func() time.Duration { return 0 })

// play runs a scenario until the Poller's cache is empty, and returns what
// happened. It must be called in a bubble.
func play(s scenario) *history {
	h := &history{scenario: s, began: time.Now(), asked: map[string]int{}, drained: never, closed: never}
	u := newFakeUpstream(s, h)
	options := []Option{withJitter(h.jitter), awake}
	if s.perMinute > 0 {
		options = append(options, WithRequestsPerMinute(s.perMinute))
	}
	if s.memory > 0 {
		options = append(options, WithCacheSize(s.memory))
	}
	c := &players{s: s, h: h, u: u, p: New(u, options...), current: make([]string, s.workers)}
	c.each("worker", s.workers, c.work)
	c.each("getter", s.getters, c.get)
	c.each("looper", s.loopers, c.loop)
	c.each("sweeper", s.sweepers, c.sweep)
	if s.hints.every > 0 {
		c.each("forger", 1, c.forge)
	}
	stopped := make(chan struct{})
	go c.end(stopped)
	go c.sampleUntil(stopped)
	c.all.Wait()
	close(stopped)
	synctest.Wait() // so that end no longer closes the Poller
	if h.closed == never {
		time.Sleep(c.quiet())
	}
	h.left = leftovers(c.p, h.closed < never)
	c.p.Close()
	return h
}

// jitter returns a duration that depends only on the time.
func (h *history) jitter(below time.Duration) time.Duration {
	sum := fnv.New64a()
	_, _ = fmt.Fprint(sum, h.now(), h.scenario.seed)
	return time.Duration(sum.Sum64() % uint64(below))
}

// each starts n callers.
func (c *players) each(name string, n int, do func(random *rand.Rand, i int)) {
	for i := range n {
		random := source(c.s.seed, name, i)
		c.all.Go(func() {
			spread := 10 * time.Second
			if c.s.batch {
				spread = 50 * time.Millisecond
			}
			time.Sleep(between(random, 1, spread))
			do(random, i)
		})
	}
}

// end calls Drain and Close at the scenario's times.
func (c *players) end(stopped <-chan struct{}) {
	drain, closing := timer(c.s.drainAt), timer(c.s.closeAt)
	defer drain.Stop()
	defer closing.Stop()
	for {
		select {
		case <-drain.C:
			c.h.mu.Lock()
			c.h.drained = c.h.now()
			c.h.mu.Unlock()
			c.p.Drain()
		case <-closing.C:
			c.h.mu.Lock()
			c.h.closed = c.h.now()
			c.h.mu.Unlock()
			c.p.Close()
		case <-stopped:
			return
		}
	}
}

// timer fires at an instant; never is replaced by a day, when everything has
// ended.
func timer(at time.Duration) *time.Timer { return time.NewTimer(min(at, 24*time.Hour)) }

// going reports whether calls still begin.
func (c *players) going() bool { return c.h.now() < c.s.length }

// over reports whether the Poller was drained or closed.
func (c *players) over() bool {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	return c.h.drained < never || c.h.closed < never
}

// work waits for one run after the other until each has ended.
func (c *players) work(random *rand.Rand, i int) {
	for n := 0; c.going(); n++ {
		id := fmt.Sprintf("w%d-%d", i, n)
		if ends := c.u.start(id); !c.s.hints.none {
			c.deliver(id, ends)
		}
		c.mu.Lock()
		c.current[i] = id
		c.mu.Unlock()
		if i < 3 {
			for k := range c.s.sharers {
				other, id := source(c.s.seed, id+" sharer", k), id
				if c.s.companies > 0 {
					id = fmt.Sprintf("company%d/%s", k%c.s.companies, id)
				}
				c.all.Go(func() {
					time.Sleep(between(other, 1, pick(other, time.Millisecond, time.Minute)))
					c.watch(other, id)
				})
			}
		}
		c.watch(random, id)
		time.Sleep(between(random, time.Millisecond, 2*time.Second))
	}
}

// watch waits for a run repeatedly until it has ended.
func (c *players) watch(random *rand.Rand, id string) {
	patience := c.h.now() + pick(random, 30*time.Second, 5*time.Minute, time.Hour)
	for c.going() && c.h.now() < patience {
		d := pick(random, 50*time.Second, 50*time.Second, between(random, 0, 10*time.Second), between(random, 0, 4*time.Minute), 0)
		snapshot := c.call(random, waitCall, id, d)
		if snapshot.settled() {
			break
		}
		pause := between(random, time.Microsecond, pick(random, time.Millisecond, 2*time.Second))
		if d == 0 || c.over() {
			pause += 3 * time.Second
		}
		time.Sleep(pause)
	}
	if random.IntN(4) == 0 {
		time.Sleep(between(random, 1, 2*time.Minute))
		c.call(random, getCall, id, promisedGetTime)
	}
}

// get requests now and then a run that is waited for, or one that is not.
func (c *players) get(random *rand.Rand, i int) {
	for n := 0; c.going(); n++ {
		id := fmt.Sprintf("g%d-%d", i, n)
		which := random.IntN(c.s.workers + 1)
		if random.IntN(3) == 0 {
			c.u.start(id)
		} else if which < c.s.workers {
			c.mu.Lock()
			if current := c.current[which]; current != "" {
				id = current
			}
			c.mu.Unlock()
		}
		c.call(random, getCall, id, promisedGetTime)
		time.Sleep(between(random, time.Millisecond, 20*time.Second))
	}
}

// loop gets one unknown run after the other.
func (c *players) loop(random *rand.Rand, i int) {
	for n := 0; c.going(); n++ {
		c.call(random, getCall, fmt.Sprintf("x%d-%d", i, n), promisedGetTime)
		time.Sleep(between(random, time.Millisecond, 200*time.Millisecond))
		if c.over() {
			time.Sleep(time.Second)
		}
	}
}

// sweep gets more new runs than may be kept, and cancels at once.
func (c *players) sweep(random *rand.Rand, i int) {
	for n := 0; c.going() && n < 1_300; n++ {
		ctx, cancel := context.WithCancel(context.Background())
		entry := c.h.begin(getCall, fmt.Sprintf("s%d-%d", i, n), promisedGetTime)
		if random.IntN(10) == 0 { // the call is cancelled before it starts
			c.h.update(entry, func(e *call, now time.Duration) { e.cancelled = now - 1 })
			cancel()
		}
		c.cancelAfter(entry, between(random, time.Millisecond, 50*time.Millisecond), cancel)
		snapshot, err := c.p.Get(ctx, entry.run)
		c.h.update(entry, func(e *call, now time.Duration) { e.returned, e.snapshot, e.err = now, snapshot, err })
		cancel()
		time.Sleep(between(random, 10*time.Millisecond, 100*time.Millisecond))
	}
}

// call makes one call, which may be cancelled, and records it.
func (c *players) call(random *rand.Rand, kind callKind, id string, d time.Duration) Snapshot {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cancelled, after := random.Float64() < c.s.cancels, between(random, 1, pick(random, time.Second, 40*time.Second))
	slow, block := random.Float64() < c.s.slowOnSnapshot, between(random, 0, 30*time.Second)
	entry := c.h.begin(kind, id, d)
	if cancelled {
		stop := c.cancelAfter(entry, after, cancel)
		defer stop()
	}
	var snapshot Snapshot
	var err error
	if kind == getCall {
		snapshot, err = c.p.Get(ctx, id)
	} else {
		snapshot, err = c.p.Wait(ctx, id, d, func(l Snapshot) {
			c.h.update(entry, func(e *call, now time.Duration) {
				e.seen, e.late = append(e.seen, l), e.late || now > max(e.deadline, e.begun)+instant && e.blocked > 0
			})
			if slow {
				time.Sleep(block)
				c.h.update(entry, func(e *call, now time.Duration) { e.blocked = now })
			}
		})
	}
	c.h.update(entry, func(e *call, now time.Duration) { e.returned, e.snapshot, e.err = now, snapshot, err })
	return snapshot
}

// cancelAfter cancels a call's context after a time, unless the call has
// returned.
func (c *players) cancelAfter(entry *call, after time.Duration, cancel context.CancelFunc) (stop func() bool) {
	return time.AfterFunc(after, func() {
		c.h.update(entry, func(e *call, now time.Duration) {
			if e.returned == never {
				e.cancelled = min(e.cancelled, now)
			}
		})
		cancel()
	}).Stop
}

// quiet returns how long after the last call the cache may hold anything.
func (c *players) quiet() time.Duration {
	return 3*time.Minute + max(c.s.longRefusal, 0) + time.Hour
}
