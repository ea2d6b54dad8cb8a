// Package serve carries the MCP server over its transports.
package serve

import (
	"bytes"
	"context"
	"io"
	"log"
	"log/slog"
	"time"

	"github.com/mark3labs/mcp-go/server"
)

// stdioWorkers is the most mcp-go allows. With its default of five, five waits
// would block every other call.
const stdioWorkers = 100

// How long the end may take. A client that ends a server waits about 2 s before
// it kills.
const (
	// drainTime is for the calls under way to be answered in words.
	drainTime = time.Second
	// LeaveTime is for each step that only a pipe nobody reads makes long. There
	// are four: cancelled calls, mcp-go, stdout and the log.
	LeaveTime = 200 * time.Millisecond
)

// Stdio serves s on stdin and stdout until ctx ends, stdin ends or stdout
// breaks; none of these is an error. Calls under way are then answered, if they
// can be within a second: drain must end the waits among them.
// Only one may run in a process.
func Stdio(ctx context.Context, s *server.MCPServer, stdin io.Reader, stdout io.Writer, drain func(), logger *slog.Logger) error {
	lines, forward := io.Pipe()
	gate := newGate(stdout, forward, logger)
	defer gate.out.Close(LeaveTime)
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()

	stdio := server.NewStdioServer(s)
	server.WithErrorLogger(log.New(firstWords{logger}, "", 0))(stdio)
	server.WithWorkerPoolSize(stdioWorkers)(stdio)
	listening := make(chan error, 1)
	go func() { listening <- stdio.Listen(serving, lines, gate) }()
	reading := make(chan error, 1)
	go func() { reading <- gate.read(stdin) }()

	var err error
	select {
	case <-ctx.Done():
		logger.Info("told to stop")
	case err = <-reading:
		logger.Info("stdin ended")
	case <-gate.out.failed:
		logger.Info("stdout is closed, or is not read")
	case err = <-listening:
		return err
	}
	drain()
	gate.requests.await(drainTime)
	stop() // what is still under way says that it was cancelled
	gate.requests.await(LeaveTime)
	_ = forward.Close()
	select {
	case <-listening:
	case <-time.After(LeaveTime):
	}
	return err
}

// firstWords logs mcp-go's messages up to the first colon: what follows may be
// a message's content or a panic's value.
type firstWords struct{ logger *slog.Logger }

func (w firstWords) Write(line []byte) (int, error) {
	words, _, _ := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
	w.logger.Warn("stdio", "message", string(words))
	return len(line), nil
}
