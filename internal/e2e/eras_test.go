package e2e

import (
	"fmt"
	"strings"
	"testing"

	"instaview-mcp/internal/mcptest"
)

// era is one of the protocol's two ways to begin: with a handshake, or with all
// information in every request.
type era struct {
	name  string
	begin func(*conversation)
	// params adds what the era requires to a request's params.
	params func(params, meta string) string
}

var eras = []era{
	{
		name: "2025-11-25",
		begin: func(c *conversation) {
			hello := c.ask(1, "initialize", `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}`)
			if hello.Result.ProtocolVersion != "2025-11-25" || hello.Result.Instructions == "" {
				c.t.Fatalf("handshake: %s", hello.raw)
			}
			c.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
		},
		params: func(params, meta string) string { return mcptest.WithMeta(params, meta) },
	},
	{
		name: "2026-07-28",
		begin: func(c *conversation) {
			hello := c.ask(1, "server/discover", mcptest.Modern("{}", ""))
			if !strings.Contains(hello.raw, `"2026-07-28"`) || hello.Result.Instructions == "" {
				c.t.Fatalf("discovery: %s", hello.raw)
			}
		},
		params: mcptest.Modern,
	},
}

func TestBothErasOverTheBuiltBinary(t *testing.T) {
	t.Parallel()
	for _, e := range eras {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			c := demo(t)
			e.begin(c)

			list := c.ask(2, "tools/list", e.params("{}", ""))
			if len(list.Result.Tools) != 3 {
				t.Errorf("tools/list: %s", list.raw)
			}
			get := c.ask(3, "tools/call", e.params(mcptest.Call("get_sourcing_results", `{"request_id":"req_demo_done","detail":"brief"}`), ""))
			if get.Result.IsError || !strings.Contains(get.text(), "\n20 ") || get.Result.StructuredContent != nil {
				t.Errorf("get: %s", get.raw)
			}
			bad := c.ask(4, "tools/call", e.params(mcptest.Call("get_sourcing_results", `{"request_id":"../x"}`), ""))
			if !bad.Result.IsError || !strings.Contains(bad.text(), "No request was made.") {
				t.Errorf("bad arguments: %s", bad.raw)
			}
			lenient := c.ask(5, "tools/call", e.params(mcptest.Call("get_sourcing_results", `{"request_id":"req_demo_done","limit":"1","wait_for_previous":true}`), ""))
			if lenient.Result.IsError || !strings.Contains(lenient.text(), "Showing 1 in summary.") {
				t.Errorf("lenient arguments: %s", lenient.raw)
			}
			unknown := c.ask(6, "tools/call", e.params(mcptest.Call("delete_candidates", `{}`), ""))
			if unknown.Error == nil || unknown.Error.Code != -32602 {
				t.Errorf("unknown tool: %s", unknown.raw)
			}

			e.reportsProgressAndCancels(t, c)
			wait := c.ask(12, "tools/call", e.params(mcptest.Call("wait_for_sourcing", `{"request_id":"req_demo_slow","max_wait_seconds":1}`), ""))
			if wait.Result.IsError || !strings.Contains(wait.text(), "still processing") {
				t.Errorf("wait: %s", wait.raw)
			}

			if err := c.stdin.Close(); err != nil {
				t.Fatal(err)
			}
			c.exits()
		})
	}
}

// reportsProgressAndCancels cancels a wait of 50 s after two notifications of
// progress: one at once and one after the first request.
func (e era) reportsProgressAndCancels(t *testing.T, c *conversation) {
	t.Helper()
	c.send(mcptest.Request(8, "tools/call", e.params(mcptest.Call("wait_for_sourcing", `{"request_id":"req_demo_slow"}`), `"progressToken":"p"`)))
	for progress, last := 0, -1.0; progress < 2; progress++ {
		r, ok := c.line()
		if !ok || r.Method != "notifications/progress" {
			t.Fatalf("want progress, got %s", r.raw)
		}
		if r.Params.Progress <= last || r.Params.Message == "" {
			t.Errorf("progress after %v: %s", last, r.raw)
		}
		last = r.Params.Progress
	}
	c.ask(9, "tools/list", e.params("{}", "")) // beside the wait
	c.send(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":%s}`, e.params(`{"requestId":8}`, "")))
	c.cancelled(8)
	c.ask(11, "tools/list", e.params("{}", ""))
}
