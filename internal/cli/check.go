package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/internal/app"
	"instaview-mcp/internal/config"
	"instaview-mcp/internal/oauth"
	"instaview-mcp/internal/store"
	"instaview-mcp/tools/shortlist"
)

// maxClockSkew is far more than a synchronised clock and the network's delay
// can differ by.
const maxClockSkew = 30 * time.Second

// check prints one line each about settings, network, key, clock and budget. It
// sends one request to InstaView, for a run that cannot exist, even if settings
// that do not concern InstaView have faults. It succeeds only if the server
// would start and InstaView accepted the key. A key about which nothing can be
// said is a failure too, unless callers bring theirs.
func check(ctx context.Context, sys System, demo bool) error {
	report := report{w: sys.Stdout}
	settings := app.LoadSettings(ctx, sys.Environ, config.Use{Demo: demo, Serving: true})
	for _, fault := range settings.Faults {
		report.failure("configuration", "%s", fault)
	}
	if len(settings.Faults) == 0 {
		report.ok("configuration", "%s", summary(settings, demo))
	}
	for _, w := range settings.Warnings {
		report.line("", "warning", "%s", w)
	}
	if settings.OAuthIssuer != "" && settings.CanVerify() {
		report.oauth(ctx, settings)
	}
	if settings.RedisURL.Reveal() != "" && !slices.Contains(settings.Faulty, "INSTAVIEW_MCP_REDIS_URL") {
		report.store(ctx, settings)
	}
	if settings.CanRequest() {
		// Other faults, such as a port that the server itself uses, do not
		// matter here.
		settings.Faults = nil
		if err := report.probe(ctx, sys, settings, demo); err != nil {
			return err
		}
	}
	switch {
	case report.err != nil:
		return fmt.Errorf("write the report: %w", report.err)
	case report.failed:
		return app.ErrFailed
	}
	return nil
}

func summary(settings config.Config, demo bool) string {
	upstream, contacts := settings.BaseURL, "not allowed"
	if demo {
		upstream = "the demo's sandbox"
	}
	if settings.AllowContacts {
		contacts = "allowed"
	}
	if settings.Blind {
		contacts += ", names hidden"
	}
	s := fmt.Sprintf("%s, at most %d requests a minute, e-mail addresses %s", upstream, settings.RequestsPerMinute, contacts)
	if settings.AllowStart {
		s += fmt.Sprintf(", starts for at most %d credits a run and %d in 24 hours", settings.MaxCreditsPerRun, settings.MaxCreditsPerDay)
	}
	return s
}

// oauth reads the metadata and keys of the authorization server, which the
// server itself does when it has started.
func (r *report) oauth(ctx context.Context, settings config.Config) {
	keys, err := oauth.New(app.OAuthSettings(settings), slog.New(slog.DiscardHandler)).Probe(ctx)
	if err != nil {
		r.failure("oauth", "%v", err)
		return
	}
	r.ok("oauth", "%s publishes keys, of which %d can verify tokens", settings.OAuthIssuer, keys)
}

// store tries the shared store.
func (r *report) store(ctx context.Context, settings config.Config) {
	s, err := store.Open(settings.RedisURL.Reveal(), slog.New(slog.DiscardHandler), func(store.Decision) {})
	if err == nil {
		defer s.Close()
		start := time.Now()
		if err = s.Try(ctx); err == nil {
			r.ok("store", "answered in %d ms", time.Since(start).Milliseconds())
			return
		}
	}
	r.failure("store", "%v: check INSTAVIEW_MCP_REDIS_URL and the network", err)
}

// noKey is sent where callers bring their keys. InstaView refuses it, which
// shows that it can be reached.
const noKey = "each-caller-brings-a-key"

// probe sends the request.
func (r *report) probe(ctx context.Context, sys System, settings config.Config, demo bool) error {
	if settings.CallerKeys {
		settings.APIKey = client.NewKey(noKey)
	}
	return app.With(sys.Stderr, settings, config.Use{Demo: demo}, func(a *app.App) error {
		start := time.Now()
		_, err := a.API.Results(ctx, "check-"+rand.Text())
		r.upstream(err, time.Since(start), settings)
		return nil
	})
}

// report prints the lines of the check.
type report struct {
	w       io.Writer
	reached bool // InstaView
	failed  bool
	err     error // of the first line that could not be written
}

func (r *report) line(what, verdict, format string, args ...any) {
	if _, err := fmt.Fprintf(r.w, "%-14s %-7s %s\n", what, verdict, fmt.Sprintf(format, args...)); r.err == nil {
		r.err = err
	}
}

func (r *report) ok(what, format string, args ...any) { r.line(what, "ok", format, args...) }

func (r *report) failure(what, format string, args ...any) {
	r.failed = true
	r.line(what, "failed", format, args...)
}

// upstream prints what the answer says about network, key, clock and budget.
func (r *report) upstream(err error, took time.Duration, settings config.Config) {
	var e *client.Error
	switch {
	case err == nil:
		r.failure("reachability", "InstaView knows a run that cannot exist: INSTAVIEW_BASE_URL seems to be wrong")
		return
	case !errors.As(err, &e):
		r.failure("reachability", "interrupted")
		return
	case e.Code == client.CodeUnreachable:
		r.failure("reachability", "%s", e.Reason)
		return
	case e.HTTPStatus == 0:
		r.failure("reachability", "%s: check INSTAVIEW_BASE_URL, the network, and HTTPS_PROXY if one is needed", e.Reason)
		return
	case e.Code == client.CodeBadResponse, e.Code == client.CodeUnavailable, e.Code == client.CodeTimeout:
		r.failure("reachability", "HTTP %d%s: InstaView has a fault, or INSTAVIEW_BASE_URL is wrong", e.HTTPStatus, comma(e.Reason))
		return
	}
	r.reached = true
	r.ok("reachability", "answered in %d ms", took.Milliseconds())
	switch {
	case settings.CallerKeys && e.Code == client.CodeUnauthorized:
		r.ok("key", "none of the server's own: each caller brings one")
	case settings.OAuthCompanyClaim != "" && slices.Contains([]client.Code{client.CodeForbidden, client.CodeInvalidRequest}, e.Code):
		r.line("key", "unknown", "HTTP %d: the company is named by each caller's token, and this check has none", e.HTTPStatus)
	default:
		r.key(e)
	}
	r.clock(e)
	r.budget(e)
}

func comma(reason string) string {
	if reason == "" {
		return ""
	}
	return ", " + reason
}

// unknownRun are the documented codes for a run that InstaView does not know,
// or does not show to this key.
var unknownRun = []string{"REQUEST_NOT_FOUND", "RESOURCE_NOT_FOUND"}

// key prints whether the key was accepted, which the error for the unknown run
// reveals: a bad key gets another one. The documentation gives the error's code
// but not the shape of its body.
func (r *report) key(e *client.Error) {
	switch e.Code {
	case client.CodeNotFound:
		switch {
		case slices.Contains(unknownRun, e.ServerCode):
			r.ok("key", "accepted")
		case e.ServerCode == "" && e.Reason == "":
			r.ok("key", "probably accepted: the answer named no code; if no run is ever found, check INSTAVIEW_BASE_URL")
		default:
			r.failure("key", "not checked: HTTP 404%s%s, as from another server; check INSTAVIEW_BASE_URL", comma(e.ServerCode), comma(e.Reason))
		}
	case client.CodeUnauthorized:
		r.failure("key", "refused: it is unknown, revoked or expired; put a valid one into INSTAVIEW_API_KEY")
	case client.CodeKeySuspended:
		r.failure("key", "suspended: have it reactivated in the InstaView dashboard")
	case client.CodePaymentRequired:
		r.failure("key", "accepted, but the account has no credits left")
	case client.CodeForbidden:
		r.failure("key", "not allowed to read results: it needs the scope sourcing:read, this network on its allow-list if it has one, and INSTAVIEW_COMPANY_ID if it belongs to an applicant tracking system")
	case client.CodeRateLimited:
		r.failure("key", "not checked: its request limit is used up; try again in %s", shortlist.Duration(max(e.RetryAfter, time.Second)))
	default:
		suspect := "INSTAVIEW_BASE_URL"
		if e.HTTPStatus == http.StatusBadRequest || e.HTTPStatus == http.StatusUnprocessableEntity {
			// The request depends on no other setting.
			suspect = "INSTAVIEW_COMPANY_ID if it is set"
		}
		r.failure("key", "not checked: HTTP %d; check %s", e.HTTPStatus, suspect)
	}
}

func (r *report) clock(e *client.Error) {
	if e.Date.IsZero() {
		r.line("clock", "unknown", "the answer had no date")
		return
	}
	if off := time.Since(e.Date).Abs(); off > maxClockSkew {
		// Only a warning, since only certificates and readers of the log need
		// the right time.
		r.line("clock", "warning", "this machine and InstaView are %s apart", shortlist.Duration(off))
		return
	}
	r.ok("clock", "agrees with InstaView's")
}

func (r *report) budget(e *client.Error) {
	minute, hour := window(e.RateLimit.Minute, "a minute"), window(e.RateLimit.Hour, "an hour")
	switch {
	case minute == "" && hour == "":
		r.line("budget", "unknown", "the answer had no rate-limit headers")
	case minute == "" || hour == "":
		r.ok("budget", "%s%s", minute, hour)
	default:
		r.ok("budget", "%s; %s", minute, hour)
	}
}

func window(w client.Window, each string) string {
	switch {
	case w.Limit == 0:
		return ""
	case w.Remaining == nil:
		return fmt.Sprintf("%d requests %s", w.Limit, each)
	default:
		return fmt.Sprintf("%d requests %s, %d left", w.Limit, each, *w.Remaining)
	}
}
