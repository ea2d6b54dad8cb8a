package e2e

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"instaview-mcp/internal/mcptest"
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
	cert, _ := mcptest.Certificate(t, name, time.Now().Add(30*time.Minute), "api.instaview.example", "localhost")
	file = mcptest.PEMFile(t, "CERTIFICATE", cert.Certificate[0])
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	_, port, _ := net.SplitHostPort(mcptest.Listen(t, func(conn net.Conn) { join(tls.Server(conn, config), address) }))
	return "https://localhost:" + port, file
}

// join carries bytes between a connection and an address, until either ends.
func join(near net.Conn, address string) {
	far, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
	_, _ = io.Copy(near, far)
}

// connectProxy is a company's proxy: it requires a login, and connects only to
// one server.
func connectProxy(t *testing.T, login, address string) string {
	t.Helper()
	return mcptest.Listen(t, func(conn net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(conn))
		switch {
		case err != nil || req.Method != http.MethodConnect:
			return
		case req.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte(login)):
			_, _ = io.WriteString(conn, "HTTP/1.1 407 Login\r\nProxy-Authenticate: Basic\r\n\r\n")
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		join(conn, address)
	})
}

// checkWith runs check until the machine is not too busy to answer it in time.
func checkWith(t *testing.T, env []string) (report []byte, err error) {
	t.Helper()
	eventually(t, "check has an answer in time", func() bool {
		check := exec.Command(program(t), "check")
		check.Env = env
		report, err = check.CombinedOutput()
		return !strings.Contains(string(report), "no answer in time")
	})
	return report, err
}

// In a company's network the only way out is a proxy that requires a login, and
// the TLS certificate is issued by the company's own authority.
func TestN22ACompanysNetworkIsReachedWithTwoVariables(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("the system's own store is asked for certificates, and no file")
	}
	server := httptest.NewServer(sandbox.New())
	t.Cleanup(server.Close)
	inner, file := secureProxyOf(t, "Example Company Root", server.Listener.Addr().String())
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
			c.send(mcptest.Hello)
			c.next()
			got := c.ask(1, "tools/call", mcptest.Call("get_sourcing_results", done))
			report, err := checkWith(t, env)
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
