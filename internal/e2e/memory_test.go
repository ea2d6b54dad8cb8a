package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"instaview-mcp/internal/mcptest"
)

// largeCandidate has about 16 KiB.
var largeCandidate = `{"profileId":"p","name":"Jane Doe","matchScore":50,"skills":["Go","SQL"],"rationale":"` +
	strings.Repeat("seven years of ledgers ", 700) + `"}`

// Whatever bodies an upstream sends, and however many calls wait for them, the
// memory of the process stays bounded.
func TestN14WaitsOnLargeBodiesStayBelow256MiB(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" || raced {
		t.Skip("the process's memory is not measured here")
	}
	const size = 8<<20 - 4096
	fill := func(unit string) string { return strings.Repeat(unit, size/len(unit)) }
	// A list of tiny strings takes many times the memory of its JSON.
	tiny := `{"name":"a","detailedExperience":[` + strings.TrimSuffix(strings.Repeat(`{"highlights":["`+strings.Repeat(`","x`, 20)+`"]},`, 200), ",") + `]}`
	list := func(element string) string {
		return `"candidates":[` + strings.TrimSuffix(fill(element+","), ",") + `]`
	}
	for name, tt := range map[string]struct {
		waits   int // with -long; otherwise a quarter of them
		status  string
		members string
	}{
		"shortlists":           {80, "completed", list(largeCandidate)},
		"runs in progress":     {80, "processing", list(largeCandidate)},
		"one long message":     {40, "failed", `"errorMessage":"` + fill("x") + `"`},
		"lists of tiny things": {40, "completed", list(tiny)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			waits := tt.waits
			if !*long {
				waits /= 4
			}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = fmt.Fprintf(w, `{"requestId":%q,"status":%q,%s}`, strings.Split(r.URL.Path, "/")[2], tt.status, tt.members)
			}))
			defer server.Close()
			c := start(t, []string{"INSTAVIEW_API_KEY=" + canary, "INSTAVIEW_BASE_URL=" + server.URL, "INSTAVIEW_REQUESTS_PER_MINUTE=10000"})
			c.send(mcptest.Hello)
			c.next()
			for i := range waits {
				c.send(mcptest.Request(i+1, "tools/call", mcptest.Call("wait_for_sourcing", fmt.Sprintf(`{"request_id":"r%d","max_wait_seconds":20}`, i))))
			}
			answered := 0
			for range waits {
				if strings.Contains(c.next().text(), "Sourcing run r") {
					answered++
				}
			}
			// On a busy machine most calls may not have had their turn yet.
			if answered == 0 {
				t.Errorf("%d of %d waits were answered with a body", answered, waits)
			}
			c.staysBelow256MiB(answered)
			c.kill() // the rest of the bodies is not needed
		})
	}
}

func (c *conversation) staysBelow256MiB(answered int) {
	c.t.Helper()
	peak := c.peakMemory() >> 10
	c.t.Logf("%d MiB, %d answered", peak, answered)
	if peak > 256 {
		c.t.Errorf("peak memory %d MiB", peak)
	}
}

// The cache of one key must not take the room for the bodies of others.
func TestN14LargeBodiesOfManyKeysStayBelow256MiB(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" || raced {
		t.Skip("the process's memory is not measured here")
	}
	list := strings.TrimSuffix(strings.Repeat(largeCandidate+",", 256), ",")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"requestId":"r","status":"completed","candidates":[%s]}`, list)
	}))
	defer server.Close()
	s := serveHTTP(t, "http", []string{"INSTAVIEW_BASE_URL=" + server.URL, "INSTAVIEW_MCP_CALLER_KEYS=true"})
	const keys = 80
	var (
		callers  sync.WaitGroup
		answered atomic.Int32
	)
	for i := range keys {
		callers.Go(func() {
			for range 3 { // a wait can end before its body is read on a busy machine
				if text, err := waitWithKey(t, s.url, fmt.Sprintf("key-%d", i)); err != nil {
					t.Error(err)
					return
				} else if strings.Contains(text, "Sourcing run r completed") {
					answered.Add(1)
					return
				}
			}
		})
	}
	callers.Wait()
	if n := answered.Load(); n < keys/2 {
		t.Errorf("%d of %d callers were answered with a shortlist", n, keys)
	}
	(&conversation{t: t, cmd: s.cmd}).staysBelow256MiB(int(answered.Load()))
}

// waitWithKey waits for the run r over HTTP with a caller's key.
func waitWithKey(t *testing.T, url, key string) (answer string, err error) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url,
		strings.NewReader(mcptest.Request(1, "tools/call", mcptest.Call("wait_for_sourcing", `{"request_id":"r"}`))))
	if err != nil {
		return "", err
	}
	r.Header.Set("X-InstaView-Api-Key", key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}
