// Package prompts is the MCP prompts: what a person who has a finished sourcing
// run asks of an assistant next, written out so that it is done well and
// fairly.
//
// Each is one Go file, which declares it and reads its arguments, and one
// Markdown template. Values are put into a template, never parsed as one.
package prompts

import (
	"context"
	_ "embed"
	"strings"
	"text/template"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// shared holds the passages that every prompt has, once.
//
//go:embed shared.md
var shared string

// prompt is what a client lists, and how its text comes about.
type prompt struct {
	mcp.Prompt
	text *template.Template
	// read returns what the template is filled in with.
	read  func(*reader) any
	blind bool // names are hidden in every answer
}

// all is the prompts in the order in which a review goes.
func all() []prompt {
	return []prompt{
		reviewShortlist(),
		compareCandidates(),
		explainRanking(),
		screeningQuestions(),
		draftOutreach(),
	}
}

// Register adds the prompts to s; blind says that no answer shows names. Errors of
// their handlers that are a UserError are for the person who gave the arguments;
// others are not.
func Register(s *server.MCPServer, blind bool) {
	for _, p := range all() {
		p.blind = blind
		s.AddPrompt(p.Prompt, p.handle)
	}
}

func (p prompt) handle(_ context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	a := read(p.Prompt, req.Params.Arguments)
	a.blind = p.blind
	values := p.read(a)
	a.unknown()
	if a.fault != nil {
		return nil, a.fault
	}
	var text strings.Builder
	if err := p.text.Execute(&text, values); err != nil {
		return nil, err // not with templates that the tests have tried
	}
	return mcp.NewGetPromptResult(p.Description, []mcp.PromptMessage{
		mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(strings.TrimSpace(text.String()))),
	}), nil
}

// parse reads a template that may use the shared passages.
func parse(text string) *template.Template {
	passages := template.Must(template.New("shared").Parse(shared))
	return template.Must(passages.New("prompt").Option("missingkey=error").Parse(text))
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
