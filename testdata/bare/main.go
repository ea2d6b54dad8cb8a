// Command bare is the smallest MCP server on mcp-go, which BenchmarkStart
// compares with.
package main

import (
	"context"
	"log"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

func main() {
	s := server.NewMCPServer("bare", "1")
	s.AddTool(mcp.NewTool("get_sourcing_results", mcp.WithString("request_id", mcp.Required())),
		func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("{}"), nil
		})
	if err := server.ServeStdio(s); err != nil {
		log.Fatal(err)
	}
}
