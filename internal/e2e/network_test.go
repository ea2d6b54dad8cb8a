package e2e

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"instaview-mcp/internal/sandbox"
)

// secure puts a TLS server in front of an upstream that answers with says. Its
// certificate has this name and is trusted by nobody; it is written to file.
func secure(t *testing.T, name, says string) (baseURL, file string) {
	t.Helper()
	return secureProxyOf(t, name, strings.TrimPrefix(echo(t, says), "http://"))
}

// secureProxyOf puts TLS in front of the server at an address.
func secureProxyOf(t *testing.T, name, address string) (baseURL, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"api.instaview.example", "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go forward(l, func(net.Conn) string { return address })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "https://localhost:" + port, file
}

// forward joins every connection to the address that to names; "" for none.
func forward(l net.Listener, to func(net.Conn) string) {
	for {
		near, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = near.Close() }()
			far, err := net.Dial("tcp", to(near))
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
			_, _ = io.Copy(near, far)
		}()
	}
}

// connectProxy is a company's proxy: it requires a login, and connects only to
// one server.
func connectProxy(t *testing.T, login, address string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go forward(l, func(conn net.Conn) string {
		req, err := http.ReadRequest(bufio.NewReader(conn))
		switch {
		case err != nil || req.Method != http.MethodConnect:
			return ""
		case req.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte(login)):
			_, _ = io.WriteString(conn, "HTTP/1.1 407 Login\r\nProxy-Authenticate: Basic\r\n\r\n")
			return ""
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		return address
	})
	return l.Addr().String()
}

// In a company's network the only way out is a proxy that requires a login, and
// the TLS certificate is issued by the company's own authority.
func TestN22ACompanysNetworkIsReachedWithTwoVariables(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("the system's own store is asked for certificates, and no file")
	}
	s := sandbox.New()
	server := &http.Server{Handler: s}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	inner, file := secureProxyOf(t, "Example Company Root", l.Addr().String())
	out := connectProxy(t, "user:pass-word", strings.TrimPrefix(inner, "https://"))

	const withLogin = "HTTPS_PROXY=http://user:pass-word@"
	for name, tt := range map[string]struct {
		env   []string
		wants []string // "" for a shortlist
	}{
		"both set":           {[]string{withLogin + out, "SSL_CERT_FILE=" + file}, nil},
		"no certificate":     {[]string{withLogin + out}, []string{"certificate", "company's proxy", "SSL_CERT_FILE", "Calling again will not help"}},
		"no login":           {[]string{"HTTPS_PROXY=http://" + out, "SSL_CERT_FILE=" + file}, []string{"the proxy wants a login", "HTTPS_PROXY", "Calling again will not help"}},
		"no proxy there":     {[]string{"HTTPS_PROXY=http://user:pass-word@127.0.0.1:9"}, []string{"the proxy of HTTPS_PROXY: connection refused", "try again"}},
		"no proxy's address": {[]string{"HTTPS_PROXY=http://user:pass-word@[::1"}, []string{"HTTPS_PROXY is not the address of a proxy", "Calling again will not help"}},
		"no proxy's scheme":  {[]string{"HTTPS_PROXY=ftp://user:pass-word@" + out}, []string{"HTTPS_PROXY is not the address of a proxy", "Calling again will not help"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := append([]string{"INSTAVIEW_API_KEY=" + sandbox.Key, "INSTAVIEW_BASE_URL=https://api.instaview.example", "INSTAVIEW_MCP_LOG_LEVEL=debug"}, tt.env...)
			c := start(t, env)
			c.send(hello)
			c.next()
			got := c.ask(1, "tools/call", call("get_sourcing_results", done))
			check := exec.Command(program, "check")
			check.Env = env
			report, err := check.CombinedOutput()
			if tt.wants == nil && (!strings.Contains(got.text(), "20 scored of 134 found") || err != nil) {
				t.Errorf("%s\n%s", got.raw, report)
			}
			for _, want := range tt.wants {
				if !got.Result.IsError || !strings.Contains(got.text(), want) {
					t.Errorf("no %q in %s", want, got.raw)
				}
			}
			if len(tt.wants) > 0 && (err == nil || !strings.Contains(string(report), tt.wants[0])) {
				t.Errorf("check does not say %q: %v\n%s", tt.wants[0], err, report)
			}
			if all := got.raw + string(report) + c.stderr.String(); strings.Contains(all, "pass-word") {
				t.Errorf("the proxy's password was written:\n%s", all)
			}
		})
	}
}
