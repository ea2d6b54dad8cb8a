package poll

import (
	"fmt"
	"slices"
	"time"

	"instaview-mcp/client"
)

// sampleUntil records now and then what the Poller holds.
func (c *players) sampleUntil(stopped <-chan struct{}) {
	random := source(c.s.seed, "samples", 0)
	for {
		select {
		case <-stopped:
			return
		case <-time.After(between(random, time.Second, 20*time.Second)):
			s := held(c.p)
			s.at = c.h.now()
			c.h.mu.Lock()
			c.h.samples = append(c.h.samples, s)
			c.h.mu.Unlock()
		}
	}
}

// held adds up what the Poller's runs hold.
func held(p *Poller) sample {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := sample{counted: p.counted, limit: p.cacheLimit, runs: len(p.runs), misplaced: misplaced(p)}
	for _, r := range p.runs {
		if r.last.Results == nil {
			continue
		}
		size := r.last.Results.Footprint()
		s.held += size
		if !r.active() && !r.inFlight {
			s.idle += size
		}
	}
	return s
}

// misplaced counts the runs that are in a queue or in the cache and should not
// be, or the other way round. The Poller must be locked.
func misplaced(p *Poller) (n int) {
	if p.ctx.Err() != nil {
		return 0 // the queues are not used any more
	}
	counted := p.counted
	for _, r := range p.runs {
		counted -= r.footprint
		idle := !r.active() && !r.inFlight
		if (r.queuedIn != nil) != (p.queuedFor(r) != nobody) || (r.cached != nil) != idle {
			n++
		}
		if p.floors[sourcingRun(r.id)] != r.floor {
			n++
		}
	}
	if counted != 0 {
		n++
	}
	return n
}

// leftovers lists what is still held at the end.
func leftovers(p *Poller, closed bool) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var left []string
	note := func(n int, what string) {
		if n != 0 {
			left = append(left, fmt.Sprintf("%d %s", n, what))
		}
	}
	note(p.callers, "callers")
	if !closed {
		note(len(p.runs), "runs")
		note(len(p.floors), "floors")
		note(int(p.counted), "bytes")
		note(p.budget.inFlight, "requests out")
	}
	return left
}

// Everything held is counted, runs that nobody waits for stay within the
// limit of the cache, and the number of runs is limited.
func checkMemory(h *history, broken func(string, ...any)) {
	for _, s := range h.samples {
		if s.at >= h.closed {
			break
		}
		if s.misplaced > 0 {
			broken("at %v %d runs are not where they belong", s.at, s.misplaced)
		}
		if s.held > s.counted {
			broken("at %v %d bytes are held and %d counted", s.at, s.held, s.counted)
		}
		if s.held > s.limit && s.idle > 0 {
			broken("at %v %d bytes are held, %d of them for nobody, the limit is %d", s.at, s.held, s.idle, s.limit)
		}
		if s.runs > promisedKeptRuns {
			broken("at %v %d runs are kept, at most %d are meant", s.at, s.runs, promisedKeptRuns)
		}
	}
}

// At the end nothing is held.
func checkCleanUp(h *history, broken func(string, ...any)) {
	for _, what := range h.left {
		broken("left: %s", what)
	}
}

// While a 429 stops the key, no call is given an earlier time for the next
// request.
func checkToldTimes(h *history, broken func(string, ...any)) {
	type hold struct {
		span
		by *request
	}
	var holds []hold
	for _, q := range h.ended() {
		if q.reply.transient() && q.reply.failure.Code == client.CodeRateLimited {
			holds = append(holds, hold{span{q.ended, q.ended + q.reply.failure.RetryAfter}, q})
		}
	}
	for _, c := range h.calls {
		if c.err != nil || c.snapshot.settled() || c.returned >= h.stopped(c) || c.blocked > 0 {
			continue
		}
		for _, hold := range holds {
			if !h.out(c.run, c.returned) && hold.from < c.returned && c.returned < hold.to && c.snapshot.NextIn < hold.to-c.returned-instant {
				broken("%v was told %v at %v, but %v holds until %v", c, c.snapshot.NextIn, c.returned, hold.by, hold.to)
				break
			}
		}
	}
}

// out reports whether a request for the run is in flight at an instant.
func (h *history) out(run string, at time.Duration) bool {
	return slices.ContainsFunc(h.requests, func(q *request) bool {
		return q.run == run && q.sent <= at && at <= q.ended
	})
}
