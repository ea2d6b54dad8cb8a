package cli

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
)

var codePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`confirmation="([A-Z2-7]{8})"`) })

// proposed returns what a call of a tool that costs credits would do, and the
// code that confirms it; "" if the answer asks for no confirmation. The code is
// in the last line, which is for a model.
func proposed(result *mcp.CallToolResult) (proposal, code string) {
	if result.IsError || len(result.Content) != 1 {
		return "", ""
	}
	text, _ := result.Content[0].(mcp.TextContent)
	at := strings.LastIndex(text.Text, "\n")
	found := codePattern().FindStringSubmatch(text.Text[at+1:])
	if at < 0 || found == nil {
		return "", ""
	}
	return text.Text[:at], found[1]
}

// agree shows a proposal and asks for a yes. Otherwise its error begins with
// undone, which says that nothing has happened.
func agree(ctx context.Context, sys System, proposal, undone string, yes bool) error {
	p := newPrompter(sys, yes)
	p.out = sys.Stderr // stdout is for the answer
	p.printf("%s", proposal)
	if p.terminal == nil && !yes {
		return errors.New(undone + ": nobody can be asked here, and --yes was not given")
	}
	agreed, err := p.confirm(ctx, "Go ahead?")
	switch {
	case err != nil:
		return err
	case !agreed:
		return errors.New(undone)
	}
	return p.err
}
