package serve

import (
	"errors"
	"io"
	"sync"
	"time"
)

// errFull is returned for what finds no room in an Outbox.
var errFull = errors.New("serve: nobody reads")

// Outbox writes what it is handed to w, in order, from a goroutine of its own:
// a reader that does not read, such as a client that has stopped to, holds up
// nobody but itself. It is safe for concurrent use. Close it to stop.
type Outbox struct {
	w      io.Writer
	room   int
	done   chan struct{} // closed when nothing will be written any more
	failed chan struct{} // closed when w has failed, or been given up

	mu      sync.Mutex
	changed *sync.Cond
	waiting []byte
	closed  bool
	err     error
}

// NewOutbox returns an Outbox that holds up to room bytes.
func NewOutbox(w io.Writer, room int) *Outbox {
	o := &Outbox{w: w, room: room, done: make(chan struct{}), failed: make(chan struct{})}
	o.changed = sync.NewCond(&o.mu)
	go o.deliver()
	return o
}

// Write takes all of p or, with an error, nothing: because there is no room,
// because w failed before, or because the Outbox was closed.
func (o *Outbox) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err != nil:
		return 0, o.err
	case o.closed:
		return 0, io.ErrClosedPipe
	case len(o.waiting)+len(p) > o.room:
		return 0, errFull
	}
	o.waiting = append(o.waiting, p...)
	o.changed.Signal()
	return len(p), nil
}

// Close takes nothing more, and returns when the rest is written, at the latest
// after d.
func (o *Outbox) Close(d time.Duration) {
	o.mu.Lock()
	o.closed = true
	o.changed.Signal()
	o.mu.Unlock()
	select {
	case <-o.done:
	case <-time.After(d):
	}
}

func (o *Outbox) deliver() {
	defer close(o.done)
	var batch []byte
	for {
		o.mu.Lock()
		for len(o.waiting) == 0 && !o.closed {
			o.changed.Wait()
		}
		batch, o.waiting = o.waiting, batch[:0]
		o.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		if _, err := o.w.Write(batch); err != nil {
			o.fail(err)
			return
		}
		if cap(batch) > keptRoom {
			batch = nil // a burst's buffer need not stay
		}
	}
}

// fail gives w up: with what waits, and whatever comes.
func (o *Outbox) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err, o.waiting = err, nil
		close(o.failed)
	}
}

// keptRoom is what an Outbox keeps for the next write; most answers fit.
const keptRoom = 64 << 10
