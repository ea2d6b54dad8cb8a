package tools

import (
	"context"
	"net/url"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/tools/shortlist"
)

// UserError is an error in words for a model or a person, for where the protocol
// has no answer that says of itself that it is an error, as tools have.
type UserError struct {
	Text     string
	NotFound bool // what was asked for is not there, or not yet
}

func (e UserError) Error() string { return e.Text }

// resource is a run, or a part of one, as a document that a person attaches to
// a chat or opens. A look for it is made and told of like a tool's.
type resource struct {
	mcp.ResourceTemplate
	called string // what Call.Tool is
	// write answers for a look.
	write func(ctx context.Context, v shortlist.View, look poll.Look, a *reader) reply
}

const (
	scheme   = "sourcing://"
	markdown = "text/markdown"
	table    = "text/csv"
)

// The resources. Contacts are never in them: a URI cannot say that a person
// asked for those, as a call's arguments can.
func resources() []resource {
	both := []mcp.Role{mcp.RoleUser, mcp.RoleAssistant}
	return []resource{
		{
			ResourceTemplate: mcp.NewResourceTemplate(scheme+"{request_id}", "shortlist",
				mcp.WithTemplateTitle("Shortlist"),
				mcp.WithTemplateDescription("Shortlist of an InstaView sourcing run: ten in summary, the others in a line each"),
				mcp.WithTemplateMIMEType(markdown), mcp.WithTemplateAnnotations(both, 1, "")),
			called: "resource_shortlist",
			write:  answer,
		},
		{
			ResourceTemplate: mcp.NewResourceTemplate(scheme+"{request_id}/candidates/{profile_id}", "candidate",
				mcp.WithTemplateTitle("Candidate"),
				mcp.WithTemplateDescription("One candidate of a sourcing run, with experience and evidence"),
				mcp.WithTemplateMIMEType(markdown), mcp.WithTemplateAnnotations(both, 0.5, "")),
			called: "resource_candidate",
			write:  dossier,
		},
		{
			ResourceTemplate: mcp.NewResourceTemplate(scheme+"{request_id}/shortlist.csv", "shortlist.csv",
				mcp.WithTemplateTitle("Shortlist as a table"),
				mcp.WithTemplateDescription("All candidates of a sourcing run, for a spreadsheet program rather than a model"),
				mcp.WithTemplateMIMEType(table), mcp.WithTemplateAnnotations([]mcp.Role{mcp.RoleUser}, 0, "")),
			called: "resource_csv",
			write:  spreadsheet,
		},
	}
}

// RegisterResources adds the resources to s. Errors of their handlers that are a
// UserError are for the client; others are not.
func RegisterResources(s *server.MCPServer, runs Looker, settings Settings) {
	for _, r := range resources() {
		s.AddResourceTemplate(r.ResourceTemplate, r.serve(runs, settings))
	}
}

// notThere are the outcomes of a reading that found no such resource.
var notThere = map[string]bool{
	OutcomeRefused: true, string(client.CodeNotFound): true, string(client.CodeInvalidRequest): true,
	OutcomeRunning: true, OutcomeFailed: true, OutcomeOther: true, // which have no table
}

func (r resource) serve(runs Looker, settings Settings) server.ResourceTemplateHandlerFunc {
	return func(ctx context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		answer, err := settings.account(ctx, r.called, func(call *Call) (reply, error) {
			a := readArguments(named(req.Params.URI))
			v := view(a, settings)
			v.Markdown = true
			call.RequestID = v.RequestID
			if a.fault != "" {
				return failed(OutcomeRefused, a.fault), nil
			}
			look, err := runs.Look(ctx, v.RequestID)
			if err != nil {
				return reply{}, err
			}
			return r.write(ctx, v, look, a), nil
		})
		switch {
		case err != nil:
			return nil, err
		case answer.isError:
			return nil, UserError{answer.text, notThere[answer.outcome]}
		}
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: req.Params.URI, MIMEType: r.MIMEType, Text: answer.text}}, nil
	}
}

// named reads a URI that matches one of the templates. What mcp-go has read of
// it is not used: a comma in an id would make it a list.
func named(uri string) map[string]any {
	requestID, rest, _ := strings.Cut(strings.TrimPrefix(uri, scheme), "/")
	given := map[string]any{"request_id": unescaped(requestID)}
	if profileID, ok := strings.CutPrefix(rest, "candidates/"); ok {
		given["profile_ids"] = []string{unescaped(profileID)}
	}
	return given
}

func unescaped(segment string) string {
	s, err := url.PathUnescape(segment)
	if err != nil {
		return segment // no id that anything has
	}
	return s
}

// dossier answers with one candidate.
func dossier(ctx context.Context, v shortlist.View, look poll.Look, a *reader) reply {
	if len(v.ProfileIDs) == 0 { // or all would be shown
		return failed(OutcomeRefused, "The URI names no candidate: it ends in the id that a shortlist shows in square brackets.")
	}
	v.Detail = shortlist.Full
	r := answer(ctx, v, look, a)
	if r.outcome == OutcomeCompleted && r.shown == 0 {
		return failed(OutcomeRefused, "Sourcing run "+v.RequestID+" has no such candidate: "+
			"the URI ends in the id that the run's shortlist shows in square brackets.")
	}
	return r
}

// spreadsheet answers with the table of a completed run. There is none of any
// other, and words would not do where a program expects a table.
func spreadsheet(ctx context.Context, v shortlist.View, look poll.Look, a *reader) reply {
	if look.Err == nil && look.Results != nil && look.Results.Status == client.StatusCompleted {
		return reply{text: shortlist.CSV(look.Results, v.RequestID, v.Blind), outcome: OutcomeCompleted, shown: len(look.Results.Candidates)}
	}
	r := answer(ctx, v, look, a)
	r.isError = true
	return r
}
