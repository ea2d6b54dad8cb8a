package client

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"instaview-mcp/internal/mcptest"
)

// failure makes one request and returns its error.
func failure(t *testing.T, c *Client) *Error {
	t.Helper()
	_, err := c.Results(t.Context(), testRun)
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error = %v, want an *Error", err)
	}
	return e
}

// On Windows network faults have other numbers than package syscall's
// constants. The test puts these numbers where a system call would.
func TestN27NetworkFaultsAreNamedOnEverySystem(t *testing.T) {
	for _, tt := range []struct {
		call   string
		number syscall.Errno
		code   Code
		want   string
	}{
		{"connect", syscall.ECONNREFUSED, CodeUnavailable, "connection refused"},
		{"connectex", 10061, CodeUnavailable, "connection refused"},
		{"read", syscall.ECONNRESET, CodeUnavailable, "connection reset"},
		{"write", syscall.EPIPE, CodeUnavailable, "connection reset"},
		{"wsarecv", 10054, CodeUnavailable, "connection reset"},
		{"wsasend", 10053, CodeUnavailable, "connection reset"},
		{"connect", syscall.ETIMEDOUT, CodeTimeout, "no answer in time"},
		{"connectex", 10060, CodeTimeout, "no answer in time"},
		{"wsarecv", 10060, CodeTimeout, "no answer in time"},
		{"getaddrinfow", 11001, CodeUnavailable, "host name not resolved"},
		{"getaddrinfow", 11004, CodeUnavailable, "host name not resolved"},
		{"connect", syscall.ENETUNREACH, CodeUnavailable, "the host cannot be reached"},
		{"connect", syscall.EHOSTUNREACH, CodeUnavailable, "the host cannot be reached"},
		{"connectex", 10051, CodeUnavailable, "the host cannot be reached"},
		{"connectex", 10065, CodeUnavailable, "the host cannot be reached"},
		{"connect", syscall.EPERM, CodeUnavailable, "this machine does not allow the connection"},
		{"connectex", 10013, CodeUnavailable, "this machine does not allow the connection"},
	} {
		op := "dial"
		if !strings.HasPrefix(tt.call, "connect") {
			op = "read"
		}
		cause := &url.Error{Op: "Get", URL: "https://host", Err: &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(tt.call, tt.number)}}
		e := transportError(t.Context(), cause).(*Error)
		if e.Code != tt.code || e.Reason != tt.want || !e.Transient() {
			t.Errorf("%s %d: %s, %q; want %s, %q", tt.call, int(tt.number), e.Code, e.Reason, tt.code, tt.want)
		}
		// The same fault in the middle of a body.
		e = bodyError(t.Context(), 200, answer{}, &brokenBody{cause}).(*Error)
		if e.Code != tt.code {
			t.Errorf("%s %d in a body: %s, want %s", tt.call, int(tt.number), e.Code, tt.code)
		}
	}
}

func TestFaultsOfThisMachineAreNamed(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for base, want := range map[string]string{
		"http://" + closed.Addr().String(): "connection refused",
		"https://host.invalid":             "host name not resolved",
	} {
		c, err := New(NewKey(testKey), WithBaseURL(base))
		if err != nil {
			t.Fatal(err)
		}
		if e := failure(t, c); e.Code != CodeUnavailable || e.Reason != want {
			t.Errorf("%s: %v, want %q", base, e, want)
		}
	}
	c := connections(t, func(conn net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_ = conn.(*net.TCPConn).SetLinger(0)
	})
	if e := failure(t, c); e.Code != CodeUnavailable || e.Reason != "connection reset" {
		t.Errorf("reset: %v", e)
	}
}

func TestN22WhoIsNotTrustedIsNotAskedAgain(t *testing.T) {
	const host = "localhost"
	soon := time.Now().Add(30 * time.Minute)
	for name, tt := range map[string]struct {
		host    string
		until   time.Time
		trusted bool
		want    []string
	}{
		"an unknown authority": {host, soon, false, []string{"certificate", "company's proxy", "SSL_CERT_FILE"}},
		"another host's":       {"elsewhere.example", soon, true, []string{"certificate is for another host"}},
		"expired":              {host, time.Now().Add(-time.Minute), true, []string{"certificate has expired", "clock"}},
	} {
		t.Run(name, func(t *testing.T) {
			cert, roots := mcptest.Certificate(t, testKey, tt.until, tt.host)
			srv := httptest.NewUnstartedServer(respond(202, `{}`))
			srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
			srv.Config.ErrorLog = log.New(io.Discard, "", 0)
			srv.StartTLS()
			defer srv.Close()
			_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
			c, err := New(NewKey(testKey), WithBaseURL("https://"+net.JoinHostPort(host, port)))
			if err != nil {
				t.Fatal(err)
			}
			if tt.trusted {
				c.http.Transport.(*http.Transport).TLSClientConfig.RootCAs = roots
			}
			wantUnreachable(t, failure(t, c), tt.want...)
		})
	}
}

func wantUnreachable(t *testing.T, e *Error, words ...string) {
	t.Helper()
	if e.Code != CodeUnreachable || e.Transient() || e.HTTPStatus != 0 {
		t.Errorf("error = %v, want %s, permanent and without a status", e, CodeUnreachable)
	}
	for _, word := range words {
		if !strings.Contains(e.Error(), word) {
			t.Errorf("no %q in %q", word, e)
		}
	}
	if strings.Contains(e.Error(), testKey) {
		t.Errorf("what the other side wrote is in %q", e)
	}
}

func TestWhoSpeaksNoTLSIsNotAskedAgain(t *testing.T) {
	plain := httptest.NewServer(respond(202, `{}`))
	defer plain.Close()
	other := connections(t, func(conn net.Conn) { _, _ = io.WriteString(conn, "220 ready for mail, not for TLS\r\n") })
	for _, base := range []string{plain.URL, other.base.String()} {
		c, err := New(NewKey(testKey), WithBaseURL(strings.Replace(base, "http:", "https:", 1)))
		if err != nil {
			t.Fatal(err)
		}
		wantUnreachable(t, failure(t, c), "the server does not use TLS")
	}
}

// behindProxy returns a client that can reach its upstream only through the
// proxy.
func behindProxy(t *testing.T, proxy string) *Client {
	t.Helper()
	c, err := New(NewKey(testKey), WithBaseURL("https://api.instaview.example"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	address, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	c.http.Transport.(*http.Transport).Proxy = http.ProxyURL(address)
	return c
}

func TestN22AProxysRefusalIsToldFromInstaViews(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		code   Code
		want   string
	}{
		"a login wanted":     {"407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"" + testKey + "\"", CodeUnreachable, "the proxy wants a login"},
		"forbidden":          {"403 " + testKey, CodeUnreachable, "the proxy of HTTPS_PROXY does not allow this host: HTTP 403"},
		"not a proxy":        {"405 Method Not Allowed", CodeUnreachable, ": HTTP 405"},
		"a login page":       {"302 Found\r\nLocation: http://login.example/" + testKey, CodeUnreachable, ": HTTP 302"},
		"another success":    {"204 No Content", CodeUnreachable, ": HTTP 204"},
		"no way":             {"502 Bad Gateway", CodeUnavailable, "the proxy of HTTPS_PROXY cannot reach the host: HTTP 502"},
		"overloaded":         {"503 Service Unavailable", CodeUnavailable, ": HTTP 503"},
		"too slow":           {"504 Gateway Timeout", CodeUnavailable, ": HTTP 504"},
		"too many requests":  {"429 Too Many Requests", CodeUnavailable, ": HTTP 429"},
		"no word of a proxy": {"", CodeUnavailable, "connection broken"},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := connections(t, func(conn net.Conn) {
				req, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil || req.Method != http.MethodConnect || req.Header.Get("Authorization") != "" {
					t.Errorf("the proxy was sent %v, %v", req, err)
				}
				if tt.answer != "" {
					_, _ = io.WriteString(conn, "HTTP/1.1 "+tt.answer+"\r\nContent-Length: 0\r\n\r\n")
				}
			})
			e := failure(t, behindProxy(t, proxy.base.String()))
			if e.Code != tt.code || e.HTTPStatus != 0 || !strings.Contains(e.Reason, tt.want) || strings.Contains(e.Error(), testKey) {
				t.Errorf("error = %v, want %s: %s", e, tt.code, tt.want)
			}
		})
	}
}

// tlsRoots returns the pool that trusts the certificate of httptest's servers.
func tlsRoots(t *testing.T) *x509.CertPool {
	t.Helper()
	srv := httptest.NewTLSServer(nil)
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	return roots
}

func TestN22TheWayThroughAProxyIsTold(t *testing.T) {
	tunnel := func(login string) func(net.Conn) {
		srv := httptest.NewUnstartedServer(respond(403, `<html>Forbidden</html>`))
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
		srv.StartTLS()
		t.Cleanup(srv.Close)
		return func(conn net.Conn) {
			req, err := http.ReadRequest(bufio.NewReader(conn))
			if err != nil || req.Header.Get("Proxy-Authorization") != login {
				_, _ = io.WriteString(conn, "HTTP/1.1 407 Login\r\n\r\n")
				return
			}
			far, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
			go func() { _, _ = io.Copy(far, conn); _ = far.Close() }()
			_, _ = io.Copy(conn, far)
		}
	}
	login := connections(t, tunnel("Basic dXNlcjpwYXNz")).base.Host

	c := behindProxy(t, "http://user:pass@"+login)
	c.http.Transport.(*http.Transport).TLSClientConfig.ServerName = "example.com" // the name in httptest's certificate
	wantUnreachable(t, failure(t, c), "certificate", "SSL_CERT_FILE")
	c.http.Transport.(*http.Transport).TLSClientConfig.RootCAs = tlsRoots(t)
	if e := failure(t, c); e.Code != CodeForbidden || e.HTTPStatus != 403 || e.Reason != "not one of InstaView's errors" {
		t.Errorf("403 through the proxy: %v", e)
	}
	wantUnreachable(t, failure(t, behindProxy(t, "http://user:wrong@"+login)), "the proxy wants a login")

	for proxy, want := range map[string]string{
		"http://127.0.0.1:1":      "the proxy of HTTPS_PROXY: connection refused",
		"http://proxy.invalid:80": "the proxy of HTTPS_PROXY: host name not resolved",
		"socks5://127.0.0.1:1":    "the proxy of HTTPS_PROXY: connection refused",
	} {
		if e := failure(t, behindProxy(t, proxy)); e.Code != CodeUnavailable || e.Reason != want {
			t.Errorf("%s: %v, want %q", proxy, e, want)
		}
	}
}

func TestASOCKSProxysRefusalIsTold(t *testing.T) {
	for name, tt := range map[string]struct {
		method string // the login method that the proxy chooses
		answer string // to the login or to the request for a connection
		code   Code
		want   string
	}{
		"a login wanted":  {"\x05\xff", "", CodeUnreachable, "the proxy wants a login"},
		"a wrong login":   {"\x05\x02", "\x01\x01", CodeUnreachable, "the proxy wants a login"},
		"not allowed":     {"\x05\x00", "\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00", CodeUnreachable, "does not allow this host"},
		"no way":          {"\x05\x00", "\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00", CodeUnavailable, "cannot reach the host"},
		"gone in between": {"\x05\x00", "", CodeUnavailable, "the proxy of HTTPS_PROXY: "},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := connections(t, func(conn net.Conn) {
				for _, answer := range []string{tt.method, tt.answer} {
					if n, _ := conn.Read(make([]byte, 512)); n == 0 {
						return
					}
					_, _ = io.WriteString(conn, answer)
				}
			})
			e := failure(t, behindProxy(t, "socks5://user:pass@"+proxy.base.Host))
			if e.Code != tt.code || !strings.Contains(e.Reason, tt.want) {
				t.Errorf("error = %v, want %s: %s", e, tt.code, tt.want)
			}
		})
	}
}

func TestASwitchOfProtocolsHoldsNoAttempt(t *testing.T) {
	c := connections(t, func(conn net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn) // returns when the client closes
	})
	if e := failure(t, c); e.Code != CodeBadResponse || e.HTTPStatus != 101 {
		t.Errorf("error = %v, want %s", e, CodeBadResponse)
	}
}

// An error code is shown and may be logged, so only documented ones are kept:
// any other could be the key.
func TestN20CodesOfTheServersOwnAreNotLogged(t *testing.T) {
	const key = "SK_LIVE_CANARY"
	for code, want := range map[string]struct{ shown, logged string }{
		"REQUEST_NOT_FOUND": {"REQUEST_NOT_FOUND", "REQUEST_NOT_FOUND"},
		"SOMETHING_NEW":     {"SOMETHING_NEW", ""},
		key:                 {"", ""},
		"X_" + key:          {"", ""},
	} {
		srv := httptest.NewServer(respond(404, fmt.Sprintf(`{"errorCode":%q}`, code)))
		c, err := New(NewKey(key), WithBaseURL(srv.URL))
		if err != nil {
			t.Fatal(err)
		}
		e := failure(t, c)
		srv.Close()
		if e.ServerCode != want.shown {
			t.Errorf("%s is shown as %q, want %q", code, e.ServerCode, want.shown)
		}
		if got := strings.Contains(e.Error(), code); got != (want.logged != "") {
			t.Errorf("%s: logged as %q", code, e)
		}
	}
}
