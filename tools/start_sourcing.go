package tools

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/client"
	"instaview-mcp/internal/arguments"
	"instaview-mcp/internal/sanitize"
)

// startSourcing starts a run, once a person has agreed.
type startSourcing struct{ starting *Starting }

func (t startSourcing) definition() mcp.Tool {
	return mcp.NewTool(startTool,
		costs("Start sourcing"),
		mcp.WithDescription("Start a sourcing run, for credits. The first call starts nothing: it gives a summary and a code. "+
			"Show the user; after their yes, call again with confirmation."),
		mcp.WithString("title", mcp.Required(), mcp.Description("Job title")),
		mcp.WithString("job_description", mcp.Required(), mcp.Description("At most 10000 characters")),
		mcp.WithString("location", mcp.Description("Place")),
		mcp.WithString("query", mcp.Description("Must-haves")),
		mcp.WithInteger("limit", mcp.Description(fmt.Sprintf("Candidates, 1 credit each, 1-%d; default 10", t.starting.ledger.PerRun()))),
		again(), confirmation(),
	)
}

func again() mcp.ToolOption { return mcp.WithBoolean("again", mcp.Description("Repeat")) }

func confirmation() mcp.ToolOption {
	return mcp.WithString("confirmation", mcp.Description("Code"))
}

func (startSourcing) names() []sanitize.Clean {
	return []sanitize.Clean{arguments.Title, arguments.JobDescription, arguments.Location, arguments.Query, arguments.Limit, arguments.Again}
}

func (startSourcing) verbs() verbs {
	return verbs{tool: startTool, start: "This would start a sourcing run", started: "started"}
}

// The most characters of a brief that a summary shows of each text.
const (
	maxShownText        = client.MaxQuery
	maxShownDescription = 300
	maxLocation         = 1_000 // far above any place; the API documents no limit
)

func (startSourcing) order(a *reader) (payload any, credits int) {
	b := client.Brief{
		Title:          a.brief(arguments.Title, client.MaxTitle, true),
		JobDescription: a.brief(arguments.JobDescription, client.MaxJobDescription, false),
		Location:       a.brief(arguments.Location, maxLocation, true),
		Query:          a.brief(arguments.Query, client.MaxQuery, true),
		Limit:          a.credits(arguments.Limit),
	}
	switch {
	case b.Title == "":
		a.refuse("title is missing: the job's title, such as title=\"Senior Go engineer\".")
	case b.JobDescription == "":
		a.refuse("job_description is missing: what the job is and needs, in the user's words.")
	}
	return b, b.Limit
}

func (startSourcing) describe(_ context.Context, payload any) ([]sanitize.Clean, error) {
	b := payload.(client.Brief)
	var place, mustHaves sanitize.Clean = "none given", "none named: InstaView takes them from the job description"
	if b.Location != "" {
		place = shown(b.Location, maxShownText)
	}
	if b.Query != "" {
		mustHaves = shown(b.Query, maxShownText)
	}
	return []sanitize.Clean{
		"- title: " + shown(b.Title, maxShownText),
		"- place: " + place,
		"- must-haves: " + mustHaves,
		"- job description, " + counted(utf8.RuneCountInString(b.JobDescription), "character") + ": " + shown(b.JobDescription, maxShownDescription),
		"- limit: up to " + counted(b.Limit, "candidate"),
	}, nil
}

func (t startSourcing) carryOut(ctx context.Context, payload any) (requestID string, note sanitize.Clean, err error) {
	b := payload.(client.Brief)
	started, err := t.starting.runs.Start(ctx, b)
	if err != nil {
		return "", "", err
	}
	t.starting.remember(ctx, started.RequestID, b.Title, "")
	return started.RequestID, "", nil
}

func (startSourcing) refused(ctx context.Context, e *client.Error) sanitize.Clean {
	switch e.Code {
	case client.CodeInvalidRequest:
		return "InstaView refused the brief as invalid" + cause(e) + ". Check it with the user: title, job description and place; it may want a place where none is given."
	case client.CodeUnprocessable:
		return "InstaView cannot work on this brief" + cause(e) + ". Check title, job description, place and must-haves with the user."
	case client.CodeNotFound:
		return "InstaView does not start runs at this address" + cause(e) + ". Tell " + adviceFor(ctx).operator + " to check INSTAVIEW_BASE_URL."
	}
	return spendRefused(ctx, e)
}
