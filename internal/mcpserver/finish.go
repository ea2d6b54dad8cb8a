package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/internal/completion"
	"instaview-mcp/tools"
)

// finishPrompt keeps the key out of a prompt, and a panic from mcp-go, which
// would let it end the process. A prompt's own errors are words for the person.
func (o Options) finishPrompt(next server.PromptHandlerFunc) server.PromptHandlerFunc {
	return func(ctx context.Context, req mcp.GetPromptRequest) (result *mcp.GetPromptResult, err error) {
		defer o.caught("prompt", &err)
		result, err = next(ctx, req)
		if err != nil {
			return nil, errors.New(o.redact(ctx, err.Error()))
		}
		for i, message := range result.Messages {
			if text, ok := message.Content.(mcp.TextContent); ok {
				text.Text = o.redact(ctx, text.Text)
				result.Messages[i].Content = text
			}
		}
		return result, nil
	}
}

// finishResource is the same for resources, and labels those that people read:
// a label would be a cell of a table. Of their errors only refusals are words for
// the client.
func (o Options) finishResource(next server.ResourceHandlerFunc) server.ResourceHandlerFunc {
	return func(ctx context.Context, req mcp.ReadResourceRequest) (contents []mcp.ResourceContents, err error) {
		defer o.caught("resource", &err)
		contents, err = next(ctx, req)
		var refusal tools.Refusal
		switch {
		case errors.As(err, &refusal):
			return nil, errors.New(o.redact(ctx, string(refusal)))
		case err != nil && ctx.Err() != nil:
			return nil, errors.New("the reading was cancelled")
		case err != nil:
			id := correlationID()
			o.Log.Error("resource failed", "correlation_id", id, "error", err)
			return nil, errors.New(internalErrorText(id))
		}
		for i, content := range contents {
			text, ok := content.(mcp.TextResourceContents)
			if !ok {
				continue
			}
			text.Text = o.redact(ctx, text.Text)
			if o.Demo && text.MIMEType == "text/markdown" {
				text.Text = demoLabel + "\n" + text.Text
			}
			contents[i] = text
		}
		return contents, nil
	}
}

// completer is the same for completions, for which mcp-go has no middleware.
type completer struct {
	o      Options
	memory *completion.Memory
}

func (c completer) CompletePromptArgument(ctx context.Context, prompt string, argument mcp.CompleteArgument, given mcp.CompleteContext) (result *mcp.Completion, err error) {
	defer c.o.caught("completion", &err)
	result, err = c.memory.CompletePromptArgument(ctx, prompt, argument, given)
	return c.finish(ctx, result), err
}

func (c completer) CompleteResourceArgument(ctx context.Context, uri string, argument mcp.CompleteArgument, given mcp.CompleteContext) (result *mcp.Completion, err error) {
	defer c.o.caught("completion", &err)
	result, err = c.memory.CompleteResourceArgument(ctx, uri, argument, given)
	return c.finish(ctx, result), err
}

func (c completer) finish(ctx context.Context, result *mcp.Completion) *mcp.Completion {
	for i := range result.Values {
		result.Values[i] = c.o.redact(ctx, result.Values[i])
	}
	return result
}

// caught is deferred: it turns a panic of what into an error that says nothing
// of it. mcp-go makes the error's text its answer.
func (o Options) caught(what string, err *error) {
	if p := recover(); p != nil {
		id := correlationID()
		o.Log.Error(what+" panicked", "correlation_id", id, "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
		*err = errors.New(internalErrorText(id))
	}
}
