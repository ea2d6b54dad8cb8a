package serve

import (
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// maxRequests bounds a client's requests under way that are no tool calls:
// mcp-go gives each a goroutine.
const maxRequests = 1_000

// requests are those of one client that have not been answered. It is safe for
// concurrent use.
type requests struct {
	maxCalls int

	mu     sync.Mutex
	byID   map[string]*request
	calls  int        // tool calls among them
	ended  *sync.Cond // one of them has ended
	closed bool
}

// request is one that has not been answered.
type request struct {
	isCall    bool // of a tool
	cancelled bool // the client wants no answer any more
}

func newRequests(maxCalls int) *requests {
	r := &requests{maxCalls: maxCalls, byID: map[string]*request{}}
	r.ended = sync.NewCond(&r.mu)
	return r
}

var (
	errDuplicate = &rpcError{mcp.INVALID_REQUEST, "a request with this id is still under way"}
	errBusy      = &rpcError{-32000, "this server is busy with as many calls as it takes: try again in a few seconds"}
	errEnded     = &rpcError{-32000, "the connection has ended"}
)

// begin books a request. One that is no tool call waits for its place, since
// those before it end at once.
func (r *requests) begin(m message) *rpcError {
	r.mu.Lock()
	defer r.mu.Unlock()
	isCall := m.method == string(mcp.MethodToolsCall)
	for !isCall && !r.closed && len(r.byID)-r.calls >= maxRequests {
		r.ended.Wait()
	}
	switch _, twice := r.byID[m.id]; {
	case r.closed:
		return errEnded
	case twice:
		return errDuplicate
	case isCall && r.calls == r.maxCalls:
		return errBusy
	}
	if isCall {
		r.calls++
	}
	r.byID[m.id] = &request{isCall: isCall}
	return nil
}

// end books the answer to a request, and reports whether it is still wanted.
func (r *requests) end(id string) (wanted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	request := r.byID[id]
	if request == nil {
		return true
	}
	if request.isCall {
		r.calls--
	}
	delete(r.byID, id)
	r.ended.Broadcast()
	return !request.cancelled
}

// cancel books that a request's answer is not wanted; nil if there is no such
// request, or it was cancelled before.
func (r *requests) cancel(id string) *request {
	r.mu.Lock()
	defer r.mu.Unlock()
	request := r.byID[id]
	if request == nil || request.cancelled {
		return nil
	}
	request.cancelled = true
	return request
}

// underWay returns the request of an id; nil if there is none.
func (r *requests) underWay(id string) *request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byID[id]
}

// close lets no more requests begin.
func (r *requests) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.ended.Broadcast()
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
