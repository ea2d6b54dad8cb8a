package poll_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/store"
	"instaview-mcp/internal/store/fakeredis"
)

// chaos is one random scenario of replicas, a store and an upstream that all
// have faults.
type chaos struct {
	*testing.T
	random *rand.Rand
	redis  *fakeredis.Server
	began  time.Time

	mu       sync.Mutex
	log      []string
	at       []time.Time // of each line
	unstable []period    // when replicas may not know of each other
	inFlight map[string]int
	ended    map[string]time.Time
	arrivals []time.Time
	paused   time.Time // until when a 429 forbids requests
	pausedBy time.Time // when it was known
	ends     map[string]time.Time
	broken   []string
	outages  []period
}

type period struct{ from, to time.Time }

func within(all []period, at time.Time) bool {
	return slices.ContainsFunc(all, func(p period) bool { return !at.Before(p.from) && at.Before(p.to) })
}

func (c *chaos) note(format string, args ...any) {
	c.at = append(c.at, time.Now())
	c.log = append(c.log, fmt.Sprintf("%v ", time.Since(c.began))+fmt.Sprintf(format, args...))
}

func (c *chaos) violated(format string, args ...any) {
	c.note("BROKEN "+format, args...)
	c.broken = append(c.broken, fmt.Sprintf("%v ", time.Since(c.began))+fmt.Sprintf(format, args...))
}

// api is the upstream as one replica sees it.
type api struct {
	*chaos
	replica string
}

func (a api) Results(ctx context.Context, id string) (*client.Results, error) {
	c := a.chaos
	c.mu.Lock()
	now := time.Now()
	c.note("%s sends %s", a.replica, id)
	if gap := now.Sub(c.ended[id]); !within(c.unstable, now) && (c.inFlight[id] > 0 || gap < promisedFloor) {
		c.violated("%s requested by %s with %d in flight, %v after the last", id, a.replica, c.inFlight[id], gap)
	}
	if !within(c.unstable, now) && now.Before(c.paused) && now.Sub(c.pausedBy) > 2*time.Second {
		c.violated("%s requested by %s %v before the end of a pause that is known since %v", id, a.replica, c.paused.Sub(now), now.Sub(c.pausedBy))
	}
	c.arrivals = append(c.arrivals, now)
	recent := 0
	for _, at := range c.arrivals {
		if now.Sub(at) < time.Minute {
			recent++
		}
	}
	if recent > perMinute {
		c.violated("%d requests in 60 s", recent)
	}
	c.inFlight[id]++
	hit, latency := c.random.Float64(), time.Duration(c.random.Int64N(int64(3*time.Second)))
	if c.random.IntN(20) == 0 {
		latency = time.Duration(c.random.Int64N(int64(20 * time.Second)))
	}
	outage, ends := within(c.outages, now), c.ends[id]
	c.mu.Unlock()

	timer := time.NewTimer(latency)
	defer timer.Stop()
	var cut bool
	select {
	case <-timer.C:
	case <-ctx.Done():
		cut = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight[id]--
	c.ended[id] = time.Now()
	left := perMinute - recent
	limit := client.RateLimit{Minute: client.Window{Limit: perMinute, Remaining: &left}}
	c.note("%s has %s, ended %v", a.replica, id, !time.Now().Before(ends))
	switch {
	case cut:
		return nil, ctx.Err()
	case hit < 0.005:
		retry := time.Duration(1+c.random.IntN(30)) * time.Second
		c.note("429 for %v", retry)
		if until := time.Now().Add(retry); until.After(c.paused) {
			c.paused, c.pausedBy = until, time.Now()
		}
		return nil, &client.Error{Code: client.CodeRateLimited, HTTPStatus: 429, RetryAfter: retry, RateLimit: limit}
	case outage, hit < 0.03:
		return nil, &client.Error{Code: client.CodeUnavailable, HTTPStatus: 503, RateLimit: limit}
	}
	r := &client.Results{RequestID: id, Status: client.StatusProcessing, HTTPStatus: 202, RateLimit: limit}
	if !time.Now().Before(ends) {
		r.Status, r.HTTPStatus = client.StatusCompleted, 200
	}
	return r, nil
}

// logWriter adds a replica's log to that of the scenario.
type logWriter struct {
	c       *chaos
	replica string
}

func (w logWriter) Write(line []byte) (int, error) {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	_, text, _ := strings.Cut(string(line), "msg=")
	w.c.note("%s %s", w.replica, strings.TrimSpace(text))
	return len(line), nil
}

// process is one replica, which may be killed and started again.
type process struct {
	mu sync.Mutex
	replica
}

func (c *chaos) start(i, life int) replica {
	connection := c.redis.Connect()
	a := api{chaos: c, replica: fmt.Sprintf("p%d.%d", i, life)}
	return replica{poll.New(a, poll.Awake, poll.WithLogger(slog.New(slog.NewTextHandler(logWriter{c, a.replica}, &slog.HandlerOptions{Level: slog.LevelDebug}))), poll.WithStore(store.On(connection, key, func(store.Decision) {}))), connection}
}

func (p *process) now() replica {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.replica
}

var (
	chaosSeeds = flag.Int("replica-seeds", 20, "how many random scenarios TestReplicasAtRandom checks")
	chaosSeed  = flag.Int64("replica-seed", -1, "check and describe only this one")
)

// Whatever happens to store, network and replicas: while all of them have the
// store, no run is requested by two and every pause is kept; never are there
// more requests than allowed; and every wait ends.
func TestReplicasAtRandom(t *testing.T) {
	from, to := int64(0), int64(*chaosSeeds)
	if *chaosSeed >= 0 {
		from, to = *chaosSeed, *chaosSeed+1
	}
	for seed := from; seed < to; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { playChaos(t, uint64(seed)) })
		})
	}
}

func playChaos(t *testing.T, seed uint64) {
	random, plan := rand.New(rand.NewPCG(seed, 2)), rand.New(rand.NewPCG(seed, 3))
	c := &chaos{
		T: t, random: rand.New(rand.NewPCG(seed, 1)), redis: fakeredis.New(time.Duration(random.Int64N(int64(time.Hour)))), began: time.Now(),
		inFlight: map[string]int{}, ended: map[string]time.Time{}, ends: map[string]time.Time{},
	}
	all := make([]*process, 1+random.IntN(5))
	for i := range all {
		all[i] = &process{replica: c.start(i, 0)}
	}
	if random.IntN(3) == 0 {
		from := time.Now().Add(time.Duration(random.Int64N(int64(4 * time.Minute))))
		c.outages = append(c.outages, period{from, from.Add(time.Minute)})
	}
	stop := make(chan struct{})
	var faults sync.WaitGroup
	faults.Go(func() { c.faults(random, all, stop) })

	var waits sync.WaitGroup
	runs := 5 + int(seed%60)
	for i := range runs {
		takes, _ := poll.RunDuration(int(seed)*100 + i)
		begins := time.Duration(plan.Int64N(int64(4 * time.Minute)))
		watchers := 1 + plan.IntN(2)
		id := fmt.Sprint("r", i)
		for w := range watchers {
			waits.Go(func() {
				time.Sleep(begins + time.Duration(w)*time.Millisecond)
				c.mu.Lock()
				if c.ends[id].IsZero() {
					c.ends[id] = time.Now().Add(takes)
				}
				ends := c.ends[id]
				c.mu.Unlock()
				for n := i + w; ; n++ {
					p := all[n%len(all)].now()
					var snapshot poll.Snapshot
					if n%7 == 0 {
						snapshot, _ = p.Get(context.Background(), id)
						time.Sleep(time.Second)
					} else {
						snapshot, _ = p.Wait(context.Background(), id, 50*time.Second, nil)
					}
					if snapshot.Results != nil && snapshot.Results.Finished() {
						break
					}
					time.Sleep(time.Millisecond) // a killed replica refuses at once
					if late := time.Since(ends); late > 10*time.Minute {
						c.mu.Lock()
						c.violated("the end of %s is not seen %v later: %+v", id, late, snapshot)
						c.mu.Unlock()
						break
					}
				}
			})
		}
	}
	waits.Wait()
	close(stop)
	faults.Wait()
	for _, p := range all {
		p.now().Close()
	}
	time.Sleep(time.Hour)
	if len(c.broken) > 0 {
		t.Errorf("-replica-seed %d, %d replicas, %d runs: %d rules broken:\n%s", seed, len(all), runs, len(c.broken), strings.Join(c.broken[:min(5, len(c.broken))], "\n"))
	}
	if *chaosSeed >= 0 {
		t.Log(strings.Join(c.log, "\n"))
	} else if i := slices.IndexFunc(c.log, func(line string) bool { return strings.Contains(line, "BROKEN") }); i >= 0 {
		from := i
		for from > 0 && c.at[i].Sub(c.at[from]) < 40*time.Second {
			from--
		}
		run := strings.Fields(strings.SplitAfter(c.log[i], "BROKEN ")[1])[0] + "\n"
		for _, line := range c.log[from : i+1] {
			if strings.Contains(line+"\n", " "+run) || strings.Contains(line, " "+strings.TrimSpace(run)+",") || !strings.Contains(line, "sends") && !strings.Contains(line, "has") && !strings.Contains(line, "requested") {
				t.Log(line)
			}
		}
	}
}

// faults lets one thing after the other happen.
func (c *chaos) faults(random *rand.Rand, all []*process, stop <-chan struct{}) {
	for life := 1; ; life++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(random.Int64N(int64(time.Minute)))):
		}
		i := random.IntN(len(all))
		p := all[i].now()
		lasts := time.Duration(random.Int64N(int64(40 * time.Second)))
		// After it, a replica needs a second to try the store again and half of
		// one to hear from it.
		unstable := func(what string, settle time.Duration) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.note("%s of %d for %v", what, i, lasts)
			c.unstable = append(c.unstable, period{time.Now(), time.Now().Add(lasts + settle)})
		}
		switch random.IntN(6) {
		case 0:
			unstable("the store is down", 3*time.Second)
			c.redis.SetDown(true)
			time.Sleep(lasts)
			c.redis.SetDown(false)
		case 1:
			unstable("a cut", 3*time.Second)
			p.SetCut(true)
			time.Sleep(lasts)
			p.SetCut(false)
		case 2:
			unstable("slowness", 3*time.Second)
			p.SetSlow(time.Duration(random.Int64N(int64(2 * time.Second))))
			time.Sleep(lasts)
			p.SetSlow(0)
		case 3:
			lasts = 0
			unstable("a loss", 3*time.Second)
			c.redis.Flush()
		case 4: // its connection breaks before it can say anything
			c.mu.Lock()
			c.note("p%d is killed", i)
			if within(c.unstable, time.Now()) { // what it did alone is never told
				c.unstable = append(c.unstable, period{time.Now(), time.Now().Add(promisedLease)})
			}
			c.mu.Unlock()
			p.SetCut(true)
			p.Close()
			time.Sleep(lasts)
			all[i].mu.Lock()
			all[i].replica = c.start(i, life)
			all[i].mu.Unlock()
		case 5:
			c.mu.Lock()
			c.note("p%d is stopped", i)
			c.mu.Unlock()
			p.Close()
			all[i].mu.Lock()
			all[i].replica = c.start(i, life)
			all[i].mu.Unlock()
		}
	}
}
