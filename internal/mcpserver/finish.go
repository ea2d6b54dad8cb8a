package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/internal/completion"
)

// finishPrompt keeps the key out of a prompt, and a panic from mcp-go, which
// would let it end the process.
func (o Options) finishPrompt(next server.PromptHandlerFunc) server.PromptHandlerFunc {
	return func(ctx context.Context, req mcp.GetPromptRequest) (result *mcp.GetPromptResult, err error) {
		defer o.caught("prompt", &err)
		result, err = next(ctx, req)
		if told := o.faultOf(ctx, err); told != nil {
			return nil, told
		}
		if err != nil {
			return nil, o.internal("prompt failed", err)
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
// a label would be a cell of a table.
func (o Options) finishResource(next server.ResourceHandlerFunc) server.ResourceHandlerFunc {
	return func(ctx context.Context, req mcp.ReadResourceRequest) (contents []mcp.ResourceContents, err error) {
		defer o.caught("resource", &err)
		contents, err = next(ctx, req)
		told := o.faultOf(ctx, err)
		switch {
		case told != nil:
			return nil, told
		case err != nil && ctx.Err() != nil:
			return nil, errors.New("the reading was cancelled")
		case err != nil:
			return nil, o.internal("resource failed", err)
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

// internal logs an error and returns what a client is told of it.
func (o Options) internal(message string, err error) error {
	id := correlationID()
	o.Log.Error(message, "correlation_id", id, "error", err)
	return errors.New(internalErrorText(id))
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
