package sandbox

import (
	"net/http"
	"strconv"
	"time"
)

// budget counts the requests of one key in the two documented windows.
type budget struct{ minute, hour window }

func newBudget(perMinute, perHour int) budget {
	return budget{
		minute: window{name: "minute", length: time.Minute, limit: perMinute},
		hour:   window{name: "hour", length: time.Hour, limit: perHour},
	}
}

// retry says when a refused caller may send the next request.
type retry struct {
	window string
	limit  int
	after  int64 // seconds
	reset  int64 // Unix seconds
}

// take counts one request and returns nil, or returns when to retry if a limit
// is reached. A refused request is not counted, so it does not prolong the
// wait.
func (b *budget) take(now time.Time) *retry {
	b.roll(now)
	// The hour comes first: if both are used up, a caller that waited only for
	// the minute would be refused again.
	for _, w := range []*window{&b.hour, &b.minute} {
		if w.limit > 0 && w.used >= w.limit {
			reset := w.reset()
			// Rounded up, so that a caller that waits this long is not refused.
			after := int64((reset.Sub(now) + time.Second - 1) / time.Second)
			return &retry{window: w.name, limit: w.limit, after: after, reset: reset.Unix()}
		}
	}
	b.minute.used++
	b.hour.used++
	return nil
}

// roll starts a new window when the last one is over.
func (b *budget) roll(now time.Time) {
	b.minute.roll(now)
	b.hour.roll(now)
}

// header returns the six headers documented in the rate limit guide.
func (b *budget) header() http.Header {
	h := http.Header{}
	for suffix, w := range map[string]*window{"Minute": &b.minute, "Hour": &b.hour} {
		if w.limit <= 0 {
			continue
		}
		h.Set("X-RateLimit-Limit-"+suffix, strconv.Itoa(w.limit))
		h.Set("X-RateLimit-Remaining-"+suffix, strconv.Itoa(w.limit-w.used))
		h.Set("X-RateLimit-Reset-"+suffix, strconv.FormatInt(w.reset().Unix(), 10))
	}
	return h
}

// window counts the requests in one minute or hour of the wall clock.
type window struct {
	name   string
	length time.Duration
	limit  int
	began  time.Time
	used   int
}

func (w *window) roll(now time.Time) {
	if began := now.Truncate(w.length); !began.Equal(w.began) {
		w.began, w.used = began, 0
	}
}

func (w *window) reset() time.Time { return w.began.Add(w.length) }
