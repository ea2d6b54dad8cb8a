package tools

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools/shortlist"
)

// The limits of refinements, about 10 MB in all. One holds the hashes of the
// ids of a run's candidates before each time that it was refined.
const (
	refinementLife = time.Hour
	maxRefinements = 500
	maxSeen        = 4 * client.MaxCandidates
)

// refinements remembers which profiles callers have seen before they refined a
// run, as hashes.
type refinements struct {
	seed maphash.Seed

	mu  sync.Mutex
	all []refinement // oldest first
}

type refinement struct {
	by        tenant.ID
	requestID string
	at        time.Time
	before    time.Time // when the old end state was completed
	seen      []uint64  // sorted
}

// add records that the run from, with the results before, was refined and goes
// on under requestID.
func (m *refinements) add(by tenant.ID, from, requestID string, before *client.Results) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := refinement{by: by, requestID: requestID, at: time.Now(), before: before.CompletedAt}
	if earlier := m.find(by, from); earlier != nil && len(earlier.seen) < maxSeen {
		r.seen = slices.Clone(earlier.seen)
	}
	for i := range before.Candidates {
		r.seen = append(r.seen, m.hash(before.Candidates[i].ProfileID))
	}
	slices.Sort(r.seen)
	r.seen = slices.Compact(r.seen)
	m.all = slices.DeleteFunc(m.all, func(old refinement) bool { return old.by == by && old.requestID == requestID })
	if len(m.all) >= maxRefinements {
		m.all = slices.Delete(m.all, 0, 1)
	}
	m.all = append(m.all, r)
}

// find returns a caller's refinement of a run; nil if there is none. It forgets
// old ones.
func (m *refinements) find(by tenant.ID, requestID string) *refinement {
	m.all = slices.DeleteFunc(m.all, func(old refinement) bool { return time.Since(old.at) >= refinementLife })
	for i := range m.all {
		if r := &m.all[i]; r.by == by && r.requestID == requestID {
			return r
		}
	}
	return nil
}

func (m *refinements) hash(profileID string) uint64 { return maphash.String(m.seed, profileID) }

// refinementOf returns what a shortlist of a refined run needs; nil if the
// caller has not refined the run.
func (s *Starting) refinementOf(ctx context.Context, requestID string) *shortlist.Refinement {
	if s == nil {
		return nil
	}
	s.refined.mu.Lock()
	defer s.refined.mu.Unlock()
	r := s.refined.find(tenant.IDOf(ctx), requestID)
	if r == nil {
		return nil
	}
	seen, hash := r.seen, s.refined.hash
	return &shortlist.Refinement{
		At: r.at, Before: r.before, SeenCount: len(seen),
		Seen: func(profileID string) bool {
			_, found := slices.BinarySearch(seen, hash(profileID))
			return found
		},
	}
}
