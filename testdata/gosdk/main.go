// Command gosdk is the smallest server on the official Go SDK that does the
// same work: it answers with InstaView's JSON as it came. The benchmarks
// compare with it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func main() {
	// As many as the program keeps. The default of two would measure
	// connecting.
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 128
	s := mcp.NewServer(&mcp.Implementation{Name: "gosdk", Version: "1"}, nil)
	add(s, "get_sourcing_results", fetch)
	add(s, "wait_for_sourcing", func(ctx context.Context, id string) (string, error) {
		for end := time.Now().Add(50 * time.Second); ; time.Sleep(5 * time.Second) {
			body, err := fetch(ctx, id)
			if err != nil || !strings.Contains(body, `"status":"processing"`) || time.Now().After(end) {
				return body, err
			}
		}
	})
	if os.Getenv("INSTAVIEW_MCP_TRANSPORT") != "http" {
		log.Fatal(s.Run(context.Background(), &mcp.StdioTransport{}))
	}
	listener, err := net.Listen("tcp", os.Getenv("INSTAVIEW_MCP_ADDR"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "url=http://%s/mcp\n", listener.Addr())
	log.Fatal(http.Serve(listener, mcp.NewStreamableHTTPHandler(
		func(*http.Request) *mcp.Server { return s },
		&mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true},
	)))
}

// add adds a tool by Server.AddTool, which is faster than mcp.AddTool, since it
// checks nothing.
func add(s *mcp.Server, tool string, read func(ctx context.Context, id string) (string, error)) {
	schema := json.RawMessage(`{"type":"object","properties":{"request_id":{"type":"string"}},"required":["request_id"]}`)
	s.AddTool(&mcp.Tool{Name: tool, InputSchema: schema}, func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		var given struct {
			RequestID string `json:"request_id"`
		}
		if err := json.Unmarshal(req.Params.Arguments, &given); err != nil {
			return nil, err
		}
		body, err := read(ctx, given.RequestID)
		if err != nil {
			return nil, err
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: body}}}, nil
	})
}

func fetch(ctx context.Context, id string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, os.Getenv("INSTAVIEW_BASE_URL")+"/sourcing/"+id+"/results", nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+os.Getenv("INSTAVIEW_API_KEY"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 400 {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	return string(body), err
}
