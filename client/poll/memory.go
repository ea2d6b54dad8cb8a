package poll

import (
	"container/list"
	"time"

	"instaview-mcp/client"
)

// memoryFor is how long what was seen is remembered.
const memoryFor = time.Minute

// DefaultMemory is how much of what was seen is remembered, in bytes: some
// hundred runs of a hundred candidates each.
const DefaultMemory = 64 << 20

// maxMessage is far above what is shown of InstaView's message, in bytes.
const maxMessage = 4 << 10

// memory counts what is held of all runs, and keeps those that nobody waits
// for, the one left longest ago first. They include runs never looked at, which
// keep their turn: with many runs the first look may take longer than a wait,
// and who waits again must not begin at the queue's end.
type memory struct {
	idle  list.List   // of *run
	bytes int64       // of the last looks at all runs
	limit int64       // of bytes
	timer *time.Timer // of the next sweep; stopped while there is nothing to forget
}

// count takes in that the last look at r has changed.
func (m *memory) count(r *run) {
	held := int64(0)
	if r.look.Results != nil {
		held = r.look.Results.Footprint()
	}
	m.bytes += held - r.footprint
	r.footprint = held
}

// shrink forgets what was seen of idle runs, the one left longest ago first,
// until the limit is kept. Of runs that are waited for little is held.
func (m *memory) shrink() {
	for at := m.idle.Front(); at != nil && m.bytes > m.limit; at = at.Next() {
		r := at.Value.(*run)
		r.look = Look{} // its floor stays
		m.count(r)
	}
}

// lean is what is held of a run in progress: candidates are not shown before
// the end, and hundreds of runs may be waited for.
func lean(r *client.Results) *client.Results {
	if !r.InProgress() {
		return r
	}
	kept := *r
	kept.Candidates, kept.ErrorCode, kept.ErrorMessage = nil, "", ""
	if len(kept.Message) > maxMessage {
		kept.Message = ""
	}
	return &kept
}

// rest remembers a run that nobody waits for any more.
func (p *Poller) rest(r *run) {
	r.leftAt = p.clock.now()
	if p.memory.idle.Len() == 0 && p.ctx.Err() == nil {
		p.memory.timer.Reset(memoryFor)
	}
	r.idle = p.memory.idle.PushBack(r)
	p.memory.shrink()
}

// resume takes a run that someone waits for again out of the idle ones.
func (p *Poller) resume(r *run) {
	if r.idle != nil {
		p.memory.idle.Remove(r.idle)
		r.idle = nil
	}
}

// forget drops all that is known of an idle run.
func (p *Poller) forget(r *run) {
	p.resume(r)
	r.look = Look{}
	p.memory.count(r)
	delete(p.runs, r.id)
	if r.floor.runs--; r.floor.runs == 0 {
		delete(p.floors, sourcingRun(r.id))
	}
}

// makeRoom reports whether one run more may be known, and forgets another for
// it if need be: the one left longest ago, though none that the contract
// forbids to ask for yet.
func (p *Poller) makeRoom(now time.Time) bool {
	if len(p.runs) < maxKept {
		return true
	}
	for at := p.memory.idle.Front(); at != nil; at = at.Next() {
		if r := at.Value.(*run); r.floor.wait(now) == 0 {
			p.forget(r)
			return true
		}
	}
	return false
}

// sweep forgets what has been remembered long enough.
func (p *Poller) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	for at := p.memory.idle.Front(); at != nil; {
		r := at.Value.(*run)
		at = at.Next()
		if r.floor.wait(now) == 0 && !now.Before(r.leftAt.Add(memoryFor)) {
			p.forget(r)
		}
	}
	if p.memory.idle.Len() > 0 && p.ctx.Err() == nil {
		p.memory.timer.Reset(memoryFor)
	}
}
