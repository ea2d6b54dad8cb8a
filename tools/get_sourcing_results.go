package tools

import (
	"context"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/client/poll"
	"instaview-mcp/internal/sanitize"
	"instaview-mcp/tools/shortlist"
)

// getSourcingResults reads a run once.
type getSourcingResults struct {
	runs     Getter
	settings Settings
}

func (t *getSourcingResults) definition() mcp.Tool {
	return mcp.NewTool(getTool,
		readOnly("Get sourcing results"),
		mcp.WithDescription("Read an InstaView sourcing run once: processing, failed and why, "+
			"or the ranked shortlist with scores, fit points and red flags. For a run still processing use wait_for_sourcing."),
		selectionArguments(t.settings),
	)
}

func (t *getSourcingResults) handle(ctx context.Context, _ *mcp.CallToolRequest, a *reader, v *shortlist.View) (reply, error) {
	a.finish()
	if a.fault != "" {
		return failed(OutcomeRefused, a.fault), nil
	}
	snapshot, err := t.runs.Get(ctx, string(v.RequestID))
	if err != nil {
		return reply{}, err
	}
	return answer(ctx, v, snapshot, a), nil
}

// answer describes the state of a run as the reply to a call.
func answer(ctx context.Context, v *shortlist.View, snapshot poll.Snapshot, a *reader) reply {
	switch {
	case snapshot.Err != nil:
		s := failure(ctx, snapshot.Err, snapshot.NextIn)
		if snapshot.Results != nil {
			s += " Before that: " + outcome(v, snapshot)
		}
		return failed(string(snapshot.Err.Code), s)
	case snapshot.Results == nil:
		return pending(v, snapshot, "wait_for_sourcing("+v.Arguments()+")", a)
	case snapshot.Results.InProgress():
		lines := []sanitize.Clean{outcome(v, snapshot)}
		lines = append(lines, a.notes...)
		if heldBack(snapshot, 0) {
			lines = append(lines, nextCall(snapshot, "wait_for_sourcing("+v.Arguments()+")", 0))
			return reply{text: sanitize.Join("\n", lines...), outcome: OutcomeRunning}
		}
		lines = append(lines, "Next: wait_for_sourcing("+v.Arguments()+") waits for the end. "+
			"Asking again before "+shortlist.Duration(poll.Floor)+" have passed would give this answer again.")
		return reply{text: sanitize.Join("\n", lines...), outcome: OutcomeRunning}
	default:
		return ended(v, snapshot, a)
	}
}

// outcome describes the results of a snapshot, and how old they are.
func outcome(v *shortlist.View, snapshot poll.Snapshot) sanitize.Clean {
	return shortlist.Outcome(snapshot.Results, *v) + shortlist.SeenAgo(time.Since(snapshot.SeenAt))
}
