package httpserver

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/internal/jsonrpc"
	"instaview-mcp/internal/tenant"
)

// sse serves HTTP+SSE, the transport that Streamable HTTP has replaced: events
// are sent over a GET that stays open, and messages are received in POSTs. Only
// the caller that opened a session may use it, and its calls end with its
// stream.
type sse struct {
	server      *server.MCPServer
	maxSessions int
	logger      *slog.Logger

	mu       sync.Mutex
	sessions map[string]*sseSession // by id
	stopping bool
}

// sseSession is one open stream of events.
type sseSession struct {
	*jsonrpc.Session
	id    string
	owner tenant.ID
}

func newSSE(s *server.MCPServer, maxSessions int, logger *slog.Logger) *sse {
	return &sse{server: s, maxSessions: maxSessions, logger: logger, sessions: map[string]*sseSession{}}
}

// events serves a new session's stream until the client leaves.
func (t *sse) events(w *responseWriter, r *http.Request) {
	ctx, leave := context.WithCancel(r.Context())
	defer leave()
	writing := make(chan struct{}, 1) // holds a value while an event is written
	s := t.open(ctx, func(line []byte) error {
		select {
		case writing <- struct{}{}:
			defer func() { <-writing }()
		case <-ctx.Done():
			return ctx.Err()
		}
		err := writeEvent(w, "message", line)
		if err != nil {
			leave() // the client does not read, or has gone
		}
		return err
	})
	if s == nil {
		w.refuse(*tooMany("sessions"))
		return
	}
	defer t.close(s)
	w.Header().Set("Content-Type", "text/event-stream")
	w.events = true
	w.startHeartbeat()
	if writeEvent(w, "endpoint", []byte(messagePath+"?sessionId="+s.id+"\n")) == nil {
		<-ctx.Done()
	}
}

// writeEvent writes an event whose data is one line.
func writeEvent(w *responseWriter, name string, line []byte) error {
	if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n", name, line); err != nil {
		return err
	}
	return w.FlushError()
}

// open returns a new session; nil at the limit of sessions.
func (t *sse) open(ctx context.Context, send func([]byte) error) *sseSession {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopping || len(t.sessions) >= t.maxSessions {
		return nil
	}
	s := &sseSession{Session: jsonrpc.NewSession(ctx, t.server, t.logger, send), id: rand.Text(), owner: tenant.IDOf(ctx)}
	t.sessions[s.id] = s
	return s
}

// close ends a session whose stream has ended. It waits for the session's
// calls, which must not write to the stream after the handler has returned.
func (t *sse) close(s *sseSession) {
	t.mu.Lock()
	delete(t.sessions, s.id)
	t.mu.Unlock()
	s.Close()
}

// message passes a message to the session that it names. Only the caller that
// opened a session can reach it.
func (t *sse) message(w *responseWriter, r *http.Request) {
	ids := r.URL.Query()["sessionId"]
	if len(ids) != 1 || ids[0] == "" {
		w.refuse(refusal{status: http.StatusBadRequest, text: "the session is named by sessionId, once: take the address from the stream's first event"})
		return
	}
	t.mu.Lock()
	s := t.sessions[ids[0]]
	t.mu.Unlock()
	if s == nil || s.owner != tenant.IDOf(r.Context()) {
		w.refuse(refusal{status: http.StatusNotFound, text: "there is no such session: open a new one"})
		return
	}
	body, m, refused := readBody(w, r)
	if refused == nil {
		if why := s.Receive(m, body); why != nil {
			refused = jsonRefusal(why, m.ID)
		}
	}
	if refused != nil {
		w.refuse(*refused)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// stopAccepting refuses new sessions, and new requests in existing ones.
func (t *sse) stopAccepting() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopping = true
	for _, s := range t.sessions {
		s.StopAccepting()
	}
}

// await returns when no session has a request in flight, or after d.
// stopAccepting must have been called.
func (t *sse) await(d time.Duration) {
	t.mu.Lock()
	sessions := slices.Collect(maps.Values(t.sessions))
	t.mu.Unlock()
	end := time.Now().Add(d)
	for _, s := range sessions {
		s.Await(time.Until(end))
	}
}
