package jsonrpc

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// exchange is one request and what is sent to answer it. It is also the
// ClientSession that mcp-go sends the request's notifications to, so that they
// end with the request.
type exchange struct {
	server *server.MCPServer
	logger *slog.Logger
	send   func(line []byte) error // as for NewSession
	id     string
	ctx    context.Context

	forwarding    sync.Once
	notifications chan mcp.JSONRPCNotification // nil until the first one
	done          chan struct{}                // closed when no more will come
	forwarded     chan struct{}                // closed when all have been sent
}

// call is a session's request in flight.
type call struct {
	exchange
	session   *Session
	cancel    context.CancelFunc
	cancelled bool // by the client; guarded by session.mu
}

// Respond has s answer one request that belongs to no session, and returns the
// answer as a line. What s sends before that goes to send, a line each.
func Respond(ctx context.Context, s *server.MCPServer, logger *slog.Logger, m Message, raw []byte, send func(line []byte) error) []byte {
	e := newExchange(ctx, s, logger, m.ID, send)
	response := e.handle(ctx, raw)
	e.endNotifications()
	return e.encode(response)
}

func newExchange(ctx context.Context, s *server.MCPServer, logger *slog.Logger, id string, send func([]byte) error) exchange {
	return exchange{server: s, logger: logger, send: send, id: id, ctx: ctx, done: make(chan struct{}), forwarded: make(chan struct{})}
}

// maxNotifications is how many notifications of a call may wait to be sent;
// mcp-go drops any more.
const maxNotifications = 16

// Initialize implements server.ClientSession.
func (e *exchange) Initialize() {}

// Initialized implements server.ClientSession.
func (e *exchange) Initialized() bool { return true }

// SessionID implements server.ClientSession. It is empty, since mcp-go keeps
// nothing for the session.
func (e *exchange) SessionID() string { return "" }

// NotificationChannel implements server.ClientSession.
func (e *exchange) NotificationChannel() chan<- mcp.JSONRPCNotification {
	e.forwarding.Do(func() {
		e.notifications = make(chan mcp.JSONRPCNotification, maxNotifications)
		go e.forward()
	})
	return e.notifications
}

// runInTurn answers the request once a place among the running calls is free.
func (c *call) runInTurn(raw []byte) {
	t := &turn{running: c.session.running}
	t.take(c.ctx)
	defer t.giveUp()
	growStack() // not before, since hundreds may wait for their turn
	c.answer(c.handle(context.WithValue(c.ctx, turnKey{}, t), raw))
}

// growStack gives a new goroutine the stack that most calls need at once, since
// the runtime would otherwise double it, and copy what is on it, four times.
//
//go:noinline
func growStack() {
	var room [20 << 10]byte
	runtime.KeepAlive(&room)
}

// answer sends the request's remaining notifications and then its answer.
func (c *call) answer(response mcp.JSONRPCMessage) {
	defer c.cancel()
	c.endNotifications()
	if c.session.remove(c) {
		_ = c.send(c.encode(response)) // the transport ends the session when it fails
	}
}

// endNotifications sends the request's remaining notifications.
func (e *exchange) endNotifications() {
	close(e.done)
	e.forwarding.Do(func() { close(e.forwarded) })
	<-e.forwarded
}

// encode returns a response as a line.
func (e *exchange) encode(response mcp.JSONRPCMessage) []byte {
	if text := encodeText(e.id, response); text != nil {
		return text
	}
	var line bytes.Buffer
	if json.NewEncoder(&line).Encode(response) != nil {
		e.logger.Error("answer cannot be written as JSON", "type", fmt.Sprintf("%T", response))
		return ErrInternal.Response(e.id)
	}
	return line.Bytes()
}

// handle has mcp-go answer the request. It recovers from panics itself, because
// mcp-go would send a panic's value to the client, and restores the id as the
// client wrote it.
func (e *exchange) handle(ctx context.Context, raw []byte) (response mcp.JSONRPCMessage) {
	id := mcp.NewRequestId(json.RawMessage(e.id))
	internal := mcp.JSONRPCError{
		JSONRPC: mcp.JSONRPC_VERSION, ID: id,
		Error: mcp.NewJSONRPCErrorDetails(ErrInternal.Code, ErrInternal.Text, nil),
	}
	defer func() {
		if p := recover(); p != nil {
			e.logger.Error("request handler panicked", "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			response = internal
		}
	}()
	ctx = e.server.WithContext(ctx, e)
	switch answer := e.server.HandleMessage(ctx, raw).(type) {
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

// forward sends the call's notifications until there are no more.
func (e *exchange) forward() {
	defer close(e.forwarded)
	for {
		select {
		case n := <-e.notifications:
			e.notify(n)
		case <-e.done:
			for len(e.notifications) > 0 {
				e.notify(<-e.notifications)
			}
			return
		}
	}
}

func (e *exchange) notify(n mcp.JSONRPCNotification) {
	if e.ctx.Err() != nil {
		return // the client has cancelled the call
	}
	var line bytes.Buffer
	if json.NewEncoder(&line).Encode(n) == nil {
		_ = e.send(line.Bytes())
	}
}
