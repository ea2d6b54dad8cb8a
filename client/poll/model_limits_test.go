package poll

import (
	"math/rand/v2"
	"slices"
	"time"

	"instaview-mcp/client"
)

// limitAt returns the minute's limit in force.
func (l limits) limitAt(at time.Duration) int {
	if at >= l.shrinkAt {
		return l.shrunk
	}
	return l.minute
}

// honest reports whether all that is reported about fixed windows is always
// true.
func (l limits) honest() bool {
	return l.told && !l.sliding && l.lies == 0 && l.vanishAt == never && l.pastAt == never
}

// arrive counts a request, and reports whether it exceeds the limit.
func (u *fakeUpstream) arrive(q *request) (refused bool) {
	now := u.h.now()
	u.h.mu.Lock()
	q.arrived = now
	u.h.mu.Unlock()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.count[int64(now/time.Minute)]++
	u.hours[int64(now/time.Hour)]++
	u.last = append(u.last, now)
	if !u.s.limits.enforced {
		return false
	}
	minute, hour := u.used(now)
	limit := u.s.limits.limitAt(now)
	return limit > 0 && minute > limit || u.s.limits.hour > 0 && hour > u.s.limits.hour
}

// used returns how much of the minute and of the hour is used, by this key and
// by others. The caller holds the lock.
func (u *fakeUpstream) used(now time.Duration) (minute, hour int) {
	l := u.s.limits
	u.last = slices.DeleteFunc(u.last, func(at time.Duration) bool { return at <= now-time.Minute })
	minute = u.count[int64(now/time.Minute)]
	if l.sliding {
		minute = len(u.last)
	} else {
		minute += int(l.others * float64(l.minute) * float64(now%time.Minute) / float64(time.Minute))
	}
	hour = u.hours[int64(now/time.Hour)] + int(l.others*float64(l.hour)*float64(now%time.Hour)/float64(time.Hour))
	return minute, hour
}

// tell makes the rate-limit headers of a reply.
func (u *fakeUpstream) tell(r *reply, random *rand.Rand) client.RateLimit {
	now := u.h.now()
	l := u.s.limits
	u.mu.Lock()
	minute, hour := u.used(now)
	oldest := now
	if len(u.last) > 0 {
		oldest = u.last[0]
	}
	u.mu.Unlock()
	lie := random.Float64() < l.lies
	kind, figure := random.IntN(4), random.IntN(200)
	if !l.told || now >= l.vanishAt {
		return client.RateLimit{}
	}
	reset := (now/time.Minute + 1) * time.Minute
	if l.sliding {
		reset = (oldest + time.Minute + time.Second - 1).Truncate(time.Second)
	}
	var limit client.RateLimit
	if per := l.limitAt(now); per > 0 {
		limit.Minute = u.window(&r.told[minuteWindow], per, per-minute, reset)
	}
	if l.hour > 0 {
		limit.Hour = u.window(&r.told[hourWindow], l.hour, l.hour-hour, (now/time.Hour+1)*time.Hour)
	}
	if lie {
		switch kind {
		case 0:
			limit.Hour = u.window(&r.told[hourWindow], 1000, 0, now+time.Hour)
		case 1:
			limit.Minute = u.window(&r.told[minuteWindow], 1, 0, reset)
		case 2:
			limit.Minute = u.window(&r.told[minuteWindow], 1+figure, figure, reset)
		case 3:
			limit = client.RateLimit{}
			r.told = [2]told{}
		}
	}
	r.limit = limit.Minute.Limit
	return limit
}

const (
	minuteWindow = 0
	hourWindow   = 1
)

// window returns what the client reads from a window's three headers.
func (u *fakeUpstream) window(t *told, limit, remaining int, reset time.Duration) client.Window {
	now := u.h.now()
	remaining = max(0, remaining)
	w := client.Window{Limit: limit, Remaining: &remaining}
	if now >= u.s.limits.pastAt {
		return w
	}
	// Reset and date are in whole seconds.
	date := u.clock()
	if !u.s.undated {
		date = date.Truncate(time.Second)
	}
	at := u.h.began.Add(u.s.skew + reset)
	if whole := at.Truncate(time.Second); whole.Before(at) {
		at = whole.Add(time.Second)
	}
	w.ResetIn = at.Sub(date)
	*t = told{ok: true, limit: limit, remaining: remaining, reset: at.Sub(u.h.began) - u.s.skew}
	return w
}

// understand sets the latest instants that may be taken for the resets of a
// reply that is read now.
func (u *fakeUpstream) understand(r *reply) {
	now := u.h.now()
	limit := client.RateLimit{}
	switch {
	case r.failure != nil:
		limit = r.failure.RateLimit
	case r.results != nil:
		limit = r.results.RateLimit
	}
	r.told[minuteWindow].latest = now + limit.Minute.ResetIn
	r.told[hourWindow].latest = now + limit.Hour.ResetIn
	if limit.Minute.Limit == 0 {
		r.limit = 0
	}
}
