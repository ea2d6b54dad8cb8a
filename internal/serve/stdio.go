// Package serve carries the MCP server over its transports.
package serve

import (
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
	endTime = 1600 * time.Millisecond
	// drainTime is for the calls under way to be answered in words, and leaveTime
	// for each step after it that only a hung call makes long. What they leave of
	// endTime is the client's, to read.
	drainTime = time.Second
	leaveTime = 100 * time.Millisecond
	// LogTime is for the log to be read, after all else.
	LogTime = 200 * time.Millisecond
)

// Stdio serves s on stdin and stdout until ctx ends, stdin ends or stdout
// breaks; none of these is an error. Calls under way are then answered, if they
// can be within a second: drain must end the waits among them.
// Only one may run in a process.
func Stdio(ctx context.Context, s *server.MCPServer, stdin io.Reader, stdout io.Writer, drain func(), logger *slog.Logger) error {
	lines, forward := io.Pipe()
	gate := newGate(stdout, forward, logger)
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()

	stdio := server.NewStdioServer(s)
	server.WithErrorLogger(log.New(Words(logger), "", 0))(stdio)
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
		listening <- nil
	}
	end := time.Now().Add(endTime)
	drain()
	gate.requests.await(drainTime)
	stop() // what is still under way says that it was cancelled
	gate.requests.await(leaveTime)
	_ = forward.Close()
	select {
	case <-listening:
	case <-time.After(leaveTime):
	}
	gate.end(time.Until(end))
	return err
}
