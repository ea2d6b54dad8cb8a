package serve

import (
	"errors"
	"io"
	"sync"
	"time"
)

// The errors of an Outbox.
var (
	errFull   = errors.New("serve: no room")
	errUnread = errors.New("serve: nobody reads")
)

const (
	// stallTime is how long a reader may read nothing while it holds others up. It
	// may be a client that its user has halted.
	stallTime = 10 * time.Second
	// chunk is what is written at once: as much as a pipe usually holds.
	chunk = 64 << 10
)

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
	size    int // of waiting, and of what is being written
	written int // bytes, in all
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
	return o.add(p)
}

// Put is Write for what must not be lost: while there is no room it waits. When
// w has taken nothing for 10 s meanwhile, it counts as failed.
func (o *Outbox) Put(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.err == nil && !o.closed && o.size > 0 && o.size+len(p) > o.room {
		before := o.written
		stalled := time.AfterFunc(stallTime, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			if o.written == before {
				o.fail(errUnread)
			}
		})
		o.changed.Wait()
		stalled.Stop()
	}
	if o.size == 0 && len(p) > o.room {
		return 0, errFull
	}
	return o.add(p)
}

func (o *Outbox) add(p []byte) (int, error) {
	switch {
	case o.err != nil:
		return 0, o.err
	case o.closed:
		return 0, io.ErrClosedPipe
	case o.size+len(p) > o.room:
		return 0, errFull
	}
	o.waiting = append(o.waiting, p...)
	o.size += len(p)
	o.changed.Broadcast()
	return len(p), nil
}

// Close takes nothing more, and returns when the rest is written, at the latest
// after d.
func (o *Outbox) Close(d time.Duration) {
	o.mu.Lock()
	o.closed = true
	o.changed.Broadcast()
	o.mu.Unlock()
	select {
	case <-o.done:
	case <-time.After(d):
	}
}

func (o *Outbox) deliver() {
	defer close(o.done)
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		for len(o.waiting) == 0 && !o.closed && o.err == nil {
			o.changed.Wait()
		}
		batch := o.waiting
		o.waiting = nil
		if len(batch) == 0 || o.err != nil {
			return
		}
		for len(batch) > 0 {
			n := min(chunk, len(batch))
			o.mu.Unlock()
			_, err := o.w.Write(batch[:n])
			o.mu.Lock()
			if err != nil {
				o.fail(err)
				return
			}
			batch = batch[n:]
			o.size -= n
			o.written += n
			o.changed.Broadcast()
		}
	}
}

// fail gives w up, with what waits and whatever comes. o.mu must be held.
func (o *Outbox) fail(err error) {
	if o.err == nil {
		o.err, o.waiting = err, nil
		close(o.failed)
		o.changed.Broadcast()
	}
}
