// Package telemetry provides the server's metrics and audit log. Neither holds
// personal data.
package telemetry

import (
	"context"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/tools"
)

// Metrics are the server's metrics for Prometheus. All label values come from
// fixed lists, so they hold no ids and no personal data. Create it with
// NewMetrics; it is safe for concurrent use.
type Metrics struct {
	registry   *prometheus.Registry
	calls      *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	inFlight   *prometheus.GaugeVec
	candidates prometheus.Counter
	requests   *prometheus.CounterVec
	retries    prometheus.Counter
	limited    prometheus.Counter
	latency    prometheus.Histogram
	lag        prometheus.Histogram
}

// NewMetrics returns Metrics with a registry of its own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		calls:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "instaview_mcp_calls_total", Help: "Tool calls that have ended, by tool and outcome."}, []string{"tool", "outcome"}),
		duration:   prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "instaview_mcp_call_duration_seconds", Help: "How long tool calls took.", Buckets: []float64{.01, .1, 1, 5, 10, 25, 50, 120, 240}}, []string{"tool"}),
		inFlight:   prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "instaview_mcp_calls_in_flight", Help: "Tool calls in flight: of wait_for_sourcing, the waits."}, []string{"tool"}),
		candidates: prometheus.NewCounter(prometheus.CounterOpts{Name: "instaview_mcp_candidates_shown_total", Help: "Candidates shown in answers."}),
		requests:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "instaview_mcp_upstream_requests_total", Help: "Requests to InstaView, by outcome."}, []string{"outcome"}),
		retries:    prometheus.NewCounter(prometheus.CounterOpts{Name: "instaview_mcp_retries_total", Help: "Requests to InstaView that followed a failed one for the same run."}),
		limited:    prometheus.NewCounter(prometheus.CounterOpts{Name: "instaview_mcp_rate_limited_total", Help: "Requests that InstaView answered with 429."}),
		latency:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: "instaview_mcp_upstream_latency_seconds", Help: "How long InstaView took to answer.", Buckets: []float64{.02, .05, .1, .2, .5, 1, 2, 5, 10, 20}}),
		lag:        prometheus.NewHistogram(prometheus.HistogramOpts{Name: "instaview_mcp_detection_lag_seconds", Help: "Time from a run's end to the request that found it, by InstaView's clock.", Buckets: []float64{1, 2, 3, 5, 7, 10, 15, 30, 60}}),
	}
	m.registry.MustRegister(m.calls, m.duration, m.inFlight, m.candidates, m.requests, m.retries, m.limited, m.latency, m.lag,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// CountCall adds a call that has ended.
func (m *Metrics) CountCall(c tools.Call) {
	m.calls.WithLabelValues(c.Tool, c.Outcome).Inc()
	m.duration.WithLabelValues(c.Tool).Observe(c.Duration.Seconds())
	m.candidates.Add(float64(c.Candidates))
}

// CountRequest adds a request to InstaView.
func (m *Metrics) CountRequest(o poll.Observed) {
	m.requests.WithLabelValues(o.Outcome).Inc()
	m.latency.Observe(o.Latency.Seconds())
	if o.Retry {
		m.retries.Inc()
	}
	if o.Outcome == string(client.CodeRateLimited) {
		m.limited.Inc()
	}
	if o.Lag >= 0 { // negative if this request did not see the run's end
		m.lag.Observe(o.Lag.Seconds())
	}
}

// CountInFlight adds a middleware to s that counts the tool calls in flight.
func (m *Metrics) CountInFlight(s *server.MCPServer) {
	s.Use(func(next server.ToolHandlerFunc) server.ToolHandlerFunc {
		return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			// The names are a fixed set, since mcp-go has checked this one.
			gauge := m.inFlight.WithLabelValues(req.Params.Name)
			gauge.Inc()
			defer gauge.Dec()
			return next(ctx, req)
		}
	})
}

// Handler serves the metrics in the format that the scraper asks for.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 5, Timeout: 10 * time.Second})
}
