package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/cli/browser"
	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
)

// saves are the files that a call also writes; "" = none.
type saves struct {
	table, page string
	open        bool // show the page in a browser
}

// flags returns the flags of the files to write.
func (s saves) flags() (flags []string) {
	if s.table != "" {
		flags = append(flags, "--csv")
	}
	if s.page != "" {
		flags = append(flags, "--html")
	}
	return flags
}

// check returns why these files cannot be written. hides reports whether the
// call hides names and the settings do not: a file would hold them.
func (s saves) check(hides bool) error {
	if flags := s.flags(); hides && len(flags) > 0 {
		return fmt.Errorf("%s writes names, which blind hides: leave out one of them, or set INSTAVIEW_MCP_BLIND=true", flags[0])
	}
	if s.open && s.page == "" {
		return errors.New("--open needs a page to open: add --html shortlist.html")
	}
	return nil
}

// write writes the files of a run and opens the page.
func (s saves) write(ctx context.Context, sys System, session *mcpclient.Client, requestID string) error {
	if s.table != "" {
		if err := saveResource(ctx, session, "sourcing://"+requestID+"/shortlist.csv", s.table); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(sys.Stderr, "All candidates of the run are in %s.\n", s.table); err != nil {
			return err
		}
	}
	if s.page == "" {
		return nil
	}
	if err := saveResource(ctx, session, "sourcing://"+requestID+"/shortlist.html", s.page); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(sys.Stderr, "The run's page is in %s: open it in a browser.\n", s.page); err != nil {
		return err
	}
	if s.open {
		return openPage(s.page)
	}
	return nil
}

// saveResource writes a resource to a file, which may exist.
func saveResource(ctx context.Context, session *mcpclient.Client, uri, file string) error {
	var request mcp.ReadResourceRequest
	request.Params.URI = uri
	result, err := session.ReadResource(ctx, request)
	if err != nil {
		return fmt.Errorf("%s is not written: %w", file, serverText(err))
	}
	for _, content := range result.Contents {
		if text, ok := content.(mcp.TextResourceContents); ok {
			return writePrivate(file, text.Text)
		}
	}
	return fmt.Errorf("%s is not written: the server gave no document", file)
}

// writePrivate writes a file that only its owner can read, as it holds personal
// data.
func writePrivate(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	// A file that others could read before holds no such data yet. What is no
	// file, such as /dev/stdout, keeps its permissions.
	if info, statErr := f.Stat(); statErr == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		err = f.Chmod(0o600)
	}
	if err == nil {
		_, err = f.WriteString(text)
	}
	return errors.Join(err, f.Close())
}

// openPage opens a file in the person's browser.
func openPage(file string) error {
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	// What a browser prints is not for the person who called.
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	address := url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(path), "/")}
	if err := browser.OpenURL(address.String()); err != nil {
		return fmt.Errorf("no browser could be started: open %s yourself", file)
	}
	return nil
}
