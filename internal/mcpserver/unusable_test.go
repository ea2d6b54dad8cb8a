package mcpserver

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// N23: a server with faulty settings has the same lists, and answers each call
// with the faults.
func TestN23AnUnusableServerListsTheSameAndSaysWhy(t *testing.T) {
	const why = "INSTAVIEW_API_KEY is not set"
	log := slog.New(slog.DiscardHandler)
	unusable, usable := NewUnusable("1", why, log), New(Options{Version: "1", Log: log})
	for _, method := range []string{"tools/list", "prompts/list", "resources/list", "resources/templates/list"} {
		request := json.RawMessage(`{"jsonrpc":"2.0","id":1,"method":"` + method + `"}`)
		got, want := marshal(t, unusable.HandleMessage(t.Context(), request)), marshal(t, usable.HandleMessage(t.Context(), request))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: usable (-), unusable (+):\n%s", method, diff)
		}
	}
	const message = `"message":"` + why + `"`
	for params, want := range map[string]string{
		`"tools/call","params":{"name":"wait_for_sourcing"}`:                                `"result":{"content":[{"type":"text","text":"` + why + `"}],"isError":true}`,
		`"prompts/get","params":{"name":"review_shortlist","arguments":{"request_id":"r"}}`: message,
		`"resources/read","params":{"uri":"sourcing://r/shortlist.csv"}`:                    message,
		`"resources/read","params":{"uri":"sourcing://r/candidates/p"}`:                     message,
	} {
		request := json.RawMessage(`{"jsonrpc":"2.0","id":1,"method":` + params + `}`)
		if got := marshal(t, unusable.HandleMessage(t.Context(), request)); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", params, got, want)
		}
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
