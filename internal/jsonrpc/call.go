package jsonrpc

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
)

// call is one request in flight. It is also the ClientSession that mcp-go
// sends the request's notifications to, so that they end with the request.
type call struct {
	session   *Session
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

// runInTurn answers the request once a place among the running calls is free.
func (c *call) runInTurn(raw []byte) {
	t := &turn{running: c.session.running}
	t.take(c.ctx)
	defer t.giveUp()
	c.answer(c.handle(context.WithValue(c.ctx, turnKey{}, t), raw))
}

// answer sends the request's remaining notifications and then its answer.
func (c *call) answer(response mcp.JSONRPCMessage) {
	defer c.cancel()
	close(c.done)
	c.forwarding.Do(func() { close(c.forwarded) })
	<-c.forwarded
	if !c.session.remove(c) {
		return
	}
	var line bytes.Buffer
	if json.NewEncoder(&line).Encode(response) != nil {
		c.session.logger.Error("answer cannot be written as JSON", "type", fmt.Sprintf("%T", response))
		line = *bytes.NewBuffer(ErrInternal.Response(c.id))
	}
	_ = c.session.send(line.Bytes()) // the transport ends the session when it fails
}

// handle has mcp-go answer the request. It recovers from panics itself, because
// mcp-go would send a panic's value to the client, and restores the id as the
// client wrote it.
func (c *call) handle(ctx context.Context, raw []byte) (response mcp.JSONRPCMessage) {
	id := mcp.NewRequestId(json.RawMessage(c.id))
	internal := mcp.JSONRPCError{
		JSONRPC: mcp.JSONRPC_VERSION, ID: id,
		Error: mcp.NewJSONRPCErrorDetails(ErrInternal.Code, ErrInternal.Text, nil),
	}
	defer func() {
		if p := recover(); p != nil {
			c.session.logger.Error("request handler panicked", "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			response = internal
		}
	}()
	ctx = c.session.server.WithContext(ctx, c)
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

// forward sends the call's notifications until there are no more.
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
		return // the client has cancelled the call
	}
	var line bytes.Buffer
	if json.NewEncoder(&line).Encode(n) == nil {
		_ = c.session.send(line.Bytes())
	}
}
