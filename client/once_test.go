package client

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"instaview-mcp/internal/mcptest"
)

// secureUpstream returns a client of a TLS server that prefers HTTP/2, and the
// number of requests that the server has received. Over HTTP/2, refuse answers
// each request; over HTTP/1.1 the answer is a run in progress.
func secureUpstream(t *testing.T, refuse func(f *http2.Framer, stream uint32)) (*Client, *atomic.Int32) {
	t.Helper()
	cert, roots := mcptest.Certificate(t, "test", time.Now().Add(30*time.Minute))
	config := &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}
	requests := new(atomic.Int32)
	address := mcptest.Listen(t, func(conn net.Conn) {
		secure := tls.Server(conn, config)
		if secure.Handshake() != nil {
			return
		}
		if secure.ConnectionState().NegotiatedProtocol == "h2" {
			serveHTTP2(secure, requests, refuse)
		} else {
			serveHTTP1(secure, requests)
		}
	})
	c, err := New(NewKey(testKey), WithBaseURL("https://"+address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	c.http.Transport.(*http.Transport).TLSClientConfig.RootCAs = roots
	return c, requests
}

func serveHTTP1(conn net.Conn, requests *atomic.Int32) {
	r := bufio.NewReader(conn)
	for {
		if _, err := http.ReadRequest(r); err != nil {
			return
		}
		requests.Add(1)
		_, _ = io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")
	}
}

func serveHTTP2(conn net.Conn, requests *atomic.Int32, refuse func(*http2.Framer, uint32)) {
	if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(conn, conn)
	_ = f.WriteSettings()
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = f.WriteSettingsAck()
			}
		case *http2.HeadersFrame:
			requests.Add(1)
			refuse(f, frame.StreamID)
		}
	}
}

// After each of these, Go's HTTP/2 client repeats the request by itself.
func TestN03AnHTTP2UpstreamIsSentOneRequestAnAttempt(t *testing.T) {
	reset := func(code http2.ErrCode) func(*http2.Framer, uint32) {
		return func(f *http2.Framer, stream uint32) { _ = f.WriteRSTStream(stream, code) }
	}
	goAway := func(last uint32, code http2.ErrCode) func(*http2.Framer, uint32) {
		return func(f *http2.Framer, _ uint32) { _ = f.WriteGoAway(last, code, nil) }
	}
	for name, refuse := range map[string]func(*http2.Framer, uint32){
		"GOAWAY before the first stream": goAway(0, http2.ErrCodeNo),
		"GOAWAY of a calm server":        goAway(0, http2.ErrCodeEnhanceYourCalm),
		"GOAWAY after a protocol error":  goAway(0, http2.ErrCodeProtocol),
		"REFUSED_STREAM":                 reset(http2.ErrCodeRefusedStream),
		"PROTOCOL_ERROR":                 reset(http2.ErrCodeProtocol),
		"ENHANCE_YOUR_CALM":              reset(http2.ErrCodeEnhanceYourCalm),
		"HTTP_1_1_REQUIRED":              reset(http2.ErrCodeHTTP11Required),
	} {
		t.Run(name, func(t *testing.T) {
			c, requests := secureUpstream(t, refuse)
			for attempt := int32(1); attempt <= 3; attempt++ {
				_, err := c.Results(t.Context(), testRun)
				if got := requests.Load(); got != attempt {
					t.Fatalf("%d requests in %d attempts", got, attempt)
				}
				if err != nil { // the server also accepts HTTP/1.1
					t.Errorf("attempt %d: %v", attempt, err)
				}
			}
		})
	}
}

// Over HTTP/1.1, net/http repeats a GET whose reused connection was closed
// without an answer.
func TestN03ALostHTTP1ConnectionIsSentNoSecondRequest(t *testing.T) {
	reset := func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }
	say := func(s string) func(net.Conn) { return func(c net.Conn) { _, _ = io.WriteString(c, s) } }
	for name, second := range map[string]func(net.Conn){
		"closed":                     func(net.Conn) {},
		"reset":                      reset,
		"half closed":                func(c net.Conn) { _ = c.(*net.TCPConn).CloseWrite() },
		"a time-out told when idle":  say("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
		"closed after early hints":   say("HTTP/1.1 103 Early Hints\r\n\r\n"),
		"closed after one byte":      say("H"),
		"closed within the headers":  say("HTTP/1.1 202 Accepted\r\nContent-"),
		"closed within the body":     say("HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{"),
		"reset within the body":      func(c net.Conn) { say("HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{")(c); reset(c) },
		"something else than HTTP":   say("+OK\r\n"),
		"too many headers":           say("HTTP/1.1 202 Accepted\r\n" + string(make([]byte, maxHeaderBytes+1))),
		"misdirected":                say("HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
		"too early":                  say("HTTP/1.1 425 Too Early\r\nContent-Length: 0\r\n\r\n"),
		"a redirect to the same URL": say("HTTP/1.1 307 Temporary Redirect\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
		"a login wanted":             say("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			c := connections(t, func(conn net.Conn) {
				r := bufio.NewReader(conn)
				for first := true; ; first = false {
					if _, err := http.ReadRequest(r); err != nil {
						return
					}
					requests.Add(1)
					if !first {
						second(conn)
						return
					}
					_, _ = io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")
				}
			})
			if _, err := c.Results(t.Context(), testRun); err != nil {
				t.Fatal(err)
			}
			_, err := c.Results(t.Context(), testRun)
			var e *Error
			if !errors.As(err, &e) {
				t.Errorf("error = %v, want an *Error", err)
			}
			if got := requests.Load(); got != 2 {
				t.Errorf("%d requests for two attempts", got)
			}
		})
	}
}

// Cancelling the attempt may be too late, because net/http may write the second
// request before it notices. Nothing can be written to a closed connection.
func TestN03ASecondConnectionIsClosedBeforeItIsWrittenTo(t *testing.T) {
	c := connections(t, func(conn net.Conn) {
		r := bufio.NewReader(conn)
		_, _ = http.ReadRequest(r)
		_, _ = io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")
		_, _ = http.ReadRequest(r) // returning closes the connection
	})
	if _, err := c.Results(t.Context(), testRun); err != nil {
		t.Fatal(err)
	}
	var got []net.Conn // this trace is called after that of onlyOnce
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		got = append(got, info.Conn)
		if len(got) == 2 {
			if n, err := info.Conn.Write([]byte("GET")); err == nil {
				t.Errorf("%d bytes of a second request could be written", n)
			}
		}
	}})
	if _, err := c.Results(ctx, testRun); err == nil || len(got) != 2 {
		t.Errorf("%d connections, error %v; want a second connection and an error", len(got), err)
	}
}

// connections returns a client of a server that calls serve for every
// connection and closes it afterwards.
func connections(t *testing.T, serve func(net.Conn)) *Client {
	t.Helper()
	c, err := New(NewKey(testKey), WithBaseURL("http://"+mcptest.Listen(t, serve)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}
