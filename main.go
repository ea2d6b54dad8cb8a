// Command instaview-mcp is an MCP server that lets AI assistants read, wait for
// and review InstaView candidate-sourcing runs.
package main

//go:generate go run ./internal/readme

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"instaview-mcp/internal/cli"
)

// gcPercent trades memory, of which the program uses little, for time. GOGC in
// the environment overrides it.
const gcPercent = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	// A client that closes our stdout or stderr would otherwise kill us.
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
