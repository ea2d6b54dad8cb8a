package tools

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client/poll"
	"instaview-mcp/internal/sanitize"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools/shortlist"
)

// Call describes a tool call or a resource read that has ended, for the audit
// log and the metrics. It holds no personal data.
type Call struct {
	// Tool is a tool's name, or resource_shortlist, resource_candidate,
	// resource_csv or resource_html.
	Tool string
	// RequestID is the run's id; "" if the arguments held no valid one.
	RequestID string
	// Outcome is an Outcome constant, or a client.Code if the request to
	// InstaView failed.
	Outcome    string
	Candidates int // number of candidates shown
	Duration   time.Duration
}

// The outcomes of a call. A failed request to InstaView has a client.Code
// instead.
const (
	OutcomeCompleted = "completed"  // the run's shortlist was shown
	OutcomeFailed    = "failed"     // the run has failed
	OutcomeOther     = "other"      // the run has a status that this version does not know
	OutcomeRunning   = "processing" // the run has not ended yet
	OutcomeRefused   = "refused"    // an argument was missing or invalid
	OutcomeBusy      = "busy"       // a limit on waits or API keys was reached
	OutcomeQueued    = "queued"     // no answer from InstaView within the time given
	OutcomeStopped   = "stopped"    // this server is stopping
	OutcomeCancelled = "cancelled"  // the caller cancelled the call
	OutcomeInternal  = "internal"   // an error in this server

	// Only start_sourcing and refine_sourcing have these.
	OutcomeProposed = "proposed"        // a code was given, and nothing started
	OutcomeStarted  = "started"         // InstaView works on the run
	OutcomeEarlier  = "started_earlier" // an earlier call has started it
	OutcomeUnknown  = "outcome_unknown" // it may have been started
)

// reply is a handler's answer, with what Call reports about it.
type reply struct {
	text    sanitize.Clean
	file    string          // a document of another type, in place of text
	view    json.RawMessage // what an MCP App shows; nil = nothing
	isError bool
	outcome string
	shown   int // number of candidates in text
}

// failed returns an answer that is an error for the model.
func failed(outcome string, text sanitize.Clean) reply {
	return reply{text: text, isError: true, outcome: outcome}
}

// handler answers a call. It must check a.fault before it uses v. It takes
// pointers because the stacks of 10,000 calls that wait would hold the copies.
type handler func(ctx context.Context, req *mcp.CallToolRequest, a *reader, v *shortlist.View) (reply, error)

// toolHandler adapts handle to mcp-go: it reads the arguments and records the
// call.
func toolHandler(tool string, settings Settings, handle handler) server.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		r, err := record(ctx, tool, settings.OnCall, func(call *Call) (reply, error) {
			a := readArguments(req.Params.Arguments)
			v := view(a, settings)
			v.Refinement = settings.Starting.refinementOf(ctx, string(v.RequestID))
			call.RequestID = string(v.RequestID)
			return handle(ctx, &req, a, v)
		})
		if err != nil {
			return nil, err
		}
		result := mcp.NewToolResultText(string(r.text))
		result.IsError = r.isError
		if r.view != nil {
			result.Meta = &mcp.Meta{AdditionalFields: map[string]any{ViewKey: r.view}}
		}
		return result, nil
	}
}

// record runs do, reports the call to onCall unless that is nil, and turns
// expected errors into replies.
func record(ctx context.Context, tool string, onCall func(context.Context, Call), do func(*Call) (reply, error)) (reply, error) {
	call := Call{Tool: tool, Outcome: OutcomeInternal} // stays so if do panics
	if onCall != nil {
		start := time.Now()
		defer func() {
			call.Duration = time.Since(start)
			onCall(ctx, call)
		}()
	}
	r, err := do(&call)
	switch {
	case errors.Is(err, poll.ErrClosed):
		r = failed(OutcomeStopped, stopping+" "+whenBack)
	case errors.Is(err, poll.ErrBusy):
		r = failed(OutcomeBusy, "This server is busy with as many waits for this API key as it takes. Try again in 10 s.")
	case errors.Is(err, tenant.ErrFull):
		r = failed(OutcomeBusy, "This server is busy with as many InstaView accounts as it takes. Try again in a minute.")
	case err != nil && ctx.Err() != nil:
		call.Outcome = OutcomeCancelled
		return reply{}, err
	case err != nil:
		return reply{}, err
	}
	call.Outcome, call.Candidates = r.outcome, r.shown
	return r, nil
}
