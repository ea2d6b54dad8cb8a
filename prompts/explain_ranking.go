package prompts

import (
	_ "embed"

	"github.com/mark3labs/mcp-go/mcp"
)

//go:embed explain_ranking.md
var explainRankingText string

func explainRanking() prompt {
	return prompt{
		Prompt: mcp.NewPrompt("explain_ranking",
			mcp.WithPromptTitle("Explain a ranking"),
			mcp.WithPromptDescription("Why a candidate stands where they stand, and what the score may have missed"),
			requestID(),
			profileID(),
		),
		text: parse(explainRankingText),
		read: func(a *reader) values {
			return values{RequestID: a.requestID(), Candidate: a.candidate()}
		},
	}
}
