package serve

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// writeTime is how long a client may take to read what is written to it. A
	// deadline for the whole response would end long calls.
	writeTime = 15 * time.Second
	// Claude Code gives up on a call over HTTP that has sent no byte for 60 s, and
	// proxies on a stream that has been silent for as long.
	firstSign = 10 * time.Second
	nextSign  = 15 * time.Second
	// signSpread keeps thousands of calls that began together from needing a
	// goroutine each at one moment.
	signSpread = 5 * time.Second
)

// sign is a comment, which every reader of an event stream passes over.
const sign = ": still here\n\n"

// stream is the ResponseWriter of every answer. It gives every write a deadline,
// keeps security headers on whatever a handler sets, and shows a client that a
// call goes on.
type stream struct {
	http.ResponseWriter
	control *http.ResponseController
	request *http.Request
	header  http.Header
	origin  string // that may read the answer; "" = none said
	events  bool   // the client reads event streams

	mu      sync.Mutex
	started bool // the header has been written
	isEvent bool // it is that of an event stream
	wraps   bool // mcp-go believes that it writes JSON
	ended   bool
	timer   *time.Timer // of the next sign
}

func newStream(w http.ResponseWriter, r *http.Request) *stream {
	return &stream{
		ResponseWriter: w,
		control:        http.NewResponseController(w),
		request:        r,
		header:         http.Header{},
		events:         strings.Contains(strings.Join(r.Header.Values("Accept"), ","), "text/event-stream"),
	}
}

// keepAlive shows signs of life until end, as soon as the answer is one that a
// comment fits into. A call without a progress token has no answer before its
// end, so the first sign makes an event stream of it.
func (s *stream) keepAlive() {
	if s.events {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.timer = time.AfterFunc(time.Hour, s.showSign)
		s.timer.Reset(firstSign + rand.N(signSpread))
	}
}

func (s *stream) showSign() {
	if !s.mu.TryLock() { // something is being written, which is a sign, too
		s.timer.Reset(nextSign)
		return
	}
	defer s.mu.Unlock()
	if s.ended || s.started && !s.isEvent {
		return
	}
	if !s.started {
		s.start(http.StatusOK, http.Header{"Content-Type": {"text/event-stream"}})
	}
	_, _ = s.write([]byte(sign))
	if s.flush() == nil { // otherwise net/http ends the request's context
		s.timer.Reset(nextSign)
	}
}

// end must be called before the handler returns: after it nothing is written.
func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.timer != nil {
		s.timer.Stop()
	}
	// net/http writes the rest. Over HTTP/2 a stream that the client has reset
	// would be kept until its deadline.
	if s.request.ProtoMajor < 2 || s.request.Context().Err() == nil {
		s.setDeadline()
	}
}

// Header implements http.ResponseWriter. The map is for the handler alone: a
// sign of life, which comes while the handler runs, has headers of its own.
func (s *stream) Header() http.Header { return s.header }

// WriteHeader implements http.ResponseWriter.
func (s *stream) WriteHeader(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started { // by a sign of life: what was to be JSON becomes an event
		s.wraps = s.header.Get("Content-Type") == "application/json"
		return
	}
	s.start(status, s.header)
}

func (s *stream) start(status int, header http.Header) {
	s.started = true
	header.Del("Connection") // mcp-go keeps alive what the guard closes
	h := s.ResponseWriter.Header()
	maps.Copy(h, header)
	s.isEvent = h.Get("Content-Type") == "text/event-stream"
	if s.isEvent {
		h.Set("X-Accel-Buffering", "no") // nginx would keep events to itself
	}
	setSecurityHeaders(h)
	h.Del("Access-Control-Allow-Origin") // mcp-go's SSE server allows all
	h.Del("Access-Control-Allow-Credentials")
	if s.origin != "" {
		h.Set("Access-Control-Allow-Origin", s.origin)
		h.Set("Access-Control-Expose-Headers", "Mcp-Session-Id, WWW-Authenticate")
	}
	s.ResponseWriter.WriteHeader(status)
}

// setSecurityHeaders keeps browsers from guessing types, from keeping an answer
// and from showing one as a page.
func setSecurityHeaders(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Add("Vary", "Origin")
}

// Write implements http.ResponseWriter.
func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.started {
		s.start(http.StatusOK, s.header)
	}
	if !s.wraps {
		return s.write(p)
	}
	event := append([]byte("event: message\ndata: "), bytes.TrimSpace(p)...)
	if _, err := s.write(append(event, "\n\n"...)); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (s *stream) write(p []byte) (int, error) {
	s.setDeadline()
	defer s.clearDeadline()
	return s.ResponseWriter.Write(p)
}

// Flush implements http.Flusher.
func (s *stream) Flush() { _ = s.FlushError() }

// FlushError returns an error when the client has not read in time.
func (s *stream) FlushError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flush()
}

func (s *stream) flush() error {
	s.setDeadline()
	defer s.clearDeadline()
	return s.control.Flush()
}

func (s *stream) setDeadline() { _ = s.control.SetWriteDeadline(time.Now().Add(writeTime)) }

// clearDeadline must follow every write: over HTTP/2 a deadline ends a stream
// even if nothing is being written.
func (s *stream) clearDeadline() { _ = s.control.SetWriteDeadline(time.Time{}) }

// Unwrap is for http.ResponseController.
func (s *stream) Unwrap() http.ResponseWriter { return s.ResponseWriter }
