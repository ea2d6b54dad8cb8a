package prompts

import (
	_ "embed"

	"github.com/mark3labs/mcp-go/mcp"
)

//go:embed review_shortlist.md
var reviewShortlistText string

// The number of candidates that a review recommends.
const (
	defaultTop = 3
	maxTop     = 10
)

// The maximum lengths of the arguments, in characters.
const (
	maxRole      = 200
	maxMustHaves = 2_000
)

func reviewShortlist() prompt {
	return prompt{
		Prompt: mcp.NewPrompt("review_shortlist",
			mcp.WithPromptTitle("Review a shortlist"),
			mcp.WithPromptDescription("Whom to talk to first, with the evidence, and who further down may fit"),
			requestID(),
			argument("role", "The job, e.g. Senior Go engineer, payments"),
			argument("must_haves", "What the job cannot do without, in a few words each"),
			argument("top", "How many to recommend, 1-10; default 3"),
		),
		text: parse(reviewShortlistText),
		read: func(a *reader) values {
			top, isText := a.top(defaultTop, maxTop)
			return values{
				RequestID: a.requestID(),
				Role:      a.text("role", maxRole),
				MustHaves: a.text("must_haves", maxMustHaves),
				Top:       top,
				Split:     isText,
				Fetched:   top + 1,
			}
		},
	}
}
