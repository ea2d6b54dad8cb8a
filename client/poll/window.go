package poll

import (
	"time"

	"instaview-mcp/client"
)

// window is the state of one rate-limit window: what the server reported to be
// left, minus the requests since. The zero value knows nothing.
type window struct {
	left     int
	limit    int       // 0 if unknown
	resetsAt time.Time // the latest time at which it may reset; zero if nothing is known
	doubted  bool      // the last answer reported a number that is not trusted yet
	probedAt time.Time // when a request was last sent after the reset of a used-up window
}

// over reports whether the known window has ended.
func (w window) over(now time.Time) bool { return !w.resetsAt.IsZero() && !now.Before(w.resetsAt) }

// wait returns the time until the window allows a request; 0 = now. After a
// used-up window has reset, one request is sent each Floor until an answer
// reports what is left in the new window, since a sliding window may allow no
// more.
func (w window) wait(now time.Time) time.Duration {
	switch {
	case w.resetsAt.IsZero() || w.left > 0:
		return 0
	case w.over(now):
		return max(0, w.probedAt.Add(Floor).Sub(now))
	default:
		return w.resetsAt.Sub(now)
	}
}

// take counts a request.
func (w *window) take(now time.Time) {
	if w.left <= 0 && w.over(now) {
		w.probedAt = now
	}
	w.left--
}

// shared returns what other replicas should know about the window.
func (w window) shared(now time.Time) Left {
	if w.resetsAt.IsZero() || w.over(now) {
		return Left{}
	}
	return Left{w.left, w.limit, w.resetsAt.Sub(now)}
}

// manyLeft is more than requests in flight at the same time can use up.
const manyLeft = 20

// learn reads what the answer to a request sent at sent reports about the
// window. inFlight other requests may not have been counted by the server yet.
func (w *window) learn(now, sent time.Time, reported client.Window, inFlight int) {
	if reported.Remaining == nil || reported.ResetIn <= 0 {
		// Nothing is known about a window that has ended.
		if w.over(now) {
			*w = window{}
		}
		return
	}
	// The headers were written between sent and now, since the body may have
	// arrived slowly. If the reset may be the known one, the answer is about
	// the same window. If it must be later, the answer is about another window,
	// which starts with its own count. Headers are in whole seconds.
	next := window{left: *reported.Remaining - inFlight, limit: reported.Limit, resetsAt: now.Add(reported.ResetIn)}
	if earliest := sent.Add(reported.ResetIn - time.Second); !w.resetsAt.IsZero() && !earliest.After(w.resetsAt) {
		// Answers may arrive in another order than they were written, so the
		// lower number is the newer.
		next.left, next.resetsAt, next.probedAt = min(next.left, w.left), earlier(next.resetsAt, w.resetsAt), w.probedAt
	}
	// A single answer may be wrong, and a wrong “0 left” would stop the key
	// until the reset. Therefore a sharp drop from many is only trusted if it
	// was reported twice in a row. If nothing is known yet, the drop is
	// measured from the limit. A number that stops the key for at most a minute
	// is trusted at once.
	sharp := w.left >= manyLeft && next.left < w.left/2
	if w.resetsAt.IsZero() {
		sharp = reported.ResetIn > time.Minute && *reported.Remaining < max(manyLeft, reported.Limit/2)
	}
	if sharp && !w.doubted {
		w.doubted = true
		return
	}
	*w = next
}

// pace returns the time between requests that spreads what is left of the hour
// over the rest of it. It is 0 while what is left allows at least evenShare of
// the limit's average rate.
func (w window) pace(now time.Time) time.Duration {
	remaining := w.resetsAt.Sub(now)
	if remaining <= 0 || w.left <= 0 || w.limit == 0 {
		return 0
	}
	pace := remaining / time.Duration(w.left)
	if pace.Hours()*float64(w.limit) <= 1/evenShare {
		return 0
	}
	return pace
}
