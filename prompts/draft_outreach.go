package prompts

import (
	_ "embed"

	"github.com/mark3labs/mcp-go/mcp"
)

//go:embed draft_outreach.md
var draftOutreachText string

// The maximum lengths of the arguments, in characters.
const (
	maxTone     = 100
	maxLanguage = 50
)

func draftOutreach() prompt {
	return prompt{
		Prompt: mcp.NewPrompt("draft_outreach",
			mcp.WithPromptTitle("Draft a first message"),
			mcp.WithPromptDescription("A first message to a candidate, for a person to check and send"),
			requestID(),
			profileID(),
			argument("tone", "e.g. warm, formal; default friendly and plain"),
			argument("language", "e.g. Slovak; default the language of this chat"),
		),
		text: parse(draftOutreachText),
		read: func(a *reader) values {
			return values{
				RequestID: a.requestID(),
				Candidate: a.candidate(),
				Tone:      a.text("tone", maxTone),
				Language:  a.text("language", maxLanguage),
			}
		},
	}
}
