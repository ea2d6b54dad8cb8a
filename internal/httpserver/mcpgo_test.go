package httpserver

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// These tests show how mcp-go behaves without the guard. If one fails, mcp-go
// has improved and the workaround may go.
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

// What mcp-go's HandleMessage does and package jsonrpc corrects.
func TestPinsOfBareHandleMessage(t *testing.T) {
	s := server.NewMCPServer("bare", "1")
	s.AddTool(mcp.NewTool("t"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic("canary") })
	handle := func(message string) string {
		answer, err := json.Marshal(s.HandleMessage(t.Context(), []byte(message)))
		if err != nil {
			t.Fatal(err)
		}
		return string(answer)
	}
	if got := handle(`{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}`); !strings.Contains(got, `"id":9007199254740992`) {
		t.Errorf("an id is not altered any more: %s", got)
	}
	if got := handle(`{"jsonrpc":2.0,"id":1,"method":"ping"}`); !strings.Contains(got, `"id":null`) {
		t.Errorf("N04: a parse error keeps the id now: %s", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a panic does not come through any more")
		}
	}()
	handle(toCall(1, "t", "{}"))
}

// Without sessions any client's cancel ends a call with the same id, because
// mcp-go treats all clients as one.
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
