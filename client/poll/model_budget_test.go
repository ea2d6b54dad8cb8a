package poll

import (
	"slices"
	"sort"
	"time"

	"instaview-mcp/client"
)

// The promised budget: requests a minute and at once, by default and after
// InstaView has reported a limit.
const (
	promisedPerMinute = 108
	promisedBurst     = 8
	promisedShare     = 0.9
	promisedKept      = 3 // of the burst, for gets
)

// allowance is a rate and a burst.
type allowance struct {
	perMinute float64
	burst     float64
}

// allow returns the allowance at perMinute. Despite 2 s of network jitter,
// burst and rate together stay below the limit in any 60 s.
func allow(perMinute float64) allowance {
	spare := perMinute/promisedShare - perMinute*62/60
	return allowance{perMinute, max(1, min(promisedBurst, float64(int(spare))))}
}

// kept returns how many requests of the burst waits leave for gets.
func (a allowance) kept() float64 { return min(promisedKept, float64(int(a.burst/2))) }

// configured returns the rate that the scenario's Poller is configured with.
func (s scenario) configured() float64 {
	if s.perMinute > 0 {
		return float64(s.perMinute)
	}
	return promisedPerMinute
}

// bucket is a token bucket whose size may change.
type bucket struct {
	allowance
	tokens float64
	at     time.Duration
}

func (b *bucket) advance(to time.Duration) {
	b.tokens = min(b.burst, b.tokens+(to-b.at).Minutes()*b.perMinute)
	b.at = to
}

// step is a request sent or a limit reported.
type step struct {
	at    time.Duration
	sent  *request
	limit int
}

// steps returns them in order; at one instant reports come first.
func (h *history) steps() []step {
	var steps []step
	for _, q := range h.requests {
		steps = append(steps, step{at: q.sent, sent: q})
		if q.ended < never && !q.reply.aborted && q.reply.limit > 0 {
			steps = append(steps, step{at: q.ended, limit: q.reply.limit})
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int {
		if a.at != b.at {
			return int(a.at - b.at)
		}
		return b.limit - a.limit
	})
	return steps
}

// belief is the limit that the Poller goes by. A reported limit counts once it
// was reported twice in a row, since a single answer may be wrong.
type belief struct {
	configured float64
	limit      int
	last       int
}

// newBelief returns the configured limit.
func newBelief(h *history) belief { return belief{configured: h.scenario.configured()} }

func (b *belief) told(limit int) {
	if limit == b.last {
		b.limit = limit
	}
	b.last = limit
}

func (b *belief) allowance() allowance {
	if b.limit == 0 {
		return allow(b.configured)
	}
	return allow(min(b.configured, promisedShare*float64(b.limit)))
}

// No period has more requests than burst and rate allow.
func checkBudget(h *history, broken func(string, ...any)) {
	b := newBelief(h)
	full := bucket{allowance: allow(b.configured)}
	full.tokens = full.burst
	for _, s := range h.steps() {
		full.advance(s.at)
		if s.sent == nil {
			b.told(s.limit)
			full.allowance = b.allowance()
			full.advance(s.at)
			continue
		}
		if full.tokens < 1-1e-6 {
			broken("%v with %.3f of a request allowed (%.1f a minute, %v at once)", s.sent, full.tokens, full.perMinute, full.burst)
		}
		full.tokens--
	}
}

// While there is no get, waits leave part of the burst for one.
func checkKept(h *history, broken func(string, ...any)) {
	var gets []span
	for _, c := range h.calls {
		if c.kind == getCall {
			gets = append(gets, span{c.begun, c.returned + 1})
		}
	}
	gets = joined(gets)
	b := newBelief(h)
	full := bucket{allowance: allow(b.configured)}
	full.tokens = full.burst
	for _, s := range h.steps() {
		full.advance(s.at)
		if s.sent == nil {
			b.told(s.limit)
			full.allowance = b.allowance()
			full.advance(s.at)
			continue
		}
		if full.tokens < 1+full.kept()-1e-6 && !slices.ContainsFunc(gets, func(g span) bool { return g.holds(s.at) }) {
			broken("%v for a wait with %.3f requests left", s.sent, full.tokens)
		}
		full.tokens--
	}
}

// If requests travel up to 2 s, the upstream receives in any 60 s no more than
// the limit from which the rate was derived.
func checkSlidingMinute(h *history, broken func(string, ...any)) {
	most := int(h.scenario.configured()/promisedShare + 0.5)
	if n, at := busiest(h.arrivals(0)); n > most {
		broken("%d requests in the 60 s from %v, limit %d", n, at, most)
	}
	told := h.scenario.limits.minute
	if !h.scenario.limits.told || told >= most || h.scenario.limits.lies > 0 || h.scenario.limits.shrinkAt < never {
		return
	}
	first := 0
	for _, q := range h.ended() {
		if q.reply.limit == 0 {
			continue
		}
		if first++; first == 2 {
			if n, at := busiest(h.arrivals(q.ended + time.Minute)); n > max(told, 2) {
				broken("%d requests in the 60 s from %v, limit told as %d since %v", n, at, told, q.ended)
			}
			break
		}
	}
}

// arrivals returns when the requests sent since an instant arrived.
func (h *history) arrivals(since time.Duration) []time.Duration {
	var at []time.Duration
	for _, q := range h.requests {
		if q.arrived < never && q.sent >= since {
			at = append(at, q.arrived)
		}
	}
	slices.Sort(at)
	return at
}

// busiest returns the highest number of sorted instants in any 60 s, and when
// these 60 s begin.
func busiest(at []time.Duration) (most int, from time.Duration) {
	for i, first := range at {
		n := sort.Search(len(at), func(j int) bool { return at[j] >= first+time.Minute }) - i
		if n > most {
			most, from = n, first
		}
	}
	return most, from
}

// An upstream with the documented limit, used by this key only, refuses
// nothing.
func checkRefusals(h *history, broken func(string, ...any)) {
	l := h.scenario.limits
	if l.minute < 120 || l.hour > 0 || l.others > 0 || l.shrinkAt < never || h.scenario.perMinute > promisedPerMinute || len(h.scenario.refusals) > 0 {
		return
	}
	for _, q := range h.requests {
		if q.reply.code() == client.CodeRateLimited {
			broken("refused: %v", q)
		}
	}
}

// After a 429 no request of the key is sent before its Retry-After is over;
// after another failure, none of that run.
func checkRetryAfter(h *history, broken func(string, ...any)) {
	for _, q := range h.ended() {
		if !q.reply.transient() || q.reply.panicked {
			continue
		}
		until := q.ended + min(q.reply.failure.RetryAfter, client.MaxRetryAfter)
		for _, next := range h.requests {
			key := q.reply.failure.Code == client.CodeRateLimited
			if (key || sourced(next.run) == sourced(q.run)) && q.ended < next.sent && next.sent < until {
				broken("%v, %v before the Retry-After of %v", next, until-next.sent, q)
				break
			}
		}
	}
}

// In a fixed window no more requests are sent than were reported to be left,
// whatever older answers say that arrive later. A sharp drop from many, and the
// first number of an hour, count only when reported twice in a row.
func checkSpentWindow(h *history, broken func(string, ...any)) {
	if !h.scenario.limits.honest() {
		return
	}
	for window := range 2 {
		var (
			known   told
			why     *request
			doubted bool
		)
		for _, s := range h.windowSteps(window) {
			switch {
			case s.reset == 0:
				if known.ok && s.at < known.reset && known.remaining <= 0 {
					broken("%v, %v before the reset, though all that %v left was spent", s.by, known.reset-s.at, why)
					return
				}
				known.remaining--
			case !known.ok && window == hourWindow && s.remaining < max(20, s.limit/2) && !doubted:
				doubted = true
			case s.reset > known.reset:
				known, why, doubted = told{ok: true, remaining: s.remaining, reset: s.reset}, s.by, false
			case s.reset < known.reset:
			case known.remaining >= 20 && s.remaining < known.remaining/2 && !doubted:
				doubted = true
			default:
				doubted = false
				if s.remaining < known.remaining {
					known.remaining, why = s.remaining, s.by
				}
			}
		}
	}
}

// windowStep is a request sent, or a window reported if reset is set.
type windowStep struct {
	at, reset        time.Duration
	limit, remaining int
	by               *request
}

func (h *history) windowSteps(window int) []windowStep {
	var steps []windowStep
	for _, q := range h.requests {
		steps = append(steps, windowStep{at: q.sent, by: q})
	}
	for _, q := range h.ended() {
		if t := q.reply.told[window]; t.ok {
			steps = append(steps, windowStep{at: q.ended, reset: t.reset, limit: t.limit, remaining: t.remaining, by: q})
		}
	}
	slices.SortStableFunc(steps, func(a, b windowStep) int { return int(a.at - b.at) })
	return steps
}

// While everything fails, only single requests are sent.
func checkBreaker(h *history, broken func(string, ...any)) {
	const (
		settling = 30 * time.Second // until enough requests have failed
		most     = 20               // in any minute after that
	)
	for _, outage := range h.scenario.outages {
		var sent []time.Duration
		for _, q := range h.requests {
			if q.sent >= outage.from+settling && q.sent < outage.to-h.scenario.network-h.scenario.latency {
				sent = append(sent, q.sent)
			}
		}
		if n, at := busiest(sent); n > most {
			broken("%d requests in the 60 s from %v, with every answer since %v a fault", n, at, outage.from)
		}
	}
}
