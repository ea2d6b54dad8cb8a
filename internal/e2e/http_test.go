package e2e

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"instaview-mcp/internal/mcptest"
)

// site is the program serving HTTP.
type site struct {
	url string // of its endpoint
	cmd *exec.Cmd
	log *mcptest.Buffer

	logged chan struct{} // closed when the log has been read to its end
}

var announced = regexp.MustCompile(`url=(\S+)`)

// serveHTTP starts the program on a free port.
func serveHTTP(t testing.TB, transport string, env []string, args ...string) *site {
	t.Helper()
	s := &site{log: &mcptest.Buffer{}, logged: make(chan struct{})}
	s.cmd = exec.Command(program(t), append(args, "--transport", transport, "--addr", "127.0.0.1:0")...)
	s.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "SystemRoot=" + os.Getenv("SystemRoot")}, env...)
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.logged
		_ = s.cmd.Wait()
	})
	url := make(chan string, 1)
	go func() {
		defer close(s.logged)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			_, _ = io.WriteString(s.log, lines.Text()+"\n")
			if found := announced.FindStringSubmatch(lines.Text()); found != nil {
				url <- found[1]
			}
		}
		close(url)
	}()
	select {
	case s.url = <-url:
	case <-time.After(patience):
	}
	if s.url == "" {
		t.Fatalf("no address announced:\n%s", s.log)
	}
	return s
}

// stop ends the program and waits for the rest of its log.
func (s *site) stop() {
	if s.cmd.Process.Signal(syscall.SIGTERM) != nil {
		_ = s.cmd.Process.Kill() // Windows has no such signal
	}
	<-s.logged
}

// root is the server's address without a path.
func (s *site) root() string { return s.url[:strings.LastIndex(s.url, "/")] }

func TestHTTPEndsOnASignal(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		return
	}
	for _, transport := range []string{"http", "sse"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			s := serveHTTP(t, transport, nil, "--demo")
			resp, err := http.Get(s.root() + "/readyz")
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("ready: %v %v", resp, err)
			}
			var events *http.Response
			if transport == "sse" { // an open stream must not delay the end
				if events, err = http.Get(s.url); err != nil {
					t.Fatal(err)
				}
				defer func() { _ = events.Body.Close() }()
				if !strings.Contains(s.log.String(), "deprecated") {
					t.Errorf("the log does not say that the transport is deprecated:\n%s", s.log)
				}
			}
			if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- s.cmd.Wait() }()
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("exit: %v\n%s", err, s.log)
				}
			case <-time.After(patience):
				t.Errorf("still there after %v\n%s", patience, s.log)
			}
		})
	}
}

func TestHTTPRefusesToStartWhereItMustNot(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env  []string
		args []string
		want string
	}{
		"P05 no token":             {nil, []string{"--demo", "--transport", "http", "--addr", "0.0.0.0:0"}, "can be reached from the network: set INSTAVIEW_MCP_AUTH_TOKEN"},
		"a key beside callers'":    {[]string{"INSTAVIEW_MCP_CALLER_KEYS=true", "INSTAVIEW_API_KEY=x"}, []string{"--transport", "http"}, "exclude each other"},
		"callers' keys over stdio": {[]string{"INSTAVIEW_MCP_CALLER_KEYS=true"}, nil, "needs HTTP"},
		"P01 no key":               {nil, []string{"--transport", "sse"}, "INSTAVIEW_API_KEY is not set"},
		"an unknown transport":     {nil, []string{"--demo", "--transport", "grpc"}, "INSTAVIEW_MCP_TRANSPORT must be stdio, http"},
		"no certificate":           {[]string{"INSTAVIEW_MCP_TLS_CERT=/none", "INSTAVIEW_MCP_TLS_KEY=/none"}, []string{"--demo", "--transport", "http"}, "INSTAVIEW_MCP_TLS_CERT: the file cannot be read"},
		"an address in use":        {nil, []string{"--demo", "--transport", "http", "--addr", "256.0.0.1:1"}, "set INSTAVIEW_MCP_AUTH_TOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(program(t), tt.args...)
			cmd.Env = append([]string{"SystemRoot=" + os.Getenv("SystemRoot")}, tt.env...)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), tt.want) {
				t.Errorf("error %v, want one with %q:\n%s", err, tt.want, out)
			}
		})
	}
}
