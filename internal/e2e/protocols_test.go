package e2e

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"instaview-mcp/internal/mcptest"
)

// Without -long, quiet calls last only until their first heartbeat, and fewer
// large bodies are read at once.
var long = flag.Bool("long", false, "let quiet calls last 50 s, calls with progress 70 s and streams of events 90 s; read four times as many large bodies")

// way is a protocol, and what stands before the program.
type way struct {
	mcptest.Protocol
	answers string // their protocol
	// proxy starts what a client connects to in place of the program, and
	// returns how to.
	proxy func(t *testing.T, s *site, certFile, keyFile string) (dial func(context.Context) (net.Conn, error))
}

// waysOverHTTP are the protocols that the program speaks itself, and HTTP/2
// through the documented proxies, which speak HTTP/1.1 to it.
func waysOverHTTP() []way {
	var all []way
	for _, p := range mcptest.Protocols {
		all = append(all, way{p, map[int]string{1: "HTTP/1.1", 2: "HTTP/2.0"}[p.HTTP], nil})
	}
	return append(all,
		way{mcptest.Protocol{Name: "HTTP 2 through nginx", HTTP: 2}, "HTTP/2.0", nginx},
		way{mcptest.Protocol{Name: "HTTP 2 through Caddy", HTTP: 2}, "HTTP/2.0", caddy},
	)
}

// serve starts the program and returns a client of it, and its address.
func (p way) serve(t *testing.T, transport string) (*http.Client, string) {
	t.Helper()
	certFile, keyFile := mcptest.CertificateFiles(t, "localhost", proxiedHost)
	env := []string{"INSTAVIEW_MCP_ALLOWED_HOSTS=" + proxiedHost}
	if p.TLS {
		env = append(env, "INSTAVIEW_MCP_TLS_CERT="+certFile, "INSTAVIEW_MCP_TLS_KEY="+keyFile)
	}
	s := serveHTTP(t, transport, env, "--demo")
	root := s.root()
	direct := p.Transport()
	if p.proxy != nil {
		dial := p.proxy(t, s, certFile, keyFile)
		direct.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
		root = "https://" + proxiedHost
	}
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
func (p way) send(t *testing.T, c *http.Client, url, body string) (answer string, err error) {
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
	if err == nil && (resp.StatusCode > 299 || resp.Proto != p.answers) {
		err = fmt.Errorf("%s %s", resp.Proto, resp.Status)
	}
	return string(b), err
}

func slowWait(seconds int, meta string) string {
	return mcptest.Request(1, "tools/call", mcptest.WithMeta(mcptest.Call("wait_for_sourcing", fmt.Sprintf(`{"request_id":"req_demo_slow","max_wait_seconds":%d}`, seconds)), meta))
}

// Calls that are quiet, and some that end just when the first heartbeat is
// due, in the program as it runs: its own sockets, its own TLS, mcp-go.
func TestN01N02SlowAndQuietCallsOnEveryProtocol(t *testing.T) {
	t.Parallel()
	for _, p := range waysOverHTTP() {
		t.Run(p.Name, func(t *testing.T) {
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
	t.Parallel()
	for _, p := range waysOverHTTP() {
		if p.proxy != nil {
			continue // the README shows none for this transport
		}
		t.Run(p.Name, func(t *testing.T) {
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
func nginx(t *testing.T, s *site, certFile, keyFile string) func(context.Context) (net.Conn, error) {
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
}`, dir, socket, certFile, keyFile, example(t, "nginx", s))
	return proxy(t, socket, config, "nginx", "-p", dir, "-c")
}

// caddy starts one with the documented example.
func caddy(t *testing.T, s *site, certFile, keyFile string) func(context.Context) (net.Conn, error) {
	_, socket := socketDir(t)
	block := strings.Replace(example(t, "caddyfile", s), "{", fmt.Sprintf("{\nbind unix/%s\ntls %s %s\n", socket, certFile, keyFile), 1)
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
	cmd, log := exec.Command(name, append(args, file)...), &mcptest.Buffer{}
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
