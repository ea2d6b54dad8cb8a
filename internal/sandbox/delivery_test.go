package sandbox

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// No connection is kept after a delivery, also to a server that would keep one
// over HTTP/2.
func TestDeliveriesKeepNoConnection(t *testing.T) {
	closed := make(chan struct{}, 10)
	target := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	target.EnableHTTP2 = true
	target.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	target.StartTLS()
	defer target.Close()
	s := New()
	defer s.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(target.Certificate())
	s.transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: trusted}
	for range 2 {
		if status := s.post(t.Context(), &Delivery{URL: target.URL, Header: http.Header{}}); status != http.StatusNoContent {
			t.Fatalf("status %d", status)
		}
		select {
		case <-closed:
		case <-time.After(time.Minute):
			t.Fatal("the connection is kept")
		}
	}
}
