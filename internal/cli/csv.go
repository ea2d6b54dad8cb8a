package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
)

// tableFile takes --csv FILE, or --csv=FILE, out of what follows call.
func tableFile(args []string) (rest []string, file string, err error) {
	for i := 0; i < len(args); i++ {
		name, value, given := strings.Cut(args[i], "=")
		if name != "--csv" && name != "-csv" {
			rest = append(rest, args[i])
			continue
		}
		if !given && i+1 < len(args) {
			i++
			value = args[i]
		}
		if value == "" || !given && strings.Contains(value, "=") { // the next argument
			return nil, "", errors.New("--csv needs the name of a file: --csv shortlist.csv")
		}
		file = value
	}
	return rest, file, nil
}

// writeTable writes all candidates of a run to a file. One that it makes is for
// its owner alone, as it is about people; one that is there is written over and
// keeps its permissions.
func writeTable(ctx context.Context, sys System, session *mcpclient.Client, requestID, file string) error {
	var request mcp.ReadResourceRequest
	request.Params.URI = "sourcing://" + requestID + "/shortlist.csv"
	result, err := session.ReadResource(ctx, request)
	if err != nil {
		return fmt.Errorf("%s is not written: %w", file, said(err))
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
