// Package client makes one typed, defensive request to the InstaView sourcing
// API. It knows HTTP and nothing of MCP; package poll decides when to repeat a
// request.
package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// DefaultBaseURL is the host that every sourcing page of the API documentation
// uses. It has no version prefix.
const DefaultBaseURL = "https://api.instaview.sk"

// The limits of one attempt. The API documents none; these stop a dead network
// from blocking a caller, and a hostile answer from filling memory.
const (
	connectTimeout = 5 * time.Second
	headerTimeout  = 15 * time.Second
	attemptTimeout = 20 * time.Second
	maxHeaderBytes = 64 << 10
	maxErrorBytes  = 64 << 10
)

// Key is an InstaView API key. Every format verb, JSON and logs show it as
// "[redacted]"; only Reveal returns it. The zero value is no key.
type Key struct {
	// A pointer, because fmt prints the unexported fields of other types
	// without calling their Format method, and then shows only an address.
	secret *string
}

// NewKey returns a Key that holds s.
func NewKey(s string) Key { return Key{&s} }

// Reveal returns the key itself; "" for the zero value.
func (k Key) Reveal() string {
	if k.secret == nil {
		return ""
	}
	return *k.secret
}

const redacted = "[redacted]"

// Format implements fmt.Formatter.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements slog.LogValuer.
func (Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler.
func (Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText implements encoding.TextUnmarshaler. It never fails.
func (k *Key) UnmarshalText(text []byte) error {
	*k = NewKey(string(text))
	return nil
}

// Validate returns why k cannot be sent as a bearer token, or nil. Prefix and
// length are not checked, since the API's pages disagree on both.
func (k Key) Validate() error {
	if k.Reveal() == "" {
		return errors.New("the API key is empty")
	}
	for _, r := range k.Reveal() {
		if r > unicode.MaxASCII || unicode.IsSpace(r) || unicode.IsControl(r) {
			return errors.New("the API key holds a space, a control character or a character outside ASCII")
		}
	}
	return nil
}

// The characters of words and ids.
const (
	capitals     = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits       = "0123456789"
	idCharacters = capitals + "abcdefghijklmnopqrstuvwxyz" + digits + "_-"
)

// maxID is in characters.
const maxID = 128

// ValidRequestID reports whether id may be sent to the API: 1 to 128 characters
// of A-Z, a-z, 0-9, "_" and "-", of which the first is a letter or digit. That
// is wider than the documented "req_<uuid>" on purpose: ids are opaque, and it
// only has to refuse what could change the URL's path.
func ValidRequestID(id string) bool { return ValidCompanyID(id) && id[0] != '_' && id[0] != '-' }

// ValidCompanyID reports whether id may be sent as a companyId: 1 to 128
// characters of A-Z, a-z, 0-9, "_" and "-".
func ValidCompanyID(id string) bool {
	return id != "" && len(id) <= maxID && strings.Trim(id, idCharacters) == ""
}

// Client sends requests to the API with one key. It is safe for concurrent use.
type Client struct {
	http      *http.Client
	base      *url.URL
	key       Key
	companyID string
	userAgent string
	dial      func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Option configures a Client.
type Option func(*Client) error

// WithBaseURL replaces DefaultBaseURL. The URL must be https, or http to a
// loopback host, and have no user, query or fragment. A path is kept as a
// prefix.
func WithBaseURL(raw string) Option {
	return func(c *Client) error {
		base, err := parseBaseURL(raw)
		if err != nil {
			return err
		}
		c.base = base
		return nil
	}
}

// WithCompanyID sends companyId with every request. The API requires it for
// keys issued to an applicant tracking system. An empty id sends none.
func WithCompanyID(id string) Option {
	return func(c *Client) error {
		c.companyID = id
		return nil
	}
}

// WithVersion sets the program's version in the User-Agent header.
func WithVersion(version string) Option {
	return func(c *Client) error {
		c.userAgent = "instaview-mcp/" + version
		return nil
	}
}

// WithDialContext replaces how connections are opened, for a server in this
// process. TLS and HTTP are unchanged.
func WithDialContext(dial func(ctx context.Context, network, addr string) (net.Conn, error)) Option {
	return func(c *Client) error {
		c.dial = dial
		return nil
	}
}

// New returns a Client for key. It makes no request.
func New(key Key, opts ...Option) (*Client, error) {
	if err := key.Validate(); err != nil {
		return nil, err
	}
	c := &Client{
		key:       key,
		userAgent: "instaview-mcp/dev",
		dial:      (&net.Dialer{Timeout: connectTimeout}).DialContext,
	}
	for _, opt := range append([]Option{WithBaseURL(DefaultBaseURL)}, opts...) {
		if err := opt(c); err != nil {
			return nil, err
		}
	}
	c.http = &http.Client{
		Transport: newTransport(c.dial),
		// A redirect could send the key to another host, and the API documents
		// none.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// ForCompany returns a Client that sends companyId with every request, as with
// WithCompanyID. Both Clients share their connections.
func (c *Client) ForCompany(id string) *Client {
	other := *c
	other.companyID = id
	return &other
}

// CloseIdleConnections closes the connections that no request is using.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// Results requests a run's results exactly once. A failed run is a result, not
// an error.
//
// The error is an *Error, or ctx's own if ctx ended first. An id that
// ValidRequestID refuses is an error without a request.
func (c *Client) Results(ctx context.Context, requestID string) (*Results, error) {
	if !ValidRequestID(requestID) {
		return nil, &Error{Code: CodeInvalidRequest, Reason: "malformed request id"}
	}
	attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	attempt, giveUp := context.WithCancelCause(attempt)
	defer giveUp(nil)
	attempt = onlyOnce(attempt, cancel)

	resp, err := c.http.Do(c.request(attempt, requestID))
	if err != nil {
		return nil, transportError(ctx, err)
	}
	// Closed without reading the rest, which may be more than is worth reading,
	// even though that loses the connection.
	defer func() { _ = resp.Body.Close() }()

	answer := readAnswer(resp)
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusAccepted {
		return nil, c.statusError(resp, answer)
	}
	results, err := decodeResults(attempt, giveUp, resp.Body, resp.StatusCode, requestID)
	if err != nil {
		return nil, bodyError(ctx, resp.StatusCode, answer, err)
	}
	results.Date, results.RateLimit = answer.date, answer.limit
	return results, nil
}

func (c *Client) request(ctx context.Context, requestID string) *http.Request {
	return c.requestTo(ctx, "sourcing", requestID, "results")
}

// requestTo returns a GET of a path below the base URL.
func (c *Client) requestTo(ctx context.Context, path ...string) *http.Request {
	u := c.base.JoinPath(path...)
	if c.companyID != "" {
		u.RawQuery = url.Values{"companyId": {c.companyID}}.Encode()
	}
	req := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{
		"Authorization": {"Bearer " + c.key.Reveal()},
		"Accept":        {"application/json"},
		"User-Agent":    {c.userAgent},
	}}
	return req.WithContext(ctx)
}

// CheckBaseURL returns why WithBaseURL would refuse raw, or nil.
func CheckBaseURL(raw string) error {
	_, err := parseBaseURL(raw)
	return err
}

func parseBaseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return nil, errors.New("the base URL is not of the form https://host")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("the base URL must not hold a user, a query or a fragment")
	case strings.Contains(u.EscapedPath(), "..") || strings.ContainsAny(u.EscapedPath(), "%\\"):
		return nil, errors.New("the base URL's path must be plain")
	case u.Scheme == "https", u.Scheme == "http" && IsLoopback(u.Hostname()):
		// Without a leading slash JoinPath would make a relative path.
		u.Path = "/" + strings.Trim(u.Path, "/")
		return u, nil
	default:
		return nil, errors.New("the base URL must be https (http only for a loopback address)")
	}
}

// IsLoopback reports whether a host, without a port, always means this machine:
// localhost, or an IP address of the loopback interface.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
