package mcpserver

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"instaview-mcp/internal/mcptest"
)

// N23: a server with faulty settings has the same lists, and answers each call
// with the faults.
func TestN23AnUnusableServerListsTheSameAndSaysWhy(t *testing.T) {
	const why = "INSTAVIEW_API_KEY is not set"
	log := slog.New(slog.DiscardHandler)
	unusable, usable := NewUnusable("1", why, log), New(Options{Version: "1", Log: log})
	for _, method := range []string{"tools/list", "prompts/list", "resources/list", "resources/templates/list"} {
		got, want := mcptest.Answer(t, t.Context(), unusable, method, ""), mcptest.Answer(t, t.Context(), usable, method, "")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: usable (-), unusable (+):\n%s", method, diff)
		}
	}
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
