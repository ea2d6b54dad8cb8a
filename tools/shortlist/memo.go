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

// memoKey is all that the text of a candidate depends on.
type memoKey struct {
	rank                      int
	detail                    Detail
	contacts, blind, markdown bool
}

// memos holds a *memo for each weak.Pointer[client.Results].
var memos sync.Map

// memoOf returns the memo of r. It keeps no more bytes than r itself has, so
// that it can at most double what a Poller's cache holds.
func memoOf(r *client.Results) *memo {
	key := weak.Make(r)
	if m, ok := memos.Load(key); ok {
		return m.(*memo)
	}
	m, found := memos.LoadOrStore(key, &memo{rendered: map[memoKey]renderedCandidate{}, room: r.Footprint()})
	if !found {
		runtime.AddCleanup(r, func(key weak.Pointer[client.Results]) { memos.Delete(key) }, key)
	}
	return m.(*memo)
}

// render renders a candidate, unless that was done before. Calls that need the
// same candidate at once wait for the first.
func (m *memo) render(c *client.Candidate, v View, d Detail) renderedCandidate {
	key := memoKey{c.Rank, d, v.Contacts, v.Blind, v.Markdown}
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.rendered[key]; ok {
		return r
	}
	r := render(c, v, d)
	if size := int64(len(r.text)); size <= m.room {
		m.room -= size
		m.rendered[key] = r
	}
	return r
}
