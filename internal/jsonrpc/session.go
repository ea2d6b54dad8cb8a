package jsonrpc

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// The limits of one client's requests in flight.
const (
	MaxCalls  = 1_000 // reading a run, which may take minutes
	MaxOthers = 1_000 // all others, which are answered at once
	// MaxRunning is how many calls may work on an answer at a time, since a
	// thousand large answers would take 300 MiB. Calls that wait for InstaView
	// do not count.
	MaxRunning = 100
)

// Session is one client's conversation over a lasting connection: stdio or
// HTTP+SSE. It runs each request on its own goroutine, cancels it when the
// client asks for that, and sends answers and notifications.
type Session struct {
	ctx    context.Context // ends every request
	server *server.MCPServer
	// send writes one whole JSON-RPC message as a line. It may block while the
	// client does not read. After an error nothing more can be sent.
	send   func(line []byte) error
	logger *slog.Logger

	// Channels used as semaphores: one value for each request of the kind.
	calls, others, running chan struct{}
	unsent                 atomic.Int64 // answers to others that are being sent
	unanswered             sync.WaitGroup

	mu       sync.Mutex
	inFlight map[string]*call // by id, as written in the request
	closed   bool
}

// NewSession returns a session that ends with ctx. send must be safe for
// concurrent use.
func NewSession(ctx context.Context, s *server.MCPServer, logger *slog.Logger, send func(line []byte) error) *Session {
	return &Session{
		ctx: ctx, server: s, send: send, logger: logger,
		calls:    make(chan struct{}, MaxCalls),
		others:   make(chan struct{}, MaxOthers),
		running:  make(chan struct{}, MaxRunning),
		inFlight: map[string]*call{},
	}
}

// The errors of Session.Receive.
var (
	ErrDuplicate = &Error{mcp.INVALID_REQUEST, "a request with this id is still in flight"}
	ErrBusy      = &Error{-32000, "this server is busy with as many calls as it takes: try again in a few seconds"}
	ErrStopping  = &Error{-32000, "this server is being stopped: ask again when it is back"}
)

// ErrInternal is the answer after a panic.
var ErrInternal = &Error{mcp.INTERNAL_ERROR, "internal error"}

// Receive handles one message. It returns an error if it refuses a request, and
// otherwise answers through send. Notifications other than a cancel are
// ignored.
func (s *Session) Receive(m Message, raw []byte) *Error {
	if m.IsRequest {
		return s.begin(m, raw)
	}
	s.cancel(m.cancels(raw))
	return nil
}

// begin starts a request. It never waits for the client to read.
func (s *Session) begin(m Message, raw []byte) *Error {
	places, refused := s.takePlace(m)
	if refused != nil {
		return refused
	}
	c, refused := s.add(m.ID)
	if refused != nil {
		<-places
		return refused
	}
	go func() {
		defer s.unanswered.Done()
		if m.MayLast() {
			defer func() { <-places }()
			c.runInTurn(raw)
			return
		}
		response := c.handle(c.ctx, raw)
		<-places
		s.unsent.Add(1)
		defer s.unsent.Add(-1)
		c.answer(response)
	}()
	return nil
}

// takePlace takes a place among the requests of this kind. It only waits for
// requests that are answered at once.
func (s *Session) takePlace(m Message) (chan struct{}, *Error) {
	if m.MayLast() {
		select {
		case s.calls <- struct{}{}:
			return s.calls, nil
		default:
			return nil, ErrBusy
		}
	}
	if s.unsent.Load() >= MaxOthers {
		return nil, ErrBusy
	}
	select {
	case s.others <- struct{}{}:
		return s.others, nil
	case <-s.ctx.Done():
		return nil, ErrStopping
	}
}

func (s *Session) add(id string) (*call, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, ErrStopping
	case s.inFlight[id] != nil:
		return nil, ErrDuplicate
	}
	ctx, cancel := context.WithCancel(s.ctx)
	c := &call{exchange: newExchange(ctx, s.server, s.logger, id, s.send), session: s, cancel: cancel}
	s.inFlight[id] = c
	s.unanswered.Add(1)
	return c, nil
}

// remove ends a request and reports whether the client still wants the answer.
// It is called before sending, since the client may use the id again as soon as
// it has the answer.
func (s *Session) remove(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inFlight[c.id] != c {
		return false
	}
	delete(s.inFlight, c.id)
	return !c.cancelled
}

// cancel cancels a request whose answer is no longer wanted. An unknown id is
// ignored.
func (s *Session) cancel(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.inFlight[id]; c != nil {
		c.cancelled = true
		c.cancel()
	}
}

// IsInFlight reports whether a request with this id is not answered yet.
func (s *Session) IsInFlight(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inFlight[id] != nil
}

// StopAccepting makes Receive refuse all further requests.
func (s *Session) StopAccepting() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// Abandon cancels the requests in flight and returns the ids of those that the
// client has not cancelled. StopAccepting must have been called.
func (s *Session) Abandon() (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, c := range s.inFlight {
		if !c.cancelled {
			ids = append(ids, id)
		}
	}
	clear(s.inFlight)
	return ids
}

// Close cancels the requests in flight and returns when nothing more will be
// sent. The session's context must have ended.
func (s *Session) Close() {
	s.StopAccepting()
	s.Abandon()
	s.unanswered.Wait()
}

// Await returns when no request is in flight, or after d. StopAccepting must
// have been called.
func (s *Session) Await(d time.Duration) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.unanswered.Wait()
	}()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}
