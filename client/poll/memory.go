package poll

import (
	"container/list"
	"time"
)

// memoryFor is how long what was seen is remembered.
const memoryFor = time.Minute

// DefaultMemory is how much of what was seen is remembered, in bytes: some
// hundred runs of a hundred candidates each.
const DefaultMemory = 64 << 20

// memory keeps the runs nobody waits for, oldest first. The budget of requests
// bounds how many there can be: each was looked at within the last minute, or
// is held by a Retry-After.
type memory struct {
	idle  list.List // of *run
	where map[*run]*list.Element
	bytes int64
	limit int64       // of bytes
	timer *time.Timer // of the next sweep; stopped while there is nothing to forget
}

func (m *memory) keep(r *run) {
	if m.where == nil {
		m.where = map[*run]*list.Element{}
	}
	m.where[r] = m.idle.PushBack(r)
	m.bytes += r.footprint
}

func (m *memory) drop(r *run) {
	if at, ok := m.where[r]; ok {
		m.idle.Remove(at)
		delete(m.where, r)
		m.bytes -= r.footprint
	}
}

// rest remembers a run that nobody waits for any more, or forgets it if it was
// never looked at.
func (p *Poller) rest(r *run) {
	if r.look.At.IsZero() && time.Now().After(r.notBefore) {
		delete(p.runs, r.id)
		return
	}
	if p.memory.idle.Len() == 0 && p.ctx.Err() == nil {
		p.memory.timer.Reset(memoryFor)
	}
	p.memory.keep(r)
	for at := p.memory.idle.Front(); at != nil && p.memory.bytes > p.memory.limit; at = at.Next() {
		oldest := at.Value.(*run)
		p.memory.bytes -= oldest.footprint
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
		if now.Before(r.notBefore) || now.Before(r.look.At.Add(memoryFor)) {
			continue
		}
		p.memory.drop(r)
		delete(p.runs, r.id)
	}
	if p.memory.idle.Len() > 0 && p.ctx.Err() == nil {
		p.memory.timer.Reset(memoryFor)
	}
}
