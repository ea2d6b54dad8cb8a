// Command instaview-mcp is an MCP server that lets AI assistants read, wait for
// and review InstaView candidate-sourcing runs.
package main

//go:generate go run ./internal/readme
//go:generate go run ./internal/packaging

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"instaview-mcp/internal/cli"
)

// gcPercent makes the garbage collector run less often, since the program uses
// little memory. The environment variable GOGC overrides it.
const gcPercent = 200

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	// Otherwise a client that closes our stdout or stderr would end the
	// program.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	os.Exit(cli.Run(ctx, cli.System{
		Args:    os.Args[1:],
		Environ: os.Environ(),
		Stdin:   os.Stdin,
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
	}))
}
