package httpserver

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	mcpgo "github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/internal/mcptest"
	"instaview-mcp/tools"
)

// onEveryProtocol runs test once for each protocol, with a site in a synctest
// bubble and a client of it.
func onEveryProtocol(t *testing.T, change func(*Settings), test func(t *testing.T, s *site, c *http.Client)) {
	t.Helper()
	cert, key := mcptest.CertificateFiles(t, "localhost")
	for _, p := range mcptest.Protocols {
		t.Run(p.Name, func(t *testing.T) {
			inBubble(t, func(settings *Settings) {
				if p.TLS {
					settings.TLSCert, settings.TLSKey = cert, key
				}
				if change != nil {
					change(settings)
				}
			}, func(t *testing.T, s *site) {
				c := newClient(s, p)
				defer c.CloseIdleConnections()
				test(t, s, c)
			})
		})
	}
}

// newClient returns a client of the site that speaks p.
func newClient(s *site, p mcptest.Protocol) *http.Client {
	transport := p.Transport()
	transport.DialContext = func(context.Context, string, string) (net.Conn, error) { return s.pipe(), nil }
	transport.ExpectContinueTimeout = time.Second
	return &http.Client{Transport: toSite{transport, p.Scheme()}}
}

// toSite sends requests to the site.
type toSite struct {
	*http.Transport
	scheme string
}

func (t toSite) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = t.scheme, "localhost"
	return t.Transport.RoundTrip(r)
}

// postTo makes a POST as a client of Streamable HTTP does, and reads the
// answer.
func postTo(t *testing.T, c *http.Client, path, body string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	resp, err := c.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(b)
}

// sleep adds a tool that sends nothing until d has passed.
func (s *site) sleep(d time.Duration) (toCallIt string) {
	s.mcp.AddTool(mcpgo.NewTool("sleep"), func(ctx context.Context, _ mcpgo.CallToolRequest) (*mcpgo.CallToolResult, error) {
		select {
		case <-time.After(d):
			return mcpgo.NewToolResultText("slept"), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	return toCall(1, "sleep", "{}")
}

// Over HTTP/2 a write deadline ends even a stream on which nothing is written.
func TestN01AQuietCallIsAnsweredOnEveryProtocol(t *testing.T) {
	for _, d := range []time.Duration{time.Second, 13 * time.Second, 28 * time.Second, 70 * time.Second, 240 * time.Second} {
		onEveryProtocol(t, nil, func(t *testing.T, s *site, c *http.Client) {
			begun := time.Now()
			if status, got := postTo(t, c, mcpPath, s.sleep(d)); status != http.StatusOK || !strings.Contains(got, "slept") || time.Since(begun) != d {
				t.Errorf("a call of %v was answered after %v: %d %s", d, time.Since(begun), status, got)
			}
		})
	}
}

// An answer's deadline must not affect later requests on its connection.
func TestN01AConnectionIsUsedAgainOnEveryProtocol(t *testing.T) {
	onEveryProtocol(t, nil, func(t *testing.T, s *site, c *http.Client) {
		for range 3 {
			for _, expect := range []string{"", "100-continue"} {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, mcpPath, strings.NewReader(ping))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("Expect", expect)
				resp, err := c.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if err != nil || !strings.Contains(string(body), `"result":{}`) {
					t.Errorf("%v: %s", err, body)
				}
				time.Sleep(writeTime + 5*time.Second)
			}
		}
		if n := s.dials.Load(); n != 1 {
			t.Errorf("%d connections, want one", n)
		}
	})
}

func TestN01AStreamOfEventsOutlivesSilenceOnEveryProtocol(t *testing.T) {
	onEveryProtocol(t, overSSE, func(t *testing.T, s *site, c *http.Client) {
		resp, err := c.Get(ssePath)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		events := &reader{t: t, lines: bufio.NewReader(resp.Body), begun: time.Now()}
		address, _ := events.event()
		if status, got := postTo(t, c, address, s.sleep(90*time.Second)); status != http.StatusAccepted {
			t.Fatal(status, got)
		}
		beats := 0
		for {
			got, at := events.event()
			if strings.HasPrefix(got, ":") {
				beats++
				continue
			}
			if !strings.Contains(got, "slept") || at != 90*time.Second || beats < 5 {
				t.Errorf("after %v and %d heartbeats: %s", at, beats, got)
			}
			break
		}
	})
}

// mcp-go may set headers at the moment when a heartbeat starts the answer.
func TestN02ASignOfLifeNeverTouchesTheHandlersHeaders(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, mcpPath, nil)
	r.Header.Set("Accept", "text/event-stream")
	for range 100 {
		w := httptest.NewRecorder()
		s := newResponseWriter(w, r)
		s.startHeartbeat()
		var both sync.WaitGroup
		both.Go(s.beat)
		both.Go(func() {
			s.Header().Set("Content-Type", "application/json")
			s.Header().Set("Connection", "keep-alive")
			s.WriteHeader(http.StatusOK)
			_, _ = io.WriteString(s, "{}\n")
			s.Flush()
		})
		both.Wait()
		s.end()
		asEvent := heartbeat + "event: message\ndata: {}\n\n"
		if got := w.Body.String(); got != "{}\n" && got != asEvent || (got == asEvent) != (w.Header().Get("Content-Type") == "text/event-stream") {
			t.Fatalf("%v: %q", w.Header(), got)
		}
	}
}

func TestAClientThatLeavesFreesItsWaitOnEveryProtocol(t *testing.T) {
	onEveryProtocol(t, nil, func(t *testing.T, s *site, c *http.Client) {
		for _, after := range []time.Duration{time.Second, 20 * time.Second} {
			c.Timeout = after // before and after the first heartbeat
			_, _ = postTo(t, c, mcpPath, toCall(1, "wait_for_sourcing", slowWait))
			s.wants(t, tools.OutcomeCancelled)
		}
	})
}

func TestStoppingAnswersWaitsOnEveryProtocol(t *testing.T) {
	onEveryProtocol(t, nil, func(t *testing.T, s *site, c *http.Client) {
		stopped := make(chan struct{})
		time.AfterFunc(2*time.Second, func() {
			s.stop()
			close(stopped)
		})
		if _, got := postTo(t, c, mcpPath, toCall(1, "wait_for_sourcing", slowWait)); !strings.Contains(got, "still processing") {
			t.Errorf("a wait was answered %s", got)
		}
		<-stopped
	})
}

func TestAClientThatReadsJSONAloneGetsItOnEveryProtocol(t *testing.T) {
	onEveryProtocol(t, nil, func(t *testing.T, s *site, c *http.Client) {
		resp, err := c.Post(mcpPath, "application/json", strings.NewReader(s.sleep(70*time.Second)))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if body, err := io.ReadAll(resp.Body); err != nil || !strings.HasPrefix(string(body), `{"jsonrpc"`) || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%v: %v %s", err, resp.Header, body)
		}
	})
}
