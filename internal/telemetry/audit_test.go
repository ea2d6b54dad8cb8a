package telemetry

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
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
