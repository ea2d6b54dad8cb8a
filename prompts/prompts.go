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
	"text/template"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// shared holds the passages that several prompts include.
//
//go:embed shared.md
var shared string

// prompt is a prompt's definition together with its template.
type prompt struct {
	mcp.Prompt
	text *template.Template
	// read returns the values for the template.
	read  func(*reader) any
	blind bool // the operator hides names in every answer
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

// Register adds the prompts to s. Set blind if the operator hides names in
// every answer. Of the handlers' errors only a UserError may be shown to the
// client.
func Register(s *server.MCPServer, blind bool) {
	for _, p := range all() {
		p.blind = blind
		s.AddPrompt(p.Prompt, p.handle)
	}
}

func (p prompt) handle(_ context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	a := newReader(p.Prompt, req.Params.Arguments)
	a.blind = p.blind
	values := p.read(a)
	a.refuseUnknown()
	if a.fault != nil {
		return nil, a.fault
	}
	var text strings.Builder
	if err := p.text.Execute(&text, values); err != nil {
		return nil, err // a fault in the template, which the tests would find
	}
	return mcp.NewGetPromptResult(p.Description, []mcp.PromptMessage{
		mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(strings.TrimSpace(text.String()))),
	}), nil
}

// parse returns a template that may include the shared passages.
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
