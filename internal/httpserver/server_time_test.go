package httpserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/internal/jsonrpc"
	"instaview-mcp/internal/sandbox"
	"instaview-mcp/tools"
)

// inBubble runs test with a site in a synctest bubble.
func inBubble(t *testing.T, change func(*Settings), test func(t *testing.T, s *site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, change)
		defer s.stop()
		test(t, s)
	})
}

// reader reads a connection's answers, with the time at which each line
// arrived.
type reader struct {
	t     *testing.T
	conn  net.Conn
	lines *bufio.Reader
	begun time.Time
}

// begin sends raw and reads the header of the answer.
func (s *site) begin(t *testing.T, raw string) (*reader, *http.Response) {
	t.Helper()
	r := &reader{t: t, conn: s.dial(t), begun: time.Now()}
	go func() { _, _ = io.WriteString(r.conn, raw) }()
	b := bufio.NewReader(r.conn)
	resp := receive(t, b, raw[:strings.Index(raw, " ")]).Response
	r.lines = bufio.NewReader(resp.Body)
	return r, resp
}

// event returns the next event's data, or a comment, and its time.
func (r *reader) event() (text string, at time.Duration) {
	r.t.Helper()
	for {
		line, err := r.lines.ReadString('\n')
		if err != nil {
			return err.Error(), time.Since(r.begun)
		}
		line = strings.TrimSpace(line)
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			return data, time.Since(r.begun)
		}
		if strings.HasPrefix(line, ":") {
			return line, time.Since(r.begun)
		}
	}
}

// openSession opens an HTTP+SSE stream and returns the address for its
// messages.
func (s *site) openSession(t *testing.T, headers ...string) (events *reader, address string) {
	t.Helper()
	events, resp := s.begin(t, get(ssePath, append(headers, "Accept: text/event-stream")...))
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the stream: %s", resp.Status)
	}
	address, _ = events.event()
	if !strings.HasPrefix(address, messagePath+"?sessionId=") {
		t.Fatalf("the first event is %q", address)
	}
	return events, address
}

func overSSE(s *Settings) { s.SSE = true }

const slowWait = `{"request_id":"req_demo_slow"}`

// wants checks that a call has ended with this outcome.
func (s *site) wants(t *testing.T, outcome string) {
	t.Helper()
	synctest.Wait()
	select {
	case c := <-s.calls:
		if c.Outcome != outcome {
			t.Errorf("the call ended as %s, want %s", c.Outcome, outcome)
		}
	default:
		t.Errorf("the call goes on, want %s", outcome)
	}
}

func TestH47OnlyOneRequestIsSeenOfTwoLengths(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *site) {
		chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(ping), ping)
		got := s.send(t, post("/mcp", chunked+get(healthPath), "Transfer-Encoding: chunked"))
		if got.StatusCode != http.StatusOK || !got.closed {
			t.Errorf("%s, closed %v; want an answer and no more", got.Status, got.closed)
		}
	})
}

// mcp-go sets keep-alive in every answer with progress.
func TestH47AnAnswerWithProgressClosesAsWell(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *site) {
		call := strings.Replace(toCall(1, "wait_for_sourcing", `{"request_id":"req_demo_slow","max_wait_seconds":2}`), `"params":{`, `"params":{"_meta":{"progressToken":"p"},`, 1)
		chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(call), call)
		got := s.send(t, post("/mcp", chunked+get(healthPath), "Transfer-Encoding: chunked"))
		if !strings.Contains(got.body, "notifications/progress") || !got.closed {
			t.Errorf("%s, closed %v; want progress, an answer and no more: %s", got.Status, got.closed, got.body)
		}
	})
}

func TestH48HalfAHeaderIsCutOff(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *site) {
		conn, begun := s.dial(t), time.Now()
		_, _ = io.WriteString(conn, "POST /mcp HTTP/1.1\r\nHost: loc")
		_, err := conn.Read(make([]byte, 1))
		if took := time.Since(begun); err == nil || took != headerTime {
			t.Errorf("read %v after %v, want the end after %v", err, took, headerTime)
		}
	})
}

func TestH49ASlowBodyIsCutOff(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *site) {
		conn, begun := s.dial(t), time.Now()
		go func() {
			_, _ = io.WriteString(conn, post("/mcp", "", "Content-Length: 1000"))
			for range 1000 {
				if _, err := conn.Write([]byte(" ")); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		got := receive(t, bufio.NewReader(conn), http.MethodPost)
		if took := time.Since(begun); got.StatusCode != http.StatusRequestTimeout || took != bodyTime {
			t.Errorf("%s after %v, want 408 after %v", got.Status, took, bodyTime)
		}
		_ = conn.Close()
		time.Sleep(time.Second) // for the writer to see the end
	})
}

// A refused client must not be able to keep its connection by a body that never
// arrives.
func TestARefusalDoesNotAwaitTheBody(t *testing.T) {
	withToken := func(s *Settings) { s.Token = client.NewKey(token) }
	for name, tt := range map[string]struct {
		head   string
		status int
	}{
		"no such path":       {"POST /nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10", 404},
		"a chunked body":     {"POST /nope HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked", 404},
		"a foreign origin":   {"POST /mcp HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nContent-Length: 10", 403},
		"no token":           {"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10", 401},
		"another method":     {"PUT /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10", 405},
		"a form":             {"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\nContent-Type: text/plain\r\nContent-Length: 10", 415},
		"health with a body": {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10", 200},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, withToken, func(t *testing.T, s *site) {
				begun := time.Now()
				got := s.send(t, tt.head+"\r\n\r\n")
				if got.StatusCode != tt.status || !got.closed || time.Since(begun) > 2*restTime {
					t.Errorf("%s after %v, closed %t; want %d and the end soon", got.Status, time.Since(begun), got.closed, tt.status)
				}
			})
		})
	}
}

// A refused client that is still sending must find its connection open, or it
// may see an error instead of the answer. Node.js up to 18 asks to close the
// connection of every request.
func TestARefusedClientCanSendItsBody(t *testing.T) {
	for name, header := range map[string]string{"keeps the connection": "", "asks to close it": "Connection: close\r\n"} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, s *site) {
				conn, begun := s.dial(t), time.Now()
				_, _ = io.WriteString(conn, "POST /nope HTTP/1.1\r\nHost: localhost\r\n"+header+"Content-Length: 10\r\n\r\n")
				r := bufio.NewReader(conn)
				got := receive(t, r, http.MethodPost)
				if _, err := io.Copy(io.Discard, got.Body); got.StatusCode != 404 || err != nil || time.Since(begun) != 0 {
					t.Errorf("%s after %v, %v", got.Status, time.Since(begun), err)
				}
				time.Sleep(restTime / 2)
				if _, err := io.WriteString(conn, "0123456789"); err != nil {
					t.Error(err)
				}
				if _, err := r.ReadByte(); !errors.Is(err, io.EOF) || time.Since(begun) > 2*restTime {
					t.Errorf("%v after %v, want the end soon", err, time.Since(begun))
				}
			})
		})
		t.Run(name+", of a large body", func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, s *site) {
				conn := s.dial(t)
				_, _ = io.WriteString(conn, "POST /nope HTTP/1.1\r\nHost: localhost\r\n"+header+"Content-Length: 1000000\r\n\r\n")
				receive(t, bufio.NewReader(conn), http.MethodPost)
				begun := time.Now()
				n, _ := conn.Write(make([]byte, 1_000_000))
				if took := time.Since(begun); n < maxRest && header != "" || took < 100*time.Millisecond {
					t.Errorf("the connection is closed after %d bytes and %v", n, took)
				}
			})
		})
	}
}

// The time for the rest of a refused message must not end the connection of a
// client that has sent it all.
func TestARefusedClientKeepsItsConnection(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *site) {
		conn := s.dial(t)
		r := bufio.NewReader(conn)
		for range 2 {
			go func() { _, _ = io.WriteString(conn, post("/mcp", "{")) }()
			got := receive(t, r, http.MethodPost)
			if _, err := io.Copy(io.Discard, got.Body); err != nil || got.StatusCode != http.StatusBadRequest {
				t.Fatal(got.Status, err)
			}
			time.Sleep(5 * restTime)
		}
	})
}

func TestH51IdleConnectionsEnd(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *site) {
		conn := s.dial(t)
		go func() { _, _ = io.WriteString(conn, post("/mcp", ping)) }()
		r := bufio.NewReader(conn)
		got := receive(t, r, http.MethodPost)
		_, _ = io.Copy(io.Discard, got.Body)
		begun := time.Now()
		if _, err := r.ReadByte(); !errors.Is(err, io.EOF) || time.Since(begun) != idleTime {
			t.Errorf("%v after %v, want the end after %v", err, time.Since(begun), idleTime)
		}
	})
}

func TestH52AClientThatDoesNotReadIsCutOff(t *testing.T) {
	t.Run("Streamable HTTP", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, s *site) {
			conn := s.dial(t)
			_, _ = io.WriteString(conn, post("/mcp", toCall(1, "wait_for_sourcing", slowWait)))
			time.Sleep(firstHeartbeat + heartbeatSpread + writeTime)
			s.wants(t, tools.OutcomeCancelled)
		})
	})
	t.Run("SSE", func(t *testing.T) {
		inBubble(t, overSSE, func(t *testing.T, s *site) {
			_, address := s.openSession(t)
			if got := s.send(t, post(address, toCall(1, "wait_for_sourcing", slowWait))); got.StatusCode != http.StatusAccepted {
				t.Fatal(got.Status)
			}
			time.Sleep(firstHeartbeat + heartbeatSpread + writeTime)
			s.wants(t, tools.OutcomeCancelled)
			if n := len(s.server.sse.sessions); n > 0 {
				t.Errorf("%d sessions left", n)
			}
		})
	})
}

// An answer that is not a stream has a deadline as well.
func TestH52AnAnswerThatIsNotReadIsCutOff(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *site) {
		conn := s.dial(t)
		_, _ = io.WriteString(conn, post("/mcp", toCall(1, "get_sourcing_results", `{"request_id":"req_demo_large","detail":"full"}`), "Accept: application/json"))
		time.Sleep(writeTime - time.Second)
		if n := s.server.open.Load(); n != 1 {
			t.Errorf("%d connections after %v", n, writeTime-time.Second)
		}
		time.Sleep(2 * time.Second)
		if n := s.server.open.Load(); n != 0 {
			t.Errorf("%d connections after %v", n, writeTime+time.Second)
		}
	})
}

func TestASignNeverStandsInAnAnswerThatIsNoStream(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, mcpPath, nil)
	r.Header.Set("Accept", "text/event-stream")
	s := newResponseWriter(w, r)
	s.startHeartbeat()
	s.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(s, "{}")
	s.beat()
	s.end()
	s.beat()
	if got := w.Body.String(); got != "{}" {
		t.Errorf("the answer is %q", got)
	}
}

func TestH53ConnectionsBeyondTheCapAreToldSo(t *testing.T) {
	inBubble(t, func(s *Settings) { s.MaxConnections = 2 }, func(t *testing.T, s *site) {
		first, second := s.dial(t), s.dial(t)
		synctest.Wait()
		got := s.send(t, post("/mcp", ping))
		if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") != retryLater {
			t.Errorf("%s, Retry-After %q", got.Status, got.Header.Get("Retry-After"))
		}
		if got := s.send(t, get("/nowhere")); got.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("an unknown path: %s", got.Status)
		}
		// An orchestrator must not restart a server that is only busy.
		if got := s.send(t, get(healthPath)); got.StatusCode != http.StatusOK {
			t.Errorf("health: %s", got.Status)
		}
		_, _ = first.Close(), second.Close()
		synctest.Wait()
		if got := s.send(t, post("/mcp", ping)); got.StatusCode != http.StatusOK {
			t.Errorf("with room again: %s", got.Status)
		}
	})
}

func TestH53SessionsBeyondTheCapAreToldSo(t *testing.T) {
	inBubble(t, overSSE, func(t *testing.T, s *site) {
		s.server.sse.maxSessions = 1
		events, _ := s.openSession(t)
		if got := s.send(t, get(ssePath)); got.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s, want 503", got.Status)
		}
		_ = events.conn.Close()
		synctest.Wait()
		s.openSession(t)
	})
}

func TestH55SessionsBelongToWhoOpenedThem(t *testing.T) {
	change := func(s *Settings) { s.SSE, s.CallerKeys = true, true }
	inBubble(t, change, func(t *testing.T, s *site) {
		mine, others := apiKeyHeader+": "+sandbox.Key, apiKeyHeader+": "+otherKey
		_, address := s.openSession(t, mine)
		for name, tt := range map[string]struct {
			address string
			headers []string
			status  int
		}{
			"its owner":                   {address, []string{mine}, 202},
			"another key":                 {address, []string{others}, 404},
			"the key of another company":  {address, []string{mine, companyIDHeader + ": acme"}, 404},
			"no key":                      {address, nil, 401},
			"H55 a session there is none": {messagePath + "?sessionId=x", []string{mine}, 404},
			"H56 no session":              {messagePath, []string{mine}, 400},
			"H56 an empty session":        {messagePath + "?sessionId=", []string{mine}, 400},
			"H56 two sessions":            {address + "&sessionId=x", []string{mine}, 400},
		} {
			if got := s.send(t, post(tt.address, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, tt.headers...)); got.StatusCode != tt.status {
				t.Errorf("%s: %s, want %d", name, got.Status, tt.status)
			}
		}
	})
}

func TestH57AnUnknownOriginIsGivenNothing(t *testing.T) {
	inBubble(t, overSSE, func(t *testing.T, s *site) {
		_, resp := s.begin(t, get(ssePath))
		for name := range resp.Header {
			if strings.HasPrefix(name, "Access-Control") {
				t.Errorf("%s: %s", name, resp.Header.Get(name))
			}
		}
	})
}

func TestAnAllowedOriginMayUseTheServer(t *testing.T) {
	const origin = "https://app.example.com"
	for _, sse := range []bool{false, true} {
		path := map[bool]string{false: mcpPath, true: messagePath}[sse]
		inBubble(t, func(s *Settings) {
			s.SSE, s.Token, s.AllowedOrigins = sse, client.NewKey(token), []string{origin + "/"}
		}, func(t *testing.T, s *site) {
			got := s.send(t, "OPTIONS "+path+" HTTP/1.1\r\nHost: localhost\r\nOrigin: "+origin+"\r\nAccess-Control-Request-Method: POST\r\n\r\n")
			for name, want := range map[string]string{
				"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "Mcp-Protocol-Version", "Vary": "Origin",
			} {
				if !strings.Contains(got.Header.Get(name), want) {
					t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
				}
			}
			if got.StatusCode != http.StatusNoContent {
				t.Errorf("preflight: %s", got.Status)
			}
			authorization := "Authorization: Bearer " + token
			if sse {
				events, resp := s.begin(t, get(ssePath, "Origin: "+origin, authorization))
				if resp.StatusCode != 200 || resp.Header.Get("Access-Control-Allow-Origin") != origin {
					t.Errorf("stream: %s, %v", resp.Status, resp.Header)
				}
				_ = events.conn.Close()
				return
			}
			got = s.send(t, post(path, ping, "Origin: "+origin, authorization))
			if got.StatusCode != 200 || got.Header.Get("Access-Control-Allow-Origin") != origin {
				t.Errorf("call: %s, %v", got.Status, got.Header)
			}
			if got := s.send(t, post(path, ping, "Origin: "+origin)); got.StatusCode != 401 || got.Header.Get("Access-Control-Allow-Origin") != origin {
				t.Errorf("without a token: %s, %v; want a 401 that the page may read", got.Status, got.Header)
			}
		})
	}
}

// Claude Code gives up on a call that has sent no byte for 60 s.
func TestASlowCallShowsSignsOfLife(t *testing.T) {
	call := toCall(1, "wait_for_sourcing", `{"request_id":"req_demo_slow","max_wait_seconds":38}`)
	inBubble(t, nil, func(t *testing.T, s *site) {
		events, resp := s.begin(t, post("/mcp", call))
		if h := resp.Header; h.Get("Content-Type") != "text/event-stream" || h.Get("X-Accel-Buffering") != "no" {
			t.Errorf("header %v", h)
		}
		for _, want := range []time.Duration{firstHeartbeat, firstHeartbeat + nextHeartbeat} {
			if got, at := events.event(); !strings.HasPrefix(got, ":") || at < want || at >= want+heartbeatSpread {
				t.Errorf("%q after %v, want a heartbeat after %v", got, at, want)
			}
		}
		if got, at := events.event(); !strings.Contains(got, "still processing") || at != 38*time.Second {
			t.Errorf("%q after %v, want the answer", got, at)
		}
		if got, _ := events.event(); got != io.EOF.Error() {
			t.Errorf("%q after the answer", got)
		}
	})
	t.Run("with progress", func(t *testing.T) {
		withToken := strings.Replace(call, `"params":{`, `"params":{"_meta":{"progressToken":"p"},`, 1)
		inBubble(t, nil, func(t *testing.T, s *site) {
			events, _ := s.begin(t, post("/mcp", withToken))
			if got, at := events.event(); !strings.Contains(got, `"progressToken":"p"`) || at != 0 {
				t.Errorf("%q after %v, want progress at once", got, at)
			}
			var last string
			beats := 0
			for range 30 {
				got, _ := events.event()
				if got == io.EOF.Error() {
					break
				}
				if strings.HasPrefix(got, ":") {
					beats++
					continue
				}
				last = got
			}
			if !strings.Contains(last, "still processing") || beats == 0 {
				t.Errorf("%d heartbeats, at last %q", beats, last)
			}
		})
	})
	t.Run("a client that reads JSON alone", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, s *site) {
			got := s.send(t, post("/mcp", call, "Accept: application/json"))
			if got.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(got.body, `{"jsonrpc"`) {
				t.Errorf("%v: %s", got.Header, got.body)
			}
		})
	})
	t.Run("SSE", func(t *testing.T) {
		inBubble(t, overSSE, func(t *testing.T, s *site) {
			events, _ := s.openSession(t)
			for _, want := range []time.Duration{firstHeartbeat, firstHeartbeat + nextHeartbeat} {
				if got, at := events.event(); !strings.HasPrefix(got, ":") || at < want || at >= want+heartbeatSpread {
					t.Errorf("%q after %v, want a heartbeat after %v", got, at, want)
				}
			}
		})
	})
}

// net/http itself tells only that of answers of up to 2 KiB.
func TestALongAnswerTellsItsLength(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *site) {
		got := s.send(t, post("/mcp", toCall(1, "get_sourcing_results", `{"request_id":"req_demo_done"}`)))
		if got.ContentLength < 4<<10 || got.ContentLength != int64(len(got.body)) {
			t.Errorf("an answer of %d bytes tells of %d", len(got.body), got.ContentLength)
		}
	})
}

func TestAClientThatLeavesFreesItsWait(t *testing.T) {
	t.Run("Streamable HTTP", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, s *site) {
			conn := s.dial(t)
			_, _ = io.WriteString(conn, post("/mcp", toCall(1, "wait_for_sourcing", slowWait)))
			time.Sleep(time.Second)
			_ = conn.Close()
			s.wants(t, tools.OutcomeCancelled)
		})
	})
	t.Run("SSE", func(t *testing.T) {
		inBubble(t, overSSE, func(t *testing.T, s *site) {
			events, address := s.openSession(t)
			s.send(t, post(address, toCall(1, "wait_for_sourcing", slowWait)))
			time.Sleep(time.Second)
			_ = events.conn.Close()
			s.wants(t, tools.OutcomeCancelled)
			if got := s.send(t, post(address, ping)); got.StatusCode != http.StatusNotFound {
				t.Errorf("a session that has ended takes messages: %s", got.Status)
			}
		})
	})
}

// In both transports the requests of several clients have the same ids.
func TestH38ACancelReachesOnlyItsOwnCall(t *testing.T) {
	const cancel = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`
	wait := toCall(1, "wait_for_sourcing", `{"request_id":"req_demo_slow","max_wait_seconds":5}`)
	t.Run("Streamable HTTP", func(t *testing.T) {
		inBubble(t, nil, func(t *testing.T, s *site) {
			time.AfterFunc(time.Second, func() {
				if got := s.send(t, post("/mcp", cancel)); got.StatusCode != http.StatusAccepted {
					t.Errorf("the cancel: %s", got.Status)
				}
			})
			if got := s.send(t, post("/mcp", wait)); !strings.Contains(got.body, "still processing") {
				t.Errorf("the victim was answered %s", got.body)
			}
		})
	})
	t.Run("SSE", func(t *testing.T) {
		inBubble(t, overSSE, func(t *testing.T, s *site) {
			mine, at := s.openSession(t)
			_, elsewhere := s.openSession(t)
			s.send(t, post(at, wait))
			time.Sleep(time.Second)
			s.send(t, post(elsewhere, cancel))
			if got, _ := mine.event(); !strings.Contains(got, "still processing") {
				t.Errorf("the victim was answered %s", got)
			}
			s.wants(t, tools.OutcomeRunning)
			s.send(t, post(at, strings.Replace(wait, `"max_wait_seconds":5`, `"max_wait_seconds":50`, 1)))
			s.send(t, post(at, cancel))
			time.Sleep(time.Second) // in case the cancel overtakes the call
			s.wants(t, tools.OutcomeCancelled)
		})
	})
}

func TestSSERefusesAnIDThatIsInFlight(t *testing.T) {
	inBubble(t, overSSE, func(t *testing.T, s *site) {
		_, address := s.openSession(t)
		s.send(t, post(address, toCall(1, "wait_for_sourcing", slowWait)))
		if got := s.send(t, post(address, ping)); got.StatusCode != http.StatusBadRequest || !strings.Contains(got.body, jsonrpc.ErrDuplicate.Text[:20]) {
			t.Errorf("%s: %s", got.Status, got.body)
		}
	})
}

// Newer clients also send the headers of Streamable HTTP here.
func TestSSEPassesOverHeadersOfStreamableHTTP(t *testing.T) {
	inBubble(t, overSSE, func(t *testing.T, s *site) {
		headers := []string{"Mcp-Protocol-Version: 2025-11-25", "Mcp-Method: x", "Mcp-Session-Id: y"}
		events, address := s.openSession(t, headers...)
		if got := s.send(t, post(address, ping, headers...)); got.StatusCode != http.StatusAccepted {
			t.Fatalf("%s: %s", got.Status, got.body)
		}
		if got, _ := events.event(); !strings.Contains(got, `"result":{}`) {
			t.Errorf("answer %q", got)
		}
	})
}

func TestStoppingAnswersWaitsAndEndsInTime(t *testing.T) {
	for _, sse := range []bool{false, true} {
		t.Run(fmt.Sprintf("SSE=%t", sse), func(t *testing.T) {
			inBubble(t, func(s *Settings) { s.SSE = sse }, func(t *testing.T, s *site) {
				s.sandbox.Inject("req_demo_done", sandbox.Fault{Delay: time.Hour})
				get := toCall(2, "get_sourcing_results", `{"request_id":"req_demo_done"}`)
				answers := make(chan string, 2)
				if sse {
					events, address := s.openSession(t)
					s.send(t, post(address, toCall(1, "wait_for_sourcing", slowWait)))
					s.send(t, post(address, get))
					go func() {
						for range 2 {
							got, _ := events.event()
							answers <- got
						}
						_, _ = io.Copy(io.Discard, events.lines)
					}()
				} else {
					for _, raw := range []string{toCall(1, "wait_for_sourcing", slowWait), get} {
						go func() { answers <- s.send(t, post("/mcp", raw)).body }()
					}
				}
				time.Sleep(2 * time.Second)
				begun := time.Now()
				stopped := make(chan struct{})
				go func() { s.stop(); close(stopped) }()
				if got := <-answers; !strings.Contains(got, "still processing") || !strings.Contains(got, "This server is stopping.") || time.Since(begun) > time.Second {
					t.Errorf("after %v the wait was answered %s", time.Since(begun), got)
				}
				if !s.server.draining.Load() {
					t.Error("a server that stops says that it is ready")
				}
				if got := <-answers; !strings.Contains(got, "This server is stopping.") {
					t.Errorf("after %v the get was answered %s", time.Since(begun), got)
				}
				<-stopped
				if took := time.Since(begun); took > 10*time.Second {
					t.Errorf("stopped after %v", took)
				}
			})
		})
	}
}

func TestStoppingLetsAGetEndByItself(t *testing.T) {
	for _, sse := range []bool{false, true} {
		inBubble(t, func(s *Settings) { s.SSE = sse }, func(t *testing.T, s *site) {
			s.sandbox.Inject("req_demo_done", sandbox.Fault{Delay: 3 * time.Second})
			call := toCall(1, "get_sourcing_results", `{"request_id":"req_demo_done"}`)
			answer := make(chan string, 1)
			if sse {
				events, address := s.openSession(t)
				s.send(t, post(address, call))
				go func() {
					got, _ := events.event()
					answer <- got
					_, _ = io.Copy(io.Discard, events.lines)
				}()
			} else {
				go func() { answer <- s.send(t, post("/mcp", call)).body }()
			}
			time.Sleep(time.Second)
			s.stop()
			if got := <-answer; !strings.Contains(got, "20 scored") {
				t.Errorf("SSE %t: the get was answered %s", sse, got)
			}
		})
	}
}

func TestTheStopIsBounded(t *testing.T) {
	if most := answerTime + stopTime + closeTime; most >= 10*time.Second {
		t.Errorf("the stop may take %v", most)
	}
}

func TestAServerThatStopsIsNotReady(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *site) {
		if got := s.send(t, get(readyPath)); got.StatusCode != http.StatusOK {
			t.Errorf("at first: %s", got.Status)
		}
		s.server.draining.Store(true)
		if got := s.send(t, get(readyPath)); got.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("stopping: %s", got.Status)
		}
		if got := s.send(t, get(healthPath)); got.StatusCode != http.StatusOK {
			t.Errorf("health: %s", got.Status)
		}
	})
}

func TestCallersBringTheirKeys(t *testing.T) {
	inBubble(t, func(s *Settings) { s.CallerKeys = true }, func(t *testing.T, s *site) {
		get := toCall(1, "get_sourcing_results", `{"request_id":"req_same"}`)
		for name, tt := range map[string]struct {
			headers []string
			status  int
			holds   string
		}{
			"a key":                {[]string{apiKeyHeader + ": " + sandbox.Key}, 200, "Ada Alpha"},
			"another key":          {[]string{apiKeyHeader + ": " + otherKey}, 200, "Ben Beta"},
			"a wrong key":          {[]string{apiKeyHeader + ": guess"}, 200, "refused"},
			"no key":               {nil, 401, apiKeyHeader},
			"a bearer":             {[]string{"Authorization: Bearer " + sandbox.Key}, 401, apiKeyHeader},
			"two keys":             {[]string{apiKeyHeader + ": " + sandbox.Key, strings.ToUpper(apiKeyHeader) + " : x"}, 400, ""},
			"one key, twice":       {[]string{apiKeyHeader + ": " + sandbox.Key + "\r\n" + apiKeyHeader + ": " + otherKey}, 401, ""},
			"two companies":        {[]string{apiKeyHeader + ": " + sandbox.Key, companyIDHeader + ": acme\r\n" + companyIDHeader + ": other"}, 400, companyIDHeader},
			"a key that is no key": {[]string{apiKeyHeader + ": a b"}, 401, ""},
			"a company":            {[]string{apiKeyHeader + ": " + sandbox.Key, companyIDHeader + ": acme"}, 200, "Ada Alpha"},
			"no company's id":      {[]string{apiKeyHeader + ": " + sandbox.Key, companyIDHeader + ": a/b"}, 400, companyIDHeader},
		} {
			got := s.send(t, post("/mcp", get, tt.headers...))
			if got.StatusCode != tt.status || !strings.Contains(got.body, tt.holds) {
				t.Errorf("%s: %s, %s; want %d with %q", name, got.Status, got.body, tt.status, tt.holds)
			}
		}
	})
}

func TestMetricsAreBehindTheToken(t *testing.T) {
	inBubble(t, func(s *Settings) { s.Token = client.NewKey(token) }, func(t *testing.T, s *site) {
		if got := s.send(t, get(metricsPath)); got.StatusCode != 401 {
			t.Errorf("without a token: %s", got.Status)
		}
		if got := s.send(t, get(metricsPath, "Authorization: Bearer "+token)); got.StatusCode != 200 || got.body != "figures" {
			t.Errorf("with the token: %s %s", got.Status, got.body)
		}
	})
}

// A browser's page can reach the metrics' address as well as the tools'.
func TestN09TheMetricsAddressIsGuarded(t *testing.T) {
	inBubble(t, func(s *Settings) {
		s.Token, s.CallerKeys, s.MaxConnections = client.NewKey(token), true, 1
		s.AllowedOrigins = []string{"https://app.example.com"}
	}, func(t *testing.T, s *site) {
		metrics := s.server.metricsServer()
		synctest.Wait()
		s.conns = make(chan net.Conn)
		go func() { _ = metrics.Serve(&pipes{conns: s.conns, closed: make(chan struct{})}) }()
		defer func() { _ = metrics.Close() }()
		options := "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example.com\r\n\r\n"
		for name, tt := range map[string]struct {
			raw    string
			status int
			holds  string
		}{
			"no login":            {get(metricsPath), 200, "figures"},
			"an evil host":        {get(metricsPath, "Host: evil.example"), 403, "host not allowed"},
			"an evil origin":      {get(metricsPath, "Origin: https://evil.example"), 403, "origin not allowed"},
			"an allowed origin":   {get(metricsPath, "Origin: https://app.example.com"), 200, "figures"},
			"from another site":   {get(metricsPath, "Sec-Fetch-Site: cross-site"), 403, "cross-site"},
			"OPTIONS *":           {options, 404, "metrics are on /metrics"},
			"OPTIONS *, evil":     {strings.Replace(options, "localhost", "evil.example", 1), 403, "host not allowed"},
			"POST":                {post(metricsPath, ping), 405, "metrics are on /metrics"},
			"the root":            {get("/"), 404, "metrics are on /metrics"},
			"the tools":           {post(mcpPath, ping), 404, ""},
			"H60 dots":            {get("/x/../metrics"), 404, ""},
			"no other connection": {get(metricsPath, "Connection: close"), 200, "figures"},
		} {
			got := s.send(t, tt.raw)
			h := got.Header
			if got.StatusCode != tt.status || !strings.Contains(got.body, tt.holds) {
				t.Errorf("%s: %s %s, want %d with %q", name, got.Status, got.body, tt.status, tt.holds)
			}
			if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" || h.Get("Content-Security-Policy") == "" {
				t.Errorf("%s: header %v", name, h)
			}
			synctest.Wait()
		}
		held := s.dial(t)
		synctest.Wait()
		if got := s.send(t, get(metricsPath)); got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" || !got.closed {
			t.Errorf("a connection too many: %s, closed %v", got.Status, got.closed)
		}
		_ = held.Close()
	})
}

// A client that is told to try again in 5 s uses the same connection if that
// stays open. That connection would remain above the limit and be refused for
// ever.
func TestH53AConnectionTooManyIsClosedAfterItsAnswer(t *testing.T) {
	onEveryProtocol(t, func(s *Settings) { s.MaxConnections = 1 }, func(t *testing.T, s *site, c *http.Client) {
		held := s.dial(t)
		synctest.Wait()
		if got, text := postTo(t, c, mcpPath, ping); got != http.StatusServiceUnavailable {
			t.Errorf("with a connection too many: %d %s", got, text)
		}
		_ = held.Close()
		time.Sleep(5 * time.Second)
		if got, text := postTo(t, c, mcpPath, ping); got != http.StatusOK {
			t.Errorf("with room again: %d %s", got, text)
		}
	})
}

// Probes and Prometheus use a pod's address as the host.
func TestAnAddressMayBeNamedByWhoComesToIt(t *testing.T) {
	for name, tt := range map[string]struct {
		host string
		own  string
		want bool
	}{
		"its own":                   {"10.1.2.3:8080", "10.1.2.3", true},
		"its own, in IPv6":          {"[fd00::1]:8080", "fd00::1", true},
		"its own, mapped to IPv6":   {"10.1.2.3:8080", "::ffff:10.1.2.3", true},
		"another":                   {"10.1.2.4:8080", "10.1.2.3", false},
		"a name":                    {"evil.example:8080", "10.1.2.3", false},
		"a name like its own":       {"10.1.2.3.evil.example:8080", "10.1.2.3", false},
		"no port":                   {"10.1.2.3", "10.1.2.3", false},
		"nothing":                   {"", "10.1.2.3", false},
		"a port that is none":       {"10.1.2.3:evil", "10.1.2.3", false},
		"every address, as a guess": {"0.0.0.0:8080", "10.1.2.3", false},
	} {
		r := httptest.NewRequest(http.MethodGet, healthPath, nil)
		r.Host = tt.host
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.ParseIP(tt.own), Port: 8080}))
		if got := isOwnAddress(r); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
