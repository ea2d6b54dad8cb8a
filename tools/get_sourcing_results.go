package tools

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/client/poll"
	"instaview-mcp/tools/shortlist"
)

// getSourcingResults looks at a run once.
type getSourcingResults struct {
	runs     Looker
	settings Settings
}

func (getSourcingResults) definition() mcp.Tool {
	return mcp.NewTool("get_sourcing_results",
		readOnly("Get sourcing results"),
		mcp.WithDescription("Look once at an InstaView sourcing run: processing, failed and why, "+
			"or the ranked shortlist with scores, fit points and red flags. For a run still processing use wait_for_sourcing."),
		selecting(),
	)
}

func (t getSourcingResults) handle(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	a := readArguments(req.Params.Arguments)
	v := view(a, t.settings)
	a.ignored()
	if a.fault != "" {
		return mcp.NewToolResultError(a.fault), nil
	}
	look, err := t.runs.Look(ctx, v.RequestID)
	if err != nil {
		return stopped(err)
	}
	return answer(v, look, a), nil
}

// answer puts a look into words.
func answer(v shortlist.View, look poll.Look, a *arguments) *mcp.CallToolResult {
	id := v.RequestID
	switch {
	case look.Err != nil:
		s := failure(look.Err, look.NextIn)
		if look.Results != nil {
			s += " Before that: " + shortlist.Outcome(look.Results, id) + seenAgo(look)
		}
		return mcp.NewToolResultError(s)
	case look.Results == nil:
		return mcp.NewToolResultError(notYet(id, look.NextIn))
	case look.Results.InProgress():
		lines := []string{shortlist.Outcome(look.Results, id) + seenAgo(look)}
		lines = append(lines, a.notes...)
		lines = append(lines, fmt.Sprintf("Next: wait_for_sourcing(%s) waits for the end. "+
			"Another look before %s have passed would give this answer again.", v.Arguments(), shortlist.Duration(poll.Floor)))
		return mcp.NewToolResultText(strings.Join(lines, "\n"))
	default:
		return ended(v, look, a)
	}
}

func seenAgo(look poll.Look) string {
	if age := time.Since(look.SeenAt); age >= time.Second {
		return fmt.Sprintf(" (Seen %s ago.)", shortlist.Duration(age))
	}
	return ""
}
