package cli

import (
	"context"
	"os"
	"slices"

	"golang.org/x/term"

	"instaview-mcp/internal/app"
	"instaview-mcp/internal/config"
)

// refuseArguments returns the error in the program's arguments. If the program
// was started to serve by a client, rather than by a person at a terminal, it
// answers every call with that error, as app.ServeFaults does.
func refuseArguments(ctx context.Context, sys System, o options, err error) error {
	f, isFile := sys.Stdin.(*os.File)
	atTerminal := isFile && term.IsTerminal(int(f.Fd()))
	// After an unknown flag, a command cannot be told from the flag's value.
	otherCommand := slices.ContainsFunc(names(allCommands())[1:], func(name string) bool { return slices.Contains(sys.Args, name) })
	settings := config.Load(ctx, o.override(sys.Environ), config.Use{Demo: o.demo, Serving: true})
	if atTerminal || otherCommand || settings.Transport == config.HTTP || settings.Transport == config.SSE {
		return err
	}
	// Other faults may only follow from this one, as a missing key may if
	// --demo was misspelt.
	settings.Faults, settings.Warnings = []string{err.Error()}, nil
	return app.ServeFaults(ctx, sys.streams(), settings)
}
