package serve

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/mark3labs/mcp-go/mcp"
)

const (
	// maxMessage bounds a message. The largest a client has reason to send is a
	// call with fifty profile ids.
	maxMessage = 1 << 20
	// maxUnread is how much may be written that the client has not read: all
	// calls' largest answers thrice over. A client that leaves more does not
	// read at all.
	maxUnread = 16 << 20
)

// gate stands between a client's pipes and mcp-go's: it lets through only
// well-formed messages, knows which requests are under way, and writes whole
// lines. Nothing in it waits for the client to read: the end of its input must
// be noticed whatever else it does.
type gate struct {
	logger   *slog.Logger
	forward  io.Writer // to mcp-go
	out      *Outbox   // to the client
	requests *requests
}

func newGate(out, forward io.Writer, logger *slog.Logger) *gate {
	// One call a worker, since mcp-go runs any more on its read loop, which then
	// hears no cancel.
	return &gate{logger: logger, forward: forward, out: NewOutbox(out, maxUnread), requests: newRequests(stdioWorkers)}
}

// read takes in lines until in ends, which is not an error.
func (g *gate) read(in io.Reader) error {
	r := bufio.NewReaderSize(in, 64<<10)
	for first := true; ; first = false {
		line, tooLong, err := readLine(r)
		if first {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		line = bytes.TrimSpace(line)
		switch {
		case tooLong:
			g.refuse("", &rpcError{mcp.PARSE_ERROR, "a line longer than 1 MiB"})
		case len(line) > 0:
			if failed := g.admit(line); failed != nil {
				return failed
			}
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
		if len(line)+len(part) > maxMessage {
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

// admit passes a message on, or refuses it. An error means that mcp-go reads no
// more.
func (g *gate) admit(line []byte) error {
	m, refused := readMessage(line)
	if refused == nil && m.isCall {
		refused = g.requests.begin(m)
	}
	if refused != nil {
		g.logger.Warn("message refused", "reason", refused.text)
		g.refuse(m.id, refused)
		return nil
	}
	line = append(line, '\n')
	if id := m.cancels(line); id != "" {
		g.repeatCancel(id, line)
	}
	_, err := g.forward.Write(line)
	return err
}

// cancels returns the id of the request that a message cancels; "" if none.
func (m message) cancels(raw []byte) (id string) {
	if m.method != "notifications/cancelled" {
		return ""
	}
	var cancel struct {
		Params struct {
			RequestID jsontext.Value `json:"requestId"`
		} `json:"params"`
	}
	if json.Unmarshal(raw, &cancel) != nil {
		return ""
	}
	id, _ = readID(cancel.Params.RequestID)
	return id
}

// cancelAgain is when a cancel is repeated.
var cancelAgain = []time.Duration{50 * time.Millisecond, 500 * time.Millisecond, 5 * time.Second}

// repeatCancel sends a cancel again while its request is under way: mcp-go
// forgets one that overtakes the call it is for, which waits for a worker.
func (g *gate) repeatCancel(id string, line []byte) {
	cancelled := g.requests.cancel(id)
	if cancelled == nil {
		return
	}
	for _, after := range cancelAgain {
		time.AfterFunc(after, func() {
			if g.requests.underWay(id) == cancelled {
				_, _ = g.forward.Write(line)
			}
		})
	}
}

// Write takes one line from mcp-go to the client. An answer ends its request
// first: a client may use the id again as soon as it has read the answer.
func (g *gate) Write(line []byte) (int, error) {
	if id := answers(line); id != "" && !g.requests.end(id) {
		return len(line), nil
	}
	return g.write(line)
}

// answers returns the id of the request that a message of mcp-go's answers; ""
// if it answers none.
func answers(raw []byte) (id string) {
	if m, err := readMessage(raw); err == nil && m.isAnswer {
		return m.id
	}
	return ""
}

func (g *gate) write(line []byte) (int, error) {
	n, err := g.out.Write(line)
	if errors.Is(err, errFull) {
		g.out.fail(err)
	}
	return n, err
}

// refuse answers for a message that is not passed on: under its own id, unless
// that would answer another request that is under way.
func (g *gate) refuse(id string, why *rpcError) {
	if g.requests.underWay(id) != nil {
		id = ""
	}
	_, _ = g.write(why.response(id)) // a failure ends the server
}
