package tools

import (
	"context"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/sanitize"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools/shortlist"
)

// waitForSourcing waits for a run to end, up to a time limit.
type waitForSourcing struct {
	runs     Waiter
	settings Settings
	slots    chan struct{} // semaphore: holds one value per running wait
	callers  *callerWaits
}

func (t *waitForSourcing) definition() mcp.Tool {
	longest := int(t.settings.MaxWait / time.Second)
	return mcp.NewTool(waitTool,
		readOnly("Wait for sourcing"),
		mcp.WithDescription("Wait for an InstaView sourcing run to end, then answer like get_sourcing_results. "+
			"If max_wait_seconds end first, the answer says how far it is: no error, call again."),
		selectionArguments(t.settings),
		mcp.WithInteger("max_wait_seconds",
			mcp.Description(fmt.Sprintf("Longest wait, 0-%d; default %d; above %d only if the client shows progress",
				longest, int(t.settings.DefaultWait/time.Second), int(DefaultWait/time.Second)))),
	)
}

func (t *waitForSourcing) handle(ctx context.Context, req *mcp.CallToolRequest, a *reader, v *shortlist.View) (reply, error) {
	progress := newProgress(ctx, req)
	wait := a.maxWait(t.settings.DefaultWait, DefaultWait, t.settings.MaxWait, progress.wanted())
	a.finish()
	if a.fault != "" {
		return failed(OutcomeRefused, a.fault), nil
	}
	if wait == 0 {
		return (&getSourcingResults{t.runs, t.settings}).handle(ctx, req, a, v)
	}
	leave, ok := t.callers.enter(tenant.IDOf(ctx))
	if !ok {
		return failed(OutcomeBusy, "You already have "+sanitize.Number(t.settings.CallerWaits)+" waits running, your limit. "+
			"Try again in 10 s, or read the run once with get_sourcing_results("+v.Arguments()+")."), nil
	}
	defer leave()
	select {
	case t.slots <- struct{}{}:
		defer func() { <-t.slots }()
		return t.wait(ctx, a, v, wait, progress)
	default:
		return t.busy(v), nil
	}
}

// busy answers when all slots are taken.
func (t *waitForSourcing) busy(v *shortlist.View) reply {
	return failed(OutcomeBusy, "This server is busy with "+sanitize.Number(cap(t.slots))+" waits, its limit. "+
		"Try again in 10 s, or read the run once with get_sourcing_results("+v.Arguments()+").")
}

// wait waits for the run and answers.
func (t *waitForSourcing) wait(ctx context.Context, a *reader, v *shortlist.View, wait time.Duration, progress *progress) (reply, error) {
	progress.begin(wait)
	start := time.Now()
	var observe func(poll.Snapshot)
	if progress.wanted() {
		observe = progress.observe
	}
	snapshot, err := t.runs.Wait(ctx, string(v.RequestID), wait, observe)
	switch {
	case err != nil:
		return reply{}, err
	case snapshot.Err != nil && !snapshot.Err.Transient():
		return answer(ctx, v, snapshot, a), nil
	case snapshot.Err == nil && snapshot.Results != nil && !snapshot.Results.InProgress():
		return ended(v, snapshot, a), nil
	}
	return t.timeUp(ctx, v, snapshot, a, wait, time.Since(start)), nil
}

// timeUp answers when the wait is over and the run has not ended. That is an
// error only if every request has failed.
func (t *waitForSourcing) timeUp(ctx context.Context, v *shortlist.View, snapshot poll.Snapshot, a *reader, wait, waited time.Duration) reply {
	call := "wait_for_sourcing(" + v.Arguments()
	if wait != t.settings.DefaultWait {
		call += ", max_wait_seconds=" + sanitize.Number(int(wait/time.Second))
	}
	call += ")"
	if snapshot.Results == nil {
		if snapshot.Err != nil && !snapshot.Stopping {
			return failed(string(snapshot.Err.Code), failure(ctx, snapshot.Err, snapshot.NextIn))
		}
		return pending(v, snapshot, call, a)
	}
	spent := "Waited " + shortlist.Duration(waited) + "."
	if snapshot.Failures > 0 {
		spent += " " + failedRequests(snapshot.Failures)
	}
	lines := []sanitize.Clean{outcome(v, snapshot), spent}
	if snapshot.Err != nil {
		lines = append(lines, "The last request failed: "+explain(ctx, snapshot.Err))
	}
	if why := breakerReason(snapshot); why != "" && snapshot.Err == nil {
		lines = append(lines, why)
	}
	lines = append(lines, a.notes...)
	return reply{text: sanitize.Join("\n", append(lines, nextCall(snapshot, call, wait))...), outcome: OutcomeRunning}
}

// failedRequests returns a sentence about n requests that failed.
func failedRequests(n int) sanitize.Clean {
	if n == 1 {
		return "1 request failed meanwhile."
	}
	return sanitize.Number(n) + " requests failed meanwhile."
}

// progress sends progress notifications during a wait if the call asked for
// them. They hold counts and seconds only, never candidates.
type progress struct {
	ctx   context.Context
	token mcp.ProgressToken // nil if the call asked for no progress
	start time.Time
	total time.Duration
	last  float64 // seconds in the last notification
}

func newProgress(ctx context.Context, req *mcp.CallToolRequest) *progress {
	p := &progress{ctx: ctx, start: time.Now(), last: -1}
	if req.Params.Meta != nil {
		switch token := req.Params.Meta.ProgressToken.(type) {
		case string, float64, int, int64: // the types that the protocol allows
			p.token = token
		}
	}
	return p
}

func (p *progress) wanted() bool { return p.token != nil }

func (p *progress) begin(total time.Duration) {
	p.total = total
	p.send("Asking InstaView about the run")
}

// observe reports the result of a request to InstaView.
func (p *progress) observe(snapshot poll.Snapshot) {
	var message sanitize.Clean = "Processing"
	switch {
	case snapshot.Err != nil:
		message = "The request failed"
		if snapshot.Err.Code == client.CodeRateLimited {
			message = "InstaView's request limit is reached"
		}
	case !snapshot.Results.InProgress():
		return // the protocol forbids progress after the answer, which follows now
	case snapshot.Results.SourcedCount != nil:
		message = "Processing, " + sanitize.Number(*snapshot.Results.SourcedCount) + " sourced so far"
	}
	p.send(message + " (" + shortlist.Duration(time.Since(p.start)) + ")")
}

// send sends a notification without a guarantee: mcp-go drops it when its
// channel is full. The answer does not depend on it.
func (p *progress) send(message sanitize.Clean) {
	if !p.wanted() {
		return
	}
	// The protocol requires each value to be greater than the last.
	value := max(time.Since(p.start).Round(time.Millisecond).Seconds(), p.last+0.001)
	p.last = value
	_ = server.ServerFromContext(p.ctx).SendNotificationToClient(p.ctx, "notifications/progress", map[string]any{
		"progressToken": p.token,
		"progress":      value,
		"total":         p.total.Seconds(),
		"message":       string(message),
	})
}
