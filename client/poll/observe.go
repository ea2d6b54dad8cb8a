package poll

import (
	"time"

	"instaview-mcp/client"
)

// Observed describes one attempt for metrics. It holds no ids.
type Observed struct {
	// Outcome is "in_progress", "ended", or the client.Code of a failure.
	Outcome string
	Latency time.Duration // duration of the request
	Retry   bool          // the previous attempt for the run failed
	// Lag is the time from a run's end to this attempt, by InstaView's clock in
	// whole seconds. It is negative unless this attempt was the first to see
	// the end after an unfinished state.
	Lag time.Duration
}

// observed describes an attempt, given the state known before it.
func observed(last Snapshot, results *client.Results, failure *client.Error, latency time.Duration) Observed {
	o := Observed{Latency: latency, Retry: last.Err != nil, Lag: -1}
	switch {
	case failure != nil:
		o.Outcome = string(failure.Code)
	case results.InProgress():
		o.Outcome = "in_progress"
	default:
		o.Outcome = "ended"
		wasRunning := last.Results != nil && last.Results.InProgress()
		if wasRunning && !results.Date.IsZero() && !results.CompletedAt.IsZero() {
			o.Lag = max(0, results.Date.Sub(results.CompletedAt))
		}
	}
	return o
}
