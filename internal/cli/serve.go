package cli

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"instaview-mcp/internal/config"
	"instaview-mcp/internal/httpserver"
	"instaview-mcp/internal/mcpserver"
	"instaview-mcp/internal/stdio"
)

// serveMCP serves over the transport that is set until ctx ends or, over stdio,
// until the client leaves.
func serveMCP(ctx context.Context, sys System, demo bool) error {
	use := config.Use{Demo: demo, Serving: true}
	settings := loadSettings(ctx, sys, use)
	if len(settings.Faults) > 0 && settings.Transport == config.Stdio {
		return serveFaults(ctx, sys, settings)
	}
	return withApp(sys, settings, use, func(a *app) error {
		warn(a.log, settings)
		if a.settings.Transport == config.Stdio {
			a.log.Info("serving MCP on stdin and stdout", "version", buildVersion(), "demo", demo)
			return stdio.Serve(ctx, a.server, sys.Stdin, sys.Stdout, a.runs, a.log)
		}
		a.metrics.CountInFlight(a.server)
		a.log.Info("starting", "version", buildVersion(), "demo", demo)
		return httpserver.New(a.server, httpSettings(a.settings), a.runs, a.metrics.Handler(), a.log).Run(ctx)
	})
}

// refuseArguments ends the program with what is wrong with its arguments. If a
// client has started it to serve, rather than a person at a terminal, it answers
// with that as serveFaults does.
func refuseArguments(ctx context.Context, sys System, o options, err error) error {
	f, isFile := sys.Stdin.(*os.File)
	atTerminal := isFile && term.IsTerminal(int(f.Fd()))
	// After a flag that is unknown, no one can tell a command from a value.
	otherCommand := slices.ContainsFunc([]string{"call", "prompt", "check"}, func(command string) bool { return slices.Contains(sys.Args, command) })
	settings := config.Load(ctx, o.override(sys.Environ), config.Use{Demo: o.demo, Serving: true})
	if atTerminal || otherCommand || settings.Transport == config.HTTP || settings.Transport == config.SSE {
		return err
	}
	// What else is wrong may follow from that, as a key that the demo does not need.
	settings.Faults, settings.Warnings = []string{err.Error()}, nil
	return serveFaults(ctx, sys, settings)
}

// serveFaults serves over stdio a program that cannot work: it lists what it
// would have, and answers each call with the faults. If it ended instead,
// clients would show people only that the connection is closed.
func serveFaults(ctx context.Context, sys System, settings config.Config) error {
	err := refused(settings)
	printError(sys, err)
	log, closeLog := openLog(sys, settings)
	defer closeLog()
	why := "This server cannot work with its present settings, so it asked InstaView nothing. Tell the user to correct them " +
		"where the client is told how to start it, and then to restart it; the command instaview-mcp check tries them:\n- " +
		strings.ReplaceAll(err.Error(), "\n", "\n- ")
	server := mcpserver.NewUnusable(buildVersion(), why, log)
	return errors.Join(errFailed, stdio.Serve(ctx, server, sys.Stdin, sys.Stdout, noRuns{}, log))
}

// noRuns is of a program that reads none.
type noRuns struct{}

func (noRuns) Drain() {}
func (noRuns) Close() {}
