// Package prompts defines the MCP prompts: what a person usually asks of an
// assistant once a sourcing run has finished, worded so that candidates are
// reviewed carefully and fairly.
//
// Each prompt is a Go file, which declares it and reads its arguments, and a
// Markdown template. Argument values are inserted as data and never parsed as
// templates.
package prompts

import (
	"context"
	_ "embed"
	"strings"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/internal/sanitize"
	"instaview-mcp/internal/template"
)

// shared holds the passages that several prompts include.
//
//go:embed shared.md
var shared string

// prompt is a prompt's definition together with its template.
type prompt struct {
	mcp.Prompt
	text func() *template.Template
	// read returns the values that the arguments give.
	read func(*reader) values
}

// values are what the templates show. Each prompt sets those that its template
// uses.
type values struct {
	RequestID             sanitize.Clean
	Candidate, Candidates candidates
	Role, MustHaves       sanitize.Clean
	Tone, Language        sanitize.Clean
	Location, Wish        sanitize.Clean
	Top                   int
	Fetched               int  // Top and one more, from further down the ranking
	Split                 bool // the client seems to have split the job title
	Blind                 bool // the operator hides names in every answer
}

// Names returns the names of the prompts, with those of RegisterStarting if
// starts is set.
func Names(starts bool) []string {
	prompts := all()
	if starts {
		prompts = append(prompts, starting()...)
	}
	var names []string
	for _, p := range prompts {
		names = append(names, p.Name)
	}
	return names
}

// all returns the prompts in the order in which a review uses them.
func all() []prompt {
	return []prompt{
		reviewShortlist(),
		compareCandidates(),
		explainRanking(),
		screeningQuestions(),
		draftOutreach(),
	}
}

// starting returns the prompts that lead to start_sourcing and refine_sourcing.
func starting() []prompt { return []prompt{writeBrief(), refineSearch()} }

// RegisterStarting adds the prompts that lead to start_sourcing and
// refine_sourcing to s. Otherwise it is like Register.
func RegisterStarting(s *server.MCPServer, blind bool) { register(s, starting(), blind) }

// Register adds the prompts to s. Set blind if the operator hides names in
// every answer. Of the handlers' errors only a UserError may be shown to the
// client.
func Register(s *server.MCPServer, blind bool) { register(s, all(), blind) }

func register(s *server.MCPServer, prompts []prompt, blind bool) {
	for _, p := range prompts {
		s.AddPrompt(p.Prompt, func(_ context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return p.result(req.Params.Arguments, blind)
		})
	}
}

// result returns the prompt for the given arguments.
func (p prompt) result(given map[string]string, blind bool) (*mcp.GetPromptResult, error) {
	a := newReader(p.Prompt, given)
	values := p.read(a)
	values.Blind = blind
	a.refuseUnknown()
	if a.fault != nil {
		return nil, a.fault
	}
	text := p.text().Execute(values)
	return mcp.NewGetPromptResult(p.Description, []mcp.PromptMessage{
		mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(strings.TrimSpace(text))),
	}), nil
}

// parse returns a template that may include the shared passages. It is parsed
// when it is first needed, because most sessions need none.
func parse(text string) func() *template.Template {
	return sync.OnceValue(func() *template.Template { return template.Must(text, shared) })
}

func argument(name, description string, options ...mcp.ArgumentOption) mcp.PromptOption {
	return mcp.WithArgument(name, append(options, mcp.ArgumentDescription(description))...)
}

func requestID() mcp.PromptOption {
	return argument("request_id", "Id of the sourcing run, e.g. req_9f3b827e", mcp.RequiredArgument())
}

func profileID() mcp.PromptOption {
	return argument("profile_id", "Candidate, by id, rank or name", mcp.RequiredArgument())
}
