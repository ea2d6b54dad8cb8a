package poll

import (
	"container/list"
	"sync/atomic"
	"time"
)

// memoryFor is how long what was seen is remembered.
const memoryFor = time.Minute

// DefaultMemory is how much of what was seen is remembered, in bytes: as many runs
// of a hundred candidates as the budget can look at in the minute.
const DefaultMemory = 32 << 20

// memory keeps the runs nobody waits for, oldest first. How many there can be
// is bounded: each was looked at within the last minute, which the budget of
// requests bounds, or is held by a Retry-After, or is one of maxRuns never looked
// at. These keep their turn: with many runs the first look may take longer than
// a wait, and who waits again must not begin at the queue's end.
type memory struct {
	idle  list.List // of *run
	where map[*run]*list.Element
	bytes int64
	limit int64 // of bytes
	all   *Shared
	turns int         // runs among them that were never looked at
	timer *time.Timer // of the next sweep; stopped while there is nothing to forget
}

// Shared counts what the Pollers that share it remember together, of which
// DefaultMemory is the most. The zero value is ready to use.
type Shared struct{ bytes atomic.Int64 }

func (m *memory) count(bytes int64) {
	m.bytes += bytes
	m.all.bytes.Add(bytes)
}

func (m *memory) full() bool {
	return m.bytes > m.limit || m.all.bytes.Load() > DefaultMemory
}

// clear forgets all.
func (m *memory) clear() {
	m.count(-m.bytes)
	m.idle.Init()
	m.where, m.turns = nil, 0
}

func (m *memory) keep(r *run) {
	if m.where == nil {
		m.where = map[*run]*list.Element{}
	}
	m.where[r] = m.idle.PushBack(r)
	m.count(r.footprint)
	if r.looks == 0 {
		m.turns++
	}
}

func (m *memory) drop(r *run) {
	if at, ok := m.where[r]; ok {
		m.idle.Remove(at)
		delete(m.where, r)
		m.count(-r.footprint)
		if r.looks == 0 {
			m.turns--
		}
	}
}

// rest remembers a run that nobody waits for any more.
func (p *Poller) rest(r *run) {
	if p.ctx.Err() != nil {
		return // closed, and asked no more
	}
	r.leftAt = time.Now()
	if r.looks == 0 && p.memory.turns >= maxRuns {
		delete(p.runs, r.id)
		return
	}
	if p.memory.idle.Len() == 0 {
		p.memory.timer.Reset(memoryFor)
	}
	p.memory.keep(r)
	for at := p.memory.idle.Front(); at != nil && p.memory.full(); at = at.Next() {
		oldest := at.Value.(*run)
		p.memory.count(-oldest.footprint)
		oldest.forget()
	}
}

// sweep forgets what has been remembered long enough.
func (p *Poller) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for at := p.memory.idle.Front(); at != nil; {
		r := at.Value.(*run)
		at = at.Next()
		seen := r.look.At
		if r.looks == 0 {
			seen = r.leftAt
		}
		if now.Before(r.notBefore) || now.Before(seen.Add(memoryFor)) {
			continue
		}
		p.memory.drop(r)
		delete(p.runs, r.id)
	}
	if p.memory.idle.Len() > 0 && p.ctx.Err() == nil {
		p.memory.timer.Reset(memoryFor)
	}
}
