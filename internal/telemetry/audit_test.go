package telemetry

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/store"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools"
)

func TestP14AnAuditLineForEveryCall(t *testing.T) {
	var log bytes.Buffer
	audit := Audit(slog.New(slog.NewTextHandler(&log, nil)))
	call := tools.Call{Tool: "get_sourcing_results", RequestID: "req_canary", Outcome: tools.OutcomeCompleted, Candidates: 7, Duration: 1500 * time.Millisecond}
	audit(t.Context(), call)
	mine := tenant.Credentials{Key: client.NewKey("canary-key"), CompanyID: "canary-company"}
	audit(tenant.WithCredentials(t.Context(), mine), call)
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines:\n%s", len(lines), &log)
	}
	for i, by := range []string{"server", string(mine.ID())} {
		for _, want := range []string{"time=", "msg=call", "tool=get_sourcing_results", "caller=" + by, "run=", "outcome=completed", "ms=1500", "candidates=7"} {
			if !strings.Contains(lines[i], want) {
				t.Errorf("no %q in %s", want, lines[i])
			}
		}
	}
	if strings.Contains(log.String(), "canary") {
		t.Errorf("an id or a key is in the log:\n%s", &log)
	}
}

func TestMetricsCount(t *testing.T) {
	m := NewMetrics()
	m.CountCall(tools.Call{Tool: "wait_for_sourcing", Outcome: tools.OutcomeCompleted, Candidates: 20, Duration: 30 * time.Second})
	m.CountCall(tools.Call{Tool: "get_sourcing_results", Outcome: "not_found"})
	m.CountRequest(poll.Observed{Outcome: "in_progress", Latency: 80 * time.Millisecond, Lag: -1})
	m.CountRequest(poll.Observed{Outcome: "rate_limited", Lag: -1})
	m.CountRequest(poll.Observed{Outcome: "ended", Retry: true, Lag: 2 * time.Second})
	got := figures(t, m)
	for _, want := range []string{
		`instaview_mcp_calls_total{outcome="completed",tool="wait_for_sourcing"} 1`,
		`instaview_mcp_calls_total{outcome="not_found",tool="get_sourcing_results"} 1`,
		`instaview_mcp_call_duration_seconds_sum{tool="wait_for_sourcing"} 30`,
		`instaview_mcp_candidates_shown_total 20`,
		`instaview_mcp_upstream_requests_total{outcome="in_progress"} 1`,
		`instaview_mcp_rate_limited_total 1`,
		`instaview_mcp_retries_total 1`,
		`instaview_mcp_detection_lag_seconds_sum 2`,
		`instaview_mcp_detection_lag_seconds_count 1`,
		`instaview_mcp_upstream_latency_seconds_count 3`,
		`go_goroutines`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
}

// An operator finds every metric of the program, with its labels, in the
// documents, and no other: a scrape has no sentences about them.
func TestEveryMetricIsDocumented(t *testing.T) {
	m := NewMetrics()
	m.CountCall(tools.Call{Tool: "get_sourcing_results", Outcome: tools.OutcomeCompleted})
	m.CountRequest(poll.Observed{Outcome: "ended"})
	m.CountDelivery("run")
	m.CountDecision(store.Decision{Outcome: "granted"})
	m.WatchStore(new(store.Redis))
	s := server.NewMCPServer("test", "1")
	m.CountInFlight(s)
	s.AddTool(mcp.NewTool("get_sourcing_results"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(""), nil
	})
	s.HandleMessage(t.Context(), []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_sourcing_results"}}`))
	served, label := map[string][]string{}, regexp.MustCompile(`(\w+)="`)
	for line := range strings.Lines(figures(t, m)) {
		if name, isType := strings.CutPrefix(line, "# TYPE instaview_mcp_"); isType {
			served["instaview_mcp_"+strings.Fields(name)[0]] = nil
			continue
		}
		series, labels, _ := strings.Cut(line, "{")
		for _, ending := range []string{"", "_bucket", "_sum", "_count"} {
			name := strings.TrimSuffix(series, ending)
			if known, ok := served[name]; ok {
				for _, l := range label.FindAllStringSubmatch(labels, -1) {
					if l[1] != "le" && !slices.Contains(known, l[1]) {
						known = append(known, l[1])
					}
				}
				slices.Sort(known)
				served[name] = known
				break
			}
		}
	}
	text, err := os.ReadFile("../../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	documented, quoted := map[string][]string{}, regexp.MustCompile("`(\\w+)`")
	for _, row := range regexp.MustCompile("(?m)^\\| `(instaview_mcp_\\w+)` \\|([^|]*)\\|").FindAllStringSubmatch(string(text), -1) {
		var labels []string
		for _, l := range quoted.FindAllStringSubmatch(row[2], -1) {
			labels = append(labels, l[1])
		}
		slices.Sort(labels)
		documented[row[1]] = labels
	}
	if len(served) == 0 || !maps.EqualFunc(served, documented, slices.Equal) {
		t.Errorf("served are\n%v\ndocumented are\n%v", served, documented)
	}
}

func figures(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	b, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
