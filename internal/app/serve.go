package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"instaview-mcp/internal/config"
	"instaview-mcp/internal/httpserver"
	"instaview-mcp/internal/mcpserver"
	"instaview-mcp/internal/stdio"
)

// Serve serves MCP over the configured transport until ctx ends or, over stdio,
// until the client closes stdin.
func Serve(ctx context.Context, s Streams, environ []string, demo bool) error {
	use := config.Use{Demo: demo, Serving: true}
	settings := LoadSettings(ctx, environ, use)
	if len(settings.Faults) > 0 && settings.Transport == config.Stdio {
		return ServeFaults(ctx, s, settings)
	}
	return With(s.Stderr, settings, use, func(a *App) error {
		a.Warn()
		if a.Settings.Transport == config.Stdio {
			a.Log.Info("serving MCP on stdin and stdout", "version", BuildVersion(), "demo", demo)
			return stdio.Serve(ctx, a.Server, s.Stdin, s.Stdout, a.Runs, a.Log)
		}
		a.Metrics.CountInFlight(a.Server)
		a.Log.Info("starting", "version", BuildVersion(), "demo", demo)
		serving := httpSettings(a.Settings)
		serving.Hint, serving.OnDelivery = a.Hint, a.Metrics.CountDelivery
		return httpserver.New(a.Server, serving, a.Runs, a.Metrics.Handler(), a.Log).Run(ctx)
	})
}

// ServeFaults serves over stdio although settings have faults: it lists the
// tools and answers each call with the faults. If the program ended instead,
// clients would only show that the connection is closed.
func ServeFaults(ctx context.Context, s Streams, settings config.Config) error {
	err := Refused(settings)
	PrintError(s.Stderr, err)
	log, closeLog := OpenLog(s.Stderr, settings)
	defer closeLog()
	why := "This server cannot work with its present settings, so it sent no request to InstaView. Tell the user to correct them " +
		"where the client is told how to start it, and then to restart it; the command instaview-mcp check tries them:\n- " +
		strings.ReplaceAll(err.Error(), "\n", "\n- ")
	o := mcpserver.Options{Version: BuildVersion(), Log: log, Settings: toolSettings(settings)}
	if checkTools(settings) == "" {
		o.Only = settings.Tools
	}
	server := mcpserver.NewUnusable(o, why)
	return errors.Join(ErrFailed, stdio.Serve(ctx, server, s.Stdin, s.Stdout, noRuns{}, log))
}

// noRuns reads no runs, for commands that never call a tool.
type noRuns struct{}

func (noRuns) Drain() {}
func (noRuns) Close() {}

// PrintError writes an error to stderr; errors joined by errors.Join get a line
// each.
func PrintError(stderr io.Writer, err error) {
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for _, err := range all {
		_, _ = fmt.Fprintf(stderr, "instaview-mcp: %v\n", err)
	}
}

// ErrFailed ends the program with status 1 without a further message.
var ErrFailed = errors.New("failed")

// Streams are the program's standard input and outputs.
type Streams struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}
