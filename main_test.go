package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the built binary, as clients run it.
var program string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "instaview-mcp")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }()
		program = filepath.Join(dir, "instaview-mcp")
		if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

func TestStdioServesAHandshakeAListAndACall(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), program, "--demo")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	ask := func(message string) (answer struct {
		ID     int
		Result struct {
			ServerInfo struct{ Name string }
			Tools      []struct{ Name string }
			Content    []struct{ Text string }
		}
	}) {
		t.Helper()
		if _, err := io.WriteString(stdin, message+"\n"); err != nil {
			t.Fatal(err)
		}
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(line, &answer); err != nil {
			t.Fatalf("not JSON on stdout: %q", line)
		}
		return answer
	}
	hello := ask(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`)
	if hello.Result.ServerInfo.Name != "instaview-mcp" {
		t.Errorf("handshake: %+v", hello)
	}
	if _, err := io.WriteString(stdin, `{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n"); err != nil {
		t.Fatal(err)
	}
	if list := ask(`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`); len(list.Result.Tools) != 2 {
		t.Errorf("tools: %+v", list)
	}
	call := ask(`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"get_sourcing_results","arguments":{"request_id":"req_demo_done"}}}`)
	if len(call.Result.Content) != 1 || call.ID != 3 {
		t.Errorf("call: %+v", call)
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(lines)
	if err != nil || len(rest) > 0 {
		t.Errorf("after the last answer: %q, %v", rest, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("at the end of stdin: %v", err)
	}
}
