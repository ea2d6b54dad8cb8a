package client

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

const (
	// idleConnTimeout is shorter than the 5 s after which Node servers close an
	// idle connection, which is also the interval of polling. Otherwise a
	// request would often meet a connection that is just being closed.
	idleConnTimeout = 4 * time.Second
	// maxIdleConns is above the burst of a key's budget, so that a burst needs
	// no new TLS handshakes, and nor do a hundred callers at once of a key with
	// a larger budget.
	maxIdleConns = 128
)

// newTransport returns the transport of a Client. It uses HTTP/1.1 only,
// because Go's HTTP/2 repeats requests by itself, without limit and without
// delay, whenever a server refuses a stream or sends GOAWAY.
func newTransport(dial func(ctx context.Context, network, addr string) (net.Conn, error)) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Transport{
		Protocols:              &protocols,
		Proxy:                  proxyFromEnvironment,
		OnProxyConnectResponse: checkProxy,
		DialContext:            dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConnsPerHost:    maxIdleConns,
		IdleConnTimeout:        idleConnTimeout,
	}
}

// onlyOnce cancels an attempt that net/http is about to repeat by itself, as it
// does for a GET whose reused connection was closed without an answer. The
// server may have counted the first request, and the contract requires a delay
// between two.
func onlyOnce(ctx context.Context, cancel context.CancelFunc) context.Context {
	var connections atomic.Int32
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		if connections.Add(1) > 1 {
			cancel()
			_ = got.Conn.Close() // otherwise the request might still be sent
		}
	}})
}
