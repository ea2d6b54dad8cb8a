package mcptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Protocol is a version of HTTP, with or without TLS.
type Protocol struct {
	Name string
	HTTP int // major version: 1 or 2
	TLS  bool
}

// Protocols are those that the server speaks.
var Protocols = []Protocol{
	{"HTTP 1.1", 1, false},
	{"HTTP 1.1 over TLS", 1, true},
	{"HTTP 2 over TLS", 2, true},
}

// Transport returns a client's transport that speaks only p and accepts every
// certificate.
func (p Protocol) Transport() *http.Transport {
	t := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: new(http.Protocols)}
	t.Protocols.SetHTTP1(p.HTTP == 1)
	t.Protocols.SetHTTP2(p.HTTP == 2)
	return t
}

// Scheme returns the scheme of a URL over p.
func (p Protocol) Scheme() string {
	if p.TLS {
		return "https"
	}
	return "http"
}

// Listen gives every connection to a new address of this machine to serve, each
// in a goroutine of its own, and closes it afterwards. So a test can answer
// with what no HTTP server would send.
func Listen(t testing.TB, serve func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				serve(conn)
			}()
		}
	}()
	return l.Addr().String()
}

// Certificate returns a certificate that is signed by itself, and the pool that
// trusts it. It is for hosts and 127.0.0.1, and its last hour ends at until.
func Certificate(t testing.TB, name string, until time.Time, hosts ...string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: hosts, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: until.Add(-time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, roots
}

// CertificateFiles writes a new certificate for those hosts and its key into
// files that only their owner can read.
func CertificateFiles(t testing.TB, hosts ...string) (certFile, keyFile string) {
	t.Helper()
	cert, _ := Certificate(t, "test", time.Now().Add(30*time.Minute), hosts...)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return PEMFile(t, "CERTIFICATE", cert.Certificate[0]), PEMFile(t, "PRIVATE KEY", key)
}

// PEMFile writes one block of PEM into a file that only its owner can read.
func PEMFile(t testing.TB, kind string, der []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
