package mcpserver

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/internal/mcptest"
	"instaview-mcp/tools"
)

// N23: a server with faulty settings has the same lists, and answers each call
// with the faults.
func TestN23AnUnusableServerListsTheSameAndSaysWhy(t *testing.T) {
	const why = "INSTAVIEW_API_KEY is not set"
	log := slog.New(slog.DiscardHandler)
	for _, o := range []Options{
		{Version: "1", Log: log}, {Version: "1", Log: log, Settings: tools.Settings{NoApps: true}},
		{Version: "1", Log: log, Only: []string{"wait_for_sourcing", "review_shortlist"}, Settings: tools.Settings{Blind: true}},
	} {
		sameLists(t, NewUnusable(o, why), New(o))
	}
	unusable := NewUnusable(Options{Version: "1", Log: log}, why)
	const message = `"message":"` + why + `"`
	for _, tt := range []struct{ method, params, want string }{
		{"tools/call", `{"name":"wait_for_sourcing"}`, `"result":{"content":[{"type":"text","text":"` + why + `"}],"isError":true}`},
		{"prompts/get", `{"name":"review_shortlist","arguments":{"request_id":"r"}}`, message},
		{"resources/read", `{"uri":"sourcing://r/shortlist.csv"}`, message},
		{"resources/read", `{"uri":"sourcing://r/candidates/p"}`, message},
	} {
		if got := mcptest.Answer(t, t.Context(), unusable, tt.method, tt.params); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s, want %s", tt.params, got, tt.want)
		}
	}
}

func sameLists(t *testing.T, unusable, usable *server.MCPServer) {
	t.Helper()
	for _, method := range []string{"tools/list", "prompts/list", "resources/list", "resources/templates/list"} {
		got, want := mcptest.Answer(t, t.Context(), unusable, method, ""), mcptest.Answer(t, t.Context(), usable, method, "")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: usable (-), unusable (+):\n%s", method, diff)
		}
	}
}
