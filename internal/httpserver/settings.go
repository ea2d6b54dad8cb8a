package httpserver

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"instaview-mcp/client"
)

// Settings say how a server faces the network.
type Settings struct {
	Addr string // host:port; an empty host is every address of the machine
	SSE  bool   // serve HTTP+SSE in place of Streamable HTTP
	// Token is the bearer token that callers must send; the zero value asks for
	// none.
	Token client.Key
	// CallerKeys makes callers send the InstaView key that their calls use.
	CallerKeys bool
	// AllowedHosts are the host names that requests may have, beside those of the
	// loopback interface. A name without a port allows every port.
	AllowedHosts []string
	// AllowedOrigins are the origins of web pages that may use this server.
	AllowedOrigins []string
	TLSCert        string // files; "" = no TLS
	TLSKey         string
	TLSTerminated  bool   // by whatever stands before this server
	MetricsAddr    string // host:port for metrics alone; "" = none
	MaxConnections int    // positive
	// Faulty are the variables with faults that were already reported. Check
	// reports nothing that only follows from those.
	Faulty []string
}

// minToken is the least length of a token in characters, so that none can be
// guessed.
const minToken = 16

// Check returns the faults of the settings, a sentence each in a fixed order; nil
// if there are none. It reads the certificate, and listens for a moment on the
// addresses.
func (s Settings) Check() []string {
	var t trial
	defer t.end()
	s.checkAddr(&t)
	if token := s.Token.Reveal(); token != "" {
		switch {
		case len(token) < minToken:
			t.fault("INSTAVIEW_MCP_AUTH_TOKEN must have %d characters or more", minToken)
		case s.Token.Validate() != nil:
			t.fault("INSTAVIEW_MCP_AUTH_TOKEN must be ASCII without spaces")
		}
	}
	if slices.ContainsFunc(s.AllowedHosts, func(host string) bool { return strings.ContainsAny(host, "*/@ ") }) {
		t.fault("INSTAVIEW_MCP_ALLOWED_HOSTS must be names separated by commas, such as mcp.example.com")
	}
	if slices.ContainsFunc(s.AllowedOrigins, func(origin string) bool { return !isOrigin(origin) }) {
		t.fault("INSTAVIEW_MCP_ALLOWED_ORIGINS must be origins separated by commas, such as https://app.example.com")
	}
	if !s.isFaulty("INSTAVIEW_MCP_TLS_CERT", "INSTAVIEW_MCP_TLS_KEY") && (s.TLSCert != "" || s.TLSKey != "") {
		if err := s.checkCertificate(); err != nil {
			t.fault("%v", err)
		}
	}
	switch _, _, err := net.SplitHostPort(s.MetricsAddr); {
	case s.MetricsAddr == "":
	case err != nil || s.MetricsAddr == s.Addr:
		t.fault("INSTAVIEW_MCP_METRICS_ADDR must be host:port, such as 127.0.0.1:9090, and not that of the server")
	default:
		t.listen("INSTAVIEW_MCP_METRICS_ADDR", s.MetricsAddr)
	}
	return t.faults
}

// checkAddr listens only on an address that may be served on.
func (s Settings) checkAddr(t *trial) {
	host, _, err := net.SplitHostPort(s.Addr)
	switch {
	case err != nil:
		t.fault("INSTAVIEW_MCP_ADDR must be host:port, such as 127.0.0.1:8080")
		return
	case isLoopbackName(host):
		t.listen("INSTAVIEW_MCP_ADDR", s.Addr)
		return
	}
	hasCallers := s.Token.Reveal() != "" || s.CallerKeys
	if !hasCallers && !s.isFaulty("INSTAVIEW_MCP_AUTH_TOKEN", "INSTAVIEW_MCP_AUTH_TOKEN_FILE", "INSTAVIEW_MCP_CALLER_KEYS") {
		t.fault("INSTAVIEW_MCP_ADDR: %s can be reached from the network: set INSTAVIEW_MCP_AUTH_TOKEN, or INSTAVIEW_MCP_CALLER_KEYS=true", s.Addr)
	}
	hasTLS := s.TLSCert != "" || s.TLSKey != "" || s.TLSTerminated
	if !hasTLS && !s.isFaulty("INSTAVIEW_MCP_TLS_CERT", "INSTAVIEW_MCP_TLS_KEY", "INSTAVIEW_MCP_TLS_TERMINATED") {
		t.fault("INSTAVIEW_MCP_ADDR: %s can be reached from the network: set INSTAVIEW_MCP_TLS_CERT and INSTAVIEW_MCP_TLS_KEY, or INSTAVIEW_MCP_TLS_TERMINATED=true if a proxy before this server speaks TLS", s.Addr)
	}
	if hasCallers && hasTLS {
		t.listen("INSTAVIEW_MCP_ADDR", s.Addr)
	}
}

// isFaulty reports whether a fault of one of the variables was already reported.
func (s Settings) isFaulty(variables ...string) bool {
	return slices.ContainsFunc(s.Faulty, func(f string) bool { return slices.Contains(variables, f) })
}

// trial collects faults. It keeps its listeners until end, since the server needs
// all addresses at once.
type trial struct {
	faults    []string
	listeners []net.Listener
}

func (t *trial) fault(format string, args ...any) {
	t.faults = append(t.faults, fmt.Sprintf(format, args...))
}

func (t *trial) listen(variable, addr string) {
	listener, err := listen(variable, addr)
	if err != nil {
		t.fault("%v", err)
		return
	}
	t.listeners = append(t.listeners, listener)
}

func (t *trial) end() {
	for _, l := range t.listeners {
		_ = l.Close()
	}
}

// listen listens on the address that a variable holds. Its error is a sentence.
func listen(variable, addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if err == nil {
		return listener, nil
	}
	why := err
	if e := (*net.OpError)(nil); errors.As(err, &e) { // whose own text begins with the address
		why = e.Err
	}
	return nil, fmt.Errorf("%s: this program cannot listen on %s (%w): choose another address or port, or end what uses this one", variable, addr, why)
}

// checkCertificate tries the files of the certificate and its key. Its error is
// a sentence.
func (s Settings) checkCertificate() error {
	if s.TLSCert == "" || s.TLSKey == "" {
		return errors.New("INSTAVIEW_MCP_TLS_CERT and INSTAVIEW_MCP_TLS_KEY go together: set both or none")
	}
	cert, err := readPEM(s.TLSCert)
	if err != nil {
		return unreadable("INSTAVIEW_MCP_TLS_CERT", err)
	}
	key, err := readPEM(s.TLSKey)
	if err != nil {
		return unreadable("INSTAVIEW_MCP_TLS_KEY", err)
	}
	if _, err := tls.X509KeyPair(cert, key); err != nil {
		return fmt.Errorf("INSTAVIEW_MCP_TLS_CERT and INSTAVIEW_MCP_TLS_KEY must be files with a certificate and its key in PEM (%s)",
			strings.TrimPrefix(err.Error(), "tls: "))
	}
	return nil
}

// maxPEM is in bytes, far more than any chain of certificates has.
const maxPEM = 1 << 20

// readPEM reads a regular file alone: a FIFO would hang the start, and a device
// may have no end.
func readPEM(path string) ([]byte, error) {
	info, err := os.Stat(path) // first, since opening a FIFO waits for its writer
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Size() > maxPEM:
		return nil, errors.New("larger than 1 MiB")
	}
	return os.ReadFile(path)
}

// unreadable says why a file cannot be read, without its path.
func unreadable(variable string, err error) error {
	why := err
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		why = e.Err
	}
	return fmt.Errorf("%s: the file cannot be read (%w)", variable, why)
}

// authentication describes the credentials that callers must send.
func (s Settings) authentication() string {
	var parts []string
	if s.Token.Reveal() != "" {
		parts = append(parts, "bearer token in Authorization")
	}
	if s.CallerKeys {
		parts = append(parts, "each caller's InstaView key in "+apiKeyHeader)
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, " and ")
}

// hasOpenMetrics reports whether other machines can read the metrics, which need
// no token on an address of their own.
func (s Settings) hasOpenMetrics() bool {
	host, _, _ := net.SplitHostPort(s.MetricsAddr)
	return s.MetricsAddr != "" && !isLoopbackName(host)
}

// hostAllowed reports whether a Host header names this server.
func (s Settings) hostAllowed(host string) bool {
	host = strings.ToLower(host)
	u, err := url.Parse("http://" + host)
	if err != nil || u.Host != host || u.Hostname() == "" {
		return false
	}
	name := u.Hostname()
	return isLoopbackName(name) || slices.ContainsFunc(s.AllowedHosts, func(allowed string) bool {
		return strings.EqualFold(allowed, host) || strings.EqualFold(strings.Trim(allowed, "[]"), name)
	})
}

// isLoopbackName reports whether a name always means this machine, so that no
// attacker's name server can rebind it.
func isLoopbackName(name string) bool {
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && u.Host != "" && strings.Trim(u.Path, "/") == "" && !strings.Contains(s, "*")
}

func (s Settings) originAllowed(origin string) bool {
	return origin != "null" && slices.ContainsFunc(s.AllowedOrigins, func(allowed string) bool {
		return strings.EqualFold(strings.TrimSuffix(allowed, "/"), origin)
	})
}
