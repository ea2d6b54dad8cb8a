// Package telemetry provides the server's metrics and audit log. Neither holds
// personal data.
package telemetry

import (
	"context"
	"fmt"
	"net/http"

	"github.com/VictoriaMetrics/metrics"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/store"
	"instaview-mcp/tools"
)

// Metrics are the server's metrics for Prometheus. All label values come from
// fixed lists, so they hold no ids and no personal data. Create it with
// NewMetrics; it is safe for concurrent use.
type Metrics struct {
	set        *metrics.Set
	candidates *metrics.Counter
	retries    *metrics.Counter
	limited    *metrics.Counter
	latency    *metrics.PrometheusHistogram
	lag        *metrics.PrometheusHistogram
}

// The upper bounds of the histograms' buckets, in seconds.
var (
	durationBuckets = []float64{.01, .1, 1, 5, 10, 25, 50, 120, 240}
	latencyBuckets  = []float64{.02, .05, .1, .2, .5, 1, 2, 5, 10, 20}
	decisionBuckets = []float64{.0005, .001, .002, .005, .01, .05, .1, .2, .5}
	lagBuckets      = []float64{1, 2, 3, 5, 7, 10, 15, 30, 60}
)

// NewMetrics returns Metrics in a set of their own.
func NewMetrics() *Metrics {
	metrics.ExposeMetadata(true) // the types, which scrapers want to know
	set := metrics.NewSet()
	return &Metrics{
		set:        set,
		candidates: set.NewCounter("instaview_mcp_candidates_shown_total"),
		retries:    set.NewCounter("instaview_mcp_retries_total"),
		limited:    set.NewCounter("instaview_mcp_rate_limited_total"),
		latency:    set.NewPrometheusHistogramExt("instaview_mcp_upstream_latency_seconds", latencyBuckets),
		lag:        set.NewPrometheusHistogramExt("instaview_mcp_detection_lag_seconds", lagBuckets),
	}
}

// CountCall adds a call that has ended.
func (m *Metrics) CountCall(c tools.Call) {
	m.set.GetOrCreateCounter(fmt.Sprintf("instaview_mcp_calls_total{outcome=%q,tool=%q}", c.Outcome, c.Tool)).Inc()
	m.set.GetOrCreatePrometheusHistogramExt(fmt.Sprintf("instaview_mcp_call_duration_seconds{tool=%q}", c.Tool), durationBuckets).
		Update(c.Duration.Seconds())
	m.candidates.Add(c.Candidates)
}

// CountRequest adds a request to InstaView.
func (m *Metrics) CountRequest(o poll.Observed) {
	m.set.GetOrCreateCounter(fmt.Sprintf("instaview_mcp_upstream_requests_total{outcome=%q}", o.Outcome)).Inc()
	m.latency.Update(o.Latency.Seconds())
	if o.Retry {
		m.retries.Inc()
	}
	if o.Outcome == string(client.CodeRateLimited) {
		m.limited.Inc()
	}
	if o.Lag >= 0 { // negative if this request did not see the run's end
		m.lag.Update(o.Lag.Seconds())
	}
}

// CountDelivery adds a delivery of a webhook.
func (m *Metrics) CountDelivery(outcome string) {
	m.set.GetOrCreateCounter(fmt.Sprintf("instaview_mcp_webhook_deliveries_total{outcome=%q}", outcome)).Inc()
}

// CountDecision adds an answer of the shared store to whether a request may be
// sent.
func (m *Metrics) CountDecision(d store.Decision) {
	m.set.GetOrCreateCounter(fmt.Sprintf("instaview_mcp_store_decisions_total{outcome=%q}", d.Outcome)).Inc()
	m.set.GetOrCreatePrometheusHistogramExt("instaview_mcp_store_latency_seconds", decisionBuckets).Update(d.Latency.Seconds())
}

// WatchStore adds the state of the shared store.
func (m *Metrics) WatchStore(s interface {
	Alone() bool
	Replicas() int
}) {
	m.set.NewGauge("instaview_mcp_store_alone", func() float64 {
		if s.Alone() {
			return 1
		}
		return 0
	})
	m.set.NewGauge("instaview_mcp_store_replicas", func() float64 { return float64(s.Replicas()) })
}

// CountInFlight adds a middleware to s that counts the tool calls in flight.
func (m *Metrics) CountInFlight(s *server.MCPServer) {
	s.Use(func(next server.ToolHandlerFunc) server.ToolHandlerFunc {
		return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			// The names are a fixed set, since mcp-go has checked this one.
			gauge := m.set.GetOrCreateGauge(fmt.Sprintf("instaview_mcp_calls_in_flight{tool=%q}", req.Params.Name), nil)
			gauge.Inc()
			defer gauge.Dec()
			return next(ctx, req)
		}
	})
}

// Handler serves the metrics in Prometheus's text format.
func (m *Metrics) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		m.set.WritePrometheus(w)
		metrics.WriteProcessMetrics(w)
	})
}
