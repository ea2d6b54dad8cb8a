// Package stdio serves MCP on standard input and output.
package stdio

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/internal/jsonrpc"
	"instaview-mcp/internal/logging"
)

const (
	// maxUnread is how many bytes of answers may wait for a client that does
	// not read: about fifty large answers. The process needs several times as
	// much memory.
	maxUnread = 2 << 20
)

// How long stopping may take. A client that ends a server waits about 2 s
// before it kills it.
const (
	endTime = 1600 * time.Millisecond
	// drainTime is how long waits may take to answer that the run goes on.
	// leaveTime is how long other calls may take to answer that the server is
	// stopping, and again how long calls may take that only end when cancelled.
	// The rest of endTime is left for the client to read the answers.
	drainTime = time.Second
	leaveTime = 100 * time.Millisecond
	// LogTime is how long the client may take after that to read the log.
	LogTime = 200 * time.Millisecond
)

// Runs reads runs for the tools. *poll.Poller is one.
type Runs interface {
	Drain() // ends waits with what is known
	Close() // ends every call
}

// Serve serves s on stdin and stdout until ctx ends, stdin ends or stdout
// fails, none of which is an error. It then tries to answer the calls in
// flight, for at most 1.6 s.
func Serve(ctx context.Context, s *server.MCPServer, stdin io.Reader, stdout io.Writer, runs Runs, logger *slog.Logger) error {
	calls, cancelCalls := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelCalls()
	out := logging.NewAsyncWriter(stdout, 2*maxUnread)
	peer := client{
		out:    out,
		logger: logger,
		session: jsonrpc.NewSession(calls, s, logger, func(line []byte) error {
			_, err := out.Put(line)
			return err
		}),
	}
	reading := make(chan error, 1)
	go func() { reading <- peer.read(stdin) }()

	var err error
	select {
	case <-ctx.Done():
		logger.Info("stopping")
	case err = <-reading:
		logger.Info("stdin ended")
	case <-out.Failed():
		logger.Info("stdout is closed, or is not read")
	}
	end := time.Now().Add(endTime)
	peer.session.StopAccepting()
	runs.Drain()
	peer.session.Await(drainTime)
	runs.Close()
	peer.session.Await(leaveTime)
	cancelCalls()
	peer.session.Await(leaveTime)
	for _, id := range peer.session.Abandon() {
		peer.refuse(id, jsonrpc.ErrStopping)
	}
	out.Close(time.Until(end))
	return err
}

// client is the client that stdin and stdout lead to.
type client struct {
	session *jsonrpc.Session
	out     *logging.AsyncWriter
	logger  *slog.Logger
}

// read handles messages, one on each line, until in ends, which is not an
// error. It never waits for the client to read, so that it always sees a
// cancel.
func (c client) read(in io.Reader) error {
	r := bufio.NewReaderSize(in, 64<<10)
	for first := true; ; first = false {
		line, tooLong, err := readLine(r)
		if first {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		line = bytes.Trim(line, jsonrpc.WhiteSpace)
		switch {
		case tooLong:
			c.refuse("", jsonrpc.ErrTooLong)
		case len(line) > 0:
			c.receive(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readLine reads up to the next newline or the end. It drops a line that is too
// long.
func readLine(r *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > jsonrpc.MaxMessage {
			tooLong = true
		}
		if tooLong {
			line = nil
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, tooLong, err
		}
	}
}

// receive passes a message to the session or answers why it is refused. The
// error has the message's id, unless a request with that id is in flight.
func (c client) receive(line []byte) {
	m, refused := jsonrpc.Read(line)
	if refused == nil {
		refused = c.session.Receive(m, line)
	}
	if refused == nil {
		return
	}
	c.logger.Warn("message refused", "reason", refused.Text)
	id := m.ID
	if refused == jsonrpc.ErrDuplicate || c.session.IsInFlight(id) {
		id = ""
	}
	c.refuse(id, refused)
}

// refuse answers with an error; id "" becomes null. If there is no room for the
// answer, the client has not read so many others that it is given up.
func (c client) refuse(id string, why *jsonrpc.Error) {
	if _, err := c.out.Write(why.Response(id)); errors.Is(err, logging.ErrFull) {
		c.out.Abandon()
	}
}
