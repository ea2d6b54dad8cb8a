package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/mcptest"
)

// Errors of prompts and resources have a text and the error code of the
// protocol's revision. mcp-go alone would report each as an internal error.
func TestFaultsHaveTheProtocolsCodes(t *testing.T) {
	answering := func(l poll.Snapshot) runs { return func() (poll.Snapshot, error) { return l, nil } }
	failed := func(code client.Code) runs { return answering(poll.Snapshot{Err: &client.Error{Code: code}}) }
	processing := answering(poll.Snapshot{Results: &client.Results{Status: client.StatusProcessing, HTTPStatus: 202}})
	const notFound = 0 // replaced by the code of the revision
	for name, tt := range map[string]struct {
		runs           runs
		method, params string
		code           int
		uri, text      string
	}{
		"a prompt without its run": {nil, "prompts/get", `{"name":"explain_ranking"}`, -32602, "", "explain_ranking: request_id is missing"},
		"a prompt's wrong value":   {nil, "prompts/get", `{"name":"review_shortlist","arguments":{"request_id":"r","top":"11"}}`, -32602, "", "top must be a whole number"},
		"an argument of no prompt": {nil, "prompts/get", `{"name":"review_shortlist","arguments":{"request_id":"r","salary":"1"}}`, -32602, "", "there is no argument salary"},
		"no such prompt":           {nil, "prompts/get", `{"name":"nope"}`, -32602, "", "not found"},
		"a number for a text":      {nil, "prompts/get", `{"name":"review_shortlist","arguments":{"request_id":5}}`, -32602, "", ""},
		"no such run":              {failed(client.CodeNotFound), "resources/read", `{"uri":"sourcing://r"}`, notFound, "sourcing://r", "InstaView knows no such sourcing run"},
		"no run's id":              {nil, "resources/read", `{"uri":"sourcing://-"}`, notFound, "sourcing://-", "request_id is not a sourcing run's id"},
		"no such candidate":        {completed("Jane"), "resources/read", `{"uri":"sourcing://r/candidates/nope"}`, notFound, "sourcing://r/candidates/nope", "has no such candidate"},
		"no candidate":             {completed("Jane"), "resources/read", `{"uri":"sourcing://r/candidates/%20"}`, notFound, "sourcing://r/candidates/%20", "names no candidate"},
		"no table yet":             {processing, "resources/read", `{"uri":"sourcing://r/shortlist.csv"}`, notFound, "sourcing://r/shortlist.csv", "still processing"},
		"no such resource":         {nil, "resources/read", `{"uri":"file:///etc/hosts"}`, notFound, "file:///etc/hosts", "not found"},
		"a URI that is none":       {nil, "resources/read", `{"uri":5}`, -32602, "", ""},
		"InstaView is down":        {failed(client.CodeUnavailable), "resources/read", `{"uri":"sourcing://r"}`, -32603, "", "could not be reached"},
		"a refused key":            {failed(client.CodeUnauthorized), "resources/read", `{"uri":"sourcing://r"}`, -32603, "", "refused this server's API key"},
	} {
		for era, params := range map[string]string{"legacy": tt.params, "modern": modern(tt.params)} {
			got := mcptest.Answer(t, t.Context(), New(Options{Runs: tt.runs, Log: slog.New(slog.DiscardHandler)}), tt.method, params)
			var answer struct {
				Error *mcp.JSONRPCErrorDetails
			}
			if err := json.Unmarshal([]byte(got), &answer); err != nil || answer.Error == nil {
				t.Errorf("%s, %s: %s", name, era, got)
				continue
			}
			want := tt.code
			if want == notFound {
				want = map[string]int{"legacy": -32002, "modern": -32602}[era]
			}
			if answer.Error.Code != want || !strings.Contains(answer.Error.Message, tt.text) {
				t.Errorf("%s, %s: want code %d and %q in %s", name, era, want, tt.text, got)
			}
			data, _ := answer.Error.Data.(map[string]any)
			if uri, _ := data["uri"].(string); uri != tt.uri {
				t.Errorf("%s, %s: the URI is %q, want %q in %s", name, era, uri, tt.uri, got)
			}
		}
	}
}

// The text of an internal error never reaches the client, only a correlation
// id.
func TestOtherErrorsOfPromptsStayInside(t *testing.T) {
	var log bytes.Buffer
	s := New(Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	s.AddPrompt(mcp.NewPrompt("failing"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		return nil, errors.New("Jane")
	})
	got := mcptest.Answer(t, t.Context(), s, "prompts/get", `{"name":"failing"}`)
	if !strings.Contains(got, `"code":-32603`) || !strings.Contains(got, "correlation id") || strings.Contains(got, "Jane") || !strings.Contains(log.String(), "Jane") {
		t.Errorf("got %s, logged %s", got, &log)
	}
}
