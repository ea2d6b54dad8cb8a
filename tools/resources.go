package tools

import (
	"context"
	"net/url"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/sanitize"
	"instaview-mcp/tools/shortlist"
)

// UserError is an error of a resource whose text may be shown to a model or a
// person. Resources need it because, unlike tools, they have no error result.
type UserError struct {
	Text     sanitize.Clean
	NotFound bool // the resource does not exist, or not yet
}

func (e UserError) Error() string { return string(e.Text) }

// resource is a run, or a part of one, as a document that a person attaches to
// a chat or opens. Reading it is recorded like a tool call.
type resource struct {
	mcp.ResourceTemplate
	callName string // reported as Call.Tool
	// write turns a run's state into the document's text.
	write func(ctx context.Context, v *shortlist.View, snapshot poll.Snapshot, a *reader) reply
}

const (
	scheme   = "sourcing://"
	markdown = "text/markdown"
	table    = "text/csv"
	webPage  = "text/html"
)

// resources returns all resource templates. They never hold contacts, because a
// URI cannot show that a person asked for them, as an argument can.
func resources(settings Settings) []resource {
	both := []mcp.Role{mcp.RoleUser, mcp.RoleAssistant}
	return []resource{
		{
			ResourceTemplate: mcp.NewResourceTemplate(scheme+"{request_id}", "shortlist",
				mcp.WithTemplateTitle("Shortlist"),
				mcp.WithTemplateDescription("Shortlist of an InstaView sourcing run: ten in summary, the others in a line each"),
				mcp.WithTemplateMIMEType(markdown), mcp.WithTemplateAnnotations(both, 1, "")),
			callName: "resource_shortlist",
			write:    answer,
		},
		{
			ResourceTemplate: mcp.NewResourceTemplate(scheme+"{request_id}/candidates/{profile_id}", "candidate",
				mcp.WithTemplateTitle("Candidate"),
				mcp.WithTemplateDescription("One candidate of a sourcing run, with experience and evidence"),
				mcp.WithTemplateMIMEType(markdown), mcp.WithTemplateAnnotations(both, 0.5, "")),
			callName: "resource_candidate",
			write:    candidateDetail,
		},
		{
			ResourceTemplate: mcp.NewResourceTemplate(scheme+"{request_id}/shortlist.csv", "shortlist.csv",
				mcp.WithTemplateTitle("Shortlist as a table"),
				mcp.WithTemplateDescription("All candidates of a sourcing run, for a spreadsheet program rather than a model"),
				mcp.WithTemplateMIMEType(table), mcp.WithTemplateAnnotations([]mcp.Role{mcp.RoleUser}, 0, "")),
			callName: "resource_csv",
			write:    candidateTable,
		},
		{
			ResourceTemplate: mcp.NewResourceTemplate(scheme+"{request_id}/shortlist.html", "shortlist.html",
				mcp.WithTemplateTitle("Shortlist as a page"),
				mcp.WithTemplateDescription("A run for people to look at"),
				mcp.WithTemplateMIMEType(webPage), mcp.WithTemplateAnnotations([]mcp.Role{mcp.RoleUser}, 0, "")),
			callName: "resource_html",
			write:    shortlistPage(settings),
		},
	}
}

// RegisterResources adds the resources to s, which read runs. Of their
// handlers' errors only a UserError may be shown to the client.
func RegisterResources(s *server.MCPServer, runs Getter, settings Settings) {
	for _, r := range resources(settings) {
		s.AddResourceTemplate(r.ResourceTemplate, r.serve(runs, settings))
	}
}

// notFoundOutcomes are the outcomes reported to the client as “not found”.
var notFoundOutcomes = map[string]bool{
	OutcomeRefused: true, string(client.CodeNotFound): true, string(client.CodeInvalidRequest): true,
	OutcomeRunning: true, OutcomeFailed: true, OutcomeOther: true, // a run without a table
}

func (r resource) serve(runs Getter, settings Settings) server.ResourceTemplateHandlerFunc {
	return func(ctx context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		answer, err := record(ctx, r.callName, settings.OnCall, func(call *Call) (reply, error) {
			a := readArguments(parseURI(req.Params.URI))
			v := view(a, settings)
			v.Markdown = true
			v.Refinement = settings.Starting.refinementOf(ctx, string(v.RequestID))
			call.RequestID = string(v.RequestID)
			if a.fault != "" {
				return failed(OutcomeRefused, a.fault), nil
			}
			snapshot, err := runs.Get(ctx, string(v.RequestID))
			if err != nil {
				return reply{}, err
			}
			return r.write(ctx, v, snapshot, a), nil
		})
		switch {
		case err != nil:
			return nil, err
		case answer.isError:
			return nil, UserError{answer.text, notFoundOutcomes[answer.outcome]}
		}
		text := string(answer.text)
		if answer.file != "" {
			text = answer.file
		}
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: req.Params.URI, MIMEType: r.MIMEType, Text: text}}, nil
	}
}

// parseURI reads the arguments from a URI that matches one of the templates.
// mcp-go's own result is not used, because it splits an id at commas.
func parseURI(uri string) map[string]any {
	requestID, rest, _ := strings.Cut(strings.TrimPrefix(uri, scheme), "/")
	given := map[string]any{"request_id": unescape(requestID)}
	if profileID, ok := strings.CutPrefix(rest, "candidates/"); ok {
		given["profile_ids"] = []string{unescape(profileID)}
	}
	return given
}

// unescape undoes percent-encoding; a malformed segment is returned unchanged.
func unescape(segment string) string {
	s, err := url.PathUnescape(segment)
	if err != nil {
		return segment // refused later, since no id holds a “%”
	}
	return s
}

// candidateDetail answers with one candidate in full.
func candidateDetail(ctx context.Context, v *shortlist.View, snapshot poll.Snapshot, a *reader) reply {
	if len(v.ProfileIDs) == 0 { // an empty list would select all candidates
		return failed(OutcomeRefused, "The URI names no candidate: it ends in the id that a shortlist shows in square brackets.")
	}
	v.Detail = shortlist.Full
	r := answer(ctx, v, snapshot, a)
	if r.outcome == OutcomeCompleted && r.shown == 0 {
		return failed(OutcomeRefused, "Sourcing run "+v.RequestID+" has no such candidate: "+
			"the URI ends in the id that the run's shortlist shows in square brackets.")
	}
	return r
}

// candidateTable answers with the candidates of a completed run as CSV. For any
// other run it returns an error, since a program expects a table and not prose.
func candidateTable(ctx context.Context, v *shortlist.View, snapshot poll.Snapshot, a *reader) reply {
	if snapshot.Err == nil && snapshot.Results != nil && snapshot.Results.Status == client.StatusCompleted {
		return reply{file: shortlist.CSV(snapshot.Results, v.RequestID, v.Blind), outcome: OutcomeCompleted, shown: len(snapshot.Results.Candidates)}
	}
	r := answer(ctx, v, snapshot, a)
	r.isError = true
	return r
}

// RunResource returns a run as a resource for a list. title is that of the job,
// or "" if it is not known, and lastUsed a time by RFC 3339.
func RunResource(requestID, title, lastUsed string) mcp.Resource {
	shown := "Shortlist of run " + requestID
	if title != "" {
		shown = "Shortlist: " + string(sanitize.Line(title, client.MaxTitle).Clean)
	}
	return mcp.NewResource(scheme+requestID, requestID,
		mcp.WithResourceTitle(shown), mcp.WithMIMEType(markdown),
		mcp.WithAnnotations([]mcp.Role{mcp.RoleUser, mcp.RoleAssistant}, 1, lastUsed))
}
