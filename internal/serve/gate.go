package serve

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

const (
	// maxMessage bounds a message. The largest a client has reason to send is a
	// call with fifty profile ids.
	maxMessage = 1 << 20
	// maxUnread is how much may be written that the client has not read: all
	// calls' largest answers thrice over. With more it must read first.
	maxUnread = 16 << 20
	// maxQueued is how much calls may hold that wait for a worker, in bytes.
	maxQueued = 16 << 20
)

// gate stands between a client's pipes and mcp-go's: it lets through only
// well-formed messages, knows which requests are under way, and writes whole
// lines.
type gate struct {
	logger   *slog.Logger
	forward  io.Writer // to mcp-go
	out      *Outbox   // to the client
	requests *requests

	// sending keeps an answer, and what depends on whether it was given, in order.
	sending sync.Mutex

	mu      sync.Mutex
	running int // tool calls that mcp-go has
	queue   []queued
	held    int // bytes in queue
}

// queued is a tool call that waits for a worker: mcp-go runs one too many on its
// read loop, which then hears no cancel.
type queued struct {
	id   string
	line []byte
}

func newGate(out, forward io.Writer, logger *slog.Logger) *gate {
	return &gate{logger: logger, forward: forward, out: NewOutbox(out, maxUnread), requests: newRequests()}
}

// read takes in lines until in ends, which is not an error.
func (g *gate) read(in io.Reader) error {
	r := bufio.NewReaderSize(in, 64<<10)
	for first := true; ; first = false {
		line, tooLong, err := readLine(r)
		if first {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		line = bytes.TrimSpace(line)
		switch {
		case tooLong:
			g.refuse("", &rpcError{mcp.PARSE_ERROR, "a line longer than 1 MiB"})
		case len(line) > 0:
			if failed := g.admit(line); failed != nil {
				return failed
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readLine reads to the next newline or the end. Of a line that is too long
// nothing is kept.
func readLine(r *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxMessage {
			tooLong = true
		}
		if tooLong {
			line = nil
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, tooLong, err
		}
	}
}

// admit passes a message on, or refuses it. An error means that mcp-go reads no
// more.
func (g *gate) admit(line []byte) error {
	m, refused := readMessage(line)
	switch {
	case refused == nil && m.isAnswer:
		return nil // nothing was asked, and mcp-go would answer an error with another
	case refused == nil && m.isCall:
		refused = g.requests.begin(m, line)
	}
	if refused != nil {
		g.logger.Warn("message refused", "reason", refused.text)
		g.refuse(m.id, refused)
		return nil
	}
	line = append(line, '\n')
	if id := m.cancels(line); id != "" {
		if g.unqueue(id) {
			return nil
		}
		g.requests.cancel(id, func(again []byte) { _, _ = g.forward.Write(again) })
	}
	if m.isToolCall() && !g.enter(m.id, line) {
		return nil
	}
	_, err := g.forward.Write(line)
	return err
}

// enter reports whether a worker is free for a call. If none is, the call is
// queued, or refused.
func (g *gate) enter(id string, line []byte) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.running < stdioWorkers:
		g.running++
		return true
	case g.held+len(line) <= maxQueued:
		g.queue = append(g.queue, queued{id, line})
		g.held += len(line)
	default:
		g.requests.end(id)
		g.refuse(id, errBusy)
	}
	return false
}

// free gives the worker of a call that has ended to the next.
func (g *gate) free() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queue) == 0 {
		g.running--
		return
	}
	next := g.queue[0]
	g.queue[0], g.queue = queued{}, g.queue[1:]
	g.held -= len(next.line)
	// mcp-go's own lock may be held here, which its read loop may be waiting for.
	go func() { _, _ = g.forward.Write(next.line) }()
}

// unqueue ends a call that waits for a worker, and reports whether it did.
func (g *gate) unqueue(id string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, call := range g.queue {
		if call.id == id {
			g.queue = slices.Delete(g.queue, i, i+1)
			g.held -= len(call.line)
			g.requests.end(id)
			return true
		}
	}
	return false
}

// Write takes one line from mcp-go to the client, unless the client has no use
// for it. An answer ends its request first: the client may use the id again as
// soon as it has read the answer.
func (g *gate) Write(line []byte) (int, error) {
	g.sending.Lock()
	defer g.sending.Unlock()
	m, err := readMessage(line)
	if err == nil && g.requests.stale(m, line) {
		return len(line), nil
	}
	if err == nil && m.isAnswer {
		ended := g.requests.end(m.id)
		if ended != nil && ended.isCall {
			g.free()
		}
		if ended != nil && ended.cancelled {
			return len(line), nil
		}
	}
	return g.out.Put(line)
}

// refuse answers for a message that is not passed on: under its own id, unless
// that would answer another request.
func (g *gate) refuse(id string, why *rpcError) {
	g.sending.Lock()
	defer g.sending.Unlock()
	if why == errDuplicate || g.requests.underWay(id) != nil {
		id = ""
	}
	_, _ = g.out.Put(why.response(id)) // a failure ends the server
}

// end gives the requests that are left an answer, and the client d to read it.
func (g *gate) end(d time.Duration) {
	begun := time.Now()
	for _, id := range g.requests.left() {
		g.sending.Lock()
		if g.requests.end(id) != nil {
			_, _ = g.out.Write(errEnded.response(id))
		}
		g.sending.Unlock()
	}
	g.out.Close(d - time.Since(begun))
}
