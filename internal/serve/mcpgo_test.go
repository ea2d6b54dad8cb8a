package serve

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// What mcp-go does without the guard. When one of these fails, mcp-go has got
// better, and what stands against it here may go.
func TestPinsOfBareMCPGo(t *testing.T) {
	s := server.NewMCPServer("bare", "1")
	s.AddTool(mcp.NewTool("t"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("ran"), nil
	})
	bare := server.NewStreamableHTTPServer(s, server.WithStateLess(true))
	deep := strings.Repeat("[", 9_900) + strings.Repeat("]", 9_900)
	for name, tt := range map[string]struct {
		body   string
		header [2]string
		status int
		holds  string
	}{
		"H01 any origin may call":               {ping, [2]string{"Origin", "https://evil.example"}, 200, `"result":{}`},
		"H12 an encoded body is taken as plain": {ping, [2]string{"Content-Encoding", "gzip"}, 200, `"result":{}`},
		"H13 a body has no bound":               {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"` + strings.Repeat("x", 8<<20) + `"}}`, [2]string{}, 200, `"result":{}`},
		"H15 nor has depth, to 10,000":          {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":` + deep + `}}`, [2]string{}, 200, `"result":{}`},
		"H18 names match whatever their case":   {`{"jsonrpc":"2.0","id":1,"METHOD":"ping"}`, [2]string{}, 200, `"result":{}`},
		"H19 and whatever folds to them":        {`{"jsonrpc":"2.0","id":1,"method":"tools/call","paramſ":{"name":"t"}}`, [2]string{}, 200, "ran"},
		"H20 id null is taken for none":         {`{"jsonrpc":"2.0","id":null,"method":"ping"}`, [2]string{}, 202, ""},
		"H22 large ids are altered":             {`{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}`, [2]string{}, 200, `"id":9007199254740992`},
		"H24 of two names the last one counts":  {`{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"t"}}`, [2]string{}, 200, "ran"},
		"H44 a session id may have any length":  {ping, [2]string{"Mcp-Session-Id", strings.Repeat("x", 5_000)}, 200, `"result":{}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/any/path", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", "application/json")
			if tt.header[0] != "" {
				r.Header.Set(tt.header[0], tt.header[1])
			}
			w := httptest.NewRecorder()
			bare.ServeHTTP(w, r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.holds) || w.Header().Get("X-Content-Type-Options") != "" || w.Header().Get("Cache-Control") != "" {
				t.Errorf("%d, want %d with %q: %.300s %v", w.Code, tt.status, tt.holds, w.Body, w.Header())
			}
		})
	}
}

func TestPinsOfBareSSE(t *testing.T) {
	running, left, after := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	hooks := &server.Hooks{}
	hooks.AddOnUnregisterSession(func(context.Context, server.ClientSession) { close(left) })
	s := server.NewMCPServer("bare", "1", server.WithHooks(hooks))
	s.AddTool(mcp.NewTool("t"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		close(running)
		<-left
		after <- ctx.Err()
		return mcp.NewToolResultText("ran"), nil
	})
	bare := httptest.NewServer(server.NewSSEServer(s))
	defer bare.Close()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, bare.URL+"/sse", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if got := resp.Header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("H57: allowed origin %q", got)
	}
	lines := bufio.NewScanner(resp.Body)
	address := ""
	for address == "" && lines.Scan() {
		address, _ = strings.CutPrefix(lines.Text(), "data: ")
		if !strings.HasPrefix(address, "/") {
			address = ""
		}
	}
	// Any page can send text/plain without asking first, and whoever has the
	// address can write to the session.
	posted, err := http.Post(bare.URL+address, "text/plain", strings.NewReader(toCall(1, "t", "{}")))
	if err != nil {
		t.Fatal(err)
	}
	_ = posted.Body.Close()
	if posted.StatusCode != http.StatusAccepted {
		t.Errorf("H11: text/plain is answered %s", posted.Status)
	}
	<-running
	leave()
	if err := <-after; err != nil {
		t.Errorf("the call of a client that has left: %v", err)
	}
}

// A stranger's cancel ends a call of the same id, since without sessions all
// clients have the same one.
func TestPinOfBareCancel(t *testing.T) {
	running, cancelled := make(chan struct{}), make(chan struct{})
	s := server.NewMCPServer("bare", "1")
	s.AddTool(mcp.NewTool("t"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		close(running)
		<-ctx.Done()
		close(cancelled)
		return nil, ctx.Err()
	})
	bare := server.NewStreamableHTTPServer(s, server.WithStateLess(true))
	send := func(body string) {
		r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		bare.ServeHTTP(httptest.NewRecorder(), r)
	}
	go send(toCall(1, "t", "{}"))
	<-running
	send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	<-cancelled
}
