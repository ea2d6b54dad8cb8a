package prompts

import (
	_ "embed"

	"github.com/mark3labs/mcp-go/mcp"
)

//go:embed compare_candidates.md
var compareCandidatesText string

// maxCompared is how many candidates still fit into a readable table.
const maxCompared = 10

func compareCandidates() prompt {
	return prompt{
		Prompt: mcp.NewPrompt("compare_candidates",
			mcp.WithPromptTitle("Compare candidates"),
			mcp.WithPromptDescription("Candidates of one run beside each other, criterion by criterion"),
			requestID(),
			argument("profile_ids", "2-10 candidates, by ids, ranks or names with commas between", mcp.RequiredArgument()),
		),
		text: parse(compareCandidatesText),
		read: func(a *reader) values {
			return values{RequestID: a.requestID(), Candidates: a.candidates(2, maxCompared)}
		},
	}
}
