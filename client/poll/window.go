package poll

import (
	"time"

	"instaview-mcp/client"
)

// window is what the server said is left of one of its rate-limit windows, less
// what was requested since. In the zero value nothing is known.
type window struct {
	left     int
	limit    int       // 0 = not told
	resetsAt time.Time // at the latest; zero = nothing is known
	doubted  bool      // the last answer told a figure that is not believed yet
	probedAt time.Time // when a request last went out after a spent window's reset
}

// over reports whether the window has started over since it was told of.
func (w window) over(now time.Time) bool { return !w.resetsAt.IsZero() && !now.Before(w.resetsAt) }

// wait is the time until the window allows a request; 0 = now. After a spent
// window's reset one request goes out each Floor until an answer tells how much
// the new window holds, because a sliding one may hold no more than that.
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

// manyLeft is more than answers that overtake each other can seem to use up.
const manyLeft = 20

// learn takes in what the answer to a request sent then tells of the window
// while others are in flight, which the server may not have counted yet.
func (w *window) learn(now, sent time.Time, told client.Window, inFlight int) {
	if told.Remaining == nil || told.ResetIn <= 0 {
		// Once the window has started over nothing is known of it.
		if w.over(now) {
			*w = window{}
		}
		return
	}
	// The headers left the server between then and now; a body may have come
	// slowly after them. A reset that may be the one known is the same window's,
	// and one that is certainly later another's, whose count owes it nothing.
	// Headers tell whole seconds.
	next := window{left: *told.Remaining - inFlight, limit: told.Limit, resetsAt: now.Add(told.ResetIn)}
	if earliest := sent.Add(told.ResetIn - time.Second); !w.resetsAt.IsZero() && !earliest.After(w.resetsAt) {
		// An answer may overtake another, so the lower count is the newer.
		next.left, next.resetsAt, next.probedAt = min(next.left, w.left), earlier(next.resetsAt, w.resetsAt), w.probedAt
	}
	// One answer may be false, and “0 left” would silence the key until the
	// reset, so a sharp drop from many is believed only when told twice in a row.
	// As long as nothing is known it would be one from all that the limit allows;
	// what silences the key for a minute at most is believed at once.
	sharp := w.left >= manyLeft && next.left < w.left/2
	if w.resetsAt.IsZero() {
		sharp = told.ResetIn > time.Minute && *told.Remaining < max(manyLeft, told.Limit/2)
	}
	if sharp && !w.doubted {
		w.doubted = true
		return
	}
	*w = next
}

// pace is the time between requests that spreads what is left of the hour over
// the rest of it; 0 while that allows at least evenShare of an even pace.
func (w window) pace(now time.Time) time.Duration {
	rest := w.resetsAt.Sub(now)
	if rest <= 0 || w.left <= 0 || w.limit == 0 {
		return 0
	}
	pace := rest / time.Duration(w.left)
	if pace.Hours()*float64(w.limit) <= 1/evenShare {
		return 0
	}
	return pace
}
