package httpserver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/internal/jsonrpc"
	"instaview-mcp/internal/tenant"
)

const (
	apiKeyHeader    = "X-InstaView-Api-Key"
	companyIDHeader = "X-InstaView-Company-Id"

	// bodyTime is how long a client may take to send a message.
	bodyTime = 10 * time.Second
	// restTime is how long a client may take to send the rest of a refused
	// message.
	restTime = time.Second
	// maxRest is how much of it is read, in bytes: as much as net/http reads
	// from a client that keeps its connection.
	maxRest = 256 << 10
	// retryLater is the Retry-After of answers with status 503, in seconds.
	retryLater = "5"
)

// guard checks every request before mcp-go, which checks neither origin nor
// size nor credentials.
type guard struct {
	settings  Settings
	endpoints map[string]endpoint // by exact path
	hint      string              // which path to use, for requests to any other
	oauth     *resourceServer     // nil without OAuth
	logger    *slog.Logger
}

// endpoint is what a path serves.
type endpoint struct {
	method string // the only one allowed; HEAD is allowed where GET is
	open   bool   // needs no credentials and is not counted as a connection
	public bool   // may be read from web pages of every origin
	// authenticate replaces the guard's check of credentials, unless it is nil.
	authenticate func(*http.Request) (context.Context, *refusal)
	handle       func(*responseWriter, *http.Request)
}

// refusal is an error answer. Its text never quotes the request.
type refusal struct {
	status int
	text   string
	header [2]string // name and value of one more header; empty for none
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := newResponseWriter(w, r)
	defer s.end()
	defer g.recover(s)
	// Prevents request smuggling: a proxy may have used a Content-Length that
	// net/http ignored, and take what follows for another request. A client
	// above the limit of connections must come back on a new one, because the
	// old one would still be above it.
	s.closes = len(r.TransferEncoding) > 0 || overCapacity(r)
	if r.ContentLength != 0 && r.ProtoMajor < 2 {
		// Otherwise net/http would read the rest of the body before it sends
		// the answer.
		w.Header().Set("Connection", "close")
		_ = s.control.SetReadDeadline(time.Now().Add(restTime))
	} else if s.closes {
		w.Header().Set("Connection", "close")
	}
	at, refused := g.admit(s, r)
	if refused == nil && isPreflight(s, r) {
		preflight(s, at.method)
		return
	}
	ctx := r.Context()
	if refused == nil && !at.open {
		authenticate := g.authenticate
		if at.authenticate != nil {
			authenticate = at.authenticate
		}
		ctx, refused = authenticate(r)
	}
	if refused != nil {
		s.refuse(*refused)
		return
	}
	at.handle(s, r.WithContext(ctx))
}

// admit checks host, origin, path and method.
func (g *guard) admit(s *responseWriter, r *http.Request) (endpoint, *refusal) {
	at, ok := g.endpoints[r.URL.EscapedPath()]
	if refused := g.checkSource(s, r, at.public); refused != nil {
		return endpoint{}, refused
	}
	switch {
	case overCapacity(r) && !at.open:
		return at, tooMany("connections")
	case !ok && isOAuth(r.URL.Path):
		text := "this server has no OAuth; its authentication: " + g.settings.authentication()
		if g.oauth != nil {
			text = "this server issues no tokens: " + server.WellKnownProtectedResourcePath + " names the one that does"
		}
		return at, &refusal{http.StatusNotFound, fmt.Sprintf(`{"error":"invalid_request","error_description":%q}`, text), [2]string{"Content-Type", "application/json"}}
	case !ok:
		return at, &refusal{status: http.StatusNotFound, text: "not found: " + g.hint}
	case r.Method == at.method, r.Method == http.MethodHead && at.open, isPreflight(s, r):
		return at, nil
	}
	return at, &refusal{http.StatusMethodNotAllowed, "method not allowed: " + g.hint, [2]string{"Allow", at.method}}
}

// isOAuth reports whether a client tries to log in with OAuth, as many do after
// status 401. They show people the answer to this request instead of the first.
func isOAuth(path string) bool {
	return strings.Contains(path, "/.well-known/") || slices.Contains([]string{"/authorize", "/register", "/token"}, path)
}

func tooMany(what string) *refusal {
	return &refusal{http.StatusServiceUnavailable, "too many " + what + ": try again in " + retryLater + " s", [2]string{"Retry-After", retryLater}}
}

// checkSource refuses requests that a foreign web page made a browser send. It
// recognises them by the origin, or by a host name that does not belong to this
// server but that an attacker's name server has pointed at it (DNS rebinding).
func (g *guard) checkSource(s *responseWriter, r *http.Request, public bool) *refusal {
	if !g.settings.hostAllowed(r.Host) && !isOwnAddress(r) {
		return &refusal{status: http.StatusForbidden, text: "host not allowed: name it in INSTAVIEW_MCP_ALLOWED_HOSTS if it is this server's"}
	}
	origins := r.Header.Values("Origin")
	switch {
	case len(origins) == 1 && (public || sameOrigin(origins[0], r.Host) || g.settings.originAllowed(origins[0])):
		s.origin = origins[0]
	case len(origins) > 0:
		return &refusal{status: http.StatusForbidden, text: "origin not allowed: name it in INSTAVIEW_MCP_ALLOWED_ORIGINS if it may use this server"}
	case !public && slices.Contains([]string{"cross-site", "same-site"}, strings.ToLower(r.Header.Get("Sec-Fetch-Site"))):
		return &refusal{status: http.StatusForbidden, text: "cross-site requests are not allowed"}
	}
	return nil
}

// isOwnAddress reports whether a request's host is the IP address that it was
// sent to, as with probes and Prometheus. DNS rebinding needs a name.
func isOwnAddress(r *http.Request) bool {
	own, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	host, err := netip.ParseAddrPort(r.Host)
	return ok && err == nil && host.Addr().Unmap() == own.AddrPort().Addr().Unmap()
}

// sameOrigin reports whether the origin is this server itself, under an allowed
// host. The server has no pages, but clients built on a browser send this.
func sameOrigin(origin, host string) bool {
	_, of, _ := strings.Cut(origin, "://")
	return strings.EqualFold(of, host)
}

// isPreflight reports whether a browser asks what a page of an allowed origin
// may send. Browsers ask this without credentials.
func isPreflight(s *responseWriter, r *http.Request) bool {
	return r.Method == http.MethodOptions && s.origin != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// preflight answers what a page of an allowed origin may send.
func preflight(s *responseWriter, method string) {
	h := s.Header()
	h.Set("Access-Control-Allow-Methods", method)
	h.Set("Access-Control-Allow-Headers", strings.Join([]string{
		"Accept", "Authorization", "Content-Type", "Last-Event-ID",
		"Mcp-Method", "Mcp-Name", "Mcp-Protocol-Version", "Mcp-Session-Id",
		apiKeyHeader, companyIDHeader,
	}, ", "))
	h.Set("Access-Control-Max-Age", "600")
	s.WriteHeader(http.StatusNoContent)
}

// authenticate returns the request's context with its caller.
func (g *guard) authenticate(r *http.Request) (context.Context, *refusal) {
	if g.oauth != nil {
		return g.oauth.authenticate(r)
	}
	if token := g.settings.Token.Reveal(); token != "" {
		given, ok := bearer(r.Header)
		if !ok {
			return nil, unauthorized("a bearer token is needed", `Bearer realm="instaview-mcp"`)
		}
		if !equal(given, token) {
			return nil, unauthorized("the bearer token is not the right one", `Bearer realm="instaview-mcp", error="invalid_token"`)
		}
	}
	if !g.settings.CallerKeys {
		return r.Context(), nil
	}
	keys, companies := r.Header.Values(apiKeyHeader), r.Header.Values(companyIDHeader)
	const challenge = `InstaView-Api-Key realm="instaview-mcp"`
	if len(keys) != 1 {
		return nil, unauthorized("the header "+apiKeyHeader+" is needed, once", challenge)
	}
	c := tenant.Credentials{Key: client.NewKey(keys[0])}
	if err := c.Key.Validate(); err != nil || len(keys[0]) > 4<<10 {
		return nil, unauthorized("the header "+apiKeyHeader+" holds no API key", challenge)
	}
	if len(companies) > 0 {
		if c.CompanyID = companies[0]; len(companies) > 1 || !client.ValidCompanyID(c.CompanyID) {
			return nil, &refusal{status: http.StatusBadRequest, text: "the header " + companyIDHeader + " is not a company id"}
		}
	}
	return tenant.WithCredentials(r.Context(), c), nil
}

func unauthorized(text, challenge string) *refusal {
	return &refusal{http.StatusUnauthorized, text, [2]string{"WWW-Authenticate", challenge}}
}

func bearer(h http.Header) (token string, ok bool) {
	values := h.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}

// equal compares in constant time, even if the lengths differ.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// readBody reads the one JSON-RPC message of a POST.
func readBody(s *responseWriter, r *http.Request) (body []byte, m jsonrpc.Message, refused *refusal) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return nil, jsonrpc.Message{}, &refusal{status: http.StatusUnsupportedMediaType, text: "the content type must be application/json"}
	}
	if slices.ContainsFunc(r.Header.Values("Content-Encoding"), func(e string) bool { return e != "" && !strings.EqualFold(e, "identity") }) {
		return nil, jsonrpc.Message{}, &refusal{status: http.StatusUnsupportedMediaType, text: "no content encoding is accepted"}
	}
	for name, values := range r.Header {
		if len(values) > 1 && (strings.HasPrefix(name, "Content-") || strings.HasPrefix(name, "Mcp-")) {
			// A proxy may use another of them than mcp-go does.
			return nil, jsonrpc.Message{}, &refusal{status: http.StatusBadRequest, text: "each header about the message may be sent only once"}
		}
	}
	if body, refused = readLimited(s, r, jsonrpc.MaxMessage, "the message", "1 MiB"); refused != nil {
		return nil, jsonrpc.Message{}, refused
	}
	m, bad := jsonrpc.Read(body)
	if bad == nil && m.IsResponse {
		bad = jsonrpc.ErrNeither // the message asks for nothing
	}
	if bad != nil {
		return nil, jsonrpc.Message{}, jsonRefusal(bad, m.ID)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, m, nil
}

// readLimited reads a body of at most limit bytes, within bodyTime. what and
// most name the body and the limit in the text of a refusal.
func readLimited(s *responseWriter, r *http.Request, limit int64, what, most string) (body []byte, refused *refusal) {
	tooLarge := &refusal{status: http.StatusRequestEntityTooLarge, text: what + " is larger than " + most}
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	_ = s.control.SetReadDeadline(time.Now().Add(bodyTime))
	body, err := io.ReadAll(http.MaxBytesReader(s.ResponseWriter, r.Body, limit))
	if err == nil || r.ProtoMajor == 2 {
		// After a failed read over HTTP/1.1 the deadline stays, to limit how
		// long net/http reads the rest of the body.
		_ = s.control.SetReadDeadline(time.Time{})
	}
	if err == nil && !s.closes {
		s.ResponseWriter.Header().Del("Connection")
	}
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return nil, tooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &refusal{status: http.StatusRequestTimeout, text: what + " took too long"}
	case err != nil:
		return nil, &refusal{status: http.StatusBadRequest, text: what + " is incomplete"}
	}
	return body, nil
}

// jsonRefusal returns the refusal of a message that is not valid JSON-RPC.
func jsonRefusal(why *jsonrpc.Error, id string) *refusal {
	return &refusal{http.StatusBadRequest, string(why.Response(id)), [2]string{"Content-Type", "application/json"}}
}

func (w *responseWriter) refuse(why refusal) {
	w.writeLine(why.status, why.text, why.header)
	r := w.request
	if r.ContentLength == 0 || r.ProtoMajor >= 2 {
		return
	}
	_ = w.control.SetReadDeadline(time.Now().Add(restTime)) // the refusal may have taken longer
	if r.Close {
		// net/http would close the connection at once, since the client has
		// asked for that, and one that is still sending its body would see a
		// broken connection instead of the answer. Above maxRest net/http waits
		// for a moment before it closes.
		w.Flush()
		_, _ = io.Copy(io.Discard, http.MaxBytesReader(w.ResponseWriter, r.Body, maxRest))
	}
}

// writeLine writes one line as the answer, as plain text unless header sets
// another type.
func (w *responseWriter) writeLine(status int, line string, header [2]string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if header[0] != "" {
		w.Header().Set(header[0], header[1])
	}
	line = strings.TrimSpace(line) + "\n"
	w.Header().Set("Content-Length", strconv.Itoa(len(line))) // so that it is whole when it is flushed
	w.WriteHeader(status)
	_, _ = io.WriteString(w, line)
}

// recover ends a request whose handler panicked. It keeps the panic's value,
// which may hold anything, from net/http's log.
func (g *guard) recover(w *responseWriter) {
	v := recover()
	if v == nil {
		return
	}
	g.logger.Error("http handler panicked", "type", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
	w.mu.Lock()
	started := w.started
	w.mu.Unlock()
	if started {
		panic(http.ErrAbortHandler) // so that the client sees an incomplete answer
	}
	w.refuse(refusal{status: http.StatusInternalServerError, text: "internal error"})
}
