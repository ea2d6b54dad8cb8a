package serve

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/mark3labs/mcp-go/mcp"
)

const (
	// maxLine bounds a message. The largest a client has reason to send is a
	// call with fifty profile ids.
	maxLine = 1 << 20
	// maxCalls is how many tool calls may be under way: one a worker, since
	// mcp-go runs any more on its read loop, which then hears no cancel.
	maxCalls = stdioWorkers
	// maxRequests bounds the others, which mcp-go gives a goroutine each.
	maxRequests = 1_000
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
	logger  *slog.Logger
	forward io.Writer // to mcp-go
	out     *Outbox   // to the client

	mu       sync.Mutex
	underWay map[string]*underWay // by id
	calls    int                  // tool calls among them
	ended    *sync.Cond           // one of them has ended
}

// underWay is a request that has not been answered.
type underWay struct {
	isTool    bool
	cancelled bool // the client wants no answer any more
}

func newGate(out, forward io.Writer, logger *slog.Logger) *gate {
	g := &gate{logger: logger, forward: forward, out: NewOutbox(out, maxUnread), underWay: map[string]*underWay{}}
	g.ended = sync.NewCond(&g.mu)
	return g
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
		if len(line)+len(part) > maxLine {
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
		refused = g.begin(m)
	}
	if refused != nil {
		g.logger.Warn("message refused", "reason", refused.text)
		g.refuse(m.id, refused)
		return nil
	}
	line = append(line, '\n')
	if m.method == "notifications/cancelled" {
		g.cancel(line)
	}
	_, err := g.forward.Write(line)
	return err
}

// cancelAgain is when a cancel is repeated.
var cancelAgain = []time.Duration{50 * time.Millisecond, 500 * time.Millisecond, 5 * time.Second}

// cancel marks the request that a client wants no answer to, and sends the
// cancel again while it is under way: mcp-go forgets one that overtakes the
// call it is for, which waits for a worker.
func (g *gate) cancel(line []byte) {
	var cancel struct {
		Params struct {
			RequestID jsontext.Value `json:"requestId"`
		} `json:"params"`
	}
	if json.Unmarshal(line, &cancel) != nil {
		return
	}
	id, err := readID(cancel.Params.RequestID)
	if err != nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	request := g.underWay[id]
	if request == nil || request.cancelled {
		return
	}
	request.cancelled = true
	for _, after := range cancelAgain {
		time.AfterFunc(after, func() {
			g.mu.Lock()
			same := g.underWay[id] == request
			g.mu.Unlock()
			if same {
				_, _ = g.forward.Write(line)
			}
		})
	}
}

var (
	errDuplicate = &rpcError{mcp.INVALID_REQUEST, "a request with this id is still under way"}
	errBusy      = &rpcError{-32000, "this server is busy with as many calls as it takes: try again in a few seconds"}
)

func (g *gate) begin(m message) *rpcError {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, twice := g.underWay[m.id]; twice {
		return errDuplicate
	}
	isTool := m.method == string(mcp.MethodToolsCall)
	if isTool {
		if g.calls == maxCalls {
			return errBusy
		}
		g.calls++
	} else {
		// These end at once, so the reader may wait for them.
		for len(g.underWay)-g.calls >= maxRequests {
			g.ended.Wait()
		}
	}
	g.underWay[m.id] = &underWay{isTool: isTool}
	return nil
}

// end books the answer to a request, and reports whether it is still wanted.
func (g *gate) end(id string) (wanted bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	request := g.underWay[id]
	if request == nil {
		return true
	}
	if request.isTool {
		g.calls--
	}
	delete(g.underWay, id)
	g.ended.Broadcast()
	return !request.cancelled
}

// Write takes one line from mcp-go to the client. An answer ends its request
// first: a client may use the id again as soon as it has read the answer.
func (g *gate) Write(line []byte) (int, error) {
	if m, err := readMessage(line); err == nil && m.method == "" && m.id != "" && !g.end(m.id) {
		return len(line), nil
	}
	return g.write(line)
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
	g.mu.Lock()
	if _, taken := g.underWay[id]; taken {
		id = ""
	}
	g.mu.Unlock()
	_, _ = g.write(why.response(id)) // a failure ends the server
}

// awaitAnswers returns when no request is under way, at the latest after d.
func (g *gate) awaitAnswers(d time.Duration) {
	timeUp := false
	timer := time.AfterFunc(d, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		timeUp = true
		g.ended.Broadcast()
	})
	defer timer.Stop()
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.underWay) > 0 && !timeUp {
		g.ended.Wait()
	}
}
