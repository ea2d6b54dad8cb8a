package httpserver

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"instaview-mcp/client"
)

const (
	// WebhookPath is where deliveries are accepted.
	WebhookPath = "/webhooks/instaview"
	// WebhookSecretHeader is the header in which a delivery brings the secret.
	WebhookSecretHeader = "X-InstaView-Webhook-Secret"

	// maxDelivery is in bytes. A delivery about sourcing has a few hundred;
	// those about analyses hold whole results.
	maxDelivery = 256 << 10
	// maxHints is how many hints may await their turn. One takes microseconds.
	maxHints = 1_000
)

// The outcomes of deliveries, for metrics and log.
const (
	deliveryRun          = "run"          // named its run
	deliveryNext         = "next"         // named none, so the runs due next were meant
	deliveryPing         = "ping"         // tried the way
	deliveryOther        = "other"        // was about something else
	deliveryDuplicate    = "duplicate"    // had come before
	deliveryDropped      = "dropped"      // was one of too many
	deliveryUnauthorized = "unauthorized" // brought a wrong secret or none
	deliveryTooLarge     = "too_large"
	deliveryIncomplete   = "incomplete" // broke off, or took too long
)

// webhook receives InstaView's deliveries. Each is only a hint that a run has
// ended, so whatever it says is harmless.
type webhook struct {
	secret client.Key
	hint   func(requestID string)
	count  func(outcome string)
	logger *slog.Logger
	recent recentIDs
	queue  chan string // request ids, "" for the runs due next
}

// newWebhook returns nil if the settings have no secret.
func newWebhook(s Settings, logger *slog.Logger) *webhook {
	if s.WebhookSecret.Reveal() == "" {
		return nil
	}
	return &webhook{secret: s.WebhookSecret, hint: s.Hint, count: s.OnDelivery, logger: logger, queue: make(chan string, maxHints)}
}

// authenticate checks the secret, before the body is read.
func (h *webhook) authenticate(r *http.Request) (context.Context, *refusal) {
	given := r.Header.Values(WebhookSecretHeader)
	if len(given) != 1 || !equal(given[0], h.secret.Reveal()) {
		h.note(slog.LevelDebug, deliveryUnauthorized) // strangers must not fill the log
		return nil, unauthorized("the header "+WebhookSecretHeader+" with the webhook's secret is needed, once", `InstaView-Webhook-Secret realm="instaview-mcp"`)
	}
	return r.Context(), nil
}

// receive answers a delivery with status 204 as soon as its body is read, even
// if it makes no sense: InstaView would send it again, and stops deliveries
// after too many failures.
func (h *webhook) receive(w *responseWriter, r *http.Request) {
	body, refused := readLimited(w, r, maxDelivery, "the delivery", "256 KiB")
	if refused == nil {
		h.note(slog.LevelInfo, h.take(readDelivery(body)))
		w.WriteHeader(http.StatusNoContent)
		return
	}
	outcome := deliveryIncomplete
	if refused.status == http.StatusRequestEntityTooLarge {
		outcome = deliveryTooLarge
	}
	h.note(slog.LevelInfo, outcome)
	w.refuse(*refused)
}

// note counts and logs a delivery, without anything that it says.
func (h *webhook) note(level slog.Level, outcome string) {
	h.count(outcome)
	h.logger.Log(context.Background(), level, "webhook delivery", "outcome", outcome)
}

// take queues the hints of a delivery and returns its outcome.
func (h *webhook) take(d delivery) (outcome string) {
	runs, outcome := d.runs, deliveryRun
	switch {
	case d.isPing():
		return deliveryPing
	case len(runs) == 0 && d.isOther():
		return deliveryOther
	case d.id != "" && h.recent.holds(d.id):
		return deliveryDuplicate
	case len(runs) == 0:
		runs, outcome = []string{""}, deliveryNext
	}
	for _, run := range runs {
		select {
		case h.queue <- run:
		default:
			return deliveryDropped
		}
	}
	return outcome
}

// run passes hints on, one at a time, until ctx ends.
func (h *webhook) run(ctx context.Context) {
	h.logger.Info("accepting deliveries of webhooks", "path", WebhookPath)
	for {
		select {
		case run := <-h.queue:
			h.hint(run)
		case <-ctx.Done():
			return
		}
	}
}

// recentFor is how long a delivery's id is remembered at least, unless more
// than maxRecent others come. InstaView does not document when it repeats one.
const (
	recentFor = 5 * time.Minute
	maxRecent = 5_000
)

// recentIDs remembers the ids of deliveries, in two halves of which the older
// is dropped as a whole. The zero value is empty.
type recentIDs struct {
	mu         sync.Mutex
	began      time.Time // of newer
	newer, old map[string]struct{}
}

// holds reports whether id is remembered, and remembers it.
func (s *recentIDs) holds(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Sub(s.began) >= 2*recentFor {
		s.newer = nil
	}
	if now.Sub(s.began) >= recentFor || len(s.newer) >= maxRecent {
		s.began, s.newer, s.old = now, map[string]struct{}{}, s.newer
	}
	_, isNew := s.newer[id]
	_, isOld := s.old[id]
	s.newer[id] = struct{}{}
	return isNew || isOld
}
