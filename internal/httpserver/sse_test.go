package httpserver

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"instaview-mcp/internal/jsonrpc"
	"instaview-mcp/internal/mcptest"
	"instaview-mcp/tools"
)

func TestSSEKeepsNumbersAndStringsApartAsIDs(t *testing.T) {
	inBubble(t, overSSE, func(t *testing.T, s *site) {
		events, address := s.openSession(t)
		wait := toCall(1, "wait_for_sourcing", `{"request_id":"req_demo_slow","max_wait_seconds":5}`)
		s.send(t, post(address, wait))
		s.send(t, post(address, strings.Replace(wait, `"id":1`, `"id":"1"`, 1)))
		s.send(t, post(address, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"1"}}`)) // N05
		s.wants(t, tools.OutcomeCancelled)
		if got, _ := events.event(); !strings.Contains(got, `"id":1,`) || !strings.Contains(got, "still processing") {
			t.Errorf("answer %s", got)
		}
	})
}

func TestN04SSERefusesAMessageWithoutVersionAndKeepsNothing(t *testing.T) {
	inBubble(t, overSSE, func(t *testing.T, s *site) {
		events, address := s.openSession(t)
		bad := strings.Replace(toCall(1, "get_sourcing_results", `{"request_id":"req_demo_done"}`), `"2.0"`, `2.0`, 1)
		for range 3 {
			if got := s.send(t, post(address, bad)); got.StatusCode != 400 || !strings.Contains(got.body, `"id":1,`) {
				t.Fatalf("%s: %s", got.Status, got.body)
			}
		}
		s.send(t, post(address, ping))
		if got, _ := events.event(); !strings.Contains(got, `"result":{}`) {
			t.Errorf("answer %s", got)
		}
	})
}

func TestSSETellsProgressBeforeTheAnswer(t *testing.T) {
	inBubble(t, overSSE, func(t *testing.T, s *site) {
		events, address := s.openSession(t)
		s.send(t, post(address, mcptest.Request(1, "tools/call",
			mcptest.WithMeta(mcptest.Call("wait_for_sourcing", `{"request_id":"req_demo_slow","max_wait_seconds":30}`), `"progressToken":"p"`))))
		progress := 0
		for {
			got, _ := events.event()
			if strings.Contains(got, "notifications/progress") {
				progress++
				continue
			}
			if strings.HasPrefix(got, ":") {
				continue
			}
			if progress < 2 || !strings.Contains(got, "still processing") {
				t.Errorf("after %d notifications: %s", progress, got)
			}
			return
		}
	})
}

func TestAStoppingSSEServerRefusesRequestsInWords(t *testing.T) {
	inBubble(t, overSSE, func(t *testing.T, s *site) {
		_, address := s.openSession(t)
		s.server.sse.stopAccepting()
		if got := s.send(t, post(address, ping)); got.StatusCode != 400 || !strings.Contains(got.body, jsonrpc.ErrStopping.Text) {
			t.Errorf("%s: %s", got.Status, got.body)
		}
		if got := s.send(t, get(ssePath)); got.StatusCode != 503 {
			t.Errorf("a new session: %s", got.Status)
		}
	})
}

// A session whose client does not read ends, with all its calls.
func TestAnSSESessionThatIsNotReadEnds(t *testing.T) {
	inBubble(t, overSSE, func(t *testing.T, s *site) {
		events, address := s.openSession(t)
		for i := range 50 {
			s.send(t, post(address, toCall(i, "get_sourcing_results", `{"request_id":"req_demo_large","detail":"full"}`)))
		}
		s.send(t, post(address, toCall(99, "wait_for_sourcing", slowWait)))
		time.Sleep(2 * writeTime)
		synctest.Wait()
		if got := s.send(t, post(address, ping)); got.StatusCode != 404 {
			t.Errorf("the session goes on: %s", got.Status)
		}
		_ = events.conn.Close()
	})
}

// mcp-go ends a subscription to nothing at once, and then sometimes drops its
// acknowledgement.
func TestEverySubscriptionIsAcknowledgedOverHTTP(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *site) {
		for range 300 {
			got := s.send(t, post(mcpPath, modern(1, "subscriptions/listen", `{"notifications":{"toolsListChanged":true}}`),
				"Accept: application/json, text/event-stream", "Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: subscriptions/listen"))
			ack, result := strings.Index(got.body, "subscriptions/acknowledged"), strings.Index(got.body, `"result"`)
			if ack < 0 || result < ack {
				t.Fatalf("%s: %s", got.Status, got.body)
			}
		}
	})
}

func TestWaitsOfASessionLetItsOtherCallsWork(t *testing.T) {
	inBubble(t, overSSE, func(t *testing.T, s *site) {
		events, address := s.openSession(t)
		for i := range 2 * jsonrpc.MaxRunning {
			s.send(t, post(address, toCall(i, "wait_for_sourcing", slowWait)))
		}
		begun := time.Now()
		s.send(t, post(address, toCall(999, "get_sourcing_results", `{"request_id":"req_demo_done"}`)))
		if got, _ := events.event(); !strings.Contains(got, `"id":999,`) || time.Since(begun) > time.Second {
			t.Errorf("after %v: %.300s", time.Since(begun), got)
		}
	})
}
