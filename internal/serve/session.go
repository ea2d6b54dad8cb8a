package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// The most requests of one client that may be in flight at once.
const (
	maxCalls    = 1_000 // that read a run and may take minutes
	maxRequests = 1_000 // all others, which are answered at once
	// maxRunning of the calls run; the others wait for one of them to be
	// answered. A thousand large answers at once would take 300 MiB.
	maxRunning = 100
)

// session is one client's conversation over a connection that lasts: stdio or
// HTTP+SSE. It runs each request on a goroutine of its own, cancels it when the
// client says so, and writes what the client is to hear of it.
type session struct {
	ctx    context.Context // ends every request
	server *server.MCPServer
	// send writes one whole JSON-RPC message, a line, to the client. It may wait
	// for a client that reads slowly; after an error nothing more can be sent.
	send   func(line []byte) error
	logger *slog.Logger

	// Each holds one value for every request of its kind.
	calls, others, running chan struct{}
	unanswered             sync.WaitGroup

	mu       sync.Mutex
	inFlight map[string]*call // by id, as written in the request
	closed   bool
}

func newSession(ctx context.Context, s *server.MCPServer, logger *slog.Logger, send func(line []byte) error) *session {
	return &session{
		ctx: ctx, server: s, send: send, logger: logger,
		calls:    make(chan struct{}, maxCalls),
		others:   make(chan struct{}, maxRequests),
		running:  make(chan struct{}, maxRunning),
		inFlight: map[string]*call{},
	}
}

var (
	errDuplicate = &rpcError{mcp.INVALID_REQUEST, "a request with this id is still in flight"}
	errBusy      = &rpcError{-32000, "this server is busy with as many calls as it takes: try again in a few seconds"}
	errStopping  = &rpcError{-32000, "this server is being stopped: ask again when it is back"}
	errInternal  = &rpcError{mcp.INTERNAL_ERROR, "internal error"}
)

// receive takes one message from the client. It returns why a request is
// refused; one that is accepted is answered through send. Notifications other
// than a cancel mean nothing to this server.
func (s *session) receive(m message, raw []byte) *rpcError {
	if m.isCall {
		return s.begin(m, raw)
	}
	s.cancel(m.cancels(raw))
	return nil
}

// begin starts a request. Only one that is answered at once is waited for, if
// there are too many of its kind.
func (s *session) begin(m message, raw []byte) *rpcError {
	places := s.others
	if m.mayLast() {
		places = s.calls
		if len(places) == cap(places) {
			return errBusy
		}
	}
	select {
	case places <- struct{}{}:
	case <-s.ctx.Done():
		return errStopping
	}
	c, refused := s.add(m.id)
	if refused != nil {
		<-places
		return refused
	}
	go func() {
		defer s.unanswered.Done()
		defer func() { <-places }()
		if m.mayLast() {
			select {
			case s.running <- struct{}{}:
				defer func() { <-s.running }()
			case <-c.ctx.Done(): // which the handler will see
			}
		}
		c.run(raw)
	}()
	return nil
}

func (s *session) add(id string) (*call, *rpcError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, errStopping
	case s.inFlight[id] != nil:
		return nil, errDuplicate
	}
	c := &call{session: s, id: id, done: make(chan struct{}), forwarded: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(s.ctx)
	s.inFlight[id] = c
	s.unanswered.Add(1)
	return c, nil
}

// remove ends a request and reports whether the client still wants its answer.
// The client may use the id again as soon as it has read that answer.
func (s *session) remove(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inFlight[c.id] != c {
		return false
	}
	delete(s.inFlight, c.id)
	return !c.cancelled
}

// cancel ends a request that the client wants no answer to. It does nothing if
// no request has that id.
func (s *session) cancel(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.inFlight[id]; c != nil {
		c.cancelled = true
		c.cancel()
	}
}

func (s *session) isInFlight(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inFlight[id] != nil
}

// stopAccepting refuses all further requests.
func (s *session) stopAccepting() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// abandon gives up the requests in flight and returns the ids of those whose
// answers the client still waits for. stopAccepting must have been called.
func (s *session) abandon() (ids []string) {
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

// await returns when no request is in flight, at the latest after d.
// stopAccepting must have been called.
func (s *session) await(d time.Duration) {
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

// call is one request in flight. It is also the ClientSession that mcp-go
// sends the request's notifications to, so that they end with the request.
type call struct {
	session   *session
	id        string
	ctx       context.Context
	cancel    context.CancelFunc
	cancelled bool // by the client; guarded by session.mu

	forwarding    sync.Once
	notifications chan mcp.JSONRPCNotification // nil until the first one
	done          chan struct{}                // closed when no more will come
	forwarded     chan struct{}                // closed when all have been sent
}

// maxNotifications is how many notifications of a call may wait to be sent;
// mcp-go drops any more.
const maxNotifications = 16

// Initialize implements server.ClientSession.
func (c *call) Initialize() {}

// Initialized implements server.ClientSession.
func (c *call) Initialized() bool { return true }

// SessionID implements server.ClientSession. It is empty, since mcp-go keeps
// nothing for the session.
func (c *call) SessionID() string { return "" }

// NotificationChannel implements server.ClientSession.
func (c *call) NotificationChannel() chan<- mcp.JSONRPCNotification {
	c.forwarding.Do(func() {
		c.notifications = make(chan mcp.JSONRPCNotification, maxNotifications)
		go c.forward()
	})
	return c.notifications
}

// run answers the request. Its notifications are sent before its answer.
func (c *call) run(raw []byte) {
	defer c.cancel()
	response := c.handle(raw)
	close(c.done)
	c.forwarding.Do(func() { close(c.forwarded) })
	<-c.forwarded
	if !c.session.remove(c) {
		return
	}
	var line bytes.Buffer
	if json.NewEncoder(&line).Encode(response) != nil {
		c.session.logger.Error("answer cannot be written as JSON", "type", fmt.Sprintf("%T", response))
		line = *bytes.NewBuffer(errInternal.response(c.id))
	}
	_ = c.session.send(line.Bytes()) // the transport ends the session when it fails
}

// handle has mcp-go answer the request. mcp-go would send a panic's value to
// the client, and reads ids less exactly than they were written.
func (c *call) handle(raw []byte) (response mcp.JSONRPCMessage) {
	id := mcp.NewRequestId(json.RawMessage(c.id))
	internal := mcp.JSONRPCError{
		JSONRPC: mcp.JSONRPC_VERSION, ID: id,
		Error: mcp.NewJSONRPCErrorDetails(errInternal.code, errInternal.text, nil),
	}
	defer func() {
		if p := recover(); p != nil {
			c.session.logger.Error("request handler panicked", "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			response = internal
		}
	}()
	ctx := c.session.server.WithContext(c.ctx, c)
	switch answer := c.session.server.HandleMessage(ctx, raw).(type) {
	case mcp.JSONRPCResponse:
		answer.ID = id
		return answer
	case mcp.JSONRPCError:
		answer.ID = id
		return answer
	default:
		return internal
	}
}

// forward sends the call's notifications until no more will come.
func (c *call) forward() {
	defer close(c.forwarded)
	for {
		select {
		case n := <-c.notifications:
			c.notify(n)
		case <-c.done:
			for len(c.notifications) > 0 {
				c.notify(<-c.notifications)
			}
			return
		}
	}
}

func (c *call) notify(n mcp.JSONRPCNotification) {
	if c.ctx.Err() != nil {
		return // the client wants to hear no more of it
	}
	var line bytes.Buffer
	if json.NewEncoder(&line).Encode(n) == nil {
		_ = c.session.send(line.Bytes())
	}
}
