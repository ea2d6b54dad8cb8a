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
	// idleConnTimeout is below the 5 s after which Node servers close an idle
	// connection and polling comes back: reusing one then would often fail.
	idleConnTimeout = 4 * time.Second
	// maxIdleConns is above the burst of a key's budget, so that a burst does not
	// pay for TLS again.
	maxIdleConns = 16
)

// newTransport makes the connections of a Client with dial. They speak HTTP/1.1
// alone, because Go's HTTP/2 repeats requests by itself, without end and without
// a pause, as often as a server refuses a stream or says GOAWAY.
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

// onlyOnce ends an attempt that net/http is about to repeat by itself, which it
// does for a GET whose reused connection was closed without an answer. The first
// request may have been counted, and the contract sets a pause between two.
func onlyOnce(ctx context.Context, cancel context.CancelFunc) context.Context {
	var connections atomic.Int32
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		if connections.Add(1) > 1 {
			cancel()
			_ = got.Conn.Close() // or the request might still be written
		}
	}})
}
