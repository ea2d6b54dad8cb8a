// Command bare is the smallest server on mcp-go that does the same work: it
// answers with InstaView's JSON as it came. The benchmarks compare with it.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

func main() {
	// As many as the program keeps. The default of two would measure
	// connecting.
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 128
	s := server.NewMCPServer("bare", "1")
	s.AddTool(mcp.NewTool("get_sourcing_results", mcp.WithString("request_id", mcp.Required())),
		func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			body, err := fetch(ctx, req.GetString("request_id", ""))
			if err != nil {
				return nil, err
			}
			return mcp.NewToolResultText(body), nil
		})
	s.AddTool(mcp.NewTool("wait_for_sourcing", mcp.WithString("request_id", mcp.Required())),
		func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			for end := time.Now().Add(50 * time.Second); ; time.Sleep(5 * time.Second) {
				body, err := fetch(ctx, req.GetString("request_id", ""))
				switch {
				case err != nil:
					return nil, err
				case !strings.Contains(body, `"status":"processing"`), time.Now().After(end):
					return mcp.NewToolResultText(body), nil
				}
			}
		})
	if os.Getenv("INSTAVIEW_MCP_TRANSPORT") != "http" {
		if err := server.ServeStdio(s); err != nil {
			log.Fatal(err)
		}
		return
	}
	listener, err := net.Listen("tcp", os.Getenv("INSTAVIEW_MCP_ADDR"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "url=http://%s/mcp\n", listener.Addr())
	log.Fatal(http.Serve(listener, server.NewStreamableHTTPServer(s, server.WithStateLess(true))))
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
