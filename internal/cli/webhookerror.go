package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
	"instaview-mcp/tools/shortlist"
)

// maxWebhookText is how much of one third-party text is shown, in characters.
const maxWebhookText = 200

// clean returns a third-party text as one line that is safe on a terminal and
// holds none of our secrets. They are looked for before and after, since
// cleaning may cut one, or put one together.
func (w *webhookRun) clean(text string) string {
	text = w.redact(strings.ToValidUTF8(text, "\uFFFD"))
	return w.redact(string(sanitize.Line(text, maxWebhookText).Clean))
}

func (w *webhookRun) redact(text string) string {
	for _, secret := range []client.Key{w.settings.APIKey, w.settings.WebhookSecret} {
		if s := secret.Reveal(); s != "" {
			text = strings.ReplaceAll(text, s, "[redacted]")
		}
	}
	return text
}

func (w *webhookRun) cleanAll(texts []string) string {
	var cleaned []string
	for _, text := range texts {
		if text = w.clean(text); text != "" {
			cleaned = append(cleaned, text)
		}
	}
	if len(cleaned) == 0 {
		return "none"
	}
	return strings.Join(cleaned, ", ")
}

// url returns the URL of a webhook. One that a webhook may have is only
// printable ASCII, so it needs no cleaning, which would take links apart.
func (w *webhookRun) url(raw string) string {
	if client.CheckWebhookURL(raw) != nil {
		return w.clean(raw)
	}
	return w.redact(raw)
}

// explain returns the error of an action with what to do next. It shows nothing
// that InstaView wrote.
func (w *webhookRun) explain(err error, action, id string) error {
	var e *client.Error
	switch {
	case !errors.As(err, &e):
		return errors.New("interrupted")
	case e.HTTPStatus == 0 && e.Code == client.CodeInvalidRequest:
		return errors.New(e.Reason)
	}
	what := e.Reason
	if e.HTTPStatus != 0 {
		what = fmt.Sprintf("HTTP %d%s", e.HTTPStatus, comma(e.Reason))
	}
	switch {
	case e.OutcomeUnknown && action == "test":
		return fmt.Errorf("it is not known whether the test arrived: %s. Look into the log of the webhook's server", what)
	case e.OutcomeUnknown:
		return fmt.Errorf("it is not known whether InstaView did it: %s. Look with instaview-mcp webhook list before you try again", what)
	}
	return fmt.Errorf("%s: %s", what, w.advice(e, action, id))
}

// advice says what to do about an error of an action.
func (w *webhookRun) advice(e *client.Error, action, id string) string {
	foreign := e.Reason != "" && (e.Code == client.CodeForbidden || e.Code == client.CodeNotFound)
	switch e.Code {
	case client.CodeUnauthorized:
		return "InstaView refused the API key: put a valid one into INSTAVIEW_API_KEY"
	case client.CodeKeySuspended:
		return "the API key is suspended: have it reactivated in the InstaView dashboard"
	case client.CodePaymentRequired:
		return "the account has no credits left: see the billing page in the InstaView dashboard"
	case client.CodeForbidden:
		if foreign {
			return "a proxy or another server refused the request: check INSTAVIEW_BASE_URL and HTTPS_PROXY"
		}
		return "the API key may not do this: it needs the scope write:webhooks, this network on its allow-list if it has one, and INSTAVIEW_COMPANY_ID if it belongs to an applicant tracking system"
	case client.CodeNotFound:
		if id == "" || foreign {
			return "there are no webhooks at that address: check INSTAVIEW_BASE_URL"
		}
		return "InstaView has no webhook " + id + " for this key: instaview-mcp webhook list shows those it has"
	case client.CodeConflict:
		return "InstaView has such a webhook already, or is changing it: look with instaview-mcp webhook list"
	case client.CodeRateLimited:
		return "the API key's request limit is used up: try again in " + string(shortlist.Duration(max(e.RetryAfter, time.Second)))
	case client.CodeUnavailable, client.CodeTimeout:
		return "try again later; if it stays so, check INSTAVIEW_BASE_URL, the network, and HTTPS_PROXY if one is needed"
	case client.CodeUnreachable:
		return "nothing was sent"
	case client.CodeBadResponse:
		return "InstaView's answer is not understood: check INSTAVIEW_BASE_URL"
	}
	switch action {
	case "create":
		with := "--dotted-events"
		if w.options.webhook.dotted {
			with = "it without " + with
		}
		return "InstaView does not take this webhook: check --url, and try " + with + ", since its pages spell events in several ways"
	case "test":
		return "InstaView does not test this webhook: it must have subscribed to the ping event, as one has that instaview-mcp webhook create registered"
	}
	return "InstaView does not take the request: check INSTAVIEW_COMPANY_ID if it is set"
}
