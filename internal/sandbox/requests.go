package sandbox

import (
	"slices"
	"time"
)

// The log's bound: long enough for any simulation of a day, short enough (about 10 MB) for a demonstration that is left running.
const maxRequests = 100_000

// Request is one request the sandbox has seen.
type Request struct {
	// Arrived is when its headers had been read.
	Arrived time.Time
	// Answered is when the answer was handed to the connection, or the connection closed without one. Zero: not yet.
	Answered time.Time
	// RunID is the run asked for; empty if the path was another.
	RunID string
	// Status is the HTTP status answered; 0 for none (not yet, dropped, or the caller left).
	Status int
	// Faulted tells that an injected Fault shaped the answer.
	Faulted bool
}

// requestLog is a ring: the entry of the n-th request is at n modulo maxRequests.
type requestLog struct {
	entries []Request
	next    int // how many requests were ever logged
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
