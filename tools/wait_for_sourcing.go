package tools

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/tools/shortlist"
)

// waitForSourcing waits for a run's end, within bounds.
type waitForSourcing struct {
	runs     Waiter
	settings Settings
	places   chan struct{} // one per wait under way
}

func (t waitForSourcing) definition() mcp.Tool {
	longest := int(t.settings.MaxWait / time.Second)
	return mcp.NewTool("wait_for_sourcing",
		readOnly("Wait for sourcing"),
		mcp.WithDescription("Wait until an InstaView sourcing run has ended, then answer like get_sourcing_results. "+
			"When max_wait_seconds are over first, the answer says how far the run is: no error, call again."),
		selecting(t.settings),
		mcp.WithInteger("max_wait_seconds", mcp.Min(0), mcp.Max(float64(longest)),
			mcp.Description(fmt.Sprintf("Longest wait, 0-%d; default %d; above %d only if the client shows progress",
				longest, int(t.settings.DefaultWait/time.Second), int(DefaultWait/time.Second)))),
	)
}

func (t waitForSourcing) handle(ctx context.Context, req mcp.CallToolRequest, a *reader, v shortlist.View) (reply, error) {
	progress := newProgress(ctx, req)
	id := v.RequestID
	wait := a.maxWait(t.settings.DefaultWait, DefaultWait, t.settings.MaxWait, progress.wanted())
	a.finish()
	if a.fault != "" {
		return failed(OutcomeRefused, a.fault), nil
	}
	if wait == 0 {
		look, err := t.runs.Look(ctx, id)
		if err != nil {
			return reply{}, err
		}
		return answer(ctx, v, look, a), nil
	}
	select {
	case t.places <- struct{}{}:
		defer func() { <-t.places }()
	default:
		return failed(OutcomeBusy, fmt.Sprintf("This server is busy with %d waits, its limit. "+
			"Try again in 10 s, or look once with get_sourcing_results(%s).", cap(t.places), v.Arguments())), nil
	}

	progress.begin(wait)
	start, faults := time.Now(), 0
	look, err := t.runs.Wait(ctx, id, wait, func(l poll.Look) {
		if l.Err != nil && !l.At.Before(start) {
			faults++
		}
		progress.looked(l)
	})
	switch {
	case err != nil:
		return reply{}, err
	case look.Err != nil && !look.Err.Transient():
		return answer(ctx, v, look, a), nil
	case look.Err == nil && look.Results != nil && !look.Results.InProgress():
		return ended(v, look, a), nil
	}
	return t.timeUp(ctx, v, look, a, wait, time.Since(start), faults), nil
}

// timeUp answers for a run that has not ended yet, as far as is known. That is
// no error unless nothing at all is known.
func (t waitForSourcing) timeUp(ctx context.Context, v shortlist.View, look poll.Look, a *reader, wait, waited time.Duration, faults int) reply {
	call := "wait_for_sourcing(" + v.Arguments()
	if wait != t.settings.DefaultWait {
		call += fmt.Sprintf(", max_wait_seconds=%d", int(wait/time.Second))
	}
	call += ")"
	if look.Results == nil {
		if look.Err != nil && !look.Stopping {
			return failed(string(look.Err.Code), failure(ctx, look.Err, look.NextIn))
		}
		return notYet(v, look, call, a)
	}
	spent := fmt.Sprintf("Waited %s.", shortlist.Duration(waited))
	if faults > 0 {
		spent += " " + looksFailed(faults)
	}
	lines := []string{shortlist.Outcome(look.Results, v) + seenAgo(look), spent}
	if look.Err != nil {
		lines = append(lines, "The last look failed: "+what(ctx, look.Err))
	}
	if why := pausing(look); why != "" && look.Err == nil {
		lines = append(lines, why)
	}
	lines = append(lines, a.notes...)
	return reply{text: strings.Join(append(lines, goOn(look, call, wait)), "\n"), outcome: OutcomeRunning}
}

func looksFailed(n int) string {
	if n == 1 {
		return "1 look failed meanwhile."
	}
	return fmt.Sprintf("%d looks failed meanwhile.", n)
}

// progress tells the client how a wait is going: in counts and seconds only,
// and only if the call asked for it.
type progress struct {
	ctx   context.Context
	token mcp.ProgressToken
	start time.Time
	total time.Duration
	last  float64
}

func newProgress(ctx context.Context, req mcp.CallToolRequest) *progress {
	p := &progress{ctx: ctx, start: time.Now(), last: -1}
	if req.Params.Meta != nil {
		switch token := req.Params.Meta.ProgressToken.(type) {
		case string, float64, int, int64: // anything else is no token of the protocol
			p.token = token
		}
	}
	return p
}

func (p *progress) wanted() bool { return p.token != nil }

func (p *progress) begin(total time.Duration) {
	p.total = total
	p.send("Looking at the run")
}

func (p *progress) looked(l poll.Look) {
	message := "Processing"
	switch {
	case l.Err != nil:
		message = "The look failed"
		if l.Err.Code == client.CodeRateLimited {
			message = "InstaView's request limit is reached"
		}
	case !l.Results.InProgress():
		return // the answer follows, and progress must not come after it
	case l.Results.SourcedCount != nil:
		message = fmt.Sprintf("Processing, %d sourced so far", *l.Results.SourcedCount)
	}
	p.send(fmt.Sprintf("%s (%s)", message, shortlist.Duration(time.Since(p.start))))
}

// send is best effort: mcp-go drops a notification when its channel is full,
// and nothing of the answer depends on one.
func (p *progress) send(message string) {
	if !p.wanted() {
		return
	}
	// The protocol wants every value above the one before.
	value := max(time.Since(p.start).Round(time.Millisecond).Seconds(), p.last+0.001)
	p.last = value
	_ = server.ServerFromContext(p.ctx).SendNotificationToClient(p.ctx, "notifications/progress", map[string]any{
		"progressToken": p.token,
		"progress":      value,
		"total":         p.total.Seconds(),
		"message":       message,
	})
}
