package prompts

import (
	_ "embed"

	"github.com/mark3labs/mcp-go/mcp"
)

//go:embed screening_questions.md
var screeningQuestionsText string

func screeningQuestions() prompt {
	return prompt{
		Prompt: mcp.NewPrompt("screening_questions",
			mcp.WithPromptTitle("Write screening questions"),
			mcp.WithPromptDescription("Questions for a first call, each with what it is to settle"),
			requestID(),
			profileID(),
		),
		text: parse(screeningQuestionsText),
		read: func(a *reader) values {
			return values{RequestID: a.requestID(), Candidate: a.candidate()}
		},
	}
}
