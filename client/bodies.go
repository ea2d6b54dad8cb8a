package client

import (
	"context"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// The limits of what all Clients of the process hold of bodies at once.
// Together with the caches of Pollers, the process takes about 110 MiB to read
// 80 bodies of 8 MiB, and 210 MiB if they are the most hostile ones known.
const (
	// tinyBody is in bytes. Bodies up to this size, such as errors and runs in
	// progress, are read without a place, so slow bodies cannot delay them.
	tinyBody = 64 << 10
	// smallBody is in bytes. A shortlist of 100 candidates has about 300 KB, so
	// it never waits for larger bodies.
	smallBody   = 512 << 10
	smallPlaces = 32
	largePlaces = 2
	// turn is how long a body may keep its place while its sender is slow and
	// others wait. A sender of 300 KB in this time has 0.5 Mbit/s.
	turn = 5 * time.Second
	// maxHeld is in bytes. If the results of large bodies take more memory, the
	// next large body waits until some are garbage-collected. It is more than
	// the caches of all Pollers hold, or the wait would be in vain.
	maxHeld = 40 << 20
	// roomTime is the longest wait for maxHeld, so that results which somebody
	// keeps for long do not stop all reading.
	roomTime = 5 * time.Second
	recheck  = 50 * time.Millisecond
)

// places limits how many bodies of a size are read at once.
type places struct {
	taken   chan struct{}
	waiting atomic.Int32 // number of bodies that wait for a place
}

func newPlaces(n int) *places { return &places{taken: make(chan struct{}, n)} }

// A large body takes a place of each kind.
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

// held is the memory of all candidates that came from large bodies and have not
// been garbage-collected, in bytes. The collector decides, because results have
// many users and none of them knows that it is the last.
var held atomic.Int64

// boundedReader reads a body of at most MaxBodyBytes. Beyond tinyBody, and
// again beyond smallBody, it waits for a place until ctx ends. A larger body is
// an error and not an end, which would look like a body that the network cut
// short and that is worth a retry.
type boundedReader struct {
	ctx     context.Context
	giveUp  context.CancelCauseFunc // ends ctx
	r       io.Reader
	read    int64
	closed  chan struct{} // closed by close; nil without a place
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

// limit returns how many bytes of the body may be read. At the end of tinyBody
// and of smallBody it first waits for a place.
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

// watch gives the body up once it has been idle in its place for a turn and
// others wait, so that a sender who is slow by intent cannot stop all reading.
// A later attempt may find fewer waiting.
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

// close gives the places back, a large body's after a garbage collection, since
// decoding a hostile body leaves several times its size behind. The candidates
// of r, which may be nil, count as held until they are collected.
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

// waitForRoom waits until held is at most maxHeld, for up to roomTime.
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
