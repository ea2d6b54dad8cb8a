package serve

import (
	"bytes"
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

func TestACallBeyondTheCapIsToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		g := newGated(t, &out)
		for id := range stdioWorkers + 1 {
			g.send(t, strings.Replace(toolCall, `"id":1`, fmt.Sprintf(`"id":%d`, 100+id), 1))
		}
		if n := g.seen.Load(); n != stdioWorkers {
			t.Errorf("%d calls passed on, want %d", n, stdioWorkers)
		}
		if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "busy") {
			t.Errorf("refusals: %s", got)
		}
		_, _ = g.Write([]byte(`{"jsonrpc":"2.0","id":100,"result":{}}` + "\n"))
		g.send(t, toolCall)
		if n := g.seen.Load(); n != stdioWorkers+1 {
			t.Error("the place was not freed")
		}
	})
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
		select {
		case <-g.out.failed:
			t.Error("given up, although there is room")
		default:
		}
		for range maxUnread/maxMessage + 1 {
			_, _ = g.Write(make([]byte, maxMessage))
		}
		<-g.out.failed
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
	if most := drainTime + 4*LeaveTime; most >= 2*time.Second {
		t.Errorf("the end may take %v", most)
	}
}
