package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"golang.org/x/term"

	"instaview-mcp/internal/app"
	"instaview-mcp/internal/arguments"
	"instaview-mcp/tools/shortlist"
)

// call makes one tool call through an MCP client in this process. It writes
// progress to stderr and the answer's text to stdout, and then the files of
// o.save. A call that costs credits needs a yes, from the terminal or by o.yes.
// blind reports whether the settings hide names in every answer and file.
func call(ctx context.Context, sys System, s *server.MCPServer, args []string, o options, blind bool) error {
	if len(args) == 0 {
		return errors.New("call needs a tool: get_sourcing_results, show_shortlist or wait_for_sourcing")
	}
	request := mcp.CallToolRequest{}
	request.Params.Name = args[0]
	given, err := parseValues(args[1:])
	if err != nil {
		return err
	}
	request.Params.Arguments = given // the tools accept numbers and lists as strings
	requestID, asksBlind := parseArguments(given)
	if err := o.save.check(asksBlind && !blind); err != nil {
		return err
	}
	request.Params.Meta = &mcp.Meta{ProgressToken: "call"}

	session, err := connect(ctx, s)
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }()
	if err := checkTool(ctx, session, args[0]); err != nil {
		return err
	}
	progress := newProgressLine(sys.Stderr)
	session.OnNotification(progress.notified)
	result, err := session.CallTool(ctx, request)
	progress.end()
	if err != nil {
		return fmt.Errorf("call %s: %w", args[0], err)
	}
	if proposal, code := proposed(result); code != "" {
		if flags := o.save.flags(); len(flags) > 0 {
			return fmt.Errorf("%s goes with a call that shows candidates: leave it out here", flags[0])
		}
		if err := agree(ctx, sys, proposal, "nothing was started", o.yes); err != nil {
			return err
		}
		request.Params.Arguments = map[string]string{arguments.Confirmation: code}
		if result, err = session.CallTool(ctx, request); err != nil {
			return fmt.Errorf("call %s: %w", args[0], err)
		}
	}
	for _, content := range result.Content {
		if text, ok := content.(mcp.TextContent); ok {
			if _, err := fmt.Fprintln(sys.Stdout, text.Text); err != nil {
				return err
			}
		}
	}
	if result.IsError {
		return app.ErrFailed
	}
	return o.save.write(ctx, sys, session, requestID)
}

// parseArguments returns the run that the arguments name, and whether they hide
// names. It accepts the spellings that the tools accept.
func parseArguments(given map[string]string) (requestID string, blind bool) {
	values := map[string]any{}
	for name, value := range given {
		values[name] = value
	}
	object, _, _ := arguments.Object(values)
	meant, _ := arguments.Rename(object, []string{arguments.RequestID, arguments.Blind}, func(value any, _ string) any { return value })
	requestID, _ = arguments.RequestIDOf(meant[arguments.RequestID])
	switch hidden := meant[arguments.Blind].(type) {
	case nil:
	case string:
		blind = hidden != "" && !strings.EqualFold(hidden, "false")
	default:
		blind = hidden != false
	}
	return requestID, blind
}

// checkTool returns an error that lists the tools if none has this name.
func checkTool(ctx context.Context, session *mcpclient.Client, tool string) error {
	list, err := session.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return err
	}
	var names []string
	for _, t := range list.Tools {
		names = append(names, t.Name)
	}
	if !slices.Contains(names, tool) {
		return fmt.Errorf("there is no tool %q: use %s", tool, joined(names, "or"))
	}
	return nil
}

func connect(ctx context.Context, s *server.MCPServer) (*mcpclient.Client, error) {
	session, err := mcpclient.NewInProcessClient(s)
	if err != nil {
		return nil, err
	}
	if err := session.Start(ctx); err != nil {
		return nil, err
	}
	_, err = session.Initialize(ctx, mcp.InitializeRequest{Params: mcp.InitializeParams{
		ClientInfo: mcp.Implementation{Name: "instaview-mcp call", Version: app.BuildVersion()},
	}})
	return session, err
}

// progressLine shows a call's progress: on a terminal as one line that is
// overwritten, elsewhere as one line for each message.
type progressLine struct {
	terminal bool

	mu    sync.Mutex // notifications arrive on another goroutine
	w     io.Writer  // nil once ended
	shown bool
	begun time.Time
}

func newProgressLine(w io.Writer) *progressLine {
	f, ok := w.(*os.File)
	return &progressLine{w: w, begun: time.Now(), terminal: ok && term.IsTerminal(int(f.Fd()))}
}

const clearLine = "\r\x1b[K"

func (p *progressLine) notified(n mcp.JSONRPCNotification) {
	if n.Method != "notifications/progress" {
		return
	}
	message, _ := n.Params.AdditionalFields["message"].(string)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown = true
	switch {
	case p.w == nil:
	case p.terminal:
		_, _ = fmt.Fprint(p.w, clearLine, message)
	default:
		_, _ = fmt.Fprintln(p.w, message)
	}
}

// end clears the line, or prints the duration if progress was shown. A
// notification that arrives after the answer is dropped.
func (p *progressLine) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.terminal:
		_, _ = fmt.Fprint(p.w, clearLine)
	case p.shown:
		_, _ = fmt.Fprintf(p.w, "Answered after %s\n", shortlist.Duration(time.Since(p.begun)))
	}
	p.w = nil
}
