package client

import (
	"context"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// The bounds of what all Clients of the process hold of bodies at once. With
// what a Poller remembers, 80 bodies of 8 MiB take the process about 110 MiB,
// and the most hostile ones known 210 MiB.
const (
	// tinyBody is in bytes. Up to it a body is read at once, as errors and runs in
	// progress are, so that nobody's slow bodies can keep others from those.
	tinyBody = 64 << 10
	// smallBody is in bytes. A shortlist of 100 candidates has about 300 KB, and
	// so never waits for larger ones to be read.
	smallBody   = 512 << 10
	smallPlaces = 32
	largePlaces = 2
	// turn is how long a body may keep a place without being read, as when its
	// sender is slow, while others wait: 300 KB in that time are 0.5 Mbit/s.
	turn = 5 * time.Second
	// maxHeld is what large bodies may have been made into, in bytes, before the
	// next one waits until some of it is used no more and collected. It is above
	// what Pollers remember together, or waiting would not help.
	maxHeld = 40 << 20
	// roomTime is the longest such wait, lest results that somebody keeps for long
	// stop all reading.
	roomTime = 5 * time.Second
	recheck  = 50 * time.Millisecond
)

// places are how many bodies of a size may be read at once.
type places struct {
	taken   chan struct{}
	waiting atomic.Int32 // bodies that want a place
}

func newPlaces(n int) *places { return &places{taken: make(chan struct{}, n)} }

// A large body has a place of either kind.
var (
	small = newPlaces(smallPlaces)
	large = newPlaces(largePlaces)
)

// enter waits for one of the places, until ctx ends.
func (p *places) enter(ctx context.Context) error {
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	select {
	case p.taken <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *places) leave() { <-p.taken }

// held is the size of all candidates out of large bodies that have not been
// collected, in bytes. The garbage collector is asked, as results have many
// users and no last one that could give a place back.
var held atomic.Int64

// boundedReader reads a body of at most MaxBodyBytes. One that proves to be
// small or large waits for a place, until ctx ends. It fails, rather than ends,
// where the bytes are too many: an end would look like a body cut short by the
// network, which is worth a retry.
type boundedReader struct {
	ctx     context.Context
	giveUp  context.CancelCauseFunc // ends ctx
	r       io.Reader
	read    int64
	closed  chan struct{} // by close; nil without a place
	watcher sync.WaitGroup
	isLarge atomic.Bool // has a large place beside its small one
	idle    atomic.Bool // waits for its sender, or for a large place
}

func (b *boundedReader) Read(p []byte) (int, error) {
	limit, err := b.limit()
	if err != nil {
		return 0, err
	}
	if b.read >= limit {
		return 0, errBodyTooLarge
	}
	b.idle.Store(true)
	n, err := b.r.Read(p[:min(int64(len(p)), limit-b.read)])
	b.idle.Store(false)
	b.read += int64(n)
	return n, fromNetwork(err)
}

// limit returns how many bytes of the body may be read so far, and waits for a
// place when that many have been.
func (b *boundedReader) limit() (int64, error) {
	if b.read < tinyBody {
		return tinyBody, nil
	}
	if b.closed == nil {
		if err := small.enter(b.ctx); err != nil {
			return 0, err
		}
		b.closed = make(chan struct{})
		b.watcher.Go(b.watch)
	}
	if b.read < smallBody {
		return smallBody, nil
	}
	if !b.isLarge.Load() {
		b.idle.Store(true)
		err := large.enter(b.ctx)
		b.idle.Store(false)
		if err != nil {
			return 0, err
		}
		b.isLarge.Store(true)
		if err := waitForRoom(b.ctx); err != nil {
			return 0, err
		}
	}
	return MaxBodyBytes, nil
}

// watch gives the body up when it has kept a place idle for a turn and others
// wait for one: a sender who is slow by intent must not stop all reading. The
// next attempt may find less of a crowd.
func (b *boundedReader) watch() {
	tick := time.NewTicker(recheck)
	defer tick.Stop()
	for idle := time.Duration(0); ; {
		select {
		case <-b.closed:
			return
		case <-tick.C:
		}
		if b.idle.Load() {
			idle += recheck
		}
		wanted := small.waiting.Load() > 0 || b.isLarge.Load() && large.waiting.Load() > 0
		if idle >= turn && wanted {
			b.giveUp(context.DeadlineExceeded)
			return
		}
	}
}

// close gives the places back. A large body's is free once what reading left
// behind is collected: of a hostile body that is several times its size. The
// candidates of r, which may be nil, count as held until they are collected, too.
func (b *boundedReader) close(r *Results) {
	if b.isLarge.Load() {
		if r != nil && len(r.Candidates) > 0 {
			size := r.Footprint()
			held.Add(size)
			runtime.AddCleanup(&r.Candidates[0], func(size int64) { held.Add(-size) }, size)
		}
		runtime.GC()
		large.leave()
	}
	if b.closed != nil {
		close(b.closed)
		b.watcher.Wait()
		small.leave()
	}
}

// waitForRoom waits for room for what will be made of a large body.
func waitForRoom(ctx context.Context) error {
	for begun := time.Now(); held.Load() > maxHeld && time.Since(begun) < roomTime; runtime.GC() {
		select {
		case <-time.After(recheck):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
