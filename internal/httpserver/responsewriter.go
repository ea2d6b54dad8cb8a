package httpserver

import (
	"bytes"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// writeTime is how long a client may take to read each part of an answer. A
	// deadline for the whole answer would end long calls.
	writeTime = 15 * time.Second
	// Claude Code gives up on an HTTP call that has sent no byte for 60 s, and
	// proxies close a stream that was silent for as long.
	firstHeartbeat = 10 * time.Second
	nextHeartbeat  = 15 * time.Second
	// heartbeatSpread spreads the heartbeats of calls that began together, so
	// that thousands do not run at the same moment.
	heartbeatSpread = 5 * time.Second
	// heartbeatStep is the time between two moments at which heartbeats are
	// sent. With thousands of calls, waking the process for each of them would
	// take as much CPU time as sending them.
	heartbeatStep = 100 * time.Millisecond
)

// heartbeat is a comment, which clients of an event stream ignore.
const heartbeat = ": still here\n\n"

// responseWriter is the http.ResponseWriter of every answer. It sets a deadline
// for each write and security headers on each answer, and sends heartbeats
// while a call is in flight.
type responseWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	request *http.Request
	header  http.Header
	origin  string // the web page's origin that may read the answer; "" if none
	events  bool   // the client accepts event streams
	closes  bool   // the connection is closed after the answer

	mu      sync.Mutex
	started bool // the header has been written
	isEvent bool // the header is that of an event stream
	wraps   bool // mcp-go writes JSON, which must become an event
	ended   bool
	timer   *time.Timer // for the next heartbeat
}

func newResponseWriter(w http.ResponseWriter, r *http.Request) *responseWriter {
	return &responseWriter{
		ResponseWriter: w,
		control:        http.NewResponseController(w),
		request:        r,
		header:         http.Header{},
		events:         strings.Contains(strings.Join(r.Header.Values("Accept"), ","), "text/event-stream"),
	}
}

// startHeartbeat sends heartbeats until end, unless the answer is JSON. A call
// without a progress token writes nothing before its answer, so the first
// heartbeat starts an event stream.
func (w *responseWriter) startHeartbeat() {
	if w.events {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.timer = time.AfterFunc(time.Hour, w.beat)
		w.beatAfter(firstHeartbeat + rand.N(heartbeatSpread-heartbeatStep))
	}
}

// beatAfter sets the timer to the first step after d.
func (w *responseWriter) beatAfter(d time.Duration) {
	now := time.Now()
	w.timer.Reset(now.Add(d + heartbeatStep - 1).Truncate(heartbeatStep).Sub(now))
}

func (w *responseWriter) beat() {
	if !w.mu.TryLock() { // another write is in progress, which is as good as a heartbeat
		w.beatAfter(nextHeartbeat)
		return
	}
	defer w.mu.Unlock()
	if w.ended || w.started && !w.isEvent {
		return
	}
	w.startEvents()
	w.setDeadline()
	defer w.clearDeadline()
	_, _ = io.WriteString(w.ResponseWriter, heartbeat)
	if w.control.Flush() == nil { // after an error net/http ends the request's context
		w.beatAfter(nextHeartbeat)
	}
}

// beginEvents begins an event stream, unless the answer has begun.
func (w *responseWriter) beginEvents() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.startEvents()
}

func (w *responseWriter) startEvents() {
	if !w.started {
		w.start(http.StatusOK, http.Header{"Content-Type": {"text/event-stream"}})
	}
}

// end stops heartbeats. It must be called before the handler returns, since
// nothing may be written after that.
func (w *responseWriter) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	if w.timer != nil {
		w.timer.Stop()
	}
	// A last deadline for the rest, which net/http writes. Over HTTP/2 net/http
	// would keep a stream that the client has reset until its deadline.
	if w.request.ProtoMajor < 2 || w.request.Context().Err() == nil {
		w.setDeadline()
	}
}

// Header implements http.ResponseWriter. Only the handler uses this map,
// because a heartbeat may start the answer while the handler sets headers.
func (w *responseWriter) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *responseWriter) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.started { // by a heartbeat, so JSON must be sent as an event
		w.wraps = w.header.Get("Content-Type") == "application/json"
		return
	}
	w.start(status, w.header)
}

func (w *responseWriter) start(status int, header http.Header) {
	w.started = true
	header.Del("Connection") // mcp-go sets keep-alive although the guard closes the connection
	h := w.ResponseWriter.Header()
	maps.Copy(h, header)
	w.isEvent = h.Get("Content-Type") == "text/event-stream"
	if w.isEvent {
		h.Set("X-Accel-Buffering", "no") // otherwise nginx would buffer the events
	}
	setSecurityHeaders(h)
	h.Del("Access-Control-Allow-Origin") // mcp-go's SSE server allows every origin
	h.Del("Access-Control-Allow-Credentials")
	if w.origin != "" {
		h.Set("Access-Control-Allow-Origin", w.origin)
		h.Set("Access-Control-Expose-Headers", "Mcp-Session-Id, WWW-Authenticate")
	}
	w.ResponseWriter.WriteHeader(status)
}

var securityHeaders = http.Header{
	"X-Content-Type-Options":  {"nosniff"},
	"Cache-Control":           {"no-store"},
	"Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"},
}

// setSecurityHeaders stops browsers from guessing types, from storing an answer
// and from showing one as a page.
func setSecurityHeaders(h http.Header) {
	maps.Copy(h, securityHeaders)
	h.Add("Vary", "Origin")
}

// Write implements http.ResponseWriter.
func (w *responseWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.started {
		w.start(http.StatusOK, w.header)
	}
	if !w.wraps {
		return w.write(p)
	}
	event := append([]byte("event: message\ndata: "), bytes.TrimSpace(p)...)
	if _, err := w.write(append(event, "\n\n"...)); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (w *responseWriter) write(p []byte) (int, error) {
	w.setDeadline()
	defer w.clearDeadline()
	return w.ResponseWriter.Write(p)
}

// Flush implements http.Flusher.
func (w *responseWriter) Flush() { _ = w.FlushError() }

// FlushError returns an error if the client has not read in time.
func (w *responseWriter) FlushError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flush()
}

func (w *responseWriter) flush() error {
	w.setDeadline()
	defer w.clearDeadline()
	return w.control.Flush()
}

func (w *responseWriter) setDeadline() { _ = w.control.SetWriteDeadline(time.Now().Add(writeTime)) }

// clearDeadline must follow every write, because over HTTP/2 a deadline ends a
// stream even when nothing is being written.
func (w *responseWriter) clearDeadline() { _ = w.control.SetWriteDeadline(time.Time{}) }

// Unwrap is for http.ResponseController.
func (w *responseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
