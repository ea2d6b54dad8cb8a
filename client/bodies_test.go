package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// largeBody is a completed run of as many candidates of 64 KiB as are asked for.
func largeBody(candidates int) string {
	one := `{"profileId":"p","rationale":"` + strings.Repeat("x", 64<<10) + `"}`
	return envelope(`"status":"completed","candidates":[` + strings.TrimSuffix(strings.Repeat(one+",", candidates), ",") + `]`)
}

// counted tells how much was read.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func TestN14LargeBodiesWaitForTheirTurnAndSmallOnesDoNot(t *testing.T) {
	for range largePlaces {
		large <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	read := &counted{Reader: strings.NewReader(largeBody(20))}
	ended := make(chan error)
	go func() {
		_, err := decodeResults(ctx, read, 200, testRun)
		ended <- err
	}()
	if got, err := decodeResults(t.Context(), strings.NewReader(largeBody(7)), 200, testRun); err != nil || len(got.Candidates) != 7 {
		t.Errorf("a body below 512 KiB: %v", err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) || read.n > smallBody {
		t.Errorf("%v after %d bytes, want the end of its context after %d", err, read.n, smallBody)
	}
	for range largePlaces {
		<-large
	}
	if got, err := decodeResults(t.Context(), strings.NewReader(largeBody(20)), 200, testRun); err != nil || len(got.Candidates) != 20 {
		t.Errorf("after its turn has come: %v", err)
	}
	if len(large) != 0 {
		t.Errorf("%d places are still taken", len(large))
	}
}

func TestN14AnAttemptThatWaitsForAPlaceEndsWithItsCaller(t *testing.T) {
	for range smallPlaces {
		small <- struct{}{}
	}
	defer func() {
		for range smallPlaces {
			<-small
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	c := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		respond(202, `{}`)(w, r)
		cancel()
	})
	if _, err := c.Results(ctx, testRun); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want the caller's", err)
	}
}

func TestN14WhatIsHeldIsCountedUntilItIsUsedNoMore(t *testing.T) {
	settled := func() int64 {
		runtime.GC()
		return held.Load()
	}
	before := settled()
	got, err := decodeResults(t.Context(), strings.NewReader(largeBody(20)), 200, testRun)
	if err != nil {
		t.Fatal(err)
	}
	if n := settled() - before; n < 20*64<<10 {
		t.Errorf("%d bytes counted, want the candidates' 1.3 MB", n)
	}
	runtime.KeepAlive(got)
	got = nil
	for settled() > before { // cleanups run at their own time
		runtime.Gosched()
	}
	inProgress := strings.Replace(largeBody(20), "completed", "processing", 1)
	if got, err = decodeResults(t.Context(), strings.NewReader(inProgress), 202, testRun); err != nil || got.Candidates != nil {
		t.Errorf("a run in progress holds %d candidates, %v", len(got.Candidates), err)
	}
}

func TestN14ALargeBodyWaitsForRoomAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held.Add(maxHeld + 1)
		start := time.Now()
		if err := enterLarge(t.Context()); err != nil || time.Since(start) != roomTime {
			t.Errorf("%v after %v, want a place after %v", err, time.Since(start), roomTime)
		}
		<-large
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := enterLarge(ctx); !errors.Is(err, context.DeadlineExceeded) || len(large) != 0 {
			t.Errorf("%v with %d places taken, want the end of the context", err, len(large))
		}
		held.Add(-maxHeld - 1)
		start = time.Now()
		if err := enterLarge(t.Context()); err != nil || time.Since(start) != 0 {
			t.Errorf("%v after %v, want a place at once", err, time.Since(start))
		}
		<-large
	})
}

func TestWordsOfTheEnvelopeAreCut(t *testing.T) {
	body := envelope(`"status":"processing","message":"` + strings.Repeat("ž", 1<<20) + `"`)
	got, err := decodeResults(t.Context(), strings.NewReader(body), 202, testRun)
	if err != nil || len(got.Message) > maxWord || strings.Trim(got.Message, "ž") != "" {
		t.Errorf("%v, %d bytes of message", err, len(got.Message))
	}
}

// Lists of tiny strings take many times the memory of their JSON.
func TestWhatIsMadeOfABodyIsBounded(t *testing.T) {
	body := envelope(`"status":"completed","candidates":[` + strings.Repeat(manyLists()+",", 380) + `{"profileId":"last"}]`)
	got, err := decodeResults(t.Context(), strings.NewReader(body), 200, testRun)
	if err != nil {
		t.Fatal(err)
	}
	if n := got.Footprint(); n > maxListMemory+64<<10 || got.Broken == 0 || len(got.Candidates)+got.Broken != 381 {
		t.Errorf("%d MiB, %d candidates and %d broken", n>>20, len(got.Candidates), got.Broken)
	}
}
