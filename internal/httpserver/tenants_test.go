package httpserver

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"instaview-mcp/client"
	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/sandbox"
)

// Two keys read the same run in 1,000 interleaved calls. Nothing of one key may
// be shown to the other.
func TestNothingCrossesFromOneKeyToAnother(t *testing.T) {
	s := newSite(t, func(s *Settings) { s.CallerKeys = true })
	people := map[string]string{sandbox.Key: "Ada Alpha", otherKey: "Ben Beta"}
	var all sync.WaitGroup
	for key, mine := range people {
		for range 10 {
			all.Go(func() {
				c := newHTTPClient(s)
				defer c.CloseIdleConnections()
				for i := range 50 {
					tool, arguments := "get_sourcing_results", `{"request_id":"req_same"}`
					if i%2 == 1 {
						tool, arguments = "wait_for_sourcing", `{"request_id":"req_same","max_wait_seconds":5}`
					}
					req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/mcp", strings.NewReader(toCall(1, tool, arguments)))
					if err != nil {
						t.Error(err)
						return
					}
					req.Header.Set("Content-Type", "application/json")
					req.Header.Set("Accept", "application/json, text/event-stream")
					req.Header.Set(apiKeyHeader, key)
					resp, err := c.Do(req)
					if err != nil {
						t.Error(err)
						return
					}
					body, _ := io.ReadAll(resp.Body)
					_ = resp.Body.Close()
					for _, name := range people {
						if shown := bytes.Contains(body, []byte(name)); shown != (name == mine) {
							t.Errorf("key %s: %s shown %t: %s", key, name, shown, body)
							return
						}
					}
				}
			})
		}
	}
	all.Wait()
	if n := len(s.sandbox.Requests()); n != 1 {
		t.Errorf("%d requests upstream for one run of one key", n)
	}
}

func newHTTPClient(s *site) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return s.pipe(), nil
	}}}
}

// By default mcp-go keeps 10.8 KB for every session for ever. Without sessions
// it keeps nothing.
func TestH54InitializingKeepsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("makes ten thousand requests")
	}
	s := newSite(t, nil)
	c := newHTTPClient(s)
	defer c.CloseIdleConnections()
	initializeTimes := func(n int) {
		for range n {
			resp, err := c.Post("http://localhost/mcp", "application/json", strings.NewReader(mcptest.Hello))
			if err != nil {
				t.Fatal(err)
			}
			if id := resp.Header.Get("Mcp-Session-Id"); id != "" {
				t.Fatalf("a session id is given out: %s", id)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	}
	initializeTimes(100)
	before := heap()
	initializeTimes(10_000)
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("%d bytes kept of 10,000 sessions", grown)
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestTheKeyIsInNoRefusal(t *testing.T) {
	s := newSite(t, func(s *Settings) { s.CallerKeys, s.Token = true, client.NewKey(token) })
	authorization := "Authorization: Bearer " + token
	var got []string
	for _, headers := range [][]string{
		{apiKeyHeader + ": canary-key"},
		{authorization, apiKeyHeader + ": canary key"},
		{authorization, apiKeyHeader + ": canary-key", companyIDHeader + ": canary/company"},
		{authorization, apiKeyHeader + ": canary-key", "Content-Type: text/canary"},
		{"Authorization: Bearer canary"},
	} {
		a := s.send(t, post("/mcp", ping, headers...))
		got = append(got, fmt.Sprintf("%d %s", a.StatusCode, strings.TrimSpace(a.body)))
	}
	want := []string{
		"401 a bearer token is needed",
		"401 the header X-InstaView-Api-Key holds no API key",
		"400 the header X-InstaView-Company-Id is not a company id",
		"415 the content type must be application/json",
		"401 the bearer token is not the right one",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
