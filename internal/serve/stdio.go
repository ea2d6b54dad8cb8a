// Package serve carries the MCP server over its transports.
package serve

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"log/slog"

	"github.com/mark3labs/mcp-go/server"
)

// stdioWorkers is the most mcp-go allows. With its default of five, five waits
// would block every other call.
const stdioWorkers = 100

// Stdio serves s on stdin and stdout until ctx or stdin ends; neither is an
// error. Only one may run in a process.
func Stdio(ctx context.Context, s *server.MCPServer, stdin io.Reader, stdout io.Writer, logger *slog.Logger) error {
	stdio := server.NewStdioServer(s)
	server.WithErrorLogger(log.New(firstWords{logger}, "", 0))(stdio)
	server.WithWorkerPoolSize(stdioWorkers)(stdio)
	err := stdio.Listen(ctx, stdin, stdout)
	if err != nil && (ctx.Err() != nil || errors.Is(err, io.EOF)) {
		return nil
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
