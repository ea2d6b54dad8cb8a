package cli

import (
	"context"
	"instaview-mcp/internal/app"
	"instaview-mcp/internal/config"
	"os"
	"slices"

	"golang.org/x/term"
)

// refuseArguments ends the program with what is wrong with its arguments. If a
// client has started it to serve, rather than a person at a terminal, it answers
// with that as app.ServeFaults does.
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
	return app.ServeFaults(ctx, sys.streams(), settings)
}
