package tools_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/mcpserver"
	"instaview-mcp/internal/mcptest"
)

// fixed is a Waiter that returns the same snapshot for every run.
type fixed poll.Snapshot

func (f fixed) Get(context.Context, string) (poll.Snapshot, error) { return poll.Snapshot(f), nil }
func (f fixed) Wait(context.Context, string, time.Duration, func(poll.Snapshot)) (poll.Snapshot, error) {
	return poll.Snapshot(f), nil
}

// callTool calls a tool for the run r.
func callTool(t *testing.T, runs fixed, tool, arguments string) (text string, isError bool) {
	t.Helper()
	s := mcpserver.New(mcpserver.Options{Runs: runs, Log: slog.New(slog.DiscardHandler)})
	answer := mcptest.Answer(t, t.Context(), s, "tools/call", mcptest.Call(tool, `{"request_id":"r"`+arguments+`}`))
	var got struct {
		Result struct {
			Content []mcp.TextContent
			IsError bool
		}
	}
	if err := json.Unmarshal([]byte(answer), &got); err != nil || len(got.Result.Content) != 1 {
		t.Fatalf("%v: %s", err, answer)
	}
	return got.Result.Content[0].Text, got.Result.IsError
}

// It is no error if InstaView could not be asked about a run: the answer says
// why, for how long, and which call goes on. Both tools give the same time
// (N16), and a wait that could ask says so (N17).
func TestARunThatIsNotAnsweredYetIsANormalAnswer(t *testing.T) {
	running := &client.Results{Status: client.StatusProcessing, HTTPStatus: 202}
	const goesOn = `Next: wait_for_sourcing(request_id="r"`
	for name, tt := range map[string]struct {
		snapshot poll.Snapshot
		want     []string
	}{
		"queued": {poll.Snapshot{Ahead: 12, NextIn: 6600 * time.Millisecond},
			[]string{"queued: 12 requests of this API key ahead, about 7 s.", goesOn}},
		"queued behind one":       {poll.Snapshot{Ahead: 1, NextIn: 500 * time.Millisecond}, []string{"queued: 1 request of this API key ahead, about 1 s.", goesOn}},
		"queued behind many":      {poll.Snapshot{Ahead: 300, NextIn: 3 * time.Minute}, []string{"queued: 300 requests of this API key ahead, about 3 min.", goesOn}},
		"queued behind thousands": {poll.Snapshot{Ahead: poll.MaxAhead, NextIn: 9 * time.Minute}, []string{"queued: at least 1000 requests of this API key ahead, about 9 min.", goesOn}},
		"next":                    {poll.Snapshot{NextIn: 300 * time.Millisecond}, []string{"Its request is the next.", goesOn}},
		"asked":                   {poll.Snapshot{}, []string{"asked and not answered yet", goesOn}},
		"hour spent":              {poll.Snapshot{NextIn: 40 * time.Minute}, []string{"budget of this API key is used up", `InstaView can be asked again in 40 min: tell the user, and call wait_for_sourcing(request_id="r"`}},
		"refused":                 {poll.Snapshot{NextIn: 90 * time.Second, Paused: client.CodeRateLimited}, []string{"request limit for this API key is reached", "InstaView can be asked again in 1 min 30 s"}},
		"down":                    {poll.Snapshot{NextIn: 30 * time.Second, Paused: client.CodeUnavailable}, []string{"failed several times in a row", goesOn}},
		"running, hour spent":     {poll.Snapshot{Results: running, SeenAt: time.Now(), At: time.Now(), NextIn: 40 * time.Minute}, []string{"still processing", "InstaView can be asked again in 40 min: tell the user, and call wait_for_sourcing"}},
		"running, an old run":     {poll.Snapshot{Results: running, SeenAt: time.Now(), At: time.Now(), NextIn: 5 * time.Second}, []string{"still processing", goesOn}},
		"running, behind others":  {poll.Snapshot{Results: running, SeenAt: time.Now(), At: time.Now(), NextIn: 2 * time.Minute, Ahead: 220}, []string{"still processing", goesOn}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, call := range []struct{ tool, arguments string }{
				{"get_sourcing_results", ""}, {"wait_for_sourcing", ""},
				{"wait_for_sourcing", `,"max_wait_seconds":3`}, {"wait_for_sourcing", `,"max_wait_seconds":0`},
			} {
				text, isError := callTool(t, fixed(tt.snapshot), call.tool, call.arguments)
				if isError {
					t.Errorf("%s%s: an error: %s", call.tool, call.arguments, text)
				}
				for _, want := range tt.want {
					if !strings.Contains(text, want) {
						t.Errorf("%s%s: %q is missing in %q", call.tool, call.arguments, want, text)
					}
				}
			}
		})
	}
}
