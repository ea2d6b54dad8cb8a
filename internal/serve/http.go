package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/server"
	"golang.org/x/net/netutil"
)

const (
	mcpPath     = "/mcp"
	ssePath     = "/sse"
	messagePath = "/message"
	healthPath  = "/healthz"
	readyPath   = "/readyz"
	metricsPath = "/metrics"
)

// maxSessionID is far above what servers give out. This one has no sessions, and
// passes over what a client may still send from another.
const maxSessionID = 256

// The bounds of a connection that is not served yet, or not any more.
const (
	headerTime     = 10 * time.Second
	idleTime       = 60 * time.Second
	maxHeaderBytes = 16 << 10
	// headroom is for connections beyond the cap to be told so; any more wait for
	// one of these to end.
	headroom = 64
)

// How long the end may take, 10 s in all: an orchestrator usually waits 30 s,
// and a proxy in front much less.
const (
	answerTime = 4 * time.Second // for waits to say that the run goes on
	stopTime   = 2 * time.Second // for looks to say that the server is stopping
	closeTime  = 2 * time.Second // for answers to be written
)

// Runs is what the tools look at runs with. *poll.Poller is one.
type Runs interface {
	Drain() // ends waits with what is known
	Close() // ends every call
}

// HTTPServer serves MCP over HTTP. Create it with NewHTTP, and Run it once.
type HTTPServer struct {
	settings HTTPSettings
	runs     Runs
	logger   *slog.Logger
	metrics  http.Handler

	http     *http.Server
	sse      *sse // nil for Streamable HTTP
	draining atomic.Bool
	open     atomic.Int64 // connections
}

// NewHTTP returns a server for s with settings that Check allows.
func NewHTTP(s *server.MCPServer, settings HTTPSettings, runs Runs, metrics http.Handler, logger *slog.Logger) *HTTPServer {
	h := &HTTPServer{settings: settings, runs: runs, logger: logger, metrics: metrics}
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
		endpoints[metricsPath] = endpoint{method: http.MethodGet, handle: func(w *stream, r *http.Request) { metrics.ServeHTTP(w, r) }}
	}
	h.http = h.server(&guard{settings: settings, endpoints: endpoints, logger: logger})
	h.http.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, overKey{}, h.open.Load() >= int64(settings.MaxConnections))
	}
	h.http.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			h.open.Add(1)
		case http.StateClosed, http.StateHijacked:
			h.open.Add(-1)
		}
	}
	return h
}

func (h *HTTPServer) server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeaderBytes,
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS12},
		ErrorLog:          log.New(serverWords(h.logger), "", 0),
	}
}

type overKey struct{}

// overCapacity reports whether r's connection is one too many.
func overCapacity(r *http.Request) bool {
	over, _ := r.Context().Value(overKey{}).(bool)
	return over
}

// streamable serves Streamable HTTP without sessions, which mcp-go lets leak
// from one client to another, and without streams of their own for the server's
// messages, of which there are none.
func streamable(s *server.MCPServer, logger *slog.Logger) func(*stream, *http.Request) {
	mcp := server.NewStreamableHTTPServer(s,
		server.WithStateLess(true),
		server.WithDisableStreaming(true),
		server.WithDisableLocalhostProtection(true), // the guard knows our hosts
		server.WithStreamableHTTPLogger(slog.New(messagesOnly{logger.Handler()})),
	)
	return func(w *stream, r *http.Request) {
		if len(r.Header.Get("Mcp-Session-Id")) > maxSessionID {
			w.refuse(refusal{status: http.StatusBadRequest, text: "this server gives out no session ids"})
			return
		}
		_, m, refused := readBody(w, r)
		if refused != nil {
			w.refuse(*refused)
			return
		}
		// Without sessions mcp-go would take a stranger's cancel for the caller's.
		// Here a client cancels by closing the connection.
		if m.method == "notifications/cancelled" {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		if m.isCall {
			w.keepAlive()
		}
		mcp.ServeHTTP(w, r)
	}
}

func (h *HTTPServer) health(w *stream, _ *http.Request) { say(w, http.StatusOK, "ok") }

func (h *HTTPServer) ready(w *stream, _ *http.Request) {
	if h.draining.Load() {
		say(w, http.StatusServiceUnavailable, "stopping")
		return
	}
	say(w, http.StatusOK, "ready")
}

func say(w *stream, status int, word string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, word+"\n")
}

// Run serves until ctx ends, which is not an error, and then stops within 10 s:
// waits answer that the run goes on, other calls have 4 s to end by themselves.
func (h *HTTPServer) Run(ctx context.Context) error {
	if h.settings.TLSCert != "" {
		if _, err := h.settings.certificate(); err != nil {
			return err
		}
	}
	listener, err := listen("INSTAVIEW_MCP_ADDR", h.settings.Addr)
	if err != nil {
		return err
	}
	return h.serve(ctx, listener)
}

func (h *HTTPServer) serve(ctx context.Context, listener net.Listener) error {
	failed := make(chan error, 2)
	if h.settings.MetricsAddr != "" {
		stop, err := h.serveMetrics(failed)
		if err != nil {
			_ = listener.Close()
			return err
		}
		defer stop()
	}
	// Requests outlive ctx: they are ended in words.
	base, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	h.http.BaseContext = func(net.Listener) context.Context { return base }
	h.announce(listener.Addr())
	go func() {
		limited := netutil.LimitListener(listener, h.settings.MaxConnections+headroom)
		if h.settings.TLSCert != "" {
			failed <- h.http.ServeTLS(limited, h.settings.TLSCert, h.settings.TLSKey)
		} else {
			failed <- h.http.Serve(limited)
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

func (h *HTTPServer) announce(at net.Addr) {
	path, transport := mcpPath, "Streamable HTTP"
	if h.settings.SSE {
		path, transport = ssePath, "HTTP+SSE"
		h.logger.Warn("HTTP+SSE is deprecated in MCP: prefer --transport http where the client allows it")
	}
	scheme := "http"
	if h.settings.TLSCert != "" {
		scheme = "https"
	}
	h.logger.Info("serving MCP over "+transport, "url", scheme+"://"+at.String()+path, "authentication", h.settings.authentication())
	if h.settings.hasOpenMetrics() {
		h.logger.Warn("metrics are open to whoever can reach their address: keep it inside your network", "address", h.settings.MetricsAddr)
	}
}

// stop ends what is under way, the politest way first.
func (h *HTTPServer) stop(abandon func()) {
	h.logger.Info("told to stop")
	h.draining.Store(true)
	h.runs.Drain()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		ctx, cancel := context.WithTimeout(context.Background(), answerTime+stopTime+closeTime)
		defer cancel()
		_ = h.http.Shutdown(ctx)
	}()
	if h.sse != nil { // its streams end only when told to
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

// serveMetrics serves metrics on an address of their own, to whoever can reach
// it but a web page.
func (h *HTTPServer) serveMetrics(failed chan<- error) (stop func(), err error) {
	listener, err := listen("INSTAVIEW_MCP_METRICS_ADDR", h.settings.MetricsAddr)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+metricsPath, func(w http.ResponseWriter, r *http.Request) {
		setSecurityHeaders(w.Header())
		if r.Header.Get("Origin") != "" {
			http.Error(w, "origin not allowed", http.StatusForbidden)
			return
		}
		h.metrics.ServeHTTP(w, r)
	})
	srv := h.server(mux)
	go func() {
		if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	return func() { _ = srv.Close() }, nil
}
