package tools

import (
	"context"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/client"
	"instaview-mcp/internal/arguments"
	"instaview-mcp/internal/sanitize"
	"instaview-mcp/internal/tenant"
)

// refineSourcing has a run that has ended look for more, once a person has
// agreed.
type refineSourcing struct {
	starting *Starting
	runs     Getter
}

func (t refineSourcing) definition() mcp.Tool {
	most := min(client.MaxAdditional, t.starting.ledger.PerRun())
	return mcp.NewTool(refineTool,
		costs("Refine sourcing"),
		mcp.WithDescription("Have a finished run find more, for credits; confirmed like start_sourcing."),
		mcp.WithString("request_id", mcp.Required(), mcp.Description("Run id")),
		mcp.WithString("query", mcp.Description("What to look for")),
		mcp.WithInteger("additional", mcp.Description(fmt.Sprintf("More candidates, 1-%d; default 10", most))),
		again(), confirmation(),
	)
}

func (refineSourcing) names() []sanitize.Clean {
	return []sanitize.Clean{arguments.RequestID, arguments.Query, arguments.Additional, arguments.Again}
}

func (refineSourcing) verbs() verbs {
	return verbs{tool: refineTool, start: "This would refine a sourcing run", started: "refined"}
}

// refinementOrder is what refine_sourcing carries out.
type refinementOrder struct {
	RequestID sanitize.Clean
	client.Refinement
}

func (t refineSourcing) order(a *reader) (payload any, credits int) {
	o := refinementOrder{a.requestID(), client.Refinement{
		Query:      a.brief(arguments.Query, client.MaxQuery, true),
		Additional: a.credits(arguments.Additional),
	}}
	switch {
	case o.Additional > client.MaxAdditional && t.starting.ledger.PerRun() > client.MaxAdditional: // otherwise PerRun is told
		a.refuse("additional may be at most " + sanitize.Number(client.MaxAdditional) + ".")
	case o.Query == "" && a.given[arguments.Additional] == nil:
		a.refuse("Give query, what to look for, or additional, how many more. For example: query=\"more backend, less front end\".")
	}
	return o, o.Additional
}

// describe reads the run, so that nobody is asked about one that cannot be
// refined.
func (t refineSourcing) describe(ctx context.Context, payload any) ([]sanitize.Clean, error) {
	o := payload.(refinementOrder)
	before, err := t.ended(ctx, string(o.RequestID))
	if err != nil {
		return nil, err
	}
	var wanted sanitize.Clean = "the same as before"
	if o.Query != "" {
		wanted = shown(o.Query, maxShownText)
	}
	status, _ := sanitize.Plain(string(before.Status), len(before.Status))
	return []sanitize.Clean{
		"- run: " + o.RequestID + ", " + status + " with " + counted(len(before.Candidates), "candidate"),
		"- look for: " + wanted,
		"- additional: up to " + counted(o.Additional, "candidate") + " more",
	}, nil
}

// ended returns the results of a run that has ended. The error is a
// *client.Error or one of the Getter's.
func (t refineSourcing) ended(ctx context.Context, requestID string) (*client.Results, error) {
	snapshot, err := t.runs.Get(ctx, requestID)
	switch {
	case err != nil:
		return nil, err
	case snapshot.Err != nil:
		return nil, snapshot.Err
	case snapshot.Results == nil:
		return nil, &client.Error{Code: client.CodeTimeout, Reason: "the run's state was not read in time"}
	case snapshot.Results.Finished():
		return snapshot.Results, nil
	}
	return nil, &client.Error{Code: client.CodeConflict}
}

func (t refineSourcing) carryOut(ctx context.Context, payload any) (requestID string, note sanitize.Clean, err error) {
	o := payload.(refinementOrder)
	before, err := t.ended(ctx, string(o.RequestID))
	if err != nil {
		return "", "", err
	}
	started, err := t.starting.runs.Refine(ctx, string(o.RequestID), o.Refinement, before)
	if err != nil {
		// If it is refined all the same, its results have to say what is new.
		if failure := new(client.Error); errors.As(err, &failure) && failure.OutcomeUnknown {
			t.starting.refined.add(tenant.IDOf(ctx), string(o.RequestID), string(o.RequestID), before)
		}
		return "", "", err
	}
	t.starting.refined.add(tenant.IDOf(ctx), string(o.RequestID), started.RequestID, before)
	t.starting.remember(ctx, started.RequestID, "", string(o.RequestID))
	note = "InstaView goes on under the same request id."
	if started.RequestID != string(o.RequestID) {
		note = "InstaView goes on under another request id than before: use the new one."
	}
	return started.RequestID, note, nil
}

func (refineSourcing) refused(ctx context.Context, e *client.Error) sanitize.Clean {
	switch e.Code {
	case client.CodeConflict:
		return "The run is still processing, and only one that has ended can be refined: wait_for_sourcing first."
	case client.CodeNotFound:
		return explain(ctx, e)
	case client.CodeInvalidRequest, client.CodeUnprocessable:
		return "InstaView does not accept this refinement" + cause(e) + ". Check request id and query with the user."
	}
	return spendRefused(ctx, e)
}
