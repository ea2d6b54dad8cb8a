package serve

import (
	"errors"
	"io"
	"sync"
	"time"
)

var (
	errFull   = errors.New("serve: no room")
	errUnread = errors.New("serve: nobody reads")
)

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
	o := &AsyncWriter{w: w, room: room, done: make(chan struct{}), failed: make(chan struct{})}
	o.changed = sync.NewCond(&o.mu)
	go o.deliver()
	return o
}

// Write takes all of p or, with an error, nothing: because there is no room,
// because w failed before, or because the writer was closed.
func (o *AsyncWriter) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.add(p)
}

// Put is Write for what must not be lost: it waits for room, of which it leaves
// half to Write. When w has taken nothing for 30 s meanwhile, it counts as
// failed.
func (o *AsyncWriter) Put(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.err == nil && !o.closed && o.size > 0 && o.size+len(p) > o.room/2 {
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
	if len(p) > o.room/2 {
		return 0, errFull
	}
	return o.add(p)
}

func (o *AsyncWriter) add(p []byte) (int, error) {
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

// Abandon gives w up: what has not been written is lost.
func (o *AsyncWriter) Abandon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail(errUnread)
}

// Close takes nothing more, and returns when the rest is written, at the latest
// after d.
func (o *AsyncWriter) Close(d time.Duration) {
	o.mu.Lock()
	o.closed = true
	o.changed.Broadcast()
	o.mu.Unlock()
	select {
	case <-o.done:
	case <-time.After(d):
	}
}

func (o *AsyncWriter) deliver() {
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
func (o *AsyncWriter) fail(err error) {
	if o.err == nil {
		o.err, o.waiting = err, nil
		close(o.failed)
		o.changed.Broadcast()
	}
}
