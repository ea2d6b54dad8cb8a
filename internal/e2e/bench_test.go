package e2e

import (
	"fmt"
	"testing"

	"instaview-mcp/internal/mcptest"
)

// BenchmarkBesideWaits measures get and ping on one connection, alone and
// beside 90 waits.
func BenchmarkBesideWaits(b *testing.B) {
	for _, waits := range []int{0, 90} {
		for name, params := range map[string][2]string{
			"ping": {"ping", ""},
			"get":  {"tools/call", mcptest.Call("get_sourcing_results", `{"request_id":"req_demo_done"}`)},
		} {
			b.Run(fmt.Sprintf("%s/waits=%d", name, waits), func(b *testing.B) {
				c := demo(b)
				c.send(mcptest.Hello)
				c.next()
				for id := range waits {
					c.send(mcptest.Request(1_000_000_000+id, "tools/call", mcptest.Call("wait_for_sourcing", `{"request_id":"req_demo_slow"}`)))
				}
				id := 0
				for b.Loop() {
					id++
					c.ask(id, params[0], params[1])
				}
			})
		}
	}
}
