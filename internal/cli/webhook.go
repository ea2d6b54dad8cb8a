package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/internal/app"
	"instaview-mcp/internal/config"
	"instaview-mcp/internal/httpserver"
	"instaview-mcp/tools/shortlist"
)

// What a server of this program listens for.
const (
	webhookPath   = httpserver.WebhookPath
	webhookHeader = httpserver.WebhookSecretHeader
)

// The events in the API's newer spelling and in its older one. A test delivery
// needs the ping.
var (
	webhookEvents = []string{"SOURCING_COMPLETED", "SOURCING_FAILED", "PING"}
	dottedEvents  = []string{"sourcing.completed", "sourcing.failed", "ping"}
)

const webhookUsage = `instaview-mcp webhook has InstaView tell a server of this program when a run has ended.

  instaview-mcp webhook create --url https://HOST/webhooks/instaview
                                    register a webhook, after a yes
  instaview-mcp webhook list        list the webhooks of the key
  instaview-mcp webhook test ID     have InstaView send a test; exits with 1 if it did not arrive
  instaview-mcp webhook delete ID   delete a webhook, after a yes

Each makes one request to InstaView, delete two. The API key needs the scope
write:webhooks. Deliveries bring the value of INSTAVIEW_MCP_WEBHOOK_SECRET, or of the file
in INSTAVIEW_MCP_WEBHOOK_SECRET_FILE, in the header X-InstaView-Webhook-Secret; the server
needs the same value. In a script, without a terminal, create and delete need --yes.

InstaView also makes a signing secret for each webhook. How it signs is not documented, so
this program does not use it, and shows it only with --show-signing-secret. InstaView never
shows it again.

Flags:
`

// newWebhook holds the flags of webhook create.
type newWebhook struct {
	url, name           string
	dotted, showSigning bool
}

func webhookFlags(flags *flag.FlagSet, o *options) {
	flags.StringVar(&o.webhook.url, "url", "", "with webhook create: the `URL` to deliver to, https://HOST"+webhookPath)
	flags.StringVar(&o.webhook.name, "name", "", "with webhook create: a `NAME` that the list shows; instaview-mcp if not given")
	flags.BoolVar(&o.webhook.dotted, "dotted-events", false, "with webhook create: spell events as InstaView's older pages do, such as sourcing.completed")
	flags.BoolVar(&o.webhook.showSigning, "show-signing-secret", false, "with webhook create: print what InstaView signs deliveries with, which it shows only once")
	yesFlag(flags, o)
}

// webhookAction is what webhook can do.
type webhookAction struct {
	name    string
	takesID bool
	flags   []string
	run     func(w *webhookRun, ctx context.Context, id string) error
}

func webhookActions() []webhookAction {
	return []webhookAction{
		{name: "create", flags: []string{"url", "name", "dotted-events", "show-signing-secret", "yes"}, run: (*webhookRun).create},
		{name: "list", run: (*webhookRun).list},
		{name: "test", takesID: true, run: (*webhookRun).test},
		{name: "delete", takesID: true, flags: []string{"yes"}, run: (*webhookRun).delete},
	}
}

func webhookActionNames() (names []string) {
	for _, a := range webhookActions() {
		names = append(names, a.name)
	}
	return names
}

// webhook registers, lists, tests and deletes webhooks.
func webhook(ctx context.Context, sys System, o options, args []string) error {
	actions := webhookActionNames()
	if len(args) == 0 || !slices.Contains(actions, args[0]) {
		return errors.New("webhook needs what to do: " + joined(actions, "or"))
	}
	action := webhookActions()[slices.Index(actions, args[0])]
	id, err := action.parse(o, args[1:])
	if err != nil {
		return err
	}
	use := config.Use{Demo: o.demo, Webhook: action.name == "create"}
	return app.With(sys.Stderr, app.LoadSettings(ctx, sys.Environ, use), use, func(a *app.App) error {
		a.Warn()
		w := &webhookRun{api: a.API, settings: a.Settings, sys: sys, options: o}
		if err := action.run(w, ctx, id); err != nil {
			return err
		}
		return w.err
	})
}

// parse returns the webhook's id, if the action takes one, or an error for
// arguments and flags that it does not take.
func (a webhookAction) parse(o options, args []string) (id string, err error) {
	for _, name := range o.given {
		if name != "demo" && !slices.Contains(a.flags, name) {
			return "", fmt.Errorf("webhook %s takes no --%s", a.name, name)
		}
	}
	switch {
	case !a.takesID && len(args) > 0:
		return "", fmt.Errorf("webhook %s takes no arguments but flags", a.name)
	case !a.takesID:
		return "", nil
	case len(args) != 1:
		return "", fmt.Errorf("webhook %s needs the id of one webhook, which instaview-mcp webhook list shows", a.name)
	case !client.ValidRequestID(args[0]):
		return "", fmt.Errorf("webhook %s: that is no id of a webhook; instaview-mcp webhook list shows them", a.name)
	}
	return args[0], nil
}

// webhookRun is one run of an action.
type webhookRun struct {
	api      *client.Client
	settings config.Config
	sys      System
	options  options
	err      error // the first error of writing to stdout
}

// printf prints a line to stdout.
func (w *webhookRun) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(w.sys.Stdout, format+"\n", args...); w.err == nil {
		w.err = err
	}
}

// upstream names what webhooks are registered with.
func (w *webhookRun) upstream() string {
	if w.options.demo {
		return "the demo's sandbox"
	}
	return "InstaView, " + w.settings.BaseURL
}

func (w *webhookRun) create(ctx context.Context, _ string) error {
	o := w.options.webhook
	if o.url == "" {
		return errors.New("webhook create needs --url https://HOST" + webhookPath)
	}
	hook := client.NewWebhook{
		URL: o.url, Name: cmp.Or(o.name, "instaview-mcp"), Events: webhookEvents,
		Headers: []client.Header{{Name: webhookHeader, Value: w.settings.WebhookSecret}},
	}
	if o.dotted {
		hook.Events = dottedEvents
	}
	if err := hook.Check(); err != nil {
		return w.explain(err, "create", "")
	}
	if err := agree(ctx, w.sys, w.proposal(hook), "nothing was registered", w.options.yes); err != nil {
		return err
	}
	created, err := w.api.CreateWebhook(ctx, hook)
	if err != nil {
		return w.explain(err, "create", "")
	}
	w.printf("Webhook %s is registered.", w.clean(created.ID))
	switch signing := created.SigningSecret.Reveal(); {
	case o.showSigning && signing == "":
		w.printf("InstaView's answer held no signing secret.")
	case o.showSigning:
		w.printf("Signing secret, which this program does not use: %s", signing)
	case signing != "":
		w.printf("InstaView also made a signing secret, which this program does not use and does not show. Who needs it deletes this webhook and creates it anew with --show-signing-secret.")
	}
	if w.options.demo {
		w.printf("The sandbox of --demo lives in this process and forgets the webhook now.")
		return nil
	}
	w.printf("Next: instaview-mcp webhook test %s", w.clean(created.ID))
	return nil
}

// proposal says what create would do.
func (w *webhookRun) proposal(hook client.NewWebhook) string {
	source := "INSTAVIEW_MCP_WEBHOOK_SECRET"
	if w.settings.WebhookSecretFile != "" {
		source = "the file in INSTAVIEW_MCP_WEBHOOK_SECRET_FILE"
	}
	lines := []string{
		"This would register a webhook with " + w.upstream() + ":",
		"- url: " + w.url(hook.URL),
		"- name: " + w.clean(hook.Name),
		"- events: " + strings.Join(hook.Events, ", "),
		"- company: " + cmp.Or(w.settings.CompanyID, "every company of the key"),
		"- header: " + webhookHeader + ", with the value of " + source,
		"The API key needs the scope write:webhooks.",
	}
	u, err := url.Parse(hook.URL)
	if err == nil && u.Path != webhookPath {
		lines = append(lines, "Note: a server of this program takes deliveries only on the path "+webhookPath+"; a proxy must lead this URL there.")
	}
	if err == nil && client.IsLoopback(u.Hostname()) {
		lines = append(lines, "Note: only a program on this machine can deliver to this URL.")
	}
	return strings.Join(lines, "\n")
}

func (w *webhookRun) list(ctx context.Context, _ string) error {
	hooks, err := w.api.Webhooks(ctx)
	if err != nil {
		return w.explain(err, "list", "")
	}
	if len(hooks.List) == 0 && hooks.Broken == 0 {
		w.printf("No webhook is registered. Next: instaview-mcp webhook create --url https://HOST%s", webhookPath)
	}
	for _, hook := range hooks.List {
		w.printf("%s", w.clean(hook.ID))
		w.describe(hook)
	}
	if hooks.Broken > 0 {
		w.printf("Entries that could not be read: %d", hooks.Broken)
	}
	if hooks.Truncated {
		w.printf("There are more, which are not shown.")
	}
	return nil
}

// describe prints what is known of a webhook.
func (w *webhookRun) describe(hook client.Webhook) {
	headers := w.cleanAll(hook.HeaderNames)
	if !slices.ContainsFunc(hook.HeaderNames, func(name string) bool { return strings.EqualFold(name, webhookHeader) }) {
		headers += "; without " + webhookHeader + " a server of this program refuses its deliveries"
	}
	w.printf("  url      %s", cmp.Or(w.url(hook.URL), "unknown"))
	w.printf("  name     %s", cmp.Or(w.clean(hook.Name), "none"))
	w.printf("  events   %s", w.cleanAll(hook.Events))
	w.printf("  company  %s", cmp.Or(w.clean(hook.CompanyID), "every company of the key"))
	w.printf("  headers  %s", headers)
	w.printf("  state    %s", state(hook))
}

// state says whether InstaView delivers to a webhook.
func state(hook client.Webhook) string {
	failures := ""
	if hook.Failures != nil && *hook.Failures > 0 {
		failures = fmt.Sprintf(", %d failed deliveries in a row", *hook.Failures)
	}
	switch {
	case hook.CircuitOpen:
		since := ""
		if !hook.CircuitOpened.IsZero() {
			since = hook.CircuitOpened.Format(" since 2006-01-02 15:04 UTC")
		}
		return "stopped by InstaView" + since + failures + ": mend the server, then delete the webhook and create it anew"
	case hook.Active == nil:
		return "unknown" + failures
	case !*hook.Active:
		return "not active" + failures
	}
	return "active" + failures
}

func (w *webhookRun) test(ctx context.Context, id string) error {
	result, err := w.api.TestWebhook(ctx, id)
	if err != nil {
		return w.explain(err, "test", id)
	}
	answered := ": no answer"
	if result.HTTPStatus != 0 {
		answered = fmt.Sprintf(": HTTP %d", result.HTTPStatus)
	} else if result.Delivered {
		answered = ""
	}
	if result.Took > 0 {
		answered += " after " + took(result.Took)
	}
	if result.Delivered {
		w.printf("The test was delivered%s.", answered)
		return nil
	}
	w.printf("The test was not delivered%s.", answered)
	if message := w.clean(result.Message); message != "" {
		w.printf("InstaView says: “%s”", strings.NewReplacer("“", "'", "”", "'").Replace(message))
	}
	w.printf("%s", undelivered(result.HTTPStatus))
	return app.ErrFailed
}

// took formats a duration of which milliseconds matter.
func took(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return string(shortlist.Duration(d))
}

// undelivered says what to do about a test that a webhook's server answered
// with an HTTP status; 0 if it did not answer.
func undelivered(status int) string {
	switch {
	case status == 0:
		return "InstaView reached no server at the URL: it must be open to the internet over TLS, with a certificate that others trust."
	case status == 401:
		return "The server has another secret: give it the one that this webhook was registered with, or delete the webhook and create it anew."
	case status == 403 || status == 421:
		return "The server or its proxy refuses the host of the URL: put it into INSTAVIEW_MCP_ALLOWED_HOSTS or INSTAVIEW_MCP_URL of the server."
	case status == 404 || status == 405:
		return "Nothing takes deliveries there: set INSTAVIEW_MCP_WEBHOOK_SECRET or INSTAVIEW_MCP_WEBHOOK_SECRET_FILE of the server, and have its proxy pass " + webhookPath + "."
	case status >= 300 && status < 400:
		return "The server answers with a redirect: register the URL that it leads to."
	case status >= 500:
		return "The server or its proxy has a fault: look into their logs."
	}
	return "The server or its proxy refuses the delivery: look into their logs."
}

func (w *webhookRun) delete(ctx context.Context, id string) error {
	hook, err := w.api.Webhook(ctx, id)
	if err != nil {
		return w.explain(err, "delete", id)
	}
	proposal := "This would delete a webhook of " + w.upstream() + ", with the deliveries that it has not made yet:\n- id: " + id +
		"\n- url: " + cmp.Or(w.url(hook.URL), "unknown") + "\n- events: " + w.cleanAll(hook.Events)
	if err := agree(ctx, w.sys, proposal, "nothing was deleted", w.options.yes); err != nil {
		return err
	}
	if err := w.api.DeleteWebhook(ctx, id); err != nil {
		return w.explain(err, "delete", id)
	}
	w.printf("Webhook %s is deleted.", id)
	return nil
}
