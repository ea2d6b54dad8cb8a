package httpserver

import (
	"bytes"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"instaview-mcp/internal/logging"
	"instaview-mcp/internal/mcpserver"
	"instaview-mcp/internal/mcptest"
)

// N25: each of these clients causes one log line, which says what is wrong and
// contains nothing that the client sent.
func TestN25TheLogSaysWhatIsWrongWithAClientsTLS(t *testing.T) {
	for name, tt := range map[string]struct {
		speak func(net.Conn)
		want  string
	}{
		"HTTP spoken to the HTTPS port": {
			func(c net.Conn) { _, _ = io.WriteString(c, "GET /canary HTTP/1.1\r\nHost: localhost\r\n\r\n") },
			"a client spoke HTTP to this HTTPS port: its URL must begin with https://",
		},
		"a POST of MCP": {
			func(c net.Conn) { _, _ = io.WriteString(c, "POST /mcp HTTP/1.1\r\nHost: canary\r\n\r\n{}") },
			"a client spoke HTTP to this HTTPS port",
		},
		"neither": {
			func(c net.Conn) { _, _ = io.WriteString(c, "canary canary canary\n") },
			"could not agree on TLS",
		},
		"a certificate that is not trusted": {
			func(c net.Conn) { _ = tls.Client(c, &tls.Config{ServerName: "localhost"}).Handshake() },
			"does not trust the certificate",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cert, key := mcptest.CertificateFiles(t, "localhost")
			logged := make(chan string, 10)
			log := slog.New(slog.NewTextHandler(lines(logged), nil))
			server := New(mcpserver.New(mcpserver.Options{Log: log}), Settings{MaxConnections: 10}, nil, http.NotFoundHandler(), log).http
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			served := make(chan error, 1)
			go func() { served <- server.ServeTLS(listener, cert, key) }()
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			go tt.speak(conn)
			got := <-logged
			_ = conn.Close()
			_ = server.Close()
			<-served
			if !strings.Contains(got, tt.want) || strings.Contains(got, "canary") || strings.Contains(got, "127.0.0.1") {
				t.Errorf("logged %q, want %q", got, tt.want)
			}
			if len(logged) > 0 {
				t.Errorf("more is logged: %q", <-logged)
			}
		})
	}
}

// lines sends each write to a channel.
type lines chan<- string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func TestOnlyKnownWordsOfNetHTTPAreLogged(t *testing.T) {
	for line, want := range map[string]string{
		"http: panic serving 192.0.2.1:1: canary\ngoroutine 1": "an http handler panicked",
		"http: Accept error: canary; retrying in 5ms":          "a connection could not be accepted",
		"http: TLS handshake error from 192.0.2.1:1: EOF":      "could not agree on TLS",
		"canary": "net/http reported an error of a connection",
	} {
		var log bytes.Buffer
		if n, err := logging.HTTPServerWriter(slog.New(slog.NewTextHandler(&log, nil))).Write([]byte(line)); n != len(line) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if got := log.String(); !strings.Contains(got, want) || strings.Contains(got, "canary") || strings.Contains(got, "192.0.2.1") {
			t.Errorf("%q: logged %q, want %q", line, got, want)
		}
	}
}

// The last line is what net/http's client logs about an upstream that sends
// data without a request.
func TestOnlyTheFirstWordsOfALibrarysLineAreLogged(t *testing.T) {
	for line, want := range map[string]string{
		"panic recovered: canary\n": `message="panic recovered"`,
		"Unsolicited response received on idle HTTP channel starting with \"canary\"; err=<nil>\n": `message="Unsolicited response received on idle HTTP channel starting with"`,
	} {
		var log bytes.Buffer
		if n, err := logging.LibraryWriter(slog.New(slog.NewTextHandler(&log, nil))).Write([]byte(line)); n != len(line) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if got := log.String(); !strings.Contains(got, want) || strings.Contains(got, "canary") {
			t.Errorf("%q: logged %q, want %q", line, got, want)
		}
	}
}
