// Package mcpserver assembles the MCP server that every transport serves.
package mcpserver

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/completion"
	"instaview-mcp/internal/jsonrpc"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/prompts"
	"instaview-mcp/tools"
)

// Name is what the server calls itself in the protocol.
const Name = "instaview-mcp"

// instructions are all that some clients show a model beside the tools' names.
//
//go:embed instructions.md
var instructions string

// demoLabel stands before every answer that is about invented people.
const demoLabel = "Sample data of the demo: these people and companies are invented.\n"

// Options are what the server is made of.
type Options struct {
	Version  string
	Runs     tools.Waiter
	Settings tools.Settings
	// Demo labels every answer as sample data.
	Demo bool
	// Key is looked for in every answer and, if an upstream echoed it, redacted;
	// and so is the caller's own.
	Key client.Key
	Log *slog.Logger
}

// New returns a server with tools, prompts, resources and completions. It declares no
// capability that a client could hold a connection for: no list changes, no
// subscriptions, no logging, no tasks.
func New(o Options) *server.MCPServer {
	memory := completion.New(yielding{o.Runs}, o.Settings.Blind)
	hooks := &server.Hooks{}
	addCodes(hooks)
	hooks.AddAfterSubscriptionsListen(func(ctx context.Context, _ any, _ *mcp.SubscriptionsListenRequest, _ *mcp.SubscriptionsListenResult) {
		jsonrpc.AwaitAcknowledgement(ctx)
	})
	s := server.NewMCPServer(Name, o.Version,
		server.WithHooks(hooks),
		server.WithInstructions(strings.TrimSpace(instructions)),
		server.WithToolCapabilities(false),
		// The first middleware is the outermost: it sees what the others make.
		server.WithToolHandlerMiddleware(o.finish),
		server.WithToolHandlerMiddleware(o.recover),
		server.WithPromptCapabilities(false),
		server.WithPromptHandlerMiddleware(o.finishPrompt),
		server.WithResourceCapabilities(false, false),
		server.WithResourceHandlerMiddleware(o.finishResource),
		server.WithCompletions(),
		server.WithPromptCompletionProvider(completer{o, memory}),
		server.WithResourceCompletionProvider(completer{o, memory}),
		// Also mcp-go's default, but for candidates' data it must not change.
		server.WithCacheHints(0, mcp.CacheScopePrivate),
	)
	tools.Register(s, memory, o.Settings)
	tools.RegisterResources(s, memory, o.Settings)
	prompts.Register(s, o.Settings.Blind)
	return s
}

// yielding lets other calls of a session work while one waits for a run's end.
type yielding struct{ tools.Waiter }

func (y yielding) Wait(ctx context.Context, requestID string, d time.Duration, onLook func(poll.Look)) (poll.Look, error) {
	defer jsonrpc.Idle(ctx)()
	return y.Waiter.Wait(ctx, requestID, d, onLook)
}

// finish labels an answer and keeps the key out of it.
func (o Options) finish(next server.ToolHandlerFunc) server.ToolHandlerFunc {
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
			text.Text = o.redact(ctx, text.Text)
			if o.Demo {
				text.Text = demoLabel + text.Text
			}
			result.Content[i] = text
		}
		return result, nil
	}
}

// minSecret keeps redact from short keys, as test servers have: they would be
// found in plain words.
const minSecret = 16

// redact takes the server's key and the caller's own out of a text.
func (o Options) redact(ctx context.Context, text string) string {
	return redact(redact(text, o.Key), tenant.CredentialsOf(ctx).Key)
}

// redact takes a key out of a text.
func redact(text string, key client.Key) string {
	secret := key.Reveal()
	if len(secret) < minSecret {
		return text
	}
	return strings.ReplaceAll(text, secret, "[redacted]")
}

// recover turns a panic or an error of a handler into a short answer. mcp-go
// would send its text to the client, and a text from inside may hold anything.
func (o Options) recover(next server.ToolHandlerFunc) server.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (result *mcp.CallToolResult, err error) {
		defer func() {
			if p := recover(); p != nil {
				id := correlationID()
				// The panic's value is not logged, for the same reason.
				o.Log.Error("tool panicked", "tool", req.Params.Name, "correlation_id", id, "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
				result, err = internalError(id), nil
			}
		}()
		result, err = next(ctx, req)
		switch {
		case err == nil:
			return result, nil
		case ctx.Err() != nil, errors.Is(err, context.Canceled):
			return mcp.NewToolResultError("The call was cancelled. The sourcing run goes on: ask for it again with the same request_id."), nil
		default:
			id := correlationID()
			o.Log.Error("tool failed", "tool", req.Params.Name, "correlation_id", id, "error", err)
			return internalError(id), nil
		}
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
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return hex.EncodeToString(b[:])
}
