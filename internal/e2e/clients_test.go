package e2e

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	mcpgo "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	gosdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// mcp-go's client, in both eras.
func TestMCPGoClient(t *testing.T) {
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			c, err := mcpgo.NewStdioMCPClient(program, nil, "--demo")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			var in mcp.InitializeRequest
			in.Params.ProtocolVersion = version
			if _, err := c.Initialize(t.Context(), in); err != nil {
				t.Fatal(err)
			}
			if got := c.ProtocolVersion(); got != version {
				t.Errorf("speaks %s, want %s", got, version)
			}
			list, err := c.ListTools(t.Context(), mcp.ListToolsRequest{})
			if err != nil || len(list.Tools) != 2 {
				t.Fatalf("%d tools, %v", len(list.Tools), err)
			}
			var req mcp.CallToolRequest
			req.Params.Name, req.Params.Arguments = "wait_for_sourcing", map[string]any{"request_id": "req_demo_done"}
			result, err := c.CallTool(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if text := result.Content[0].(mcp.TextContent).Text; result.IsError || !strings.Contains(text, "20 scored of 134 found") {
				t.Errorf("got %s", text)
			}
		})
	}
}

// The official SDK's client, with the protocol it prefers.
func TestOfficialClient(t *testing.T) {
	t.Parallel()
	progress := make(chan *gosdk.ProgressNotificationParams, 100)
	client := gosdk.NewClient(&gosdk.Implementation{Name: "test", Version: "1"}, &gosdk.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, req *gosdk.ProgressNotificationClientRequest) { progress <- req.Params },
	})
	session, err := client.Connect(t.Context(), &gosdk.CommandTransport{Command: exec.Command(program, "--demo")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	list, err := session.ListTools(t.Context(), nil)
	if err != nil || len(list.Tools) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	params := &gosdk.CallToolParams{Name: "wait_for_sourcing", Arguments: map[string]any{"request_id": "req_demo_slow", "max_wait_seconds": 1}}
	params.SetProgressToken("token")
	result, err := session.CallTool(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	if text := result.Content[0].(*gosdk.TextContent).Text; result.IsError || !strings.Contains(text, "still processing") {
		t.Errorf("got %s", text)
	}
	if len(progress) == 0 {
		t.Error("no progress")
	}
}
