package sandbox

import (
	"context"
	"net/http"
	"time"
)

// Fault changes one answer. The zero value leaves it unchanged; a Delay or
// Header alone delays the normal answer or adds headers to it.
type Fault struct {
	// Status is the HTTP status, at least 100. Zero means 200 if there is a
	// Body, otherwise the normal answer.
	Status int
	// Header replaces headers of the same name, including rate-limit headers; a
	// nil value removes the header, even "Date". With a Content-Length beyond
	// the Body the connection breaks off in the middle of it.
	Header http.Header
	// Body is sent unchanged, as application/json unless Header sets another
	// type.
	Body string
	// Delay is the time before the answer. If the request's context ends first,
	// the connection is closed without one.
	Delay time.Duration
	// Drop closes the connection after Delay without an answer; Status, Header
	// and Body are then ignored. On a connection that has served a request
	// before, net/http repeats a dropped GET by itself, so tests that count
	// attempts must turn keep-alive off.
	Drop bool
	// CarriedOut has the request take effect before it is delayed, dropped or
	// answered with Status, as when an answer is lost on the way.
	CarriedOut bool
}

// replaces reports whether the fault replaces the normal answer.
func (f *Fault) replaces() bool { return f.Status != 0 || f.Body != "" }

func (f *Fault) status() int {
	if f.Status == 0 {
		return http.StatusOK
	}
	return f.Status
}

// sleep waits for d and reports whether it passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
