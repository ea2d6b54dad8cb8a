package poll

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// The promises about hints.
const (
	promisedHintedPace = 30 * time.Second // between requests, at most
	promisedHintStart  = 2 * time.Minute  // by which a hinted run is ahead
	promisedHintTokens = 2                // that other waits leave for it
)

// deliver gives the hints that a webhook would, unless calls no longer begin by
// then.
func (c *players) deliver(run string, ends time.Duration) {
	random := source(c.s.seed, run+" delivery", 0)
	for _, at := range c.s.hints.webhook.times(random) {
		at += max(0, ends-c.h.now())
		if at < 10*time.Minute {
			c.all.Go(func() {
				time.Sleep(at)
				if c.going() {
					c.hint(run)
				}
			})
		}
	}
}

// forge gives hints for runs that go on or have ended, for unknown ones, and
// for none: up to 3,000, which are enough, and quick to check.
func (c *players) forge(random *rand.Rand, _ int) {
	for n := 0; c.going() && n*c.s.hints.flood < 3_000; n++ {
		for range c.s.hints.flood {
			c.mu.Lock()
			run := c.current[random.IntN(len(c.current))]
			c.mu.Unlock()
			switch random.IntN(4) {
			case 0:
				run = fmt.Sprint("forged", n)
			case 1:
				run = ""
			}
			c.hint(run)
			time.Sleep(between(random, 1, time.Microsecond))
		}
		time.Sleep(between(random, c.s.hints.every/2, c.s.hints.every))
	}
}

func (c *players) hint(run string) {
	c.h.mu.Lock()
	c.h.hints = append(c.h.hints, hinted{c.h.now(), run})
	c.h.mu.Unlock()
	c.p.Hint(run)
}

// hintedEvents returns the hints that may make a request for the run due.
func (h *history) hintedEvents(run string) []dueEvent {
	var events []dueEvent
	for _, hint := range h.hints {
		if hint.at < h.closed && (hint.run == "" || hint.run == run) {
			events = append(events, dueEvent{at: hint.at, kind: woken, named: hint.run != ""})
		}
	}
	return events
}

// wake records a hint. One that names the run makes it due, and the first one
// puts it ahead, unless a request is in flight or nobody waits. One that names
// no run may do so.
func (d *due) wake(at time.Duration, named bool) {
	first := named && !d.hinted
	d.hinted = d.hinted || named
	if d.out {
		d.woken = d.woken || named
		return
	}
	if at < d.answeredUntil {
		return
	}
	due := max(at, d.notBefore)
	d.turn = min(d.turn, due)
	if d.open == nil {
		return
	}
	d.open.earliest = min(d.open.earliest, due)
	d.open.joined = true
	if !named {
		return
	}
	d.open.from, d.open.latest = min(d.open.from, due), min(d.open.latest, due)
	if first {
		d.open.wokenAt = due
	}
	d.open.mayLead = true
}

// rewake makes the run due again after the reply r to a request during which a
// hint came, since the reply may be older.
func (d *due) rewake(r reply) {
	if d.woken && r.code() == "" && d.answeredUntil == 0 {
		d.first, d.last = d.notBefore, d.notBefore
	}
	d.woken = false
}
