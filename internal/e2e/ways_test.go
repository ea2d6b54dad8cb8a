package e2e

import (
	"context"
	"log/slog"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	mcpgo "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	gosdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/mcpserver"
	"instaview-mcp/internal/sandbox"
)

// session is a session of a real client, of either library.
type session interface {
	tools(ctx context.Context) ([]string, error)
	call(ctx context.Context, tool string, arguments any) (text string, isError bool, err error)
	progress() int // notifications so far
}

// ways are all ways to connect: each transport, both eras, two client
// libraries.
var ways = map[string]func(*testing.T) session{
	"in memory": inMemory,
	"stdio, mcp-go, 2025-11-25": func(t *testing.T) session {
		return overMCPGo(t, "2025-11-25", must(mcpgo.NewStdioMCPClient(program(t), nil, "--demo"))(t))
	},
	"stdio, mcp-go, 2026-07-28": func(t *testing.T) session {
		return overMCPGo(t, "2026-07-28", must(mcpgo.NewStdioMCPClient(program(t), nil, "--demo"))(t))
	},
	"stdio, official": func(t *testing.T) session {
		return overOfficial(t, &gosdk.CommandTransport{Command: exec.Command(program(t), "--demo")})
	},
	"HTTP+SSE, mcp-go": func(t *testing.T) session {
		return overMCPGo(t, "2025-11-25", must(mcpgo.NewSSEMCPClient(serveHTTP(t, "sse", nil, "--demo").url))(t))
	},
	"HTTP+SSE, official": func(t *testing.T) session {
		return overOfficial(t, &gosdk.SSEClientTransport{Endpoint: serveHTTP(t, "sse", nil, "--demo").url})
	},
	"Streamable HTTP, mcp-go, 2025-11-25": func(t *testing.T) session {
		return overMCPGo(t, "2025-11-25", must(mcpgo.NewStreamableHttpClient(serveHTTP(t, "http", nil, "--demo").url))(t))
	},
	"Streamable HTTP, mcp-go, 2026-07-28": func(t *testing.T) session {
		return overMCPGo(t, "2026-07-28", must(mcpgo.NewStreamableHttpClient(serveHTTP(t, "http", nil, "--demo").url))(t))
	},
	"Streamable HTTP, official": func(t *testing.T) session {
		return overOfficial(t, &gosdk.StreamableClientTransport{Endpoint: serveHTTP(t, "http", nil, "--demo").url})
	},
}

// The tools behave the same over every connection.
func TestEveryWayIn(t *testing.T) {
	t.Parallel()
	for name, connect := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := connect(t)
			ctx := t.Context()
			tools, err := s.tools(ctx)
			slices.Sort(tools)
			if err != nil || !slices.Equal(tools, []string{"get_sourcing_results", "show_shortlist", "wait_for_sourcing"}) {
				t.Fatalf("tools %v, %v", tools, err)
			}
			get, wait := "get_sourcing_results", "wait_for_sourcing"
			type arguments = map[string]any
			for _, tt := range []struct {
				tool      string
				arguments arguments
				isError   bool
				want      []string
			}{
				{"show_shortlist", arguments{"request_id": "req_demo_done", "ranks": []int{2}}, false, []string{"Showing 2 in summary", "⟦end "}},
				{get, arguments{"request_id": "req_demo_done"}, false, []string{"20 scored of 134 found", "Showing 1-10 in summary, 11-20 in brief", "⟦end "}},
				{wait, arguments{"request_id": "req_demo_done", "detail": "brief"}, false, []string{"Showing 1-20 in brief"}},
				{get, arguments{"request_id": "req_demo_large", "detail": "full", "limit": 50}, false, []string{"100 returned", "Next: ranks"}},
				{get, arguments{"request_id": "req_demo_done", "blind": true, "limit": 1}, false, []string{"Names are hidden"}},
				{get, arguments{"request_id": "req_demo_empty"}, false, []string{"no candidate returned"}},
				{get, arguments{"request_id": "req_demo_slow"}, false, []string{"still processing", "Next: wait_for_sourcing"}},
				{wait, arguments{"request_id": "req_demo_slow", "max_wait_seconds": 1}, false, []string{"still processing", "Waited ", "wait_for_sourcing("}},
				{get, arguments{"request_id": "req_unknown"}, true, []string{"knows no such sourcing run"}},
				{get, arguments{"request_id": "../admin"}, true, []string{"No request was made."}},
				{get, arguments{}, true, []string{"request_id is missing"}},
				{get, arguments{"request_id": "req_demo_done", "limit": "1", "wait_for_previous": true}, false, []string{"Showing 1 in summary."}},
			} {
				text, isError, err := s.call(ctx, tt.tool, tt.arguments)
				if err != nil || isError != tt.isError {
					t.Errorf("%s(%v): isError %v, %v\n%s", tt.tool, tt.arguments, isError, err, text)
				}
				for _, want := range tt.want {
					if !strings.Contains(text, want) {
						t.Errorf("%s(%v): no %q in\n%s", tt.tool, tt.arguments, want, text)
					}
				}
			}
			eventually(t, "progress is told", func() bool { return s.progress() > 0 }) // client libraries report it from goroutines
			if _, _, err := s.call(ctx, "delete_candidates", arguments{}); err == nil {
				t.Error("an unknown tool is no error")
			}
			// A cancelled call returns, and the session continues.
			before := s.progress()
			running, cancel := context.WithCancel(ctx)
			ended := make(chan string, 1) // with the answer's text
			go func() {
				text, isError, err := s.call(running, wait, arguments{"request_id": "req_demo_slow"})
				if err != nil || isError {
					text = ""
				}
				ended <- text
			}()
			eventually(t, "the call is under way", func() bool { return s.progress() > before })
			cancel()
			if text := <-ended; text != "" {
				t.Errorf("a cancelled call was answered:\n%s", text)
			}
			if text, _, err := s.call(ctx, get, arguments{"request_id": "req_demo_done", "limit": 1}); err != nil || !strings.Contains(text, "20 scored") {
				t.Errorf("after a cancelled call: %v\n%s", err, text)
			}
		})
	}
}

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// inMemory connects to a server in this process.
func inMemory(t *testing.T) session {
	t.Helper()
	dial, stop := sandbox.New().Start()
	t.Cleanup(stop)
	api := must(client.New(client.NewKey(sandbox.Key), client.WithBaseURL("http://localhost"), client.WithDialContext(dial)))(t)
	poller := poll.New(api)
	t.Cleanup(poller.Close)
	server := mcpserver.New(mcpserver.Options{Version: "test", Runs: poller, Log: slog.New(slog.DiscardHandler)})
	return overMCPGo(t, "2025-11-25", must(mcpgo.NewInProcessClient(server))(t))
}

type mcpGoSession struct {
	client *mcpgo.Client
	told   atomic.Int64
}

func overMCPGo(t *testing.T, version string, c *mcpgo.Client) session {
	t.Helper()
	t.Cleanup(func() { _ = c.Close() })
	s := &mcpGoSession{client: c}
	// With HTTP+SSE the client's stream lives as long as this context.
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion = version
	if _, err := c.Initialize(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	if got := c.ProtocolVersion(); got != version {
		t.Fatalf("speaks %s, want %s", got, version)
	}
	c.OnNotification(func(n mcp.JSONRPCNotification) {
		if n.Method == "notifications/progress" {
			s.told.Add(1)
		}
	})
	return s
}

func (s *mcpGoSession) tools(ctx context.Context) (names []string, err error) {
	list, err := s.client.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return nil, err
	}
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
	}
	return names, nil
}

func (s *mcpGoSession) call(ctx context.Context, tool string, arguments any) (string, bool, error) {
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = tool, arguments
	req.Params.Meta = &mcp.Meta{ProgressToken: "p"}
	result, err := s.client.CallTool(ctx, req)
	if err != nil {
		return "", false, err
	}
	return result.Content[0].(mcp.TextContent).Text, result.IsError, nil
}

func (s *mcpGoSession) progress() int { return int(s.told.Load()) }

type officialSession struct {
	session *gosdk.ClientSession
	told    *atomic.Int64
}

func overOfficial(t *testing.T, transport gosdk.Transport) session {
	t.Helper()
	told := new(atomic.Int64)
	c := gosdk.NewClient(&gosdk.Implementation{Name: "test", Version: "1"}, &gosdk.ClientOptions{
		ProgressNotificationHandler: func(context.Context, *gosdk.ProgressNotificationClientRequest) { told.Add(1) },
	})
	s := must(c.Connect(t.Context(), transport, nil))(t)
	t.Cleanup(func() { _ = s.Close() })
	return officialSession{s, told}
}

func (s officialSession) tools(ctx context.Context) (names []string, err error) {
	list, err := s.session.ListTools(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
	}
	return names, nil
}

func (s officialSession) call(ctx context.Context, tool string, arguments any) (string, bool, error) {
	params := &gosdk.CallToolParams{Name: tool, Arguments: arguments}
	params.SetProgressToken("p")
	result, err := s.session.CallTool(ctx, params)
	if err != nil {
		return "", false, err
	}
	return result.Content[0].(*gosdk.TextContent).Text, result.IsError, nil
}

func (s officialSession) progress() int { return int(s.told.Load()) }
