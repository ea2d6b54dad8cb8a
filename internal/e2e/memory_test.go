package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
)

// An upstream that controls the bodies must not control the memory of the
// process, however many calls wait for them.
func TestN14WaitsOnLargeBodiesStayBelow256MiB(t *testing.T) {
	if runtime.GOOS != "linux" || raced {
		t.Skip("the process's memory is not measured here")
	}
	const size = 8<<20 - 4096
	fill := func(unit string) string { return strings.Repeat(unit, size/len(unit)) }
	candidate := `{"profileId":"p","name":"Jane Doe","matchScore":50,"skills":["Go","SQL"],"rationale":"` +
		strings.Repeat("seven years of ledgers ", 700) + `"}`
	// A list of tiny strings takes many times the memory of its JSON.
	tiny := `{"name":"a","detailedExperience":[` + strings.TrimSuffix(strings.Repeat(`{"highlights":["`+strings.Repeat(`","x`, 20)+`"]},`, 200), ",") + `]}`
	list := func(element string) string {
		return `"candidates":[` + strings.TrimSuffix(fill(element+","), ",") + `]`
	}
	for name, tt := range map[string]struct {
		waits   int
		status  string
		members string
	}{
		"shortlists":           {80, "completed", list(candidate)},
		"runs in progress":     {80, "processing", list(candidate)},
		"one long message":     {40, "failed", `"errorMessage":"` + fill("x") + `"`},
		"lists of tiny things": {40, "completed", list(tiny)},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = fmt.Fprintf(w, `{"requestId":%q,"status":%q,%s}`, strings.Split(r.URL.Path, "/")[2], tt.status, tt.members)
			}))
			defer server.Close()
			c := start(t, []string{"INSTAVIEW_API_KEY=" + canary, "INSTAVIEW_BASE_URL=" + server.URL, "INSTAVIEW_REQUESTS_PER_MINUTE=10000"})
			c.send(hello)
			c.next()
			for i := range tt.waits {
				c.send(request(i+1, "tools/call", call("wait_for_sourcing", fmt.Sprintf(`{"request_id":"r%d","max_wait_seconds":5}`, i))))
			}
			answered := 0
			for range tt.waits {
				if strings.Contains(c.next().text(), "Sourcing run r") {
					answered++
				}
			}
			// On a machine that is busy, some may not have had their turn yet.
			if answered < tt.waits/4 {
				t.Errorf("%d of %d waits were answered with a body", answered, tt.waits)
			}
			peak := c.peakMemory() >> 10
			t.Logf("%d MiB, %d of %d answered", peak, answered, tt.waits)
			if peak > 256 {
				t.Errorf("peak memory %d MiB", peak)
			}
			_ = c.cmd.Process.Kill() // what is still being sent is of no use
		})
	}
}
