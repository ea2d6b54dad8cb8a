package tools_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/internal/sandbox"
	"instaview-mcp/tools"
)

func TestEveryCallIsReportedToTheOperator(t *testing.T) {
	var got []tools.Call
	settings := tools.Settings{MaxWaits: 1, OnCall: func(_ context.Context, c tools.Call) { got = append(got, c) }}
	inWorld(t, settings, func(w *world) {
		get, wait := "get_sourcing_results", "wait_for_sourcing"
		broken := sandbox.Fault{Status: 500}
		w.sandbox.Inject("req_demo_empty", broken, broken, broken)
		w.call(get, map[string]any{"request_id": "req_demo_done", "limit": 3})
		w.call(wait, map[string]any{"request_id": "req_demo_failed"})
		w.call(get, map[string]any{"request_id": "req_unknown"})
		w.call(get, map[string]any{"limit": "many"})
		w.call(wait, map[string]any{"request_id": "req_demo_slow", "max_wait_seconds": 7})
		gone, leave := context.WithTimeout(w.t.Context(), time.Second)
		defer leave()
		_, _ = w.session.CallTool(gone, mcp.CallToolRequest{Params: mcp.CallToolParams{
			Name: wait, Arguments: map[string]any{"request_id": "req_demo_slow"},
		}})
		w.call(get, map[string]any{"request_id": "req_demo_empty"})
	})
	want := []tools.Call{
		{Tool: "get_sourcing_results", RequestID: "req_demo_done", Outcome: tools.OutcomeCompleted, Candidates: 3},
		{Tool: "wait_for_sourcing", RequestID: "req_demo_failed", Outcome: tools.OutcomeFailed},
		{Tool: "get_sourcing_results", RequestID: "req_unknown", Outcome: "not_found"},
		{Tool: "get_sourcing_results", Outcome: tools.OutcomeRefused},
		{Tool: "wait_for_sourcing", RequestID: "req_demo_slow", Outcome: tools.OutcomeRunning, Duration: 7 * time.Second},
		{Tool: "wait_for_sourcing", RequestID: "req_demo_slow", Outcome: tools.OutcomeCancelled, Duration: time.Second},
		{Tool: "get_sourcing_results", RequestID: "req_demo_empty", Outcome: "unavailable"},
	}
	// How long a call takes is not compared here.
	if len(got) == len(want) {
		got[1].Duration, got[6].Duration = 0, 0
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}
