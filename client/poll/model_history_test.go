package poll

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"instaview-mcp/client"
)

// never is later than any instant of a scenario.
const never = time.Duration(math.MaxInt64)

// history records what happened in one scenario: each request as the upstream
// saw it, and each call as its caller did. The Poller writes none of it.
// Instants count from the beginning.
type history struct {
	scenario scenario
	began    time.Time

	mu       sync.Mutex
	requests []*request // in the order sent
	calls    []*call    // in the order begun
	hints    []hinted   // in the order given
	asked    map[string]int
	samples  []sample
	left     []string // what the Poller still held at the end

	drained, closed time.Duration
}

// request is one attempt at a run's results.
type request struct {
	run     string
	n       int // the run's request number, from 1
	sent    time.Duration
	arrived time.Duration // at the upstream; never if it did not arrive
	ended   time.Duration // never while in flight
	reply   reply
}

// reply is the result of one request.
type reply struct {
	results  *client.Results
	failure  *client.Error
	panicked bool
	aborted  bool // its context ended
	told     [2]told
	limit    int // reported requests a minute; 0 if none
}

// told is what a reply reports about one rate-limit window.
type told struct {
	ok        bool // remaining and a future reset were reported
	limit     int
	remaining int
	reset     time.Duration // by the upstream's clock
	latest    time.Duration // the latest instant that may be taken for the reset
}

// hinted is a hint; run is "" if it named none.
type hinted struct {
	at  time.Duration
	run string
}

type callKind string

const (
	getCall  callKind = "get"
	waitCall callKind = "wait"
)

// call is one Get or Wait.
type call struct {
	kind      callKind
	run       string
	begun     time.Duration
	deadline  time.Duration // when it must have returned
	cancelled time.Duration // never if its context did not end
	returned  time.Duration
	blocked   time.Duration // until when its onSnapshot blocked
	snapshot  Snapshot
	err       error
	seen      []Snapshot // the arguments of onSnapshot
	late      bool       // onSnapshot was called after the deadline
}

// sample is what the Poller holds at an instant.
type sample struct {
	at            time.Duration
	held, counted int64 // bytes of all runs
	idle          int64 // bytes of runs that nobody waits for
	limit         int64
	runs          int
	misplaced     int // runs that a queue or the cache holds wrongly, or not
}

func (h *history) now() time.Duration { return time.Since(h.began) }

// send records that a request leaves.
func (h *history) send(run string) *request {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked[run]++
	q := &request{run: run, n: h.asked[run], sent: h.now(), arrived: never, ended: never}
	h.requests = append(h.requests, q)
	return q
}

// end records the result of a request.
func (h *history) end(q *request, r reply) {
	h.mu.Lock()
	defer h.mu.Unlock()
	q.ended, q.reply = h.now(), r
}

func (h *history) begin(kind callKind, run string, d time.Duration) *call {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	c := &call{kind: kind, run: run, begun: now, deadline: now + d, cancelled: never, returned: never}
	h.calls = append(h.calls, c)
	return c
}

// update changes c under the lock.
func (h *history) update(c *call, f func(c *call, now time.Duration)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f(c, h.now())
}

// fingerprint returns a hash that differs if anything happened differently or
// at another instant.
func (h *history) fingerprint() uint64 {
	sum := fnv.New64a()
	var lines []string
	for _, q := range h.requests {
		lines = append(lines, fmt.Sprint(q.run, q.n, q.sent, q.ended, q.reply.failure))
	}
	for _, c := range h.calls {
		lines = append(lines, fmt.Sprint(c.kind, c.run, c.begun, c.returned, c.cancelled, c.err, c.snapshot.Err, len(c.seen)))
	}
	slices.Sort(lines) // events at one instant have no order
	for _, line := range lines {
		_, _ = sum.Write([]byte(line))
	}
	return sum.Sum64()
}

// ended returns the requests that have ended, in the order in which they did.
func (h *history) ended() []*request {
	var done []*request
	for _, q := range h.requests {
		if q.ended < never && !q.reply.aborted {
			done = append(done, q)
		}
	}
	slices.SortStableFunc(done, func(a, b *request) int { return int(a.ended - b.ended) })
	return done
}

// byRun groups the requests, in the order sent.
func (h *history) byRun() map[string][]*request {
	runs := map[string][]*request{}
	for _, q := range h.requests {
		runs[q.run] = append(runs[q.run], q)
	}
	return runs
}

// callsByRun groups the calls, in the order begun.
func (h *history) callsByRun() map[string][]*call {
	runs := map[string][]*call{}
	for _, c := range h.calls {
		runs[c.run] = append(runs[c.run], c)
	}
	return runs
}

// stopped returns when c was cancelled, or the Poller drained or closed.
func (h *history) stopped(c *call) time.Duration {
	stopped := min(c.cancelled, h.closed)
	if c.kind == waitCall {
		stopped = min(stopped, h.drained)
	}
	return stopped
}

// over returns when the caller no longer wants an answer.
func (h *history) over(c *call) time.Duration { return min(c.returned, h.stopped(c)) }

// transient reports whether the reply is a temporary failure.
func (r reply) transient() bool {
	return !r.panicked && r.failure != nil && r.failure.Transient()
}

// settled reports whether the reply ends a wait, unless it is a failure that
// must be repeated.
func (r reply) settled() bool {
	switch {
	case r.panicked:
		return true
	case r.failure != nil:
		return !r.failure.Transient()
	default:
		return r.results != nil && !r.results.InProgress()
	}
}

// answered reports whether the upstream answered at all.
func (r reply) answered() bool {
	return r.results != nil || r.failure != nil && r.failure.HTTPStatus != 0
}

// code returns the failure's code; "" for an answer.
func (r reply) code() client.Code {
	switch {
	case r.panicked:
		return client.CodeBadResponse
	case r.failure != nil:
		return r.failure.Code
	default:
		return ""
	}
}

// story lists everything that happened, in order.
func (h *history) story() string {
	type line struct {
		at   time.Duration
		text string
	}
	var lines []line
	for _, q := range h.requests {
		lines = append(lines, line{q.sent, fmt.Sprintf("%v, told %+v, limit %d", q, q.reply.told, q.reply.limit)})
	}
	for _, c := range h.calls {
		lines = append(lines, line{c.begun, c.String()})
	}
	for _, hint := range h.hints {
		lines = append(lines, line{hint.at, fmt.Sprintf("hint %q", hint.run)})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.at, b.at) })
	var all strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&all, "%v %s\n", l.at, l.text)
	}
	return all.String()
}

func (q *request) String() string {
	outcome := string(q.reply.code())
	if outcome == "" && q.reply.results != nil {
		outcome = string(q.reply.results.Status)
	}
	return fmt.Sprintf("%s #%d sent %v ended %v: %s", q.run, q.n, q.sent, q.ended, outcome)
}

func (c *call) String() string {
	text := fmt.Sprintf("%s %s from %v to %v, deadline %v", c.kind, c.run, c.begun, c.returned, c.deadline)
	if c.cancelled < never {
		text += fmt.Sprintf(", cancelled %v", c.cancelled)
	}
	if c.err != nil {
		text += fmt.Sprintf(", error %v", c.err)
	}
	if c.snapshot.Err != nil {
		text += fmt.Sprintf(", told %v", c.snapshot.Err)
	}
	return text
}
