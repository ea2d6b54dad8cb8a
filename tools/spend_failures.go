package tools

import (
	"context"
	"errors"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
	"instaview-mcp/internal/spending"
	"instaview-mcp/tools/shortlist"
)

// failure answers for an order that was not carried out.
func (s *spend) failure(ctx context.Context, err error) (reply, error) {
	var (
		limit   *spending.LimitError
		failure *client.Error
	)
	nothing := " Nothing was " + s.verbs().started + "."
	switch {
	case errors.As(err, &limit):
		return failed(OutcomeRefused, overLimit(limit)+nothing), nil
	case errors.Is(err, spending.ErrFull):
		return failed(OutcomeBusy, "This server counts the credits of as many InstaView accounts as it can."+nothing+" Try again in some hours."), nil
	case errors.As(err, &failure):
		return failed(string(failure.Code), s.refused(ctx, failure)+nothing), nil
	}
	return reply{}, err
}

// underWay answers for an order that is being carried out while the call ends,
// because it was cancelled or because this server stops.
func (s *spend) underWay() reply {
	v := s.verbs()
	return failed(OutcomeUnknown, "The call ended before InstaView had answered, so the run may have been "+v.started+" or not. "+
		"While this server runs, the same confirmation tells what became of it, and starts nothing twice. "+
		"If this server has stopped, it has forgotten: let the user look in the InstaView app before "+v.tool+" is called again.")
}

// overLimit says which limit an order exceeds, and what is within it.
func overLimit(e *spending.LimitError) sanitize.Clean {
	if !e.Daily {
		return "That is more than the " + counted(e.Limit, "credit") + " that the operator of this server allows at once (INSTAVIEW_MAX_CREDITS_PER_RUN): " +
			"ask for at most " + counted(e.Limit, "candidate") + "."
	}
	s := "The operator of this server allows " + counted(e.Limit, "credit") + " in 24 hours (INSTAVIEW_MAX_CREDITS_PER_DAY), and " +
		sanitize.Number(e.Spent) + " were asked for already, counted since the server started."
	left, in := e.Limit-e.Spent, shortlist.Duration(e.FreeIn)
	switch {
	case left > 0 && e.FreeIn > 0:
		s += " Ask for at most " + counted(left, "candidate") + ", or for these in " + in + "."
	case left > 0:
		s += " Ask for at most " + counted(left, "candidate") + "."
	case e.FreeIn > 0:
		s += " Possible again in " + in + "."
	}
	return s
}

// minRetry is what a model is told to wait at least before it tries again.
const minRetry = 5 * time.Second

// spendRefused explains why InstaView did not start or refine a run.
func spendRefused(ctx context.Context, e *client.Error) sanitize.Clean {
	a := adviceFor(ctx)
	const sameCode = " A confirmation already given stays good within its ten minutes."
	switch e.Code {
	case client.CodePaymentRequired:
		return "InstaView asks for payment: the account has fewer credits than the candidates asked for. " +
			"Tell the user to top it up, or to ask for fewer." + sameCode
	case client.CodeForbidden:
		return "InstaView does not allow this API key to start or refine runs" + cause(e) + ". " +
			"Tell the user that the key needs the scopes sourcing:read and sourcing:write, must belong to the run's company " +
			"(set " + a.company + " for a key of an applicant tracking system), and must be allowed from this network." + proxyHint(e)
	case client.CodeRateLimited:
		return "InstaView's request limit for this API key is used up: try again in " +
			shortlist.Duration(roundUp(max(e.RetryAfter, minRetry))) + "." + sameCode
	case client.CodeConflict:
		return "InstaView says that this conflicts with something under way" + cause(e) + ": tell the user."
	}
	s := explain(ctx, e)
	if e.Transient() {
		s += " This often passes by itself: try again in " + shortlist.Duration(roundUp(max(e.RetryAfter, minRetry))) + "." + sameCode
	}
	return s
}
