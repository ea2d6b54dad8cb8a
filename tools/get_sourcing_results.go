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

func (t getSourcingResults) definition() mcp.Tool {
	return mcp.NewTool("get_sourcing_results",
		readOnly("Get sourcing results"),
		mcp.WithDescription("Look once at an InstaView sourcing run: processing, failed and why, "+
			"or the ranked shortlist with scores, fit points and red flags. For a run still processing use wait_for_sourcing."),
		selecting(t.settings),
	)
}

func (t getSourcingResults) handle(ctx context.Context, _ mcp.CallToolRequest, a *reader, v shortlist.View) (reply, error) {
	a.finish()
	if a.fault != "" {
		return failed(OutcomeRefused, a.fault), nil
	}
	look, err := t.runs.Look(ctx, v.RequestID)
	if err != nil {
		return reply{}, err
	}
	return answer(ctx, v, look, a), nil
}

// answer puts a look into words.
func answer(ctx context.Context, v shortlist.View, look poll.Look, a *reader) reply {
	switch {
	case look.Err != nil:
		s := failure(ctx, look.Err, look.NextIn)
		if look.Results != nil {
			s += " Before that: " + shortlist.Outcome(look.Results, v) + seenAgo(look)
		}
		return failed(string(look.Err.Code), s)
	case look.Results == nil:
		return notYet(v, look, "wait_for_sourcing("+v.Arguments()+")", a)
	case look.Results.InProgress():
		lines := []string{shortlist.Outcome(look.Results, v) + seenAgo(look)}
		lines = append(lines, a.notes...)
		if held(look, 0) {
			lines = append(lines, goOn(look, "wait_for_sourcing("+v.Arguments()+")", 0))
			return reply{text: strings.Join(lines, "\n"), outcome: OutcomeRunning}
		}
		lines = append(lines, fmt.Sprintf("Next: wait_for_sourcing(%s) waits for the end. "+
			"Another look before %s have passed would give this answer again.", v.Arguments(), shortlist.Duration(poll.Floor)))
		return reply{text: strings.Join(lines, "\n"), outcome: OutcomeRunning}
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
