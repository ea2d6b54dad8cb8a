package poll

import "time"

// window is what the server said is left of one of its rate-limit windows, less
// what was requested since. In the zero value nothing is known.
type window struct {
	left     int
	limit    int       // 0 = not told
	resetsAt time.Time // zero = nothing is known
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

// untold takes in an answer that says nothing of the window, or that its reset
// lies in the past. Once the window has started over nothing is known of it.
func (w *window) untold(now time.Time) {
	if w.over(now) {
		*w = window{}
	}
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
