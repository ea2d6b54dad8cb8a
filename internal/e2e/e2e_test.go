// Package e2e holds the tests of the built binary, which use it over stdio and
// HTTP as clients do.
package e2e

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/sandbox"
)

var (
	buildDir string
	// built builds the program once, when a test first needs it.
	built = sync.OnceValues(func() (path string, err error) {
		return mcptest.Build(buildDir, "instaview-mcp", fmt.Sprintf("-race=%t", raced))
	})
)

// smokeTest is the one test that starts the program under -short.
const smokeTest = "TestBothErasOverTheBuiltBinary"

// program returns the path of the built program. Under -short it skips every
// test but the smoke test.
func program(t testing.TB) string {
	t.Helper()
	if testing.Short() && !strings.HasPrefix(t.Name(), smokeTest) {
		t.Skip("starts the program")
	}
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMain(m *testing.M) {
	flag.Parse()
	// Most tests only wait for a process, and need no core of their own.
	if err := flag.Set("test.parallel", "64"); err != nil {
		panic(err)
	}
	os.Exit(func() int {
		var err error
		if buildDir, err = os.MkdirTemp("", "instaview-mcp"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(buildDir) }()
		return m.Run()
	}())
}

// patience is how long a test waits for something that must happen. It is far
// longer than anything takes, and shorter than the waits whose end must not be
// awaited.
const patience = 40 * time.Second

// conversation is a server process and the lines that it writes.
type conversation struct {
	t      testing.TB
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.ReadCloser
	lines  chan reply
	stderr *mcptest.Buffer
	killed atomic.Bool
}

// reply is one line of stdout.
type reply struct {
	JSONRPC string
	ID      any
	Method  string
	Params  struct {
		Progress float64
		Message  string
	}
	Result struct {
		Content           []struct{ Text string }
		IsError           bool
		StructuredContent any
		Tools             []struct{ Name string }
		Instructions      string
		SupportedVersions []string
		ProtocolVersion   string
	}
	Error *struct {
		Code    int
		Message string
	}

	raw string
}

func (r reply) text() string {
	if len(r.Result.Content) != 1 {
		return ""
	}
	return r.Result.Content[0].Text
}

// start runs the program with env as its whole environment. Every line of its
// stdout must be JSON-RPC.
func start(t testing.TB, env []string, args ...string) *conversation {
	t.Helper()
	c := &conversation{t: t, cmd: exec.Command(program(t), args...), lines: make(chan reply, 20_000), stderr: &mcptest.Buffer{}}
	c.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "SystemRoot=" + os.Getenv("SystemRoot")}, env...)
	c.cmd.Stderr = c.stderr
	var err error
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if c.stdout, err = c.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	go func() {
		defer close(c.lines)
		r := bufio.NewReader(c.stdout)
		for {
			line, err := r.ReadString('\n')
			if len(line) > 0 && !c.killed.Load() { // or it may be half a line
				answer := reply{raw: line}
				if json.Unmarshal([]byte(line), &answer) != nil || answer.JSONRPC != "2.0" {
					t.Errorf("not JSON-RPC on stdout: %q", line)
				}
				c.lines <- answer
			}
			if err != nil {
				return
			}
		}
	}()
	return c
}

// kill ends the process at once and returns when nothing is left of it.
func (c *conversation) kill() {
	c.killed.Store(true)
	_ = c.cmd.Process.Kill()
	for range c.lines {
	}
	_ = c.cmd.Wait()
}

// demo starts the program with its own sandbox.
func demo(t testing.TB) *conversation {
	t.Helper()
	return start(t, nil, "--demo")
}

// upstream starts the program with a sandbox of the test.
func upstream(t *testing.T, opts ...sandbox.Option) (*conversation, *sandbox.Sandbox) {
	t.Helper()
	s := sandbox.New(opts...)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return start(t, []string{"INSTAVIEW_API_KEY=" + sandbox.Key, "INSTAVIEW_BASE_URL=" + server.URL}), s
}

func (c *conversation) send(lines ...string) {
	c.t.Helper()
	if _, err := io.WriteString(c.stdin, strings.Join(lines, "\n")+"\n"); err != nil {
		c.t.Fatal(err)
	}
}

// next returns the next line that is not a notification.
func (c *conversation) next() reply {
	c.t.Helper()
	for {
		r, ok := c.line()
		if !ok {
			c.t.Fatalf("stdout has ended; stderr:\n%s", c.stderr)
		}
		if r.Method == "" {
			return r
		}
	}
}

func (c *conversation) line() (reply, bool) {
	c.t.Helper()
	select {
	case r, ok := <-c.lines:
		return r, ok
	case <-time.After(patience):
		c.t.Fatalf("no line within %v; stderr:\n%s", patience, c.stderr)
		return reply{}, false
	}
}

// ask sends one request and returns the next answer, which must have its id.
func (c *conversation) ask(id int, method, params string) reply {
	c.t.Helper()
	c.send(mcptest.Request(id, method, params))
	r := c.next()
	if r.ID != float64(id) {
		c.t.Fatalf("answer to %v, want %d: %s", r.ID, id, r.raw)
	}
	return r
}

// cancelled returns when a call has ended without an answer. Only then may its
// id be used again.
func (c *conversation) cancelled(id int) {
	c.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		c.send(mcptest.Request(id, "tools/list", mcptest.Modern("{}", "")))
		switch r := c.next(); {
		case r.Error != nil && r.ID == nil: // still under way
		case r.ID == float64(id) && len(r.Result.Tools) > 0:
			return
		default:
			c.t.Fatalf("a cancelled call was answered: %s", r.raw)
		}
	}
	c.t.Fatalf("call %d goes on %v after its cancel", id, patience)
}

// eventually waits until condition holds, which another process or goroutine
// brings about.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// exits waits until the process ends by itself, with status 0.
func (c *conversation) exits() {
	c.t.Helper()
	done := make(chan error, 1)
	go func() {
		for range c.lines { // the pipe must be read to its end first
		}
		done <- c.cmd.Wait()
	}()
	select {
	case err := <-done:
		if err != nil {
			c.t.Errorf("exit: %v; stderr:\n%s", err, c.stderr)
		}
	case <-time.After(patience):
		c.t.Errorf("still there after %v; stderr:\n%s", patience, c.stderr)
	}
}
