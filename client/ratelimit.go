package client

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RateLimit holds the rate-limit headers of one response. The API documents two
// windows for each key and promises the headers on every response.
type RateLimit struct {
	Minute, Hour Window
}

// Window is one rate-limit window.
type Window struct {
	Limit     int           // requests the window allows; 0 if unknown
	Remaining *int          // requests left; nil if unknown
	ResetIn   time.Duration // from the response to the window's end; 0 if unknown
}

// Spent reports whether the window is known to allow no more requests.
func (w Window) Spent() bool { return w.Remaining != nil && *w.Remaining == 0 }

// answer holds a response's headers, whatever its status.
type answer struct {
	date    time.Time // the Date header; zero when missing or unreadable
	limit   RateLimit
	headers http.Header
}

func readAnswer(resp *http.Response) answer {
	a := answer{headers: resp.Header}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		a.date = date
	}
	a.limit = RateLimit{Minute: a.window("Minute", time.Minute), Hour: a.window("Hour", time.Hour)}
	return a
}

// maxLimit is far above the largest documented plan, 30,000 an hour. A larger
// number is taken for an error and ignored.
const maxLimit = 10_000_000

func (a answer) window(name string, length time.Duration) Window {
	var w Window
	if n, err := strconv.Atoi(a.headers.Get("X-RateLimit-Limit-" + name)); err == nil && n > 0 && n <= maxLimit {
		w.Limit = n
	}
	if n, err := strconv.Atoi(a.headers.Get("X-RateLimit-Remaining-" + name)); err == nil && n >= 0 && n <= maxLimit {
		w.Remaining = &n
	}
	// No window is longer than its name says, whatever the server's clock says.
	w.ResetIn = min(a.until(a.headers.Get("X-RateLimit-Reset-"+name)), length)
	return w
}

// until converts a Unix time in seconds to the time left until then, measured
// by the server's clock if known. It is 0 for a past or unreadable time.
func (a answer) until(unixSeconds string) time.Duration {
	s, err := strconv.ParseFloat(strings.TrimSpace(unixSeconds), 64)
	if err != nil || math.IsNaN(s) || s < 0 || s > math.MaxInt32*4 {
		return 0
	}
	return max(0, time.Unix(int64(math.Ceil(s)), 0).Sub(a.now()))
}

func (a answer) now() time.Time {
	if a.date.IsZero() {
		return time.Now()
	}
	return a.date
}

// retryAfter returns the longest wait that any part of the response requires,
// because the documentation's own example has different ones in header and
// body.
func (a answer) retryAfter(env errorEnvelope) time.Duration {
	longest := time.Duration(0)
	for _, v := range a.headers.Values("Retry-After") {
		longest = max(longest, seconds(v))
		if date, err := http.ParseTime(v); err == nil {
			longest = max(longest, date.Sub(a.now()))
		}
	}
	longest = max(longest, seconds(text(env.retryAfter)), a.until(text(env.reset)))
	for _, w := range []Window{a.limit.Minute, a.limit.Hour} {
		if w.Spent() {
			longest = max(longest, w.ResetIn)
		}
	}
	return min(longest, MaxRetryAfter)
}

// seconds reads a positive number of seconds, at most MaxRetryAfter so that the
// result cannot overflow. It is 0 for anything else.
func seconds(s string) time.Duration {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || n <= 0 {
		return 0
	}
	return time.Duration(min(n, MaxRetryAfter.Seconds()) * float64(time.Second))
}

// text returns the characters of a JSON number or of a string without escapes.
func text(raw json.RawMessage) string { return strings.Trim(string(raw), `"`) }
