package logging

import (
	"errors"
	"io"
	"sync"
	"time"
)

// ErrFull is returned by Write when there is no room for all of its bytes.
var ErrFull = errors.New("logging: no room")

var errUnread = errors.New("logging: nobody reads")

const (
	// stallTime is how long a reader may read nothing while there is no room. It
	// may be a client that its user has halted.
	stallTime = 30 * time.Second
	// chunk is what is written at once: as much as a pipe usually holds.
	chunk = 64 << 10
)

// AsyncWriter writes to w in order, from a goroutine of its own, so that a
// reader that has stopped reading holds up nobody but itself. It is safe for
// concurrent use. Close it to stop.
type AsyncWriter struct {
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

// NewAsyncWriter returns an AsyncWriter that holds up to room bytes.
func NewAsyncWriter(w io.Writer, room int) *AsyncWriter {
	a := &AsyncWriter{w: w, room: room, done: make(chan struct{}), failed: make(chan struct{})}
	a.changed = sync.NewCond(&a.mu)
	go a.deliver()
	return a
}

// Write takes all of p or, with an error, nothing: because there is no room,
// because w failed before, or because the writer was closed.
func (a *AsyncWriter) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.add(p)
}

// Put is Write for what must not be lost: it waits for room, of which it leaves
// half to Write. When w has taken nothing for 30 s meanwhile, it counts as
// failed.
func (a *AsyncWriter) Put(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.err == nil && !a.closed && a.size > 0 && a.size+len(p) > a.room/2 {
		before := a.written
		stalled := time.AfterFunc(stallTime, func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			if a.written == before {
				a.fail(errUnread)
			}
		})
		a.changed.Wait()
		stalled.Stop()
	}
	if len(p) > a.room/2 {
		return 0, ErrFull
	}
	return a.add(p)
}

func (a *AsyncWriter) add(p []byte) (int, error) {
	switch {
	case a.err != nil:
		return 0, a.err
	case a.closed:
		return 0, io.ErrClosedPipe
	case a.size+len(p) > a.room:
		return 0, ErrFull
	}
	a.waiting = append(a.waiting, p...)
	a.size += len(p)
	a.changed.Broadcast()
	return len(p), nil
}

// Failed is closed when w has failed, or was given up.
func (a *AsyncWriter) Failed() <-chan struct{} { return a.failed }

// Abandon gives w up: what has not been written is lost.
func (a *AsyncWriter) Abandon() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fail(errUnread)
}

// Close takes nothing more, and returns when the rest is written, at the latest
// after d.
func (a *AsyncWriter) Close(d time.Duration) {
	a.mu.Lock()
	a.closed = true
	a.changed.Broadcast()
	a.mu.Unlock()
	select {
	case <-a.done:
	case <-time.After(d):
	}
}

func (a *AsyncWriter) deliver() {
	defer close(a.done)
	a.mu.Lock()
	defer a.mu.Unlock()
	for {
		for len(a.waiting) == 0 && !a.closed && a.err == nil {
			a.changed.Wait()
		}
		batch := a.waiting
		a.waiting = nil
		if len(batch) == 0 || a.err != nil {
			return
		}
		for len(batch) > 0 {
			n := min(chunk, len(batch))
			a.mu.Unlock()
			_, err := a.w.Write(batch[:n])
			a.mu.Lock()
			if err != nil {
				a.fail(err)
				return
			}
			batch = batch[n:]
			a.size -= n
			a.written += n
			a.changed.Broadcast()
		}
	}
}

// fail gives w up, with what waits and whatever comes. a.mu must be held.
func (a *AsyncWriter) fail(err error) {
	if a.err == nil {
		a.err, a.waiting = err, nil
		close(a.failed)
		a.changed.Broadcast()
	}
}
