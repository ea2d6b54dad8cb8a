package mcpserver

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/internal/completion"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools"
)

// middleware wraps the handlers of tools, prompts and resources.
type middleware struct {
	redactor
	demo bool // label every answer as sample data
	log  *slog.Logger
}

// tool redacts keys in a tool's answer and its page, and adds the demo's label.
func (m middleware) tool(next server.ToolHandlerFunc) server.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		result, err := next(ctx, req)
		if err != nil || result == nil {
			return result, err
		}
		for i, content := range result.Content {
			text, ok := content.(mcp.TextContent)
			if !ok {
				continue
			}
			text.Text = m.redact(ctx, text.Text)
			if m.demo {
				text.Text = demoLabel + text.Text
			}
			result.Content[i] = text
		}
		if result.Meta != nil {
			if page, ok := result.Meta.AdditionalFields[tools.ViewKey].(json.RawMessage); ok {
				result.Meta.AdditionalFields[tools.ViewKey] = json.RawMessage(m.redact(ctx, string(page)))
			}
		}
		return result, nil
	}
}

// recoverTool turns a panic or an error of a tool's handler into a short
// answer, because mcp-go would send its text to the client, and that may hold
// secrets or personal data.
func (m middleware) recoverTool(next server.ToolHandlerFunc) server.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (result *mcp.CallToolResult, err error) {
		defer func() {
			if p := recover(); p != nil {
				result, err = m.panicked(req.Params.Name, p), nil
			}
		}()
		result, err = next(ctx, req)
		if err != nil {
			return m.failed(ctx, req.Params.Name, err), nil
		}
		return result, nil
	}
}

// panicked logs a panic without its value, which may hold personal data, and
// returns the answer.
func (m middleware) panicked(tool string, value any) *mcp.CallToolResult {
	id := correlationID()
	m.log.Error("tool panicked", "tool", tool, "correlation_id", id, "type", fmt.Sprintf("%T", value), "stack", string(debug.Stack()))
	return internalError(id)
}

// failed returns the answer for an error of a tool's handler.
func (m middleware) failed(ctx context.Context, tool string, err error) *mcp.CallToolResult {
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return mcp.NewToolResultError("The call was cancelled. The sourcing run goes on: ask for it again with the same request_id.")
	}
	id := correlationID()
	m.log.Error("tool failed", "tool", tool, "correlation_id", id, "error", err)
	return internalError(id)
}

// prompt redacts keys in a prompt and recovers from panics. mcp-go does not
// recover there, so a panic would end the process.
func (m middleware) prompt(next server.PromptHandlerFunc) server.PromptHandlerFunc {
	return func(ctx context.Context, req mcp.GetPromptRequest) (result *mcp.GetPromptResult, err error) {
		defer m.recoverTo(&err, "prompt")
		result, err = next(ctx, req)
		if f := faultOf(ctx, err); f != nil {
			return nil, m.redactFault(ctx, f)
		}
		if err != nil {
			return nil, m.logInternal("prompt failed", err)
		}
		for i, message := range result.Messages {
			if text, ok := message.Content.(mcp.TextContent); ok {
				text.Text = m.redact(ctx, text.Text)
				result.Messages[i].Content = text
			}
		}
		return result, nil
	}
}

// resource redacts keys in a resource, recovers from panics and adds the demo's
// label to Markdown. In a table the label would become a cell.
func (m middleware) resource(next server.ResourceHandlerFunc) server.ResourceHandlerFunc {
	return func(ctx context.Context, req mcp.ReadResourceRequest) (contents []mcp.ResourceContents, err error) {
		defer m.recoverTo(&err, "resource")
		contents, err = next(ctx, req)
		f := faultOf(ctx, err)
		switch {
		case f != nil:
			return nil, m.redactFault(ctx, f)
		case err != nil && ctx.Err() != nil:
			return nil, errors.New("the reading was cancelled")
		case err != nil:
			return nil, m.logInternal("resource failed", err)
		}
		for i, content := range contents {
			text, ok := content.(mcp.TextResourceContents)
			if !ok {
				continue
			}
			text.Text = m.redact(ctx, text.Text)
			if m.demo && text.MIMEType == "text/markdown" {
				text.Text = demoLabel + "\n" + text.Text
			}
			contents[i] = text
		}
		return contents, nil
	}
}

// logInternal logs an error and returns one for the client that holds only a
// correlation id.
func (m middleware) logInternal(message string, err error) error {
	id := correlationID()
	m.log.Error(message, "correlation_id", id, "error", err)
	return errors.New(internalErrorText(id))
}

// completer redacts keys in completions and recovers from panics. It wraps the
// provider, because mcp-go has no middleware for completions.
type completer struct {
	middleware
	memory *completion.Memory
}

func (c completer) CompletePromptArgument(ctx context.Context, prompt string, argument mcp.CompleteArgument, given mcp.CompleteContext) (result *mcp.Completion, err error) {
	defer c.recoverTo(&err, "completion")
	result, err = c.memory.CompletePromptArgument(ctx, prompt, argument, given)
	return c.finish(ctx, result), err
}

func (c completer) CompleteResourceArgument(ctx context.Context, uri string, argument mcp.CompleteArgument, given mcp.CompleteContext) (result *mcp.Completion, err error) {
	defer c.recoverTo(&err, "completion")
	result, err = c.memory.CompleteResourceArgument(ctx, uri, argument, given)
	return c.finish(ctx, result), err
}

func (c completer) finish(ctx context.Context, result *mcp.Completion) *mcp.Completion {
	for i := range result.Values {
		result.Values[i] = c.redact(ctx, result.Values[i])
	}
	return result
}

// recoverTo, deferred, turns a panic into an error that holds only a
// correlation id, because mcp-go sends the error's text to the client.
func (m middleware) recoverTo(err *error, what string) {
	if p := recover(); p != nil {
		id := correlationID()
		m.log.Error(what+" panicked", "correlation_id", id, "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
		*err = errors.New(internalErrorText(id))
	}
}

func internalError(correlationID string) *mcp.CallToolResult {
	return mcp.NewToolResultError(internalErrorText(correlationID))
}

func internalErrorText(correlationID string) string {
	return "This server met an internal error (correlation id " + correlationID + "). " +
		"The sourcing run is not affected. Try again once; if it happens again, tell the user the correlation id: the server's log has the details."
}

func correlationID() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails, as documented
	return hex.EncodeToString(b[:])
}

// redactor removes API keys from texts.
type redactor struct{ serverKey client.Key }

// redact replaces the server's key and the caller's own in a text.
func (r redactor) redact(ctx context.Context, text string) string {
	return replaceKey(replaceKey(text, r.serverKey), tenant.CredentialsOf(ctx).Key)
}

func (r redactor) redactFault(ctx context.Context, f *fault) *fault {
	return &fault{f.code, r.redact(ctx, f.text)}
}

// minKeyLength is the shortest key that is redacted, in bytes. Test servers
// have shorter ones, which occur in ordinary words.
const minKeyLength = 16

func replaceKey(text string, key client.Key) string {
	secret := key.Reveal()
	if len(secret) < minKeyLength {
		return text
	}
	const redacted = "[redacted]"
	text = strings.ReplaceAll(text, secret, redacted)
	if inJSON, err := json.Marshal(secret); err == nil { // as in a page's data
		text = strings.ReplaceAll(text, string(inJSON[1:len(inJSON)-1]), redacted)
	}
	return text
}
