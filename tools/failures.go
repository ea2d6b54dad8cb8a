package tools

import (
	"context"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/sanitize"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools/shortlist"
)

// failure explains to a model what went wrong, whether and when to try again,
// and what to tell the user. Of the upstream's own text it quotes only the
// error code, because the rest could carry instructions to the model.
func failure(ctx context.Context, e *client.Error, next time.Duration) sanitize.Clean {
	s := explain(ctx, e)
	if code, ok := sanitize.Plain(e.ServerCode, len(e.ServerCode)); ok {
		s += " InstaView's code: " + code + "."
	}
	if e.Transient() {
		return s + " This often passes by itself: " + tryAgain(next)
	}
	return s + " Calling again will not help until that has changed."
}

// advice names the settings that a failure message refers to. They differ when
// the caller has brought an API key of their own.
type advice struct{ whose, newKey, company, operator sanitize.Clean }

// adviceFor returns the names for the caller of ctx.
func adviceFor(ctx context.Context) advice {
	if tenant.CredentialsOf(ctx).Key.Reveal() != "" {
		return advice{
			whose:    "the API key that this call brought",
			newKey:   "send a valid key in the header X-InstaView-Api-Key, which their MCP client's settings hold",
			company:  "the header X-InstaView-Company-Id",
			operator: "the operator of this server",
		}
	}
	return advice{
		whose:    "this server's API key",
		newKey:   "put a valid key into INSTAVIEW_API_KEY and restart the server",
		company:  "INSTAVIEW_COMPANY_ID",
		operator: "the user",
	}
}

// explain describes a failure in one or two sentences, without when to retry.
func explain(ctx context.Context, e *client.Error) sanitize.Clean {
	a := adviceFor(ctx)
	switch e.Code {
	case client.CodeUnauthorized:
		return "InstaView refused " + a.whose + ": it is unknown, revoked or expired. Tell the user to " + a.newKey + "."
	case client.CodeKeySuspended:
		return "InstaView has suspended " + a.whose + ". Tell the user to have it reactivated in the InstaView dashboard."
	case client.CodePaymentRequired:
		return "InstaView asks for payment: the account has no credits left. Tell the user to top it up."
	case client.CodeForbidden:
		return "InstaView does not allow this API key to read sourcing results" + cause(e) + ". " +
			"Tell the user that the key needs the scope sourcing:read, must belong to the run's company " +
			"(set " + a.company + " for a key of an applicant tracking system), and must be allowed from this network." + proxyHint(e)
	case client.CodeNotFound:
		return "InstaView knows no such sourcing run for this API key: the id is wrong, " +
			"or the run belongs to another company. Ask the user to check the request id, and which company's key is used."
	case client.CodeRateLimited:
		return "InstaView's request limit for this API key is used up."
	case client.CodeTimeout:
		return "InstaView did not answer in time."
	case client.CodeUnavailable:
		return "InstaView could not be reached" + cause(e) + "."
	case client.CodeUnreachable:
		return "This server cannot reach InstaView: " + reason(e) + ". Tell " + a.operator +
			"; variables belong into this server's environment, over stdio the env of the MCP client's settings."
	case client.CodeInvalidRequest:
		return "InstaView refused the request as invalid" + cause(e) + ". " +
			"Ask the user to check the request id, and " + a.company + " if it is set."
	default:
		return "InstaView's answer was not what its documentation promises" + cause(e) + ". " +
			"Tell " + a.operator + " to check INSTAVIEW_BASE_URL; if that is right, InstaView's support should know."
	}
}

// proxyHint adds that a proxy may have answered, if the answer did not have the
// form of InstaView's; "" otherwise.
func proxyHint(e *client.Error) sanitize.Clean {
	if e.Reason == "" {
		return ""
	}
	return " But the answer does not look like InstaView's: a proxy or firewall on the way may have given it."
}

// cause returns the HTTP status and the client's reason in brackets; "" if
// neither is known.
func cause(e *client.Error) sanitize.Clean {
	var status sanitize.Clean
	if e.HTTPStatus != 0 {
		status = "HTTP " + sanitize.Number(e.HTTPStatus)
	}
	if s := sanitize.Join(", ", status, reason(e)); s != "" {
		return " (" + s + ")"
	}
	return ""
}

// reason returns the client's reason. Its words are the client's own, but the
// error's type cannot promise that.
func reason(e *client.Error) sanitize.Clean {
	const longest = 200 // characters
	return sanitize.ForModel(sanitize.Line(e.Reason, longest).Clean)
}

// tryAgain returns when to call again, at the earliest after poll.Floor.
func tryAgain(next time.Duration) sanitize.Clean {
	return "try again in " + shortlist.Duration(roundUp(max(next, poll.Floor))) + "; if it lasts, tell the user."
}

// roundUp rounds up to whole seconds.
func roundUp(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

// pending answers when InstaView has sent nothing about a run in the time
// given. That is no error, because the request keeps its place in the queue.
func pending(v *shortlist.View, snapshot poll.Snapshot, call sanitize.Clean, a *reader) reply {
	if snapshot.Stopping {
		return failed(OutcomeStopped, stopping+" There is no answer for sourcing run "+v.RequestID+" yet. "+whenBack)
	}
	why := breakerReason(snapshot)
	switch {
	case why != "":
	case snapshot.Ahead > 0:
		requests := sanitize.Number(snapshot.Ahead) + " requests"
		switch {
		case snapshot.Ahead == 1:
			requests = "1 request"
		case snapshot.Ahead >= poll.MaxAhead: // the rest is not counted
			requests = "at least " + requests
		}
		why = "Its request is queued: " + requests + " of this API key ahead, about " + shortlist.Duration(roundUp(snapshot.NextIn)) + "."
	case snapshot.NextIn > poll.Floor:
		why = "The request budget of this API key is used up for now."
	case snapshot.NextIn > 0:
		why = "Its request is the next."
	default:
		why = "InstaView has been asked and not answered yet."
	}
	lines := append([]sanitize.Clean{"There is no answer for sourcing run " + v.RequestID + " yet. " + why}, a.notes...)
	return reply{text: sanitize.Join("\n", append(lines, nextCall(snapshot, call, 0))...), outcome: OutcomeQueued}
}

// nextCall returns a sentence with the call that continues the wait, and with
// the time to make it if no request to InstaView is possible within another
// wait.
func nextCall(snapshot poll.Snapshot, call sanitize.Clean, wait time.Duration) sanitize.Clean {
	switch {
	case snapshot.Stopping:
		return stopping + " The run itself goes on: when the server is back, " + call + " goes on waiting."
	case heldBack(snapshot, wait):
		return "InstaView can be asked again in " + shortlist.Duration(roundUp(snapshot.NextIn)) + ": tell the user, and call " + call + " then."
	default:
		return "Next: " + call + " goes on waiting."
	}
}

// heldBack reports whether the next request lies beyond another wait for a
// reason other than the queue, such as Retry-After or a spent budget.
func heldBack(snapshot poll.Snapshot, wait time.Duration) bool {
	return snapshot.Ahead == 0 && snapshot.NextIn > max(wait, DefaultWait)
}

// The sentences of every answer that a shutdown of this server cut short.
const (
	stopping = "This server is stopping."
	whenBack = "The run itself goes on: when the server is back, ask again with the same request_id."
)

// breakerReason returns why the breaker holds requests back, or "" if it does
// not.
func breakerReason(snapshot poll.Snapshot) sanitize.Clean {
	switch snapshot.Paused {
	case "":
		return ""
	case client.CodeRateLimited:
		return "InstaView's request limit for this API key is reached, so requests pause."
	default:
		return "InstaView has failed several times in a row, so requests pause."
	}
}
