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
	"instaview-mcp/internal/oauth"
)

// Settings configure how a server faces the network.
type Settings struct {
	Addr string // host:port; without a host all addresses of the machine
	SSE  bool   // serve HTTP+SSE instead of Streamable HTTP
	// Token is the bearer token that callers must send. The zero value requires
	// none.
	Token client.Key
	// CallerKeys requires callers to send the InstaView key for their calls.
	CallerKeys bool
	// OAuth says which access tokens callers must send. Without an issuer none
	// is needed.
	OAuth oauth.Settings
	// WebhookSecret is what deliveries of InstaView's webhooks must bring. With
	// the zero value none are accepted; otherwise Hint and OnDelivery must be
	// set.
	WebhookSecret client.Key
	// Hint is called with the request id of each run that a delivery names, and
	// with "" if it names none. It is never called concurrently.
	Hint func(requestID string)
	// OnDelivery is called with the outcome of each delivery, one of a fixed
	// list of words.
	OnDelivery func(outcome string)
	// URL is the address that clients connect to; needed for OAuth.
	URL string
	// AllowedHosts are the host names, beside those of the loopback interface,
	// that requests may be sent to. A name without a port allows every port.
	AllowedHosts []string
	// AllowedOrigins are the origins of web pages that may use this server.
	AllowedOrigins []string
	TLSCert        string // paths; "" for no TLS
	TLSKey         string
	TLSTerminated  bool   // a proxy in front of this server handles TLS
	MetricsAddr    string // host:port for metrics only; "" for none
	MaxConnections int    // positive
	// Faulty are the variables whose faults were already reported. Check
	// reports nothing that only follows from those.
	Faulty []string
}

// minToken is the shortest token in characters, so that none can be guessed.
const minToken = 16

// Check returns the faults of the settings as sentences in a fixed order; nil
// if there are none. It reads the certificate, and opens the addresses for a
// moment.
func (s Settings) Check() []string {
	c := checker{Settings: s}
	defer c.close()
	c.checkAddr()
	c.checkToken()
	c.checkNames()
	c.checkCertificate()
	c.checkMetricsAddr()
	return c.faults
}

// checker collects the faults of settings. It keeps its listeners open until
// close, because the server needs all addresses at once.
type checker struct {
	Settings
	faults    []string
	listeners []net.Listener
}

func (c *checker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *checker) close() {
	for _, l := range c.listeners {
		_ = l.Close()
	}
}

// isFaulty reports whether a fault of one of the variables was already
// reported.
func (c *checker) isFaulty(variables ...string) bool {
	return slices.ContainsFunc(c.Faulty, func(f string) bool { return slices.Contains(variables, f) })
}

// checkAddr adds the faults of the address: it must be protected if it is not a
// loopback address, and free.
func (c *checker) checkAddr() {
	host, _, err := net.SplitHostPort(c.Addr)
	switch {
	case err != nil:
		c.fault("INSTAVIEW_MCP_ADDR must be host:port, such as 127.0.0.1:8080")
		return
	case client.IsLoopback(host):
		c.listen("INSTAVIEW_MCP_ADDR", c.Addr)
		return
	}
	hasCallers := c.Token.Reveal() != "" || c.CallerKeys || c.OAuth.Issuer != ""
	if !hasCallers && !c.isFaulty("INSTAVIEW_MCP_AUTH_TOKEN", "INSTAVIEW_MCP_AUTH_TOKEN_FILE", "INSTAVIEW_MCP_CALLER_KEYS", "INSTAVIEW_MCP_OAUTH_ISSUER") {
		c.fault("INSTAVIEW_MCP_ADDR: %s can be reached from the network: set INSTAVIEW_MCP_AUTH_TOKEN, INSTAVIEW_MCP_CALLER_KEYS=true, or INSTAVIEW_MCP_OAUTH_ISSUER", c.Addr)
	}
	hasTLS := c.TLSCert != "" || c.TLSKey != "" || c.TLSTerminated
	if !hasTLS && !c.isFaulty("INSTAVIEW_MCP_TLS_CERT", "INSTAVIEW_MCP_TLS_KEY", "INSTAVIEW_MCP_TLS_TERMINATED") {
		c.fault("INSTAVIEW_MCP_ADDR: %s can be reached from the network: set INSTAVIEW_MCP_TLS_CERT and INSTAVIEW_MCP_TLS_KEY, or INSTAVIEW_MCP_TLS_TERMINATED=true if a proxy before this server speaks TLS", c.Addr)
	}
	if hasCallers && hasTLS {
		c.listen("INSTAVIEW_MCP_ADDR", c.Addr)
	}
}

func (c *checker) checkToken() {
	if token := c.Token.Reveal(); token != "" {
		switch {
		case len(token) < minToken:
			c.fault("INSTAVIEW_MCP_AUTH_TOKEN must have %d characters or more", minToken)
		case c.Token.Validate() != nil:
			c.fault("INSTAVIEW_MCP_AUTH_TOKEN must be ASCII without spaces")
		}
	}
}

func (c *checker) checkNames() {
	if slices.ContainsFunc(c.AllowedHosts, func(host string) bool { return strings.ContainsAny(host, "*/@ ") }) {
		c.fault("INSTAVIEW_MCP_ALLOWED_HOSTS must be names separated by commas, such as mcp.example.com")
	}
	if slices.ContainsFunc(c.AllowedOrigins, func(origin string) bool { return !isOrigin(origin) }) {
		c.fault("INSTAVIEW_MCP_ALLOWED_ORIGINS must be origins separated by commas, such as https://app.example.com")
	}
}

// checkCertificate tries to load the certificate and its key.
func (c *checker) checkCertificate() {
	if c.isFaulty("INSTAVIEW_MCP_TLS_CERT", "INSTAVIEW_MCP_TLS_KEY") || c.TLSCert == "" && c.TLSKey == "" {
		return
	}
	if err := loadCertificate(c.TLSCert, c.TLSKey); err != nil {
		c.fault("%v", err)
	}
}

func (c *checker) checkMetricsAddr() {
	switch _, _, err := net.SplitHostPort(c.MetricsAddr); {
	case c.MetricsAddr == "":
	case err != nil || c.MetricsAddr == c.Addr:
		c.fault("INSTAVIEW_MCP_METRICS_ADDR must be host:port, such as 127.0.0.1:9090, and not that of the server")
	default:
		c.listen("INSTAVIEW_MCP_METRICS_ADDR", c.MetricsAddr)
	}
}

func (c *checker) listen(variable, addr string) {
	listener, err := listen(variable, addr)
	if err != nil {
		c.fault("%v", err)
		return
	}
	c.listeners = append(c.listeners, listener)
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

// loadCertificate loads a certificate and its key. Its error is a sentence.
func loadCertificate(certFile, keyFile string) error {
	if certFile == "" || keyFile == "" {
		return errors.New("INSTAVIEW_MCP_TLS_CERT and INSTAVIEW_MCP_TLS_KEY go together: set both or none")
	}
	cert, err := readPEM(certFile)
	if err != nil {
		return unreadable("INSTAVIEW_MCP_TLS_CERT", err)
	}
	key, err := readPEM(keyFile)
	if err != nil {
		return unreadable("INSTAVIEW_MCP_TLS_KEY", err)
	}
	if _, err := tls.X509KeyPair(cert, key); err != nil {
		return fmt.Errorf("INSTAVIEW_MCP_TLS_CERT and INSTAVIEW_MCP_TLS_KEY must be files with a certificate and its key in PEM (%s)",
			strings.TrimPrefix(err.Error(), "tls: "))
	}
	return nil
}

// maxPEM is in bytes, far more than any certificate chain has.
const maxPEM = 1 << 20

// readPEM reads a regular file. A FIFO would block the start, and a device may
// have no end.
func readPEM(path string) ([]byte, error) {
	info, err := os.Stat(path) // before opening, because opening a FIFO waits for a writer
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

// unreadable returns why a file cannot be read, without its path.
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
	if s.OAuth.Issuer != "" {
		parts = append(parts, "access token of "+s.OAuth.Issuer)
	}
	if s.CallerKeys {
		parts = append(parts, "each caller's InstaView key in "+apiKeyHeader)
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, " and ")
}

// hasOpenMetrics reports whether other machines can read the metrics, which
// need no token on their own address.
func (s Settings) hasOpenMetrics() bool {
	host, _, _ := net.SplitHostPort(s.MetricsAddr)
	return s.MetricsAddr != "" && !client.IsLoopback(host)
}

// hostAllowed reports whether a Host header names this server. An attacker's
// name server cannot change what a loopback name means (DNS rebinding).
func (s Settings) hostAllowed(host string) bool {
	host = strings.ToLower(host)
	u, err := url.Parse("http://" + host)
	if err != nil || u.Host != host || u.Hostname() == "" {
		return false
	}
	name := u.Hostname()
	return client.IsLoopback(name) || slices.ContainsFunc(s.AllowedHosts, func(allowed string) bool {
		return strings.EqualFold(allowed, host) || strings.EqualFold(strings.Trim(allowed, "[]"), name)
	})
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
