package logging

import (
	"errors"
	"io"
	"sync"
	"time"
)

// ErrFull is returned by Write if there is no room for all of its bytes.
var ErrFull = errors.New("logging: no room")

var errUnread = errors.New("logging: nobody reads")

const (
	// stallTime is how long a reader may read nothing while there is no room.
	// The reader may be a client whose user has suspended it.
	stallTime = 30 * time.Second
	// chunk is how many bytes are written at a time: as many as a pipe usually
	// holds.
	chunk = 64 << 10
)

// AsyncWriter writes to w in order on its own goroutine, so that a reader that
// has stopped reading does not block the program. It is safe for concurrent
// use. Call Close to stop it.
type AsyncWriter struct {
	w      io.Writer
	room   int
	done   chan struct{} // closed when nothing more will be written
	failed chan struct{} // closed when w has failed or was given up

	mu      sync.Mutex
	changed *sync.Cond
	waiting []byte
	size    int // bytes in waiting and in the present write
	written int // bytes in all
	closed  bool
	err     error
}

// NewAsyncWriter returns an AsyncWriter that buffers up to room bytes.
func NewAsyncWriter(w io.Writer, room int) *AsyncWriter {
	a := &AsyncWriter{w: w, room: room, done: make(chan struct{}), failed: make(chan struct{})}
	a.changed = sync.NewCond(&a.mu)
	go a.deliver()
	return a
}

// Write buffers all of p, or nothing if it returns an error: there is no room,
// w has failed, or the writer is closed.
func (a *AsyncWriter) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.add(p)
}

// Put is Write for data that must not be lost: it waits for room, of which it
// leaves half to Write. If w accepts nothing for 30 s meanwhile, w counts as
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

// Failed returns a channel that is closed when w has failed or was given up.
func (a *AsyncWriter) Failed() <-chan struct{} { return a.failed }

// Abandon stops writing. What was not written is lost.
func (a *AsyncWriter) Abandon() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fail(errUnread)
}

// Close accepts no more data and returns when the rest is written, or after d.
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

// fail gives up w and drops what is buffered and what comes later. a.mu must be
// held.
func (a *AsyncWriter) fail(err error) {
	if a.err == nil {
		a.err, a.waiting = err, nil
		close(a.failed)
		a.changed.Broadcast()
	}
}
