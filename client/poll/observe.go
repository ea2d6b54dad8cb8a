package poll

import (
	"time"

	"instaview-mcp/client"
)

// Observed is one attempt, for an operator's figures. It names no run and nobody.
type Observed struct {
	// Outcome is "in_progress", "ended", or the client.Code of a failure.
	Outcome string
	Latency time.Duration // of the request
	Retry   bool          // the attempt before it had failed
	// Lag is the time from a run's end to this attempt, by InstaView's clock, which
	// tells whole seconds; negative unless this is the attempt that found it.
	Lag time.Duration
}

// observed compares an attempt with what was known before.
func observed(last Snapshot, results *client.Results, failure *client.Error, latency time.Duration) Observed {
	o := Observed{Latency: latency, Retry: last.Err != nil, Lag: -1}
	switch {
	case failure != nil:
		o.Outcome = string(failure.Code)
	case results.InProgress():
		o.Outcome = "in_progress"
	default:
		o.Outcome = "ended"
		watched := last.Results != nil && last.Results.InProgress()
		if watched && !results.Date.IsZero() && !results.CompletedAt.IsZero() {
			o.Lag = max(0, results.Date.Sub(results.CompletedAt))
		}
	}
	return o
}
