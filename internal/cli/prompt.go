package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/internal/app"
	"instaview-mcp/internal/config"
	"instaview-mcp/internal/mcpserver"
	"instaview-mcp/internal/spending"
	"instaview-mcp/tools"
)

// prompt prints a prompt, for people whose client shows none. It makes no
// request, so it needs no key.
func prompt(ctx context.Context, sys System, args []string) error {
	settings := config.Load(ctx, sys.Environ, config.Use{Demo: true})
	var starting *tools.Starting // for its prompts alone
	if settings.AllowStart {
		starting = tools.NewStarting(nil, spending.New(0, 0))
	}
	session, err := connect(ctx, mcpserver.New(mcpserver.Options{
		Version:  app.BuildVersion(),
		Only:     settings.Tools,
		Settings: tools.Settings{Blind: settings.Blind, Starting: starting},
		Log:      slog.New(slog.NewTextHandler(sys.Stderr, nil)),
	}))
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }()
	list, err := session.ListPrompts(ctx, mcp.ListPromptsRequest{})
	if err != nil {
		return err
	}
	if len(args) == 0 {
		_, err := fmt.Fprint(sys.Stdout, promptList(list.Prompts))
		return err
	}
	var request mcp.GetPromptRequest
	request.Params.Name = args[0]
	if request.Params.Arguments, err = parseValues(args[1:]); err != nil {
		return err
	}
	for _, p := range list.Prompts {
		if p.Name != args[0] {
			continue
		}
		result, err := session.GetPrompt(ctx, request)
		if err != nil {
			return serverText(err)
		}
		for _, message := range result.Messages {
			if text, ok := message.Content.(mcp.TextContent); ok {
				if _, err := fmt.Fprintln(sys.Stdout, text.Text); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return fmt.Errorf("there is no prompt %q: use one of these\n\n%s", args[0], strings.TrimRight(promptList(list.Prompts), "\n"))
}

// serverText returns the server's error without the prefix that mcp-go adds for
// its code.
func serverText(err error) error {
	text := err.Error()
	for _, code := range []error{mcp.ErrInternalError, mcp.ErrInvalidParams, mcp.ErrResourceNotFound} {
		text = strings.TrimPrefix(text, code.Error()+": ")
	}
	return errors.New(text)
}

// parseValues reads arguments of the form name=value.
func parseValues(words []string) (map[string]string, error) {
	values := map[string]string{}
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is not of the form name=value", word)
		}
		values[name] = value
	}
	return values, nil
}

// promptList describes the prompts and their arguments, with optional ones in
// brackets.
func promptList(prompts []mcp.Prompt) string {
	var b strings.Builder
	for _, p := range prompts {
		b.WriteString(p.Name)
		for _, a := range p.Arguments {
			form := a.Name + "=…"
			if !a.Required {
				form = "[" + form + "]"
			}
			b.WriteString(" " + form)
		}
		fmt.Fprintf(&b, "\n  %s.\n", p.Description)
		for _, a := range p.Arguments {
			fmt.Fprintf(&b, "  %-12s %s\n", a.Name, a.Description)
		}
	}
	return b.String()
}
