package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"instaview-mcp/internal/sandbox"
)

// The benchmarks run the built program and, in turns with it, the programs of
// testdata/bare, testdata/gosdk and testdata/limit. This process is the client
// and InstaView to all of them, so it speaks JSON-RPC without a library.

var beside = flag.String("beside", "", "another build of the program, which the benchmarks compare with")

// program is a server to measure.
type program struct{ name, path string }

// programs builds the program and those it is compared with. The first is ours.
func programs(b *testing.B) []program {
	b.Helper()
	dir := b.TempDir()
	all := []program{{"ours", "."}, {"bare", "./testdata/bare"}, {"gosdk", "./testdata/gosdk"}, {"limit", "./testdata/limit"}}
	for i, p := range all {
		all[i].path = filepath.Join(dir, p.name)
		build := exec.Command("go", "build", "-trimpath", "-o", all[i].path, p.path)
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // as releases are built
		if out, err := build.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	if *beside != "" {
		all = append(all, program{"beside", *beside})
	}
	return all
}

// process is a server that runs.
type process struct {
	*exec.Cmd
	addr   string // over HTTP
	stdin  io.Writer
	stdout *bufio.Reader
}

// start runs a server over stdio or http until the benchmark ends.
func (p program) start(b *testing.B, transport, upstream string, env ...string) *process {
	b.Helper()
	s := &process{Cmd: exec.Command(p.path)}
	s.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "INSTAVIEW_API_KEY=" + sandbox.Key, "INSTAVIEW_BASE_URL=" + upstream,
		"INSTAVIEW_MCP_TRANSPORT=" + transport, "INSTAVIEW_MCP_ADDR=127.0.0.1:0",
	}, env...)
	stdin, err := s.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := s.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	stderr, err := s.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Start(); err != nil {
		b.Fatal(err)
	}
	s.stdin, s.stdout = stdin, bufio.NewReaderSize(stdout, 1<<20)
	b.Cleanup(s.stop)
	log := bufio.NewReader(stderr)
	if transport == "http" {
		for s.addr == "" {
			line, err := log.ReadString('\n')
			if err != nil {
				b.Fatalf("%s announced no address", p.name)
			}
			if found := announced.FindStringSubmatch(line); found != nil {
				s.addr = found[1]
			}
		}
	}
	go func() { _, _ = io.Copy(io.Discard, log) }()
	return s
}

var announced = regexp.MustCompile(`url=http://([^/]+)/mcp`)

func (s *process) stop() {
	_ = s.Process.Kill()
	_ = s.Wait()
}

// resident returns a server's memory in KiB; 0 where that is not told.
func (s *process) resident() (kib int) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Process.Pid))
	if _, rest, ok := strings.Cut(string(status), "VmRSS:"); ok {
		_, _ = fmt.Sscan(rest, &kib)
	}
	return kib
}

// busy returns how long a server has used a core so far; 0 where that is not
// told.
func (s *process) busy() time.Duration {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.Process.Pid))
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	var user, system int
	_, _ = fmt.Sscan(fields[11], &user)
	_, _ = fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * 10 * time.Millisecond // clock ticks of Linux
}

const hello = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}`

func toolCall(tool, id string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":{"request_id":"` + id + `"}}}`
}

// caller is a client of a server, which sends one request after the other.
type caller struct {
	send func(message string) error
	read func() ([]byte, error) // the answer; valid until the next
}

// connect opens a client's conversation with a server and makes the handshake.
func (s *process) connect(b *testing.B) *caller {
	b.Helper()
	c := &caller{
		send: func(message string) error { _, err := io.WriteString(s.stdin, message+"\n"); return err },
		read: func() ([]byte, error) { return readLine(s.stdout) },
	}
	if s.addr != "" {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close() })
		c = overHTTP(conn)
	}
	if _, err := c.ask(hello); err != nil {
		b.Fatal(err)
	}
	return c
}

// readLine reads a line of any length.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		start := slices.Clone(line)
		line, err = r.ReadBytes('\n')
		line = append(start, line...)
	}
	return line, err
}

func overHTTP(conn net.Conn) *caller {
	r, body := bufio.NewReader(conn), bytes.Buffer{}
	return &caller{
		send: func(message string) error {
			_, err := fmt.Fprintf(conn, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
				"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\nContent-Length: %d\r\n\r\n%s", len(message), message)
			return err
		},
		read: func() ([]byte, error) {
			response, err := http.ReadResponse(r, nil)
			if err != nil {
				return nil, err
			}
			body.Reset()
			if _, err = body.ReadFrom(response.Body); err == nil && response.StatusCode != http.StatusOK {
				err = fmt.Errorf("%s: %s", response.Status, &body)
			}
			return body.Bytes(), err
		},
	}
}

func (c *caller) ask(message string) ([]byte, error) {
	if err := c.send(message); err != nil {
		return nil, err
	}
	return c.read()
}

// get reads a run once.
func (c *caller) get(id string) error {
	answer, err := c.ask(toolCall("get_sourcing_results", id))
	if err == nil && (!bytes.Contains(answer, []byte(id)) || bytes.Contains(answer, []byte(`"isError":true`))) {
		err = fmt.Errorf("answered %.300s", answer)
	}
	return err
}

// upstream is an InstaView without limits. A run whose id begins with slow goes
// on for ever; all others have the candidates of a sample.
func upstream(b *testing.B, sample string) string {
	b.Helper()
	answer := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, "/sourcing/"+sample+"/results", nil)
	request.Header.Set("Authorization", "Bearer "+sandbox.Key)
	sandbox.New().ServeHTTP(answer, request)
	parts := strings.Split(answer.Body.String(), sample)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := strings.Split(r.URL.Path, "/")[2]
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(id, "slow") {
			w.WriteHeader(http.StatusAccepted)
			_, _ = fmt.Fprintf(w, `{"requestId":%q,"status":"processing"}`, id)
			return
		}
		_, _ = io.WriteString(w, strings.Join(parts, id))
	}))
	b.Cleanup(s.Close)
	return s.URL
}

// median returns the middle of some values, and 0 of none.
func median[T int | float64 | time.Duration](values []T) T {
	if len(values) == 0 {
		return 0
	}
	values = slices.Sorted(slices.Values(values))
	return values[len(values)/2]
}

// figures are what rounds have measured, by program.
type figures map[string][]float64

func (f figures) add(program string, value float64) { f[program] = append(f[program], value) }

// report prints each program's median, and ours divided by each other's within
// the same round, because what else the machine does changes from one round to
// the next.
func (f figures) report(b *testing.B, unit string) {
	b.ReportMetric(0, "ns/op") // a round of all programs means nothing
	for name, values := range f {
		b.ReportMetric(median(values), name+"-"+unit)
		if name == "ours" {
			continue
		}
		ratios := make([]float64, 0, len(values))
		for round, value := range values {
			ratios = append(ratios, f["ours"][round]/value)
		}
		b.ReportMetric(median(ratios), "ours/"+name)
	}
}
