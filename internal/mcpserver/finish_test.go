package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/internal/caller"
)

const canaryKey = "sk_live_canary0123"

// raw makes one request and returns the answer as it is sent.
func raw(t *testing.T, ctx context.Context, s *server.MCPServer, method, params string) string {
	t.Helper()
	answer, err := json.Marshal(s.HandleMessage(ctx, json.RawMessage(`{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":`+params+`}`)))
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// wantsCorrelation checks that an answer gives a correlation id that the log
// has, too, and that neither holds what was inside.
func wantsCorrelation(t *testing.T, answer, log, inside string) {
	t.Helper()
	id := regexp.MustCompile(`correlation id ([0-9a-f]{12})`).FindStringSubmatch(answer)
	if id == nil {
		t.Fatalf("no correlation id in %s", answer)
	}
	if !strings.Contains(log, id[1]) || !strings.Contains(log, "finish_test.go") {
		t.Errorf("the log does not lead to the panic:\n%s", log)
	}
	for _, where := range []string{answer, log} {
		if strings.Contains(where, inside) {
			t.Errorf("the panic's value leaked: %s", where)
		}
	}
}

// mcp-go answers what is no tool call on a goroutine that recovers nothing: a
// panic there would end the process.
func TestAPanicOfAPromptIsCaught(t *testing.T) {
	var log bytes.Buffer
	s := New(Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	s.AddPrompt(mcp.NewPrompt("broken"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		panic("Jane Doe at canary")
	})
	wantsCorrelation(t, raw(t, t.Context(), s, "prompts/get", `{"name":"broken"}`), log.String(), "Jane")
}

func TestTheKeyIsRedactedInPrompts(t *testing.T) {
	s := New(Options{Key: client.NewKey(canaryKey)})
	s.AddPrompt(mcp.NewPrompt("refusing"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		return nil, errors.New("not with " + canaryKey)
	})
	callers := caller.WithCredentials(t.Context(), caller.Credentials{Key: client.NewKey("sk_live_callers0123")})
	for name, tt := range map[string]struct {
		ctx    context.Context
		params string
	}{
		"the server's":        {t.Context(), `{"name":"review_shortlist","arguments":{"request_id":"r","role":"sk_live_canary0123"}}`},
		"the caller's":        {callers, `{"name":"review_shortlist","arguments":{"request_id":"r","role":"sk_live_callers0123"}}`},
		"in a refusal's text": {t.Context(), `{"name":"refusing"}`},
	} {
		got := raw(t, tt.ctx, s, "prompts/get", tt.params)
		if strings.Contains(got, "sk_live") || !strings.Contains(got, "[redacted]") {
			t.Errorf("%s: %s", name, got)
		}
	}
}
