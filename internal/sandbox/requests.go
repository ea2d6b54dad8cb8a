package sandbox

import (
	"slices"
	"time"
)

// maxRequests limits the log. It is enough for simulating a day, and at about
// 10 MB small enough for a demo that is left running.
const maxRequests = 100_000

// Request is one request that the sandbox has received.
type Request struct {
	// Arrived is when the headers had been read.
	Arrived time.Time
	// Answered is when the answer was written, or the connection was closed
	// without one. Zero means not yet.
	Answered time.Time
	// Method is POST or PATCH of a request that costs credits; "" of any other.
	Method string
	// RunID is the id in the path; "" if the path has none.
	RunID string
	// Status is the HTTP status of the answer; 0 if there is none yet, it was
	// dropped, or the caller has left.
	Status int
	// Faulted reports whether an injected Fault changed the answer.
	Faulted bool
}

// requestLog is a ring buffer: request n is at index n modulo maxRequests.
type requestLog struct {
	entries []Request
	next    int // number of requests logged so far
}

// begin logs a request and returns its number.
func (l *requestLog) begin(r Request) int {
	seq := l.next
	l.next++
	if seq < maxRequests {
		l.entries = append(l.entries, r)
	} else {
		l.entries[seq%maxRequests] = r
	}
	return seq
}

// end completes the entry of a request, unless it has been overwritten since.
func (l *requestLog) end(seq int, at time.Time, status int, faulted bool) {
	if l.next-seq > maxRequests {
		return
	}
	e := &l.entries[seq%maxRequests]
	e.Answered, e.Status, e.Faulted = at, status, faulted
}

// list returns the entries, oldest first.
func (l *requestLog) list() []Request {
	if l.next <= maxRequests {
		return slices.Clone(l.entries)
	}
	oldest := l.next % maxRequests
	return slices.Concat(l.entries[oldest:], l.entries[:oldest])
}
