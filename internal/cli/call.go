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

// call makes one tool call through a real MCP client in this process: progress
// to stderr, the answer's text to stdout, and the run as a table to the file, if
// one is named. blind says that no answer and no table shows names.
func call(ctx context.Context, sys System, s *server.MCPServer, args []string, table string, blind bool) error {
	if len(args) == 0 {
		return errors.New("call needs a tool: get_sourcing_results or wait_for_sourcing")
	}
	request := mcp.CallToolRequest{}
	request.Params.Name = args[0]
	given, err := named(args[1:])
	if err != nil {
		return err
	}
	request.Params.Arguments = given // the tools read numbers and lists from text
	requestID, asksBlind := meaning(given)
	if table != "" && asksBlind && !blind {
		return errors.New("--csv writes names, which blind hides: leave out one of them, or set INSTAVIEW_MCP_BLIND=true")
	}
	request.Params.Meta = &mcp.Meta{ProgressToken: "call"}

	session, err := connect(ctx, s)
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }()
	if err := known(ctx, session, args[0]); err != nil {
		return err
	}
	progress := newProgressLine(sys.Stderr)
	session.OnNotification(progress.notified)
	result, err := session.CallTool(ctx, request)
	progress.end()
	if err != nil {
		return fmt.Errorf("call %s: %w", args[0], err)
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
	if table != "" {
		return writeTable(ctx, sys, session, requestID, table)
	}
	return nil
}

// meaning returns the run that arguments name, and whether they ask for no
// names, however both were typed.
func meaning(given map[string]string) (requestID string, blind bool) {
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

// known reports a tool that is not there, with those that are.
func known(ctx context.Context, session *mcpclient.Client, tool string) error {
	list, err := session.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return err
	}
	var names []string
	for _, t := range list.Tools {
		names = append(names, t.Name)
	}
	if !slices.Contains(names, tool) {
		return fmt.Errorf("there is no tool %q: use %s", tool, strings.Join(names, " or "))
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

// progressLine shows a call's progress: on a terminal in one line that is
// written over, elsewhere in a line each.
type progressLine struct {
	terminal bool

	mu    sync.Mutex // notifications come from a goroutine of the client's
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

// end says how long it took, if there was anything to show on the way: the last
// notification may come after the answer, and is then not shown.
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
