package client

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// The bounds of what all Clients of the process hold of bodies at once. With
// what a Poller remembers, 80 bodies of 8 MiB take the process about 110 MiB,
// and the most hostile ones known 210 MiB.
const (
	// smallBody is in bytes. A shortlist of 100 candidates has about 300 KB, and
	// so never waits for larger ones to be read.
	smallBody   = 512 << 10
	smallPlaces = 32
	largePlaces = 2
	// maxHeld is what large bodies may have been made into, in bytes, before the
	// next one waits until some of it is used no more and collected. It is above
	// what Pollers remember together, or waiting would not help.
	maxHeld = 40 << 20
	// roomTime is the longest such wait, lest results that somebody keeps for long
	// stop all reading.
	roomTime = 5 * time.Second
	recheck  = 50 * time.Millisecond
)

// Places for bodies that are being read. Every one is small at first.
var (
	small = make(chan struct{}, smallPlaces)
	large = make(chan struct{}, largePlaces)
)

// held is the size of all candidates out of large bodies that have not been
// collected, in bytes. The garbage collector is asked, as results have many
// users and no last one that could give a place back.
var held atomic.Int64

// enter waits for one of the places, until ctx ends.
func enter(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enterLarge waits for a large body's place, and for room for what will be made
// of it.
func enterLarge(ctx context.Context) error {
	if err := enter(ctx, large); err != nil {
		return err
	}
	for begun := time.Now(); held.Load() > maxHeld && time.Since(begun) < roomTime; runtime.GC() {
		select {
		case <-time.After(recheck):
		case <-ctx.Done():
			<-large
			return ctx.Err()
		}
	}
	return nil
}

// leaveLarge gives the place back, once what reading left behind is collected:
// of a hostile body that is several times its size. The candidates of r, which
// may be nil, count as held until they are collected, too.
func leaveLarge(r *Results) {
	if r != nil && len(r.Candidates) > 0 {
		size := r.Footprint()
		held.Add(size)
		runtime.AddCleanup(&r.Candidates[0], func(size int64) { held.Add(-size) }, size)
	}
	runtime.GC()
	<-large
}
