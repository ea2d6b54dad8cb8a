package mcpserver

import (
	"context"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/internal/completion"
	"instaview-mcp/tools"
)

// runsRead lists the runs that a caller has started or read as resources, so
// that people can attach them to a chat.
type runsRead struct {
	middleware
	*completion.Memory
}

// listRuns fills the list of resources, the latest run first. It is a hook,
// because mcp-go's own list is the same for all callers.
func (r runsRead) listRuns(ctx context.Context, _ any, _ *mcp.ListResourcesRequest, result *mcp.ListResourcesResult) {
	defer func() { _ = recover() }() // mcp-go would send its value to the client
	// The page of show_shortlist is for its tool, where hosts find it; the
	// specification of MCP Apps lets a server omit it here. In a list, people
	// would take it for a shortlist to attach.
	result.Resources = []mcp.Resource{}
	for _, run := range r.List(ctx) {
		resource := tools.RunResource(run.RequestID, r.redact(ctx, run.Title), run.At.UTC().Format(time.RFC3339))
		result.Resources = append(result.Resources, resource)
	}
}
