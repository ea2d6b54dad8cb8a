package mcptest

import (
	"context"
	"encoding/json"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Connect returns a real client's session with a server in this process, and
// what the server said in the handshake. The session ends with the test.
func Connect(t testing.TB, s *server.MCPServer) (*mcpclient.Client, *mcp.InitializeResult) {
	t.Helper()
	session, err := mcpclient.NewInProcessClient(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	if err := session.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	hello, err := session.Initialize(t.Context(), mcp.InitializeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return session, hello
}

// Answer returns a server's answer to one raw request with id 1, as JSON.
func Answer(t testing.TB, ctx context.Context, s *server.MCPServer, method, params string) string {
	t.Helper()
	answer, err := json.Marshal(s.HandleMessage(ctx, json.RawMessage(Request(1, method, params))))
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}
