package poll

import (
	"slices"
	"time"

	"instaview-mcp/client"
)

// joined sorts spans and joins those that touch.
func joined(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return int(min(1, max(-1, a.from-b.from))) })
	var all []span
	for _, s := range spans {
		if s.from >= s.to {
			continue
		}
		if n := len(all) - 1; n >= 0 && s.from <= all[n].to {
			all[n].to = max(all[n].to, s.to)
		} else {
			all = append(all, s)
		}
	}
	return all
}

// without returns the parts of spans that are in none of others; both are
// joined.
func without(spans, others []span) []span {
	var rest []span
	i := 0
	for _, s := range spans {
		for i < len(others) && others[i].to <= s.from {
			i++
		}
		for k := i; k < len(others) && others[k].from < s.to; k++ {
			if others[k].from > s.from {
				rest = append(rest, span{s.from, others[k].from})
			}
			s.from = max(s.from, others[k].to)
		}
		if s.from < s.to {
			rest = append(rest, s)
		}
	}
	return rest
}

// paused returns when the breaker may stop all requests: after a 429 or three
// failures in a row, until a later request is answered.
func (h *history) paused() []span {
	var (
		pauses []span
		faults int
		since  = never // start of the failure that began it
	)
	for _, q := range h.ended() {
		transient := q.reply.transient()
		if !transient {
			faults = 0
			if q.sent >= since {
				since = never
			}
		} else {
			faults++
			limited := q.reply.failure.Code == client.CodeRateLimited
			if since == never && (limited || faults >= promisedFaults) {
				since = q.ended
			}
			if since < never {
				pauses = append(pauses, span{q.ended, q.ended + max(promisedPause, q.reply.failure.RetryAfter)})
			}
		}
		if since < never {
			// The next request is a probe, and all others wait for its result.
			for _, next := range h.requests {
				if next.sent >= q.ended {
					pauses = append(pauses, span{next.sent, next.ended})
					break
				}
			}
		}
	}
	return pauses
}

// withheld returns when a window may count as used up. What was reported to be
// left may be used by the requests in flight and those sent since. After the
// reset one request is allowed each floor until one is answered.
func (h *history) withheld() []span {
	var spans []span
	sent := make([]time.Duration, len(h.requests))
	for i, q := range h.requests {
		sent[i] = q.sent
	}
	ended := h.ended()
	rarelyLies := h.scenario.theme == "lies" && h.scenario.limits.lies < 1
	for i, q := range ended {
		for window, t := range q.reply.told {
			if !t.ok || rarelyLies && mistaken(ended, i, window) {
				continue
			}
			left := t.remaining
			for _, other := range h.requests {
				if other.sent <= q.ended && q.ended <= other.ended {
					left--
				}
			}
			from := q.ended
			if after, _ := slices.BinarySearch(sent, q.ended+1); left > 0 {
				if after+left-1 >= len(sent) {
					continue
				}
				from = sent[after+left-1]
			}
			to := t.latest + 2*time.Second
			if h.scenario.limits.sliding {
				to += 2 * promisedFloor // resets that are close together may be of one window
			}
			spans = append(spans, span{from, to})
			for next, _ := slices.BinarySearch(sent, t.reset); next < len(sent); next++ {
				q := h.requests[next]
				spans = append(spans, span{q.sent, max(q.ended, q.sent+promisedFloor)})
				if q.sent > to && q.reply.answered() {
					break
				}
			}
		}
	}
	return spans
}

// mistaken reports whether a number far below the one before is also far below
// the next one, so that the Poller should not trust it.
func mistaken(ended []*request, i, window int) bool {
	if i == 0 || i == len(ended)-1 {
		return false
	}
	before, told, after := ended[i-1].reply.told[window], ended[i].reply.told[window], ended[i+1].reply.told[window]
	low := 4*told.remaining + 40
	return before.ok && after.ok && low < before.remaining && low < after.remaining
}

// short returns when too few requests may be left for a get, or for waits.
func (h *history) short(get bool) []span {
	var spans []span
	b := newBelief(h)
	least := bucket{allowance: allow(b.configured)}
	least.tokens = least.burst
	for _, s := range h.steps() {
		least.advance(s.at)
		if s.sent == nil {
			b.told(s.limit)
			now := b.allowance()
			least.tokens -= max(0, least.burst-now.burst) // the excess of the burst is owed
			least.allowance = now
			least.advance(s.at)
		} else {
			least.tokens--
		}
		need := 1.0
		if !get {
			need += least.kept()
			if h.scenario.hints.any() {
				need = min(need+promisedHintTokens, least.burst)
			}
		}
		if missing := need - least.tokens; missing > 0 {
			spans = append(spans, span{s.at, s.at + time.Duration(missing/least.perMinute*float64(time.Minute))})
		}
	}
	return spans
}

// hourPaced reports whether waits may be spread over the rest of an hour.
func (h *history) hourPaced() bool {
	return h.scenario.limits.hour > 0 || h.scenario.limits.lies > 0
}

// While a run is due and the budget allows a request, one is sent.
func checkIdleBudget(h *history, broken func(string, ...any)) {
	stops := append(append(h.paused(), h.withheld()...), span{h.closed, never})
	due := h.dueSpans()
	for _, class := range []struct {
		name string
		get  bool
		of   func(dueSpan) span
	}{
		{"get", true, dueSpan.forGet},
		{"wait", false, dueSpan.forWait},
	} {
		if !class.get && h.hourPaced() {
			continue
		}
		var spans []span
		for _, d := range due {
			spans = append(spans, class.of(d))
		}
		idle := without(joined(spans), joined(append(h.short(class.get), stops...)))
		for _, s := range idle {
			if s.to-s.from > instant {
				i := slices.IndexFunc(due, func(d dueSpan) bool { return class.of(d).holds(s.from) })
				broken("nothing was sent from %v to %v, though a %s for %s was due since %v", s.from, s.to, class.name, due[i].run, class.of(due[i]).from)
			}
		}
	}
}

// turnSlack is by how many requests gets may be ahead of waits or behind them
// while both are due: one for the turn, those kept for gets, and one that both
// may claim.
const turnSlack = 6

// While gets and waits are due, they alternate.
func checkTurns(h *history, broken func(string, ...any)) {
	if h.hourPaced() {
		return // waits skip turns when the hour is paced
	}
	due := h.dueSpans()
	for _, side := range []struct {
		name   string
		theirs func(dueSpan) bool
		ours   func(dueSpan) span
	}{
		{"gets", dueSpan.endedForGet, dueSpan.forWait},
		{"waits", dueSpan.endedForWait, dueSpan.forGet},
	} {
		var waiting []span
		certain := map[*request]bool{} // requests that were certainly for one of the two
		for _, d := range due {
			waiting = append(waiting, side.ours(d))
			certain[d.asked] = side.theirs(d)
		}
		for _, s := range joined(waiting) {
			ahead, most, at := 0, 0, time.Duration(0)
			for _, q := range h.requests {
				if q.sent <= s.from || q.sent >= s.to {
					continue
				}
				if certain[q] {
					ahead++
				} else {
					ahead = max(0, ahead-1)
				}
				if ahead > most {
					most, at = ahead, q.sent
				}
			}
			if most > turnSlack {
				broken("%s were %d requests ahead at %v, while the others were due from %v to %v", side.name, most, at, s.from, s.to)
			}
		}
	}
}

// Among gets and among waits, the run that was due first is requested first. A
// run never requested counts as due 10 s ago, and a young one as due up to 3 s
// later.
func checkOrder(h *history, broken func(string, ...any)) {
	due := h.dueSpans()
	for _, class := range []struct {
		asked  func(dueSpan) bool
		part   func(dueSpan) span
		hinted bool // a hint puts a run ahead
	}{{dueSpan.endedForGet, dueSpan.forGet, false}, {dueSpan.endedForWait, dueSpan.forWait, true}} {
		for _, d := range due {
			if d.asked == nil || !class.asked(d) {
				continue
			}
			for _, other := range due {
				if other.from >= d.to {
					break
				}
				if other.run == d.run || class.part(other).from >= d.to || class.part(other).to <= d.to {
					continue
				}
				earliest, latest := d.earliest, other.latest
				if class.hinted && d.mayLead {
					earliest -= promisedHintStart
				}
				if class.hinted && other.wokenAt < d.to-instant {
					latest -= promisedHintStart
				}
				if !d.seen {
					earliest -= promisedNew
				}
				if other.unseen {
					latest -= promisedNew
				} else {
					latest += promisedYoung
				}
				if earliest-latest > instant {
					broken("%v, due since %v, went before %s, due since %v", d.asked, d.earliest, other.run, other.latest)
					break
				}
			}
		}
	}
}

// A run that only waits ask for is requested when its schedule says so and not
// before, unless a caller has joined.
func checkSchedule(h *history, broken func(string, ...any)) {
	for _, d := range h.dueSpans() {
		if d.asked != nil && !d.joined && d.wait && d.asked.sent < d.scheduled-instant {
			broken("%v, %v before it was due", d.asked, d.scheduled-d.asked.sent)
		}
	}
}
