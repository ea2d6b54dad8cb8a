// Package stdio serves MCP on standard input and output.
package stdio

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"instaview-mcp/internal/jsonrpc"
	"instaview-mcp/internal/logging"
	"io"
	"log/slog"
	"time"

	"github.com/mark3labs/mcp-go/server"
)

const (
	// maxUnread is how many bytes of answers may wait for a client that does not
	// read: some fifty large ones. The memory of the process is a multiple of it.
	maxUnread = 2 << 20
)

// How long the end may take. A client that ends a server waits about 2 s before
// it kills.
const (
	endTime = 1600 * time.Millisecond
	// drainTime is for waits to answer that the run goes on. leaveTime is for other
	// calls to answer that the server is stopping, and once more for calls that
	// only end when they are cancelled. The rest of endTime is for the client to
	// read the answers.
	drainTime = time.Second
	leaveTime = 100 * time.Millisecond
	// LogTime is how long the client may take to read the log after that.
	LogTime = 200 * time.Millisecond
)

// Runs is what the tools read runs with. *poll.Poller is one.
type Runs interface {
	Drain() // ends waits with what is known
	Close() // ends every call
}

// Serve serves s on stdin and stdout until ctx ends, stdin ends or stdout
// breaks; none of these is an error. Calls in flight are then answered, if they
// can be within 1.6 s.
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
		logger.Info("told to stop")
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

// client is the client at the other end of stdin and stdout.
type client struct {
	session *jsonrpc.Session
	out     *logging.AsyncWriter
	logger  *slog.Logger
}

// read takes in messages, one a line, until in ends, which is not an error. It
// never waits for the client to read, so that a cancel is always heard.
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

// readLine reads to the next newline or the end. Of a line that is too long
// nothing is kept.
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

// receive hands a message to the session, or refuses it: under its own id,
// unless that would answer another request.
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

// refuse answers with an error; id "" stands for null. A client that has so
// many unread answers that there is no room for one more is given up.
func (c client) refuse(id string, why *jsonrpc.Error) {
	if _, err := c.out.Write(why.Response(id)); errors.Is(err, logging.ErrFull) {
		c.out.Abandon()
	}
}
