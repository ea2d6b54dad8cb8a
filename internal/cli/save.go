package cli

import (
	"context"
	"fmt"
	"os"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
)

// writeTable writes all candidates of a run to a file. A new file is readable
// by its owner only, as it holds personal data. An existing file is overwritten
// and keeps its permissions.
func writeTable(ctx context.Context, sys System, session *mcpclient.Client, requestID, file string) error {
	var request mcp.ReadResourceRequest
	request.Params.URI = "sourcing://" + requestID + "/shortlist.csv"
	result, err := session.ReadResource(ctx, request)
	if err != nil {
		return fmt.Errorf("%s is not written: %w", file, serverText(err))
	}
	for _, content := range result.Contents {
		text, ok := content.(mcp.TextResourceContents)
		if !ok {
			continue
		}
		if err := os.WriteFile(file, []byte(text.Text), 0o600); err != nil {
			return err
		}
		_, err := fmt.Fprintf(sys.Stderr, "All candidates of the run are in %s.\n", file)
		return err
	}
	return fmt.Errorf("%s is not written: the server gave no table", file)
}
