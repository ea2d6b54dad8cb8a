package serve

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var discard = slog.New(slog.DiscardHandler)

// gated is a gate between two ends that a test holds.
type gated struct {
	*gate
	in   io.Writer     // what the client writes
	seen *atomic.Int64 // messages that mcp-go was given
	ends chan error    // of the gate's reader
}

func newGated(t *testing.T, out io.Writer) gated {
	t.Helper()
	forwarded, forward := io.Pipe()
	in, client := io.Pipe()
	g := gated{newGate(out, forward, discard), client, new(atomic.Int64), make(chan error, 1)}
	go func() {
		b := make([]byte, 1<<20)
		for {
			n, err := forwarded.Read(b)
			g.seen.Add(int64(strings.Count(string(b[:n]), "\n")))
			if err != nil {
				return
			}
		}
	}()
	go func() { g.ends <- g.read(in) }()
	t.Cleanup(func() {
		_ = client.Close()
		<-g.ends
		_ = forward.Close()
		g.out.Close(time.Second)
	})
	return g
}

func (g gated) send(t *testing.T, lines ...string) {
	t.Helper()
	if _, err := io.WriteString(g.in, strings.Join(lines, "\n")+"\n"); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

const (
	toolCall = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}`
	cancelIt = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`
	answerIt = `{"jsonrpc":"2.0","id":1,"result":{}}` + "\n"
)

// mcp-go forgets a cancel that comes before it has begun the call.
func TestACancelIsRepeatedWhileItsCallGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		g := newGated(t, &out)
		g.send(t, toolCall, cancelIt, cancelIt)
		if n := g.seen.Load(); n != 3 {
			t.Errorf("%d messages passed on, want 3", n)
		}
		time.Sleep(100 * time.Millisecond)
		if n := g.seen.Load(); n != 4 {
			t.Errorf("%d messages passed on after 100 ms, want the cancel again", n)
		}
		_, _ = g.Write([]byte(answerIt))
		time.Sleep(time.Minute)
		if n := g.seen.Load(); n != 4 {
			t.Errorf("%d messages passed on, though the call has ended", n)
		}
		if out.Len() > 0 {
			t.Errorf("a cancelled call was answered: %s", out.String())
		}
	})
}

func TestACancelIsRepeatedThriceAndNeverReachesTheNextOfItsID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		g := newGated(t, &out)
		g.send(t, toolCall, cancelIt)
		time.Sleep(10 * time.Second)
		if n := g.seen.Load(); n != 5 {
			t.Errorf("%d messages passed on, want the call, the cancel and three more", n)
		}
		g.answer(1)
		g.send(t, toolCall, cancelIt)
		g.answer(1)
		g.send(t, toolCall)
		time.Sleep(10 * time.Second)
		if n := g.seen.Load(); n != 8 {
			t.Errorf("%d messages passed on, want 8: a cancel has reached a call that it is not for", n)
		}
	})
}

func TestRequestsWaitForTheirPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		g := newGated(t, &out)
		for id := range maxRequests {
			g.send(t, strings.Replace(callOf(id), "tools/call", "ping", 1))
		}
		go func() {
			_, _ = io.WriteString(g.in, strings.Replace(callOf(maxRequests), "tools/call", "ping", 1)+"\n")
		}()
		synctest.Wait()
		if n := g.seen.Load(); n != maxRequests {
			t.Errorf("%d messages passed on, want %d", n, maxRequests)
		}
		g.answer(0)
		if n := g.seen.Load(); n != maxRequests+1 {
			t.Error("the place was not given on")
		}
	})
}

func TestTheGateEndsWithMCPGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forwarded, forward := io.Pipe()
		_ = forwarded.Close()
		g := newGate(io.Discard, forward, discard)
		defer g.out.Close(time.Second)
		if err := g.read(strings.NewReader(toolCall + "\n" + toolCall)); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("read on: %v", err)
		}
	})
}

// One call a worker; the others wait, so that a burst of looks is no fault.
func TestCallsWaitForAWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		g := newGated(t, &out)
		for id := range stdioWorkers + 3 {
			g.send(t, callOf(id))
		}
		forwarded := func(want int64) {
			t.Helper()
			synctest.Wait()
			if n := g.seen.Load(); n != want {
				t.Errorf("%d messages passed on, want %d", n, want)
			}
		}
		forwarded(stdioWorkers)
		g.send(t, strings.Replace(cancelIt, ":1}", fmt.Sprintf(":%d}", stdioWorkers), 1))
		forwarded(stdioWorkers) // it was queued, so mcp-go knows nothing of it
		g.answer(0)
		forwarded(stdioWorkers + 1)
		g.answer(1)
		forwarded(stdioWorkers + 2)
		g.answer(2)
		forwarded(stdioWorkers + 2)
		g.send(t, callOf(0))
		forwarded(stdioWorkers + 3)
		if got := strings.Count(out.String(), "result"); got != 3 {
			t.Errorf("%d answers, want 3:\n%s", got, out.String())
		}
	})
}

func TestACallBeyondTheQueueIsToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		g := newGated(t, &out)
		for id := range maxCalls + 1 {
			g.send(t, callOf(id))
		}
		if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "busy") || !strings.Contains(got, fmt.Sprintf(`"id":%d`, maxCalls)) {
			t.Errorf("refusals: %s", got)
		}
	})
}

// Resources are looked at as well, and may take as long.
func TestReadsOfResourcesAreRefusedRatherThanAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		g := newGated(t, &out)
		for id := range maxCalls + 1 {
			g.send(t, strings.Replace(callOf(id), "tools/call", "resources/read", 1))
		}
		g.send(t, strings.Replace(callOf(5_000), "tools/call", "ping", 1))
		if n := g.seen.Load(); n != maxCalls+1 || strings.Count(out.String(), "busy") != 1 {
			t.Errorf("%d messages passed on, refusals %s", n, out.String())
		}
	})
}

func TestTheQueueIsBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		g := newGated(t, &out)
		for id := range stdioWorkers {
			g.send(t, callOf(id))
		}
		large := strings.Replace(toolCall, "{}", `{"a":"`+strings.Repeat("x", maxMessage-100)+`"}`, 1)
		for id := range maxQueued/maxMessage + 2 {
			g.send(t, strings.Replace(large, `"id":1`, fmt.Sprintf(`"id":%d`, stdioWorkers+id), 1))
		}
		if n := strings.Count(out.String(), "busy"); n == 0 || g.held > maxQueued {
			t.Errorf("%d refusals, %d bytes held", n, g.held)
		}
	})
}

func callOf(id int) string { return strings.Replace(toolCall, `"id":1`, fmt.Sprintf(`"id":%d`, id), 1) }

func (g gated) answer(id int) {
	_, _ = fmt.Fprintf(g, `{"jsonrpc":"2.0","id":%d,"result":{}}`+"\n", id)
	synctest.Wait()
}

// A client that does not read must not keep the gate from hearing that it has
// gone.
func TestTheGateReadsOnWhileTheClientDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unread, out := io.Pipe()
		defer func() { _ = unread.Close() }()
		g := newGated(t, out)
		for range 3 * maxRequests {
			g.send(t, "not json")
		}
		g.send(t, toolCall)
		if n := g.seen.Load(); n != 1 {
			t.Error("the call did not come through")
		}
		_, _ = g.Write([]byte(answerIt)) // returns
	})
}

// A client that reads slowly holds up itself; one that reads nothing is given up.
func TestAFullOutboxWaitsForItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		defer func() { _ = r.Close() }()
		o := NewOutbox(w, 4)
		go func() {
			for range 5 {
				time.Sleep(stallTime - time.Second)
				_, _ = r.Read(make([]byte, 4))
			}
		}()
		begun := time.Now()
		for range 5 {
			if _, err := o.Put([]byte("1234")); err != nil {
				t.Fatalf("after %v: %v", time.Since(begun), err)
			}
		}
		if _, err := o.Put([]byte("5678")); err != nil {
			t.Fatal(err)
		}
		read := time.Now()
		if _, err := o.Put([]byte("9")); !errors.Is(err, errUnread) || time.Since(read) != stallTime {
			t.Errorf("after %v: %v", time.Since(read), err)
		}
		<-o.failed
		_ = r.Close()
		<-o.done
	})
}

func TestTheClientsAnswersGoNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		g := newGated(t, &out)
		g.send(t, toolCall, `{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}`, `{"jsonrpc":"2.0","id":1,"result":{}}`)
		if n := g.seen.Load(); n != 1 || out.Len() > 0 || g.requests.underWay("1") == nil {
			t.Errorf("%d messages passed on, and answered %q", n, out.String())
		}
	})
}

// mcp-go sends progress from a goroutine of its own, so it may come late.
func TestProgressNeverComesAfterItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		g := newGated(t, &out)
		g.send(t, strings.Replace(toolCall, "{}", `{"_meta":{"progressToken":"a"}}`, 1))
		progress := func(token string) {
			_, _ = fmt.Fprintf(g, `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":1}}`+"\n", token)
		}
		progress(`"a"`)
		progress(`"b"`)
		progress(`"\u0061"`)
		_, _ = g.Write([]byte(answerIt))
		progress(`"a"`)
		synctest.Wait()
		if lines := strings.Split(strings.TrimSpace(out.String()), "\n"); len(lines) != 3 || !strings.Contains(lines[2], "result") {
			t.Errorf("the client was sent\n%s", out.String())
		}
	})
}

// A request whose id is given to another while its refusal is on the way.
func TestADuplicateIsRefusedUnderNoID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		g := newGated(t, &out)
		g.refuse("1", errDuplicate) // the first has just ended
		synctest.Wait()
		if !strings.Contains(out.String(), `"id":null`) {
			t.Errorf("refused with %s", out.String())
		}
	})
}

func TestWhatIsLeftAtTheEndIsToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		g := newGated(t, &out)
		g.send(t, callOf(1), callOf(2), callOf(3), cancelIt)
		g.end(time.Second)
		if got := out.String(); strings.Count(got, "being stopped") != 2 || strings.Contains(got, `"id":1,`) {
			t.Errorf("the client was sent\n%s", got)
		}
	})
}

func TestTheLogHoldsNoMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log, out bytes.Buffer
		g := newGated(t, &out)
		g.logger = slog.New(slog.NewTextHandler(&log, nil))
		g.send(t, `{"canary"`, `{"jsonrpc":"2.0","id":"canary","METHOD":"canary"}`, toolCall, toolCall)
		if _, err := Words(g.logger).Write([]byte("panic recovered: canary\n")); err != nil {
			t.Error(err)
		}
		library := slog.New(messagesOnly{g.logger.Handler()})
		library.With("canary", "canary").WithGroup("canary").Error("panic in forwarder", "panic", "canary")
		if got := log.String(); strings.Contains(got, "canary") || strings.Count(got, "\n") != 5 ||
			!strings.Contains(got, "panic recovered") || !strings.Contains(got, "panic in forwarder") {
			t.Errorf("logged:\n%s", got)
		}
	})
}

func TestARefusalNeverAnswersAnotherRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		g := newGated(t, &out)
		g.send(t, toolCall, toolCall, strings.Replace(toolCall, "{}}", strings.Repeat("[", 99)+strings.Repeat("]", 99)+"}", 1))
		if got := out.String(); strings.Count(got, `"id":null`) != 2 || strings.Contains(got, `"id":1`) {
			t.Errorf("refusals: %s", got)
		}
	})
}

// A client that ends a server is known to wait 2 s before it kills.
func TestTheEndFitsIntoTwoSeconds(t *testing.T) {
	if most := endTime + LogTime; most >= 2*time.Second || drainTime+2*leaveTime >= endTime {
		t.Errorf("the end may take %v", most)
	}
}
