package shortlist

import (
	"runtime"
	"sync"
	"weak"

	"instaview-mcp/client"
)

// memo keeps the candidates of one run as they were rendered, so that another
// answer about the same results only selects and joins them. It lasts as long
// as the results do: they are shared by all calls that a Poller answers with
// them, and are never changed.
type memo struct {
	mu       sync.Mutex
	rendered map[memoKey]renderedCandidate
	room     int64 // bytes that may still be kept
}

// memoKey names a text of a candidate of the run.
type memoKey struct {
	rank int
	form form
}

// memos holds the memo of all results that are in memory.
var memos = struct {
	sync.Mutex
	of map[weak.Pointer[client.Results]]*memo
}{of: map[weak.Pointer[client.Results]]*memo{}}

// memoOf returns the memo of r. It keeps no more bytes than r itself has, so
// that it can at most double what a Poller's cache holds.
func memoOf(r *client.Results) *memo {
	key := weak.Make(r)
	memos.Lock()
	defer memos.Unlock()
	m := memos.of[key]
	if m == nil {
		m = &memo{rendered: map[memoKey]renderedCandidate{}, room: r.Footprint()}
		memos.of[key] = m
		runtime.AddCleanup(r, forgetMemo, key)
	}
	return m
}

// forgetMemo drops the memo of results that are not in memory any more.
func forgetMemo(key weak.Pointer[client.Results]) {
	memos.Lock()
	defer memos.Unlock()
	delete(memos.of, key)
}

// render renders a candidate, unless that was done before. Calls that need the
// same candidate at once wait for the first.
func (m *memo) render(c *client.Candidate, f form) renderedCandidate {
	key := memoKey{c.Rank, f}
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.rendered[key]; ok {
		return r
	}
	r := render(c, f)
	if size := int64(len(r.text)); size <= m.room {
		m.room -= size
		m.rendered[key] = r
	}
	return r
}
