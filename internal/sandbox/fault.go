package sandbox

import (
	"context"
	"net/http"
	"time"
)

// Fault is one answer that goes wrong. The zero value is the normal answer; a Fault with only a Delay or a Header is the normal answer late or
// with that header.
type Fault struct {
	// Status is the HTTP status to answer with. Zero: 200 if there is a Body, else the normal answer. Not below 100 otherwise.
	Status int
	// Header replaces headers of the same name, the rate-limit headers among them; a name with a nil value removes the header, "Date" too.
	// A Content-Length beyond the Body breaks the connection in the middle of it.
	Header http.Header
	// Body is sent as it is, as application/json unless Header says otherwise.
	Body string
	// Delay passes before anything is answered. It ends early when the request's context ends; the connection is then closed.
	Delay time.Duration
	// Drop closes the connection without an answer, after Delay; Status, Header and Body are then unused. Beware of net/http's transport: on a
	// connection that has served a request before, it repeats a dropped GET by itself. A test that counts attempts turns keep-alive off.
	Drop bool
}

// replaces reports whether the fault is an answer of its own.
func (f *Fault) replaces() bool { return f.Status != 0 || f.Body != "" }

func (f *Fault) status() int {
	if f.Status == 0 {
		return http.StatusOK
	}
	return f.Status
}

// pause waits for d and reports whether it passed before ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
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
