package tools

import (
	"context"
	"fmt"
	"strings"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools/shortlist"
)

// failure tells a model what went wrong, whether and when to try again, and
// what to tell the user. It says nothing the upstream wrote but its code.
func failure(ctx context.Context, e *client.Error, next time.Duration) string {
	s := what(ctx, e)
	if e.ServerCode != "" {
		s += " InstaView's code: " + e.ServerCode + "."
	}
	if e.Transient() {
		return s + " This often passes by itself: " + tryAgain(next)
	}
	return s + " Calling again will not help until that has changed."
}

// advice is how a failure's words name what only the holder of the key can
// change.
type advice struct{ whose, newKey, company, operator string }

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

func what(ctx context.Context, e *client.Error) string {
	a := adviceFor(ctx)
	switch e.Code {
	case client.CodeUnauthorized:
		return "InstaView refused " + a.whose + ": it is unknown, revoked or expired. Tell the user to " + a.newKey + "."
	case client.CodeKeySuspended:
		return "InstaView has suspended " + a.whose + ". Tell the user to have it reactivated in the InstaView dashboard."
	case client.CodePaymentRequired:
		return "InstaView asks for payment: the account has no credits left. Tell the user to top it up."
	case client.CodeForbidden:
		return "InstaView does not allow this API key to read sourcing results" + because(e) + ". " +
			"Tell the user that the key needs the scope sourcing:read, must belong to the run's company " +
			"(set " + a.company + " for a key of an applicant tracking system), and must be allowed from this network." + notInstaViews(e)
	case client.CodeNotFound:
		return "InstaView knows no such sourcing run for this API key: the id is wrong, " +
			"or the run belongs to another company. Ask the user to check the request id, and which company's key is used."
	case client.CodeRateLimited:
		return "InstaView's request limit for this API key is used up."
	case client.CodeTimeout:
		return "InstaView did not answer in time."
	case client.CodeUnavailable:
		return "InstaView could not be reached" + because(e) + "."
	case client.CodeUnreachable:
		return "This server cannot reach InstaView: " + e.Reason + ". Tell " + a.operator +
			"; variables belong into this server's environment, over stdio the env of the MCP client's settings."
	case client.CodeInvalidRequest:
		return "InstaView refused the request as invalid" + because(e) + ". " +
			"Ask the user to check the request id, and " + a.company + " if it is set."
	default:
		return "InstaView's answer was not what its documentation promises" + because(e) + ". " +
			"Tell " + a.operator + " to check INSTAVIEW_BASE_URL; if that is right, InstaView's support should know."
	}
}

// notInstaViews doubts that InstaView itself has refused.
func notInstaViews(e *client.Error) string {
	if e.Reason == "" {
		return ""
	}
	return " But the answer does not look like InstaView's: a proxy or firewall on the way may have given it."
}

// because narrows a failure down in the client's own words.
func because(e *client.Error) string {
	var parts []string
	if e.HTTPStatus != 0 {
		parts = append(parts, fmt.Sprintf("HTTP %d", e.HTTPStatus))
	}
	if e.Reason != "" {
		parts = append(parts, e.Reason)
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func tryAgain(next time.Duration) string {
	return fmt.Sprintf("try again in %s; if it lasts, tell the user.", shortlist.Duration(roundUp(max(next, poll.Floor))))
}

func roundUp(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

// notYet answers for a run that InstaView was not asked for, or did not answer
// for, in the time given. That is no error: the run keeps its turn.
func notYet(v shortlist.View, look poll.Look, call string, a *reader) reply {
	if look.Stopping {
		return failed(OutcomeStopped, fmt.Sprintf("%s There is no answer for sourcing run %s yet. %s", stopping, v.RequestID, whenBack))
	}
	why := pausing(look)
	switch {
	case why != "":
	case look.Ahead == 1:
		why = fmt.Sprintf("Its request is queued: 1 request of this API key ahead, about %s.", shortlist.Duration(roundUp(look.NextIn)))
	case look.Ahead > 0:
		why = fmt.Sprintf("Its request is queued: %d requests of this API key ahead, about %s.", look.Ahead, shortlist.Duration(roundUp(look.NextIn)))
	case look.NextIn > poll.Floor:
		why = "The request budget of this API key is used up for now."
	case look.NextIn > 0:
		why = "Its request is the next."
	default:
		why = "InstaView has been asked and not answered yet."
	}
	lines := append([]string{fmt.Sprintf("There is no answer for sourcing run %s yet. %s", v.RequestID, why)}, a.notes...)
	return reply{text: strings.Join(append(lines, goOn(look, call, 0)), "\n"), outcome: OutcomeQueued}
}

// goOn names the call that goes on waiting, and when to make it if InstaView
// cannot be asked for longer than a wait takes.
func goOn(look poll.Look, call string, wait time.Duration) string {
	switch {
	case look.Stopping:
		return stopping + " The run itself goes on: when the server is back, " + call + " goes on waiting."
	case held(look, wait):
		return fmt.Sprintf("InstaView can be asked again in %s: tell the user, and call %s then.", shortlist.Duration(roundUp(look.NextIn)), call)
	default:
		return "Next: " + call + " goes on waiting."
	}
}

// held reports whether something else than other requests keeps InstaView from
// being asked for longer than a wait takes.
func held(look poll.Look, wait time.Duration) bool {
	return look.Ahead == 0 && look.NextIn > max(wait, DefaultWait)
}

// What every call says that this server's end has cut short.
const (
	stopping = "This server is stopping."
	whenBack = "The run itself goes on: when the server is back, ask again with the same request_id."
)

// pausing says why no run is looked at for a while; "" if none is kept back.
func pausing(look poll.Look) string {
	switch look.Paused {
	case "":
		return ""
	case client.CodeRateLimited:
		return "InstaView's request limit for this API key is reached, so requests pause."
	default:
		return "InstaView has failed several times in a row, so requests pause."
	}
}
