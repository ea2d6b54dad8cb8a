package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// largeBody returns a completed run with that many candidates of 64 KiB each.
func largeBody(candidates int) string {
	one := `{"profileId":"p","rationale":"` + strings.Repeat("x", 64<<10) + `"}`
	return envelope(`"status":"completed","candidates":[` + strings.TrimSuffix(strings.Repeat(one+",", candidates), ",") + `]`)
}

// decodeBody calls decodeResults for a body that ends at once, or with ctx.
func decodeBody(ctx context.Context, body io.Reader, httpStatus int, requestID string) (*Results, error) {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	return decodeResults(ctx, giveUp, body, httpStatus, requestID)
}

// counted counts the bytes that are read.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// take occupies all places until the test ends or free is called.
func take(t *testing.T, p *places) (free func()) {
	t.Helper()
	for range cap(p.taken) {
		p.taken <- struct{}{}
	}
	free = sync.OnceFunc(func() {
		for range cap(p.taken) {
			<-p.taken
		}
	})
	t.Cleanup(free)
	return free
}

func TestN14LargeBodiesWaitForTheirTurnAndSmallOnesDoNot(t *testing.T) {
	free := take(t, large)
	ctx, cancel := context.WithCancel(t.Context())
	read := &counted{Reader: strings.NewReader(largeBody(20))}
	ended := make(chan error)
	go func() {
		_, err := decodeBody(ctx, read, 200, testRun)
		ended <- err
	}()
	if got, err := decodeBody(t.Context(), strings.NewReader(largeBody(7)), 200, testRun); err != nil || len(got.Candidates) != 7 {
		t.Errorf("a body below 512 KiB: %v", err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) || read.n > smallBody {
		t.Errorf("%v after %d bytes, want the end of its context after %d", err, read.n, smallBody)
	}
	free()
	if got, err := decodeBody(t.Context(), strings.NewReader(largeBody(20)), 200, testRun); err != nil || len(got.Candidates) != 20 {
		t.Errorf("after its turn has come: %v", err)
	}
	if len(large.taken) != 0 || len(small.taken) != 0 {
		t.Errorf("%d large and %d small places are still taken", len(large.taken), len(small.taken))
	}
}

// A body of up to 64 KiB is read at once, however many slow bodies there are.
func TestN14ATinyBodyNeedsNoPlace(t *testing.T) {
	take(t, small)
	for status, body := range map[int]string{
		202: envelope(`"status":"processing"`),
		200: envelope(`"status":"completed","candidates":[{"profileId":"p","rationale":"` + strings.Repeat("x", 60<<10) + `"}]`),
		404: `{"errorCode":"REQUEST_NOT_FOUND"}`,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), attemptTimeout/2) // shorter than a body would wait
		_, err := upstream(t, respond(status, body)).Results(ctx, testRun)
		cancel()
		var e *Error
		if (status == 404) != (err != nil) || err != nil && (!errors.As(err, &e) || e.HTTPStatus != status) {
			t.Errorf("HTTP %d: error = %v", status, err)
		}
	}
}

func TestN14AnAttemptThatWaitsForAPlaceEndsWithItsCaller(t *testing.T) {
	take(t, small)
	ctx, cancel := context.WithCancel(t.Context())
	c := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		respond(200, largeBody(2))(w, r)
		cancel()
	})
	if _, err := c.Results(ctx, testRun); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want the caller's", err)
	}
}

// freshPlaces replaces all places by new ones, since a channel from outside a
// synctest bubble would stop the bubble's time.
func freshPlaces(t *testing.T) {
	t.Helper()
	oldSmall, oldLarge := small, large
	small, large = newPlaces(smallPlaces), newPlaces(largePlaces)
	t.Cleanup(func() { small, large = oldSmall, oldLarge })
}

// stalled is a body whose sender stops after the beginning.
type stalled struct {
	ctx       context.Context
	beginning io.Reader
}

func (s stalled) Read(p []byte) (int, error) {
	if n, err := s.beginning.Read(p); err == nil {
		return n, nil
	}
	<-s.ctx.Done()
	return 0, context.Cause(s.ctx)
}

// stall starts reading n bodies that stop after some bytes. Each ends when it
// is given up or when the time of an attempt is over; ended receives the
// errors.
func stall(t *testing.T, n, bytes int) (ended chan error) {
	t.Helper()
	ended = make(chan error, n)
	for range n {
		go func() {
			ctx, cancel := context.WithTimeoutCause(t.Context(), attemptTimeout, errors.New("the attempt is over"))
			defer cancel()
			ctx, giveUp := context.WithCancelCause(ctx)
			defer giveUp(nil)
			_, err := decodeResults(ctx, giveUp, stalled{ctx, strings.NewReader(largeBody(40)[:bytes])}, 200, testRun)
			ended <- err
		}()
	}
	synctest.Wait()
	return ended
}

func TestN14ASlowBodyGivesItsPlaceUpWhenOthersWait(t *testing.T) {
	if testing.Short() {
		t.Skip("reads many large bodies")
	}
	for name, tt := range map[string]struct {
		slow, bytes int    // number of slow bodies, and bytes received of each
		waits       string // a body that needs a place
	}{
		"small":                      {smallPlaces, tinyBody + 1, largeBody(3)},
		"large":                      {largePlaces, smallBody + 1, largeBody(20)},
		"large ones that wait, too":  {smallPlaces, smallBody + 1, largeBody(3)},
		"large ones, for a larger 1": {smallPlaces, smallBody + 1, largeBody(20)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				freshPlaces(t)
				ended := stall(t, tt.slow, tt.bytes)
				start := time.Now()
				_, err := decodeBody(t.Context(), strings.NewReader(tt.waits), 200, testRun)
				if took := time.Since(start); err != nil || took > turn+time.Second {
					t.Errorf("%v after %v, want the body after a turn", err, took)
				}
				givenUp := 0
				for range tt.slow {
					if err := <-ended; isTimeout(err) {
						givenUp++
					}
				}
				if givenUp == 0 {
					t.Error("no slow body was given up")
				}
				if len(large.taken) != 0 || len(small.taken) != 0 {
					t.Errorf("%d large and %d small places are still taken", len(large.taken), len(small.taken))
				}
			})
		})
	}
}

func TestN14ASlowBodyKeepsItsPlaceWhileNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		freshPlaces(t)
		start := time.Now()
		ended := stall(t, largePlaces, smallBody+1)
		for range largePlaces {
			if err := <-ended; isTimeout(err) || time.Since(start) != attemptTimeout {
				t.Errorf("%v after %v, want the whole time of an attempt", err, time.Since(start))
			}
		}
	})
}

// A body that was given up counts as a timeout, which is retried, although the
// reader was waiting for the network.
func TestN14ABodyGivenUpIsATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		freshPlaces(t)
		small.waiting.Add(1)
		dial := func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				_, _ = http.ReadRequest(bufio.NewReader(far))
				_, _ = io.WriteString(far, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"+largeBody(20)[:tinyBody+1])
			}()
			return near, nil
		}
		c, err := New(NewKey(testKey), WithBaseURL("http://localhost"), WithDialContext(dial))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = c.Results(t.Context(), testRun)
		var e *Error
		if took := time.Since(start); !errors.As(err, &e) || e.Code != CodeTimeout || e.HTTPStatus != 200 || !e.Transient() || took > turn+time.Second {
			t.Errorf("%v after %v, want a timeout after a turn", err, took)
		}
	})
}

func TestN14WhatIsHeldIsCountedUntilItIsUsedNoMore(t *testing.T) {
	settled := func() int64 {
		runtime.GC()
		return held.Load()
	}
	var before int64
	for settled() > before { // left over from earlier tests
		runtime.Gosched()
	}
	got, err := decodeBody(t.Context(), strings.NewReader(largeBody(20)), 200, testRun)
	if err != nil {
		t.Fatal(err)
	}
	if n := settled() - before; n < 20*64<<10 {
		t.Errorf("%d bytes counted, want the candidates' 1.3 MB", n)
	}
	runtime.KeepAlive(got)
	got = nil
	for settled() > before { // cleanups run some time later
		runtime.Gosched()
	}
	inProgress := strings.Replace(largeBody(20), "completed", "processing", 1)
	if got, err = decodeBody(t.Context(), strings.NewReader(inProgress), 202, testRun); err != nil || got.Candidates != nil {
		t.Errorf("a run in progress holds %d candidates, %v", len(got.Candidates), err)
	}
}

func TestN14ALargeBodyWaitsForRoomAWhile(t *testing.T) {
	if testing.Short() {
		t.Skip("reads many large bodies")
	}
	synctest.Test(t, func(t *testing.T) {
		freshPlaces(t)
		held.Add(maxHeld + 1)
		defer held.Add(-maxHeld - 1)
		start := time.Now()
		if _, err := decodeBody(t.Context(), strings.NewReader(largeBody(20)), 200, testRun); err != nil || time.Since(start) != roomTime {
			t.Errorf("%v after %v, want a body after %v", err, time.Since(start), roomTime)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := decodeBody(ctx, strings.NewReader(largeBody(20)), 200, testRun); !errors.Is(err, context.DeadlineExceeded) || len(large.taken) != 0 {
			t.Errorf("%v with %d places taken, want the end of the context", err, len(large.taken))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		freshPlaces(t)
		start := time.Now()
		if _, err := decodeBody(t.Context(), strings.NewReader(largeBody(20)), 200, testRun); err != nil || time.Since(start) != 0 {
			t.Errorf("%v after %v, want a body at once", err, time.Since(start))
		}
	})
}

func TestWordsOfTheEnvelopeAreCut(t *testing.T) {
	body := envelope(`"status":"processing","message":"` + strings.Repeat("ž", 1<<20) + `"`)
	got, err := decodeBody(t.Context(), strings.NewReader(body), 202, testRun)
	if err != nil || len(got.Message) > maxWord || strings.Trim(got.Message, "ž") != "" {
		t.Errorf("%v, %d bytes of message", err, len(got.Message))
	}
}

// A thousand runs in progress may be waited for, and each is held meanwhile.
func TestARunInProgressHoldsLittle(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	body := fmt.Sprintf(`{"requestId":%q,"status":%q,"message":%q,"errorCode":%q,"errorMessage":%q,"candidates":[{"profileId":"p","rationale":%q}]}`,
		testRun, long, long, long, long, long[:MaxCandidateBytes/2])
	got, err := decodeBody(t.Context(), strings.NewReader(body), 202, testRun)
	if err != nil || !got.InProgress() {
		t.Fatalf("%+v, %v", got, err)
	}
	if n := got.Footprint(); n < 4*maxWord || n > 5*maxWord {
		t.Errorf("%d bytes, want the four words of %d bytes and little more", n, maxWord)
	}
}

// Lists of tiny strings take many times the memory of their JSON.
func TestWhatIsMadeOfABodyIsBounded(t *testing.T) {
	body := envelope(`"status":"completed","candidates":[` + strings.Repeat(manyLists()+",", 380) + `{"profileId":"last"}]`)
	got, err := decodeBody(t.Context(), strings.NewReader(body), 200, testRun)
	if err != nil {
		t.Fatal(err)
	}
	if n := got.Footprint(); n > maxListMemory+64<<10 || got.Broken == 0 || len(got.Candidates)+got.Broken != 381 {
		t.Errorf("%d MiB, %d candidates and %d broken", n>>20, len(got.Candidates), got.Broken)
	}
}
