package e2e

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Without -long the calls last only until the first heartbeat.
var long = flag.Bool("long", false, "let quiet calls last 50 s, calls with progress 70 s and streams of events 90 s")

// protocol is a version of HTTP, and what stands before the program.
type protocol struct {
	name  string
	proto string // of answers
	tls   bool   // the program speaks it
	// proxy starts what a client connects to in place of the program, and returns
	// how to.
	proxy func(t *testing.T, s *site, cert certificate) (dial func(context.Context) (net.Conn, error))
}

var protocols = []protocol{
	{"HTTP 1.1", "HTTP/1.1", false, nil},
	{"HTTP 1.1 over TLS", "HTTP/1.1", true, nil},
	{"HTTP 2 over TLS", "HTTP/2.0", true, nil},
	{"HTTP 2 through nginx", "HTTP/2.0", false, nginx},
	{"HTTP 2 through Caddy", "HTTP/2.0", false, caddy},
}

// certificate is one of the test's own, for every host, in files.
type certificate struct{ cert, key string }

func newCertificate(t *testing.T) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost", proxiedHost}, NotAfter: time.Now().AddDate(1, 0, 0)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return certificate{write("cert.pem", "CERTIFICATE", cert), write("key.pem", "PRIVATE KEY", private)}
}

// serve starts the program and returns a client of it, and its address.
func (p protocol) serve(t *testing.T, transport string) (*http.Client, string) {
	t.Helper()
	cert := newCertificate(t)
	env := []string{"INSTAVIEW_MCP_ALLOWED_HOSTS=" + proxiedHost}
	if p.tls {
		env = append(env, "INSTAVIEW_MCP_TLS_CERT="+cert.cert, "INSTAVIEW_MCP_TLS_KEY="+cert.key)
	}
	s := serveHTTP(t, transport, env, "--demo")
	root := s.root()
	direct := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: new(http.Protocols)}
	if p.proxy != nil {
		dial := p.proxy(t, s, cert)
		direct.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
		root = "https://" + proxiedHost
	}
	direct.Protocols.SetHTTP1(p.proto == "HTTP/1.1")
	direct.Protocols.SetHTTP2(p.proto == "HTTP/2.0")
	t.Cleanup(direct.CloseIdleConnections)
	t.Cleanup(func() {
		s.stop()
		if log := s.log.String(); strings.Contains(log, "DATA RACE") || strings.Contains(log, "goroutine ") {
			t.Errorf("the program said\n%s", log)
		}
	})
	return &http.Client{Transport: direct}, root
}

// send makes a POST as a client of MCP does.
func (p protocol) send(t *testing.T, c *http.Client, url, body string) (answer string, err error) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	resp, err := c.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode > 299 || resp.Proto != p.proto) {
		err = fmt.Errorf("%s %s", resp.Proto, resp.Status)
	}
	return string(b), err
}

func slowWait(seconds int, meta string) string {
	return request(1, "tools/call", withMeta(call("wait_for_sourcing", fmt.Sprintf(`{"request_id":"req_demo_slow","max_wait_seconds":%d}`, seconds)), meta))
}

// Calls that are quiet, and some that end just when the first sign of life is
// due, in the program as it runs: its own sockets, its own TLS, mcp-go.
func TestN01N02SlowAndQuietCallsOnEveryProtocol(t *testing.T) {
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			c, root := p.serve(t, "http")
			var calls []string
			for i := range 60 { // heartbeats come after 10 to 15 s
				calls = append(calls, slowWait(10+i%6, ""))
			}
			if *long {
				calls = append(calls, slowWait(50, ""), slowWait(70, `"progressToken":"p"`))
			}
			var all sync.WaitGroup
			for _, body := range calls {
				all.Go(func() {
					if got, err := p.send(t, c, root+"/mcp", body); err != nil || !strings.Contains(got, "still processing") {
						t.Errorf("%s: %v: %s", body, err, got)
					}
				})
			}
			all.Wait()
		})
	}
}

func TestN01AStreamOfEventsOutlivesSilenceOnEveryProtocol(t *testing.T) {
	for _, p := range protocols {
		if p.proxy != nil {
			continue // the README shows none for this transport
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			c, root := p.serve(t, "sse")
			resp, err := c.Get(root + "/sse")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			events := bufio.NewScanner(resp.Body)
			event := func() string {
				for events.Scan() {
					if data, ok := strings.CutPrefix(events.Text(), "data: "); ok {
						return data
					}
				}
				return fmt.Sprint("no event: ", events.Err())
			}
			address := root + event()
			waits := []int{16}
			if *long {
				waits = []int{16, 40, 40} // 96 s with no event but the answers
			}
			for _, seconds := range waits {
				if _, err := p.send(t, c, address, slowWait(seconds, "")); err != nil {
					t.Fatal(err)
				}
				if got := event(); !strings.Contains(got, "still processing") {
					t.Fatalf("after %d s: %s", seconds, got)
				}
			}
		})
	}
}

// proxiedHost is the host behind a proxy in the documents.
const proxiedHost = "mcp.example.com"

// example returns the documented block in a language, with a server's address
// in place of the one shown.
func example(t *testing.T, language string, s *site) string {
	t.Helper()
	for _, block := range blocks(t) {
		if block.language == language {
			return strings.ReplaceAll(block.text, "127.0.0.1:8080", strings.TrimPrefix(s.root(), "http://"))
		}
	}
	t.Fatalf("no document has a block of %s", language)
	return ""
}

// nginx starts one with the documented example.
func nginx(t *testing.T, s *site, cert certificate) func(context.Context) (net.Conn, error) {
	dir, socket := socketDir(t)
	config := fmt.Sprintf(`daemon off;
master_process off;
pid %[1]s/pid;
error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
	server {
		listen unix:%[2]s ssl http2;
		ssl_certificate %[3]s;
		ssl_certificate_key %[4]s;
		%[5]s
	}
}`, dir, socket, cert.cert, cert.key, example(t, "nginx", s))
	return proxy(t, socket, config, "nginx", "-p", dir, "-c")
}

// caddy starts one with the documented example.
func caddy(t *testing.T, s *site, cert certificate) func(context.Context) (net.Conn, error) {
	_, socket := socketDir(t)
	block := strings.Replace(example(t, "caddyfile", s), "{", fmt.Sprintf("{\nbind unix/%s\ntls %s %s\n", socket, cert.cert, cert.key), 1)
	return proxy(t, socket, "{\nadmin off\nauto_https off\n}\n"+block, "caddy", "run", "--adapter", "caddyfile", "--config")
}

// socketDir returns a directory whose path is short enough for a socket.
func socketDir(t *testing.T) (dir, socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "proxy") //nolint:usetesting // testing's paths are too long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir, filepath.Join(dir, "socket")
}

// proxy runs a program, whose last argument is a configuration file, until the
// test ends.
func proxy(t *testing.T, socket, config, name string, args ...string) func(context.Context) (net.Conn, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("no %s here", name)
	}
	file := filepath.Join(filepath.Dir(socket), "config")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, log := exec.Command(name, append(args, file)...), &lockedBuffer{}
	cmd.Env = append(os.Environ(), "HOME="+filepath.Dir(socket), "XDG_CONFIG_HOME="+filepath.Dir(socket), "XDG_DATA_HOME="+filepath.Dir(socket))
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s: %s\n%s", name, log, config)
		}
	})
	dial := func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "unix", socket) }
	giveUp := time.After(patience)
	for {
		if conn, err := dial(t.Context()); err == nil {
			_ = conn.Close()
			return dial
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-giveUp:
			t.Fatalf("%s does not listen", name)
		}
	}
}
