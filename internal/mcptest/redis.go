package mcptest

import (
	"flag"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var needRedis = flag.Bool("redis", false, "fail without redis-server instead of skipping the tests that start it")

// Redis is a server of a test's own.
type Redis struct {
	Process *exec.Cmd
	Port    int
	args    []string
}

// StartRedis starts redis-server on a free port. In options PORT stands for it;
// with --tls-port there is no other.
func StartRedis(t testing.TB, options ...string) *Redis {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if *needRedis {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Redis{Port: l.Addr().(*net.TCPAddr).Port}
	_ = l.Close()
	port := strconv.Itoa(r.Port)
	r.args = []string{"--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", "--port", port}
	if slices.Contains(options, "--tls-port") {
		r.args[len(r.args)-1] = "0"
	}
	for _, option := range options {
		r.args = append(r.args, strings.ReplaceAll(option, "PORT", port))
	}
	r.Start(t)
	t.Cleanup(r.Kill)
	return r
}

// Start starts the program again after Kill. It has forgotten everything.
func (r *Redis) Start(t testing.TB) {
	t.Helper()
	r.Process = exec.Command("redis-server", r.args...)
	if err := r.Process.Start(); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); ; {
		c, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(r.Port))
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("redis-server does not start: %v", err)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// Kill ends the program at once.
func (r *Redis) Kill() {
	_ = r.Process.Process.Kill()
	_ = r.Process.Wait()
}

// URL returns the server's address.
func (r *Redis) URL() string { return fmt.Sprintf("redis://127.0.0.1:%d/0", r.Port) }
