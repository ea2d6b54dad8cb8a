package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/sandbox"
)

const (
	slow = `{"request_id":"req_demo_slow"}`
	done = `{"request_id":"req_demo_done","limit":1}`
)

// wants checks an answer's error code; 0 means no error.
func (r reply) wants(t *testing.T, id any, code int) {
	t.Helper()
	got := 0
	if r.Error != nil {
		got = r.Error.Code
	}
	if r.ID != id || got != code {
		t.Errorf("answer to %v with error %d, want %v with %d: %s", r.ID, got, id, code, r.raw[:min(len(r.raw), 300)])
	}
}

// Hostile or faulty clients on stdio, by their case numbers.
func TestStdioCases(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T, *conversation){
		"S01 64 MiB without a newline": func(t *testing.T, c *conversation) {
			block := strings.Repeat("x", 1<<20)
			for range 64 {
				if _, err := io.WriteString(c.stdin, block); err != nil {
					t.Fatal(err)
				}
			}
			c.send("", mcptest.Request(1, "ping", ""))
			c.next().wants(t, nil, -32700)
			c.next().wants(t, 1.0, 0)
			c.staysSmall()
		},
		"S02 blank lines, CRLF, BOM": func(t *testing.T, _ *conversation) {
			c := demo(t)
			c.send("\ufeff"+mcptest.Request(1, "ping", "")+"\r", "", "  ", "\r")
			c.next().wants(t, 1.0, 0)
			c.send(mcptest.Request(2, "ping", ""))
			c.next().wants(t, 2.0, 0)
		},
		"S03 not JSON": func(t *testing.T, c *conversation) {
			c.send("not json", mcptest.Request(1, "ping", ""))
			c.next().wants(t, nil, -32700)
			c.next().wants(t, 1.0, 0)
		},
		"S04 a batch": func(t *testing.T, c *conversation) {
			c.send("["+mcptest.Request(1, "ping", "")+"]", "[]")
			c.next().wants(t, nil, -32700)
			c.next().wants(t, nil, -32700)
		},
		"S05 the end right after 20 calls": func(t *testing.T, c *conversation) {
			for id := range 20 {
				c.send(mcptest.Request(id+1, "tools/call", mcptest.Call("get_sourcing_results", done)))
			}
			_ = c.stdin.Close()
			for range 20 {
				if r := c.next(); r.text() == "" {
					t.Errorf("no answer: %s", r.raw)
				}
			}
			c.exits()
		},
		"S05 the end during waits": func(t *testing.T, c *conversation) {
			c.send(mcptest.Request(1, "tools/call", mcptest.Call("get_sourcing_results", slow)))
			c.next().wants(t, 1.0, 0)
			for id := range 20 {
				c.send(mcptest.Request(id+2, "tools/call", mcptest.Call("wait_for_sourcing", slow)))
			}
			_ = c.stdin.Close()
			for range 20 {
				if r := c.next(); r.Result.IsError || !strings.Contains(r.text(), "still processing") {
					t.Errorf("want what is known: %s", r.raw)
				}
			}
			c.exits()
		},
		"S06 a get beside 5 waits": func(t *testing.T, c *conversation) {
			besideWaits(t, c, 5, "tools/call", mcptest.Call("get_sourcing_results", done))
		},
		"S07 a ping beside 106 waits": func(t *testing.T, c *conversation) {
			besideWaits(t, c, 106, "ping", "")
		},
		"S07 a burst of gets beside 106 waits": func(t *testing.T, c *conversation) {
			var lines []string
			for id := range 106 {
				lines = append(lines, mcptest.Request(1001+id, "tools/call", mcptest.Call("wait_for_sourcing", slow)))
			}
			for id := range 150 {
				lines = append(lines, mcptest.Request(id+1, "tools/call", mcptest.Call("get_sourcing_results", done)))
			}
			c.send(lines...)
			for busy, answered := 0, 0; busy < 16 || answered < 150; {
				switch r := c.next(); {
				case strings.Contains(r.text(), "busy with 90 waits"):
					busy++
				case r.ID.(float64) < 1000 && !r.Result.IsError && r.text() != "":
					answered++
				default:
					t.Fatalf("want a list, or a wait that is told to come again: %s", r.raw)
				}
			}
		},
		"S08 a cancel with all workers taken": func(t *testing.T, c *conversation) {
			besideWaits(t, c, 90, "ping", "")
			c.send(mcptest.Cancel(1001))
			c.cancelled(1001)
			c.send(mcptest.Request(7, "tools/call", mcptest.Call("wait_for_sourcing", `{"request_id":"req_demo_empty"}`)))
			if r := c.next(); r.ID != 7.0 || r.Result.IsError {
				t.Errorf("the place was not freed: %s", r.raw)
			}
		},
		"S08 cancels right behind their calls": func(t *testing.T, c *conversation) {
			var lines []string
			for id := range 50 {
				lines = append(lines, mcptest.Request(id+1, "tools/call", mcptest.Call("wait_for_sourcing", slow)), mcptest.Cancel(id+1))
			}
			c.send(lines...)
			for id := range 50 {
				c.cancelled(id + 1)
			}
		},
		"S09 2,000 subscriptions": func(t *testing.T, c *conversation) {
			for id := range 2_000 {
				c.send(mcptest.Request(id, "subscriptions/listen", mcptest.Modern(`{"notifications":{"toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true,"resourceSubscriptions":["sourcing://req_demo_done"]}}`, "")))
			}
			for range 2_000 {
				c.next() // nothing can be subscribed to, so no subscription stays open
			}
			c.staysSmall()
		},
		"S10 stdout closed by the client": func(t *testing.T, c *conversation) {
			_ = c.stdout.Close()
			// A process that another test starts may hold the pipe for a
			// moment, so one answer may still find a reader.
			eventually(t, "the program closes its stdin", func() bool {
				_, err := io.WriteString(c.stdin, mcptest.Request(1, "ping", "")+"\n")
				return err != nil
			})
			c.exits()
		},
		// Panics are tested in package mcpserver, faulty flags in package cli.
		"S12 every log level and format": func(t *testing.T, _ *conversation) {
			for _, env := range [][]string{
				{"INSTAVIEW_MCP_LOG_LEVEL=debug"}, {"INSTAVIEW_MCP_LOG_LEVEL=debug", "INSTAVIEW_MCP_LOG_FORMAT=json"},
				{"INSTAVIEW_MCP_LOG_LEVEL=warn"}, {"INSTAVIEW_MCP_LOG_LEVEL=error"},
			} {
				s := start(t, env, "--demo")
				s.send(mcptest.Hello, mcptest.Request(1, "tools/call", mcptest.Call("get_sourcing_results", done)), "x", `{"canary":`)
				for range 4 {
					s.next() // every line of stdout is checked to be JSON-RPC
				}
				_ = s.stdin.Close()
				s.exits()
				if strings.Contains(s.stderr.String(), "canary") {
					t.Errorf("a message's content is logged:\n%s", s.stderr)
				}
			}
		},
		"S13 an id that is under way": func(t *testing.T, c *conversation) {
			c.send(mcptest.Request(1, "tools/call", mcptest.Call("wait_for_sourcing", slow)), mcptest.Request(1, "ping", ""))
			c.next().wants(t, nil, -32600)
			c.send(mcptest.Request(2, "ping", ""), `{"jsonrpc":"2.0","id":"1","method":"ping"}`)
			got := map[any]bool{c.next().ID: true, c.next().ID: true}
			if !got[2.0] || !got["1"] {
				t.Errorf("answers to %v", got)
			}
		},
		"S14 a cancel with the id as a string": func(t *testing.T, c *conversation) {
			c.send(mcptest.Request(1, "tools/call", mcptest.Call("wait_for_sourcing", slow)), mcptest.Request(2, "ping", ""))
			c.next().wants(t, 2.0, 0)
			// The cancel may end the wait or not, but the ping after it is
			// answered.
			c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"1"}}`, mcptest.Request(3, "ping", ""))
			for r := c.next(); r.ID != 3.0; r = c.next() {
				r.wants(t, 1.0, 0)
			}
		},
		"S15 invalid UTF-8": func(t *testing.T, c *conversation) {
			c.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"p\xffing\"}", mcptest.Request(2, "ping", ""))
			c.next().wants(t, nil, -32700)
			c.next().wants(t, 2.0, 0)
		},
		"S16 10,000 pings in a burst": func(t *testing.T, c *conversation) {
			go func() {
				for id := range 10_000 {
					c.send(mcptest.Request(id, "ping", ""))
				}
			}()
			seen := map[any]bool{}
			for range 10_000 {
				seen[c.next().ID] = true
			}
			if len(seen) != 10_000 {
				t.Errorf("%d different answers", len(seen))
			}
			c.staysSmall()
		},
		"duplicate names": func(t *testing.T, c *conversation) {
			c.send(`{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}`, `{"jsonrpc":"2.0","id":1,"METHOD":"ping"}`)
			c.next().wants(t, nil, -32700)
			c.next().wants(t, 1.0, -32600)
		},
		"ids that would not come back as sent": func(t *testing.T, c *conversation) {
			for _, id := range []string{"9007199254740993", "1.5", "1e3", "{}", "[1]", "true"} {
				c.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"ping"}`, id))
				c.next().wants(t, nil, -32600)
			}
		},
		"nested too deep": func(t *testing.T, c *conversation) {
			c.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":%s%s}}`, strings.Repeat("[", 200), strings.Repeat("]", 200)))
			c.next().wants(t, 1.0, -32600)
		},
		"a last line without a newline": func(t *testing.T, c *conversation) {
			if _, err := io.WriteString(c.stdin, mcptest.Request(1, "ping", "")); err != nil {
				t.Fatal(err)
			}
			_ = c.stdin.Close()
			c.next().wants(t, 1.0, 0)
			c.exits()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := demo(t)
			c.send(mcptest.Hello)
			c.next().wants(t, 0.0, 0)
			test(t, c)
		})
	}
}

// Odd arguments about which the protocol decides. The others are tested in
// package tools.
func TestArgumentCasesOfTheProtocol(t *testing.T) {
	t.Parallel()
	c := demo(t)
	c.send(mcptest.Hello)
	c.next()
	get := mcptest.Call("get_sourcing_results", `{"request_id":"req_demo_empty"}`)
	for _, tt := range []struct {
		name, method, params string
		code                 int
	}{
		{"A06 a number beyond float64", "tools/call", mcptest.Call("get_sourcing_results", `{"request_id":"r","limit":1e309}`), -32600},
		{"A09 a prompt by a path", "prompts/get", `{"name":"../x","arguments":{"a":"{{"}}`, -32602},
		{"A09 a template for an id", "prompts/get", `{"name":"review_shortlist","arguments":{"request_id":"{{.}}"}}`, -32602},
		{"A10 a completion with an empty ref", "completion/complete", `{"ref":{},"argument":{"name":"x","value":"y"}}`, -32600},
		{"A11 a task", "tools/call", strings.TrimSuffix(get, "}") + `,"task":{"ttl":-1}}`, 0},
		{"A12 _meta a string", "tools/call", strings.TrimSuffix(get, "}") + `,"_meta":"x"}`, -32600},
		{"A13 a progress token that is an object", "tools/call", mcptest.WithMeta(get, `"progressToken":{"a":1}`), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c.t = t
			c.ask(1, tt.method, tt.params).wants(t, 1.0, tt.code)
		})
	}
}

// besideWaits starts waits, of which 90 are accepted and the others answered
// that the server is busy, and checks that a request is answered meanwhile.
func besideWaits(t *testing.T, c *conversation, waits int, method, params string) {
	t.Helper()
	for id := range waits {
		c.send(mcptest.Request(1001+id, "tools/call", mcptest.Call("wait_for_sourcing", slow)))
	}
	c.send(mcptest.Request(1, method, params))
	answered := false
	for busy := 0; !answered || busy < waits-90; {
		switch r := c.next(); {
		case r.ID == 1.0:
			answered = true
		case strings.Contains(r.text(), "busy with 90 waits"), r.Error != nil && r.Error.Code == -32000:
			busy++
		default:
			t.Fatalf("a wait ended before the request beside it: %s", r.raw)
		}
	}
	// The answer of a further refused or finished wait would come before this
	// one.
	c.ask(2, "ping", "")
}

// staysSmall checks that the process has not needed much memory.
func (c *conversation) staysSmall() {
	c.t.Helper()
	c.staysBelow(64 << 10)
}

// staysBelow checks the process's largest resident size so far, in KiB. It
// skips the check under the race detector, which needs memory of its own.
func (c *conversation) staysBelow(kib int) {
	c.t.Helper()
	if runtime.GOOS != "linux" || raced {
		return
	}
	if peak := c.peakMemory(); peak > kib {
		c.t.Errorf("peak memory %d KiB, want at most %d", peak, kib)
	}
}

// peakMemory returns the process's largest resident size so far, in KiB.
func (c *conversation) peakMemory() (kib int) {
	c.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		c.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		c.t.Fatal(err)
	}
	return kib
}

func TestS11SignalsEndWaitsAndTheProgram(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		return // Windows has no signals; the end of stdin stops the program
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			c, s := upstream(t)
			begun := time.Now()
			c.send(mcptest.Hello, mcptest.Request(1, "tools/call", mcptest.Call("get_sourcing_results", slow)))
			c.next()
			c.next()
			c.send(mcptest.Request(2, "tools/call", mcptest.Call("wait_for_sourcing", slow)), mcptest.Request(3, "ping", ""))
			c.next().wants(t, 3.0, 0)
			if err := c.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			// On a machine so busy that the wait cannot end within a second,
			// the answer is the other one.
			if r := c.next(); r.ID != 2.0 || !strings.Contains(r.text(), "This server is stopping.") && (r.Error == nil || !strings.Contains(r.Error.Message, "being stopped")) {
				t.Errorf("the wait was not answered: %s", r.raw)
			}
			c.exits()
			// Only a wait that lasts 5 s asks again.
			if n, most := len(s.Requests()), 1+int(time.Since(begun)/(5*time.Second)); n > most {
				t.Errorf("%d requests upstream, want at most %d", n, most)
			}
		})
	}
}

// Pipes that nobody reads must delay neither an answer nor the end.
func TestUnreadPipesDoNotHoldTheProgram(t *testing.T) {
	t.Parallel()
	// More answers and log lines than a pipe's buffer holds.
	var flood []string
	for id := range 5_000 {
		flood = append(flood, mcptest.Request(id+1, "ping", ""), "not json")
	}
	for name, stdoutIsRead := range map[string]bool{"stdout": false, "stderr": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(program(t), "--demo")
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = read.Close() }()
			if stdoutIsRead {
				cmd.Stdout, cmd.Stderr = io.Discard, write
			} else {
				cmd.Stdout = write
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			_ = write.Close() // the process has its own copy
			killer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
			defer killer.Stop()
			if _, err := io.WriteString(stdin, mcptest.Hello+"\n"+strings.Join(flood, "\n")+"\n"); err != nil {
				t.Error(err)
			}
			_ = stdin.Close()
			if err := cmd.Wait(); err != nil {
				t.Errorf("exit: %v", err)
			}
		})
	}
}

// A client that reads late, after its calls are answered and stdin has ended,
// gets every answer whole, if it reads in time.
func TestAnswersOutliveTheEndOfStdin(t *testing.T) {
	t.Parallel()
	const inTime, calls = time.Second, 20
	for tries := 1; ; tries++ {
		lines, took := readLate(t, calls)
		switch {
		case lines == calls+1:
			return
		case took < inTime || tries == 5:
			t.Fatalf("%d whole lines, read within %v, want %d", lines, took, calls+1)
		}
		t.Logf("this machine was too busy to read in time: %d lines within %v", lines, took)
	}
}

// readLate makes calls, ends stdin once they are answered, and returns how many
// whole lines it could read then, and how long after the end the last.
func readLate(t *testing.T, calls int) (lines int, took time.Duration) {
	t.Helper()
	cmd := exec.Command(program(t), "--demo")
	cmd.Env = append(os.Environ(), "INSTAVIEW_MCP_LOG_LEVEL=info")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer killer.Stop()
	messages := []string{mcptest.Hello}
	for id := range calls {
		messages = append(messages, mcptest.Request(id+1, "tools/call", mcptest.Call("get_sourcing_results", `{"request_id":"req_demo_large","detail":"full"}`)))
	}
	if _, err := io.WriteString(stdin, strings.Join(messages, "\n")+"\n"); err != nil {
		t.Fatal(err)
	}
	log := bufio.NewScanner(stderr)
	for answered := 0; answered < calls && log.Scan(); {
		if strings.Contains(log.Text(), "msg=call ") {
			answered++
		}
	}
	end := time.Now()
	_ = stdin.Close()
	for log.Scan() && !strings.Contains(log.Text(), "stdin ended") {
	}
	all, err := io.ReadAll(stdout)
	if err != nil {
		t.Fatal(err)
	}
	took = time.Since(end)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	return strings.Count(string(all), "}\n"), took
}

// Large answers that are not read yet must not fill the memory.
func TestManyLargeAnswersFitIntoMemory(t *testing.T) {
	t.Parallel()
	// So that what is measured is what is held, and little of what was.
	c := start(t, []string{"GOGC=50"}, "--demo")
	c.send(mcptest.Hello)
	c.next()
	const calls = 900
	for id := range calls {
		c.send(mcptest.Request(id+1, "tools/call", mcptest.Call("get_sourcing_results", `{"request_id":"req_demo_large","detail":"full","limit":50}`)))
	}
	for range calls {
		if r := c.next(); r.Result.IsError || len(r.text()) < 20_000 {
			t.Fatalf("answer: %.300s", r.raw)
		}
	}
	c.staysBelow(80 << 10) // without limits it takes more than 100 MiB
}

// An upstream request without an answer must not delay the end.
func TestTheEndDoesNotAwaitAHungUpstream(t *testing.T) {
	t.Parallel()
	c, s := upstream(t)
	s.Inject("req_demo_done", sandbox.Fault{Delay: 2 * patience})
	c.send(mcptest.Hello, mcptest.Request(1, "tools/call", mcptest.Call("get_sourcing_results", done)))
	c.next()
	_ = c.stdin.Close()
	// On a machine so busy that the call cannot end in time, the answer is the
	// other one.
	if r := c.next(); r.ID != 1.0 || !strings.Contains(r.text(), "This server is stopping") && r.Error == nil {
		t.Errorf("the call got no word: %s", r.raw)
	}
	c.exits()
}
