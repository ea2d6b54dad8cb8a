package prompts

import (
	_ "embed"

	"github.com/mark3labs/mcp-go/mcp"
)

//go:embed write_brief.md
var writeBriefText string

// maxPlace is in characters.
const maxPlace = 200

func writeBrief() prompt {
	return prompt{
		Prompt: mcp.NewPrompt("write_brief",
			mcp.WithPromptTitle("Write a brief"),
			mcp.WithPromptDescription("From what you need to the brief of a sourcing run, and its start once you agree"),
			argument("role", "The job, e.g. Senior Go engineer, payments", mcp.RequiredArgument()),
			argument("location", "Where the job is, or remote"),
			argument("must_haves", "What the job cannot do without, in a few words each"),
		),
		text: parse(writeBriefText),
		read: func(a *reader) values {
			role := a.text("role", maxRole)
			if role == "" {
				a.refuse("role is missing: name the job, e.g. Senior Go engineer, payments.")
			}
			return values{
				Role:      role,
				Location:  a.text("location", maxPlace),
				MustHaves: a.text("must_haves", maxMustHaves),
			}
		},
	}
}
