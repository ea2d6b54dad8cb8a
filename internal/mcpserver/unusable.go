package mcpserver

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// NewUnusable returns a server for a program whose settings are invalid. It
// lists the same tools, prompts and resources as New's, but reads no runs, and
// answers each with why: a sentence for the model and its user. Clients would
// show people only “connection closed” if the program ended instead.
func NewUnusable(o Options, why string) *server.MCPServer {
	s := New(o)
	for _, refuse := range []server.ServerOption{
		server.WithToolHandlerMiddleware(func(server.ToolHandlerFunc) server.ToolHandlerFunc {
			return func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				return mcp.NewToolResultError(why), nil
			}
		}),
		server.WithPromptHandlerMiddleware(func(server.PromptHandlerFunc) server.PromptHandlerFunc {
			return func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
				return nil, &fault{mcp.INTERNAL_ERROR, why}
			}
		}),
		server.WithResourceHandlerMiddleware(func(server.ResourceHandlerFunc) server.ResourceHandlerFunc {
			return func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
				return nil, &fault{mcp.INTERNAL_ERROR, why}
			}
		}),
	} {
		refuse(s)
	}
	return s
}
