package prompts

import (
	_ "embed"

	"github.com/mark3labs/mcp-go/mcp"
)

//go:embed refine_search.md
var refineSearchText string

func refineSearch() prompt {
	return prompt{
		Prompt: mcp.NewPrompt("refine_search",
			mcp.WithPromptTitle("Refine a search"),
			mcp.WithPromptDescription("From what a review has found to a search for more, once you agree"),
			requestID(),
			argument("wish", "What to look for, e.g. more like rank 3, less front end"),
		),
		text: parse(refineSearchText),
		read: func(a *reader) values {
			return values{RequestID: a.requestID(), Wish: a.text("wish", maxMustHaves)}
		},
	}
}
