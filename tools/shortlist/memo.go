package shortlist

import (
	"sync"

	"instaview-mcp/client"
)

// memo keeps the candidates of one run as they were rendered, so that another
// answer about the same results only selects and joins them. It is freed with
// the results, which are shared by all calls that a Poller answers with them,
// and are never changed.
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

// memoOf returns the memo of r. It keeps no more bytes than r itself has, so
// that it can at most double what a Poller's cache holds.
func memoOf(r *client.Results) *memo {
	return r.Derived(func() any {
		const usual = 32 // candidates of an answer
		return &memo{rendered: make(map[memoKey]renderedCandidate, min(len(r.Candidates), usual)), room: r.Footprint()}
	}).(*memo)
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
