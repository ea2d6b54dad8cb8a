// Package mcpserver assembles the MCP server that every transport serves.
package mcpserver

import (
	"context"
	_ "embed"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/completion"
	"instaview-mcp/internal/jsonrpc"
	"instaview-mcp/internal/template"
	"instaview-mcp/prompts"
	"instaview-mcp/tools"
)

// Name is the server's name in the protocol's handshake.
const Name = "instaview-mcp"

// instructions are for the model; some clients show it nothing else but the
// names of the tools.
//
//go:embed instructions.md
var instructions string

// demoLabel precedes every answer of the demo, whose people are invented.
const demoLabel = "Sample data of the demo: these people and companies are invented.\n"

// Options configure a server.
type Options struct {
	Version  string       // sent to clients
	Runs     tools.Waiter // reads sourcing runs
	Settings tools.Settings
	// Only names the tools and prompts to offer; empty = all.
	Only []string
	// Demo labels every answer as sample data.
	Demo bool
	// Key is redacted in every answer, in case an upstream repeats it, and so
	// is the caller's own key. The zero value redacts nothing.
	Key client.Key
	// Log receives internal errors. It is required unless no call is served.
	Log *slog.Logger
}

// New returns a server with tools, prompts, resources and completions. It does
// not declare list changes, subscriptions, logging and tasks, because clients
// would keep a connection open for them.
func New(o Options) *server.MCPServer {
	m := middleware{redactor: redactor{o.Key}, demo: o.Demo, log: o.Log}
	o.Settings.Demo = o.Demo
	o.Settings.NoApps = o.Settings.NoApps || len(o.Only) > 0 && !slices.Contains(o.Only, tools.ShowTool)
	memory := runsRead{m, completion.New(&yielding{o.Runs}, o.Settings.Blind)}
	starts := o.Settings.Starting != nil
	if starts {
		o.Settings.Starting.Remember = memory.Started
	}
	hooks := &server.Hooks{}
	hooks.AddAfterListResources(memory.listRuns)
	addCodes(hooks)
	hooks.AddAfterSubscriptionsListen(func(ctx context.Context, _ any, _ *mcp.SubscriptionsListenRequest, _ *mcp.SubscriptionsListenResult) {
		jsonrpc.AwaitAcknowledgement(ctx)
	})
	s := server.NewMCPServer(Name, o.Version,
		server.WithHooks(hooks),
		server.WithInstructions(instructionsFor(starts, o.Only)),
		server.WithToolCapabilities(false),
		// The first middleware is the outermost, so it also redacts the answers
		// of the second one.
		server.WithToolHandlerMiddleware(m.tool),
		server.WithToolHandlerMiddleware(m.recoverTool),
		server.WithPromptCapabilities(false),
		server.WithPromptHandlerMiddleware(m.prompt),
		server.WithResourceCapabilities(false, false),
		server.WithResourceHandlerMiddleware(m.resource),
		server.WithCompletions(),
		server.WithPromptCompletionProvider(completer{m, memory.Memory}),
		server.WithResourceCompletionProvider(completer{m, memory.Memory}),
		// The default of mcp-go, but set here because candidates' data must
		// never be in a shared cache.
		server.WithCacheHints(0, mcp.CacheScopePrivate),
		server.WithExtensions(o.Settings.Extensions()),
	)
	tools.Register(s, memory, o.Settings)
	tools.RegisterResources(s, memory, o.Settings)
	tools.RegisterApp(s, o.Settings)
	prompts.Register(s, o.Settings.Blind)
	if starts {
		prompts.RegisterStarting(s, o.Settings.Blind)
	}
	if len(o.Only) > 0 {
		offered := func(name string) bool { return slices.Contains(o.Only, name) }
		s.DeleteTools(slices.DeleteFunc(tools.Names(starts), offered)...)
		s.DeletePrompts(slices.DeleteFunc(prompts.Names(starts), offered)...)
	}
	return s
}

// instructionsFor returns the instructions for the tools that are offered. A
// line that begins with names of tools is left out if none of them is.
func instructionsFor(starts bool, only []string) string {
	isOffered := func(name string) bool { return len(only) == 0 || slices.Contains(only, name) }
	spends := slices.ContainsFunc(tools.Names(true)[len(tools.Names(false)):], isOffered)
	text := template.Must(instructions).Execute(struct{ Starts bool }{starts && spends})
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		names, _, _ := strings.Cut(strings.TrimPrefix(line, "- "), ":")
		about := strings.Split(names, ", ")
		if slices.Contains(tools.Names(true), about[0]) && !slices.ContainsFunc(about, isOffered) {
			continue
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// yielding gives up a waiting call's place, so that other calls of its session
// can run.
type yielding struct{ tools.Waiter }

func (y *yielding) Wait(ctx context.Context, requestID string, d time.Duration, onSnapshot func(poll.Snapshot)) (poll.Snapshot, error) {
	defer jsonrpc.Idle(ctx)()
	return y.Waiter.Wait(ctx, requestID, d, onSnapshot)
}
