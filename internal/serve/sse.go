package serve

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/internal/caller"
)

// sse serves HTTP+SSE, the transport that Streamable HTTP has replaced: events
// come over a GET that stays open, messages go in POSTs. What mcp-go leaves
// open is closed here: a session belongs to who opened it, and when it ends so
// do its calls.
type sse struct {
	mcp         *server.SSEServer
	maxSessions int

	mu       sync.Mutex
	sessions map[string]*session
}

// session is one open stream of events.
type session struct {
	id       string
	owner    caller.ID
	ctx      context.Context // ends with the stream
	requests *requests
}

type sessionKey struct{}

func newSSE(s *server.MCPServer, maxSessions int) *sse {
	t := &sse{maxSessions: maxSessions, sessions: map[string]*session{}}
	s.Use(endWithSession)
	t.mcp = server.NewSSEServer(s,
		server.WithSSEEndpoint(ssePath),
		server.WithMessageEndpoint(messagePath),
		server.WithSSEDisableLocalhostProtection(true), // the guard knows our hosts
		server.WithSessionIDGenerator(func(ctx context.Context, _ *http.Request) (string, error) {
			s, ok := ctx.Value(sessionKey{}).(*session)
			if !ok {
				return "", errors.New("serve: no session")
			}
			return s.id, nil
		}),
	)
	return t
}

// endWithSession ends a tool call when the session it came by does: mcp-go
// detaches it from the POST, and from the stream too.
func endWithSession(next server.ToolHandlerFunc) server.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if s, ok := ctx.Value(sessionKey{}).(*session); ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(s.ctx, cancel)()
		}
		return next(ctx, req)
	}
}

// events serves the stream of a new session until the client leaves.
func (t *sse) events(w *stream, r *http.Request) {
	s := t.open(r)
	if s == nil {
		w.refuse(*tooMany("sessions"))
		return
	}
	defer t.end(s)
	w.events = true
	w.keepAlive()
	t.mcp.SSEHandler().ServeHTTP(sessionWriter{w, s}, forMCP(r.WithContext(context.WithValue(s.ctx, sessionKey{}, s))))
}

func (t *sse) open(r *http.Request) *session {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.sessions) >= t.maxSessions {
		return nil
	}
	s := &session{id: rand.Text(), owner: caller.IDOf(r.Context()), ctx: r.Context(), requests: newRequests()}
	t.sessions[s.id] = s
	return s
}

func (t *sse) end(s *session) {
	t.mu.Lock()
	delete(t.sessions, s.id)
	t.mu.Unlock()
	s.requests.left()
}

// message takes one message into the session that it names, which must be the
// caller's own: to anyone else there is no such session.
func (t *sse) message(w *stream, r *http.Request) {
	ids := r.URL.Query()["sessionId"]
	if len(ids) != 1 || ids[0] == "" {
		w.refuse(refusal{status: http.StatusBadRequest, text: "the session is named by sessionId, once: take the address from the stream's first event"})
		return
	}
	t.mu.Lock()
	s := t.sessions[ids[0]]
	t.mu.Unlock()
	if s == nil || s.owner != caller.IDOf(r.Context()) {
		w.refuse(refusal{status: http.StatusNotFound, text: "there is no such session: open a new one"})
		return
	}
	body, m, refused := readBody(w, r)
	if refused != nil {
		w.refuse(*refused)
		return
	}
	if m.isCall {
		if refused := s.requests.begin(m, body); refused != nil {
			w.refuse(*jsonRefusal(refused, m.id))
			return
		}
	}
	r = forMCP(r.WithContext(context.WithValue(r.Context(), sessionKey{}, s)))
	if id := m.cancels(body); id != "" {
		s.requests.cancel(id, func(again []byte) {
			r := r.Clone(context.WithoutCancel(r.Context()))
			r.Body = io.NopCloser(bytes.NewReader(again))
			t.mcp.MessageHandler().ServeHTTP(unread{}, r)
		})
	}
	t.mcp.MessageHandler().ServeHTTP(w, r)
}

// unread is the ResponseWriter of a message that no client has sent.
type unread struct{}

func (unread) Header() http.Header         { return http.Header{} }
func (unread) Write(p []byte) (int, error) { return len(p), nil }
func (unread) WriteHeader(int)             {}

// forMCP takes away the headers of Streamable HTTP, which newer clients send
// here as well, and which mcp-go would refuse.
func forMCP(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	for name := range r.Header {
		if strings.HasPrefix(name, "Mcp-") {
			r.Header.Del(name)
		}
	}
	return r
}

// sessionWriter books the answers among the events that mcp-go writes, one a
// write.
type sessionWriter struct {
	*stream
	session *session
}

func (w sessionWriter) Write(event []byte) (int, error) {
	if _, data, ok := bytes.Cut(event, []byte("data: ")); ok {
		m, refused := readMessage(data)
		switch {
		case refused != nil: // the first event is an address
		case w.session.requests.stale(m, data):
			return len(event), nil
		case m.isAnswer:
			if ended := w.session.requests.end(m.id); ended != nil && ended.cancelled {
				return len(event), nil
			}
		}
	}
	return w.stream.Write(event)
}

// await returns when no session has a request under way, at the latest after d.
func (t *sse) await(d time.Duration) {
	t.mu.Lock()
	sessions := make([]*session, 0, len(t.sessions))
	for _, s := range t.sessions {
		sessions = append(sessions, s)
	}
	t.mu.Unlock()
	end := time.Now().Add(d)
	for _, s := range sessions {
		s.requests.await(time.Until(end))
	}
}
