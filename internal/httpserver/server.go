// Package httpserver serves MCP over Streamable HTTP and HTTP+SSE, and refuses
// requests that must not reach the MCP server.
package httpserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"golang.org/x/net/netutil"

	"instaview-mcp/client"
	"instaview-mcp/internal/jsonrpc"
	"instaview-mcp/internal/logging"
)

const (
	mcpPath     = "/mcp"
	ssePath     = "/sse"
	messagePath = "/message"
	healthPath  = "/healthz"
	readyPath   = "/readyz"
	metricsPath = "/metrics"
)

// maxSessionID is in bytes, far longer than the session ids of other servers,
// which clients may send here. This server has no sessions and ignores them.
const maxSessionID = 256

// The limits while reading headers and while a connection is idle.
const (
	headerTime     = 10 * time.Second
	idleTime       = 60 * time.Second
	maxHeaderBytes = 16 << 10
	// headroom is how many connections above the limit are answered with status
	// 503. Any more are not accepted until one of these ends.
	headroom = 64
)

// How long stopping may take, 10 s in all. Orchestrators usually wait 30 s.
const (
	answerTime = 4 * time.Second // for waits to answer that the run goes on
	stopTime   = 2 * time.Second // for other calls to answer that the server is stopping
	closeTime  = 2 * time.Second // for answers to be written
)

// Runs reads runs for the tools. *poll.Poller is one.
type Runs interface {
	Drain() // ends all waits with the latest state
	Close() // ends all calls
}

// Server serves MCP over HTTP. Create it with New and call Run once.
type Server struct {
	settings Settings
	runs     Runs
	logger   *slog.Logger
	metrics  endpoint
	oauth    *resourceServer // nil without OAuth
	webhook  *webhook        // nil if no deliveries are accepted

	http     *http.Server
	sse      *sse // nil for Streamable HTTP
	draining atomic.Bool
	open     atomic.Int64 // connections
}

// New returns a Server. settings must have no faults that Check reports.
func New(s *server.MCPServer, settings Settings, runs Runs, metrics http.Handler, logger *slog.Logger) *Server {
	h := &Server{settings: settings, runs: runs, logger: logger}
	h.metrics = endpoint{method: http.MethodGet, handle: func(w *responseWriter, r *http.Request) { metrics.ServeHTTP(w, r) }}
	endpoints := map[string]endpoint{
		healthPath: {method: http.MethodGet, open: true, handle: h.health},
		readyPath:  {method: http.MethodGet, open: true, handle: h.ready},
	}
	if settings.SSE {
		h.sse = newSSE(s, settings.MaxConnections, logger)
		endpoints[ssePath] = endpoint{method: http.MethodGet, handle: h.sse.events}
		endpoints[messagePath] = endpoint{method: http.MethodPost, handle: h.sse.message}
	} else {
		endpoints[mcpPath] = endpoint{method: http.MethodPost, handle: streamable(s, logger)}
	}
	if settings.Token.Reveal() != "" && settings.MetricsAddr == "" {
		endpoints[metricsPath] = h.metrics
	}
	if h.oauth = newResourceServer(settings, logger); h.oauth != nil {
		h.oauth.addEndpoints(endpoints, h.path())
	}
	if h.webhook = newWebhook(settings, logger); h.webhook != nil {
		endpoints[WebhookPath] = endpoint{method: http.MethodPost, authenticate: h.webhook.authenticate, handle: h.webhook.receive}
	}
	hint := "MCP is on " + h.path() + ", which an MCP client opens, not a browser"
	h.http = h.server(&guard{settings, endpoints, hint, h.oauth, logger}, &h.open)
	return h
}

// server returns an http.Server that serves g and counts its connections in
// open.
func (h *Server) server(g *guard, open *atomic.Int64) *http.Server {
	return &http.Server{
		Handler: g,
		// The guard also answers OPTIONS *.
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            headerTime,
		IdleTimeout:                  idleTime,
		MaxHeaderBytes:               maxHeaderBytes,
		TLSConfig:                    &tls.Config{MinVersion: tls.VersionTLS12},
		// The deadline of a write only ends its stream, so this ends a
		// connection that nobody reads from.
		HTTP2:    &http.HTTP2Config{WriteByteTimeout: writeTime},
		ErrorLog: log.New(logging.HTTPServerWriter(h.logger), "", 0),
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, overKey{}, open.Load() >= int64(h.settings.MaxConnections))
		},
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				open.Add(1)
			case http.StateClosed, http.StateHijacked:
				open.Add(-1)
			}
		},
	}
}

type overKey struct{}

// overCapacity reports whether the limit of connections was already reached
// when the request's was accepted.
func overCapacity(r *http.Request) bool {
	over, _ := r.Context().Value(overKey{}).(bool)
	return over
}

// streamable serves Streamable HTTP without sessions, because mcp-go's mix up
// clients, and without GET streams, because this server sends no messages of
// its own.
func streamable(s *server.MCPServer, logger *slog.Logger) func(*responseWriter, *http.Request) {
	handler := server.NewStreamableHTTPServer(s,
		server.WithStateLess(true),
		server.WithDisableStreaming(true),
		server.WithDisableLocalhostProtection(true), // the guard checks hosts
		server.WithStreamableHTTPLogger(slog.New(logging.WithoutAttributes(logger.Handler()))),
	)
	return func(w *responseWriter, r *http.Request) {
		if len(r.Header.Get("Mcp-Session-Id")) > maxSessionID {
			w.refuse(refusal{status: http.StatusBadRequest, text: "this server gives out no session ids"})
			return
		}
		body, m, refused := readBody(w, r)
		if refused != nil {
			w.refuse(*refused)
			return
		}
		// Without sessions mcp-go would let any client cancel the calls of
		// another. Here a client cancels by closing the connection.
		if m.Method == "notifications/cancelled" {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		version := statedVersion(body)
		if version == mcp.ProtocolVersion20260728 {
			setRevisionHeaders(r.Header, m, body)
		}
		if m.IsRequest {
			w.startHeartbeat()
		}
		if m.MayLast() && !mcp.IsModernProtocol(version) && isLegacy(r.Header.Get(mcp.HeaderProtocolVersion)) {
			respond(w, r, s, logger, m, body)
			return
		}
		if m.Method == string(mcp.MethodSubscriptionsListen) {
			ctx, acknowledged := jsonrpc.WithAcknowledgement(r.Context())
			handler.ServeHTTP(listenWriter{w, acknowledged}, r.WithContext(ctx))
			return
		}
		handler.ServeHTTP(w, r)
	}
}

// listenWriter reports when a subscription's first event was written, which is
// the acknowledgement.
type listenWriter struct {
	*responseWriter
	written func()
}

// Flush implements http.Flusher.
func (w listenWriter) Flush() {
	w.responseWriter.Flush()
	w.written()
}

// statedVersion returns the protocol version in a message's _meta, which those
// of revision 2026-07-28 must have; "" if there is none.
func statedVersion(body []byte) string {
	if bytes.IndexByte(body, '\\') < 0 && !bytes.Contains(bytes.ToLower(body), []byte("_meta")) {
		return "" // saves decoding most messages
	}
	var sent struct {
		Params struct {
			Meta *mcp.Meta `json:"_meta"`
		} `json:"params"`
	}
	if json.Unmarshal(body, &sent) != nil {
		return ""
	}
	return sent.Params.Meta.ProtocolVersion()
}

// isLegacy reports whether a request's header names a revision before
// 2026-07-28, or none.
func isLegacy(header string) bool {
	return header == "" || mcp.IsValidProtocolVersion(header) && !mcp.IsModernProtocol(header)
}

// respond answers a call that may take minutes. mcp-go's own transport would
// keep a goroutine and 14 KiB of channels for it, for messages that this server
// never sends.
func respond(w *responseWriter, r *http.Request, s *server.MCPServer, logger *slog.Logger, m jsonrpc.Message, body []byte) {
	answer := jsonrpc.Respond(r.Context(), s, logger, m, body, func(line []byte) error {
		w.beginEvents()
		return writeEvent(w, "message", line)
	})
	if r.Context().Err() != nil {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// Without it the end would be a chunk of its own, with a further write.
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(answer)
}

// setRevisionHeaders sets the headers that mcp-go requires for revision
// 2026-07-28. Claude's connectors send bodies of that revision with headers of
// 2025-11-25.
func setRevisionHeaders(h http.Header, m jsonrpc.Message, body []byte) {
	var sent struct {
		Params json.RawMessage `json:"params"`
	}
	if h.Get(mcp.HeaderProtocolVersion) != mcp.ProtocolVersion20251125 || json.Unmarshal(body, &sent) != nil {
		return
	}
	for name, value := range mcp.StandardHeaders(mcp.ProtocolVersion20260728, mcp.MCPMethod(m.Method), sent.Params) {
		if h.Get(name) == "" {
			h.Set(name, value)
		}
	}
	h.Set(mcp.HeaderProtocolVersion, mcp.ProtocolVersion20260728)
}

func (h *Server) health(w *responseWriter, _ *http.Request) {
	w.writeLine(http.StatusOK, "ok", [2]string{})
}

func (h *Server) ready(w *responseWriter, _ *http.Request) {
	if h.draining.Load() {
		w.writeLine(http.StatusServiceUnavailable, "stopping", [2]string{})
		return
	}
	w.writeLine(http.StatusOK, "ready", [2]string{})
}

// Run serves until ctx ends, which is not an error, and then stops within 10 s.
// Waits answer that the run goes on, and other calls have 4 s to finish.
func (h *Server) Run(ctx context.Context) error {
	if h.settings.TLSCert != "" {
		if err := loadCertificate(h.settings.TLSCert, h.settings.TLSKey); err != nil {
			return err
		}
	}
	listener, err := listen("INSTAVIEW_MCP_ADDR", h.settings.Addr)
	if err != nil {
		return err
	}
	return h.serve(ctx, listener)
}

func (h *Server) serve(ctx context.Context, listener net.Listener) error {
	failed := make(chan error, 2)
	if h.settings.MetricsAddr != "" {
		stop, err := h.serveMetrics(failed)
		if err != nil {
			_ = listener.Close()
			return err
		}
		defer stop()
	}
	// Requests must outlive ctx to be answered.
	base, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	h.http.BaseContext = func(net.Listener) context.Context { return base }
	h.announce(listener.Addr())
	if h.oauth != nil {
		go h.oauth.verifier.Run(ctx)
	}
	if h.webhook != nil {
		go h.webhook.run(ctx)
	}
	go func() {
		if h.settings.TLSCert != "" {
			failed <- h.http.ServeTLS(h.limit(listener), h.settings.TLSCert, h.settings.TLSKey)
		} else {
			failed <- h.http.Serve(h.limit(listener))
		}
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	h.stop(abandon)
	return nil
}

func (h *Server) limit(l net.Listener) net.Listener {
	return netutil.LimitListener(l, h.settings.MaxConnections+headroom)
}

// path returns the path that clients connect to.
func (h *Server) path() string {
	if h.settings.SSE {
		return ssePath
	}
	return mcpPath
}

func (h *Server) announce(at net.Addr) {
	transport := "Streamable HTTP"
	if h.settings.SSE {
		transport = "HTTP+SSE"
		h.logger.Warn("HTTP+SSE is deprecated in MCP: prefer --transport http where the client allows it")
	}
	scheme := "http"
	if h.settings.TLSCert != "" {
		scheme = "https"
	}
	h.logger.Info("serving MCP over "+transport, "url", scheme+"://"+at.String()+h.path(), "authentication", h.settings.authentication())
	if h.settings.hasOpenMetrics() {
		h.logger.Warn("metrics are open to whoever can reach their address: keep it inside your network", "address", h.settings.MetricsAddr)
	}
}

// stop lets waits and then other calls answer, and cancels the rest.
func (h *Server) stop(abandon func()) {
	h.logger.Info("stopping")
	h.draining.Store(true)
	h.runs.Drain()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		ctx, cancel := context.WithTimeout(context.Background(), answerTime+stopTime+closeTime)
		defer cancel()
		_ = h.http.Shutdown(ctx)
	}()
	if h.sse != nil { // streams do not end by themselves
		h.sse.stopAccepting()
		h.sse.await(answerTime)
		h.runs.Close()
		h.sse.await(stopTime)
		abandon()
	}
	select {
	case <-stopped:
	case <-time.After(answerTime):
		h.runs.Close()
		<-stopped
	}
	_ = h.http.Close()
}

// serveMetrics serves the metrics on their own address.
func (h *Server) serveMetrics(failed chan<- error) (stop func(), err error) {
	listener, err := listen("INSTAVIEW_MCP_METRICS_ADDR", h.settings.MetricsAddr)
	if err != nil {
		return nil, err
	}
	srv := h.metricsServer()
	go func() {
		if err := srv.Serve(h.limit(listener)); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	return func() { _ = srv.Close() }, nil
}

// metricsServer returns a server that needs no credentials but checks host and
// origin like the other one.
func (h *Server) metricsServer() *http.Server {
	settings := h.settings
	settings.Token, settings.CallerKeys = client.Key{}, false
	endpoints := map[string]endpoint{metricsPath: h.metrics}
	return h.server(&guard{settings, endpoints, "metrics are on " + metricsPath, nil, h.logger}, new(atomic.Int64))
}
