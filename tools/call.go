package tools

import (
	"context"
	"errors"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client/poll"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools/shortlist"
)

// Call is what became of one tool call or of the reading of one resource, for the
// operator's log and figures. Of people it holds nothing.
type Call struct {
	Tool      string // or resource_shortlist, resource_candidate, resource_csv
	RequestID string // the run's; "" if the arguments named none
	// Outcome is one of the constants below, or a client.Code for a look that
	// failed.
	Outcome    string
	Candidates int // shown
	Duration   time.Duration
}

// What can become of a call, beside the client's codes.
const (
	OutcomeCompleted = "completed"  // the run's shortlist was shown
	OutcomeFailed    = "failed"     // the run has failed
	OutcomeOther     = "other"      // the run has a status this version does not know
	OutcomeRunning   = "processing" // the run goes on
	OutcomeRefused   = "refused"    // the arguments will not do
	OutcomeBusy      = "busy"       // too many calls
	OutcomeQueued    = "queued"     // InstaView was not asked, or did not answer, in the time given
	OutcomeStopped   = "stopped"    // this server is stopping
	OutcomeCancelled = "cancelled"  // by the caller
	OutcomeInternal  = "internal"   // a fault of this server's
)

// reply is a handler's answer, with what the operator is told of it.
type reply struct {
	text    string
	isError bool
	outcome string
	shown   int // candidates
}

func failed(outcome, text string) reply { return reply{text: text, isError: true, outcome: outcome} }

// handler answers a call whose arguments were read well.
type handler func(ctx context.Context, req mcp.CallToolRequest, a *reader, v shortlist.View) (reply, error)

// serve makes a tool's handler one of mcp-go's, and tells of every call.
func (s Settings) serve(tool string, handle handler) server.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		r, err := s.account(ctx, tool, func(call *Call) (reply, error) {
			a := readArguments(req.Params.Arguments)
			v := view(a, s)
			call.RequestID = v.RequestID
			return handle(ctx, req, a, v)
		})
		if err != nil {
			return nil, err
		}
		result := mcp.NewToolResultText(r.text)
		result.IsError = r.isError
		return result, nil
	}
}

// account answers with what do returns, tells of it as a call, and puts into
// words the errors that are the caller's concern.
func (s Settings) account(ctx context.Context, tool string, do func(*Call) (reply, error)) (reply, error) {
	call := Call{Tool: tool, Outcome: OutcomeInternal} // should it panic
	if s.Called != nil {
		start := time.Now()
		defer func() {
			call.Duration = time.Since(start)
			s.Called(ctx, call)
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
