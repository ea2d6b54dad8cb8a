package serve

import (
	"fmt"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/mark3labs/mcp-go/mcp"
)

// The bounds of what one client may have under way. mcp-go gives each request
// over HTTP+SSE a goroutine, and over stdio each that is no tool call.
const (
	maxCalls    = 1_000 // that look at a run
	maxRequests = 1_000 // others
)

// requests are those of one client that have not been answered. It is safe for
// concurrent use.
type requests struct {
	mu     sync.Mutex
	byID   map[string]*request
	tokens map[string]int // progress tokens, and how many requests bear each
	calls  int            // those among them that look at a run
	ended  *sync.Cond     // one of them has ended
	closed bool
}

// request is one that has not been answered.
type request struct {
	isCall    bool   // of a tool
	mayLast   bool   // it looks at a run
	token     string // for its progress; "" = none
	cancelled bool   // the client wants no answer any more
}

func newRequests() *requests {
	r := &requests{byID: map[string]*request{}, tokens: map[string]int{}}
	r.ended = sync.NewCond(&r.mu)
	return r
}

var (
	errDuplicate = &rpcError{mcp.INVALID_REQUEST, "a request with this id is still under way"}
	errBusy      = &rpcError{-32000, "this server is busy with as many calls as it takes: try again in a few seconds"}
	errEnded     = &rpcError{-32000, "this server is being stopped"}
)

// begin books the request that raw is. One that looks at no run waits for its
// place, since those before it end at once.
func (r *requests) begin(m message, raw []byte) *rpcError {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !m.mayLast() && !r.closed && len(r.byID)-r.calls >= maxRequests {
		r.ended.Wait()
	}
	switch _, twice := r.byID[m.id]; {
	case r.closed:
		return errEnded
	case twice:
		return errDuplicate
	case m.mayLast() && r.calls == maxCalls:
		return errBusy
	}
	booked := &request{isCall: m.isToolCall(), mayLast: m.mayLast(), token: progressToken(raw, true)}
	if booked.mayLast {
		r.calls++
	}
	r.tokens[booked.token]++
	r.byID[m.id] = booked
	return nil
}

// end books the answer to a request, which it returns; nil if there is none of
// that id.
func (r *requests) end(id string) *request {
	r.mu.Lock()
	defer r.mu.Unlock()
	ended := r.byID[id]
	if ended == nil {
		return nil
	}
	delete(r.byID, id)
	if ended.mayLast {
		r.calls--
	}
	if r.tokens[ended.token]--; r.tokens[ended.token] == 0 {
		delete(r.tokens, ended.token)
	}
	r.ended.Broadcast()
	return ended
}

// cancelAgain is when a cancel is repeated.
var cancelAgain = []time.Duration{50 * time.Millisecond, 500 * time.Millisecond, 5 * time.Second}

// cancel books that a request's answer is not wanted, and has send cancel it
// again while it is under way: mcp-go forgets a cancel that overtakes the call
// it is for, on its way to a goroutine.
func (r *requests) cancel(id string, send func(line []byte)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	cancelled := r.byID[id]
	if cancelled == nil || cancelled.cancelled {
		return
	}
	cancelled.cancelled = true
	again := fmt.Appendf(nil, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%s}}`+"\n", id)
	for _, after := range cancelAgain {
		time.AfterFunc(after, func() {
			if r.underWay(id) == cancelled {
				send(again)
			}
		})
	}
}

// underWay returns the request of an id; nil if there is none.
func (r *requests) underWay(id string) *request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byID[id]
}

// stale reports whether a notification of mcp-go's tells progress of a request
// that has been answered: its token means nothing to the client any more.
func (r *requests) stale(m message, raw []byte) bool {
	if m.method != "notifications/progress" {
		return false
	}
	token := progressToken(raw, false)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tokens[token] == 0
}

// progressToken returns the token that a request asks for progress with, or that
// a notification bears; "" if there is none.
func progressToken(raw []byte, ofRequest bool) string {
	var m struct {
		Params struct {
			Token jsontext.Value `json:"progressToken"`
			Meta  struct {
				Token jsontext.Value `json:"progressToken"`
			} `json:"_meta"`
		} `json:"params"`
	}
	_ = json.Unmarshal(raw, &m) // what cannot be read has none
	token := m.Params.Token
	if ofRequest {
		token = m.Params.Meta.Token
	}
	_ = token.Canonicalize()
	return string(token)
}

// left returns the ids of the requests that still want an answer, and lets no
// more begin.
func (r *requests) left() (ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.ended.Broadcast()
	for id, request := range r.byID {
		if !request.cancelled {
			ids = append(ids, id)
		}
	}
	return ids
}

// await returns when no request is under way, at the latest after d.
func (r *requests) await(d time.Duration) {
	timeUp := false
	timer := time.AfterFunc(d, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		timeUp = true
		r.ended.Broadcast()
	})
	defer timer.Stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.byID) > 0 && !timeUp {
		r.ended.Wait()
	}
}
