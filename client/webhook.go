package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// The documented limits of a new webhook. The unit of the name's length is not
// documented, so it is counted in the most lenient one, Unicode characters.
const (
	MaxWebhookURL     = 2_048 // bytes
	MaxWebhookName    = 255   // characters
	MaxWebhookHeaders = 50
	maxHeaderName     = 255   // bytes
	maxHeaderValue    = 4_096 // bytes
)

// NewWebhook says what InstaView is to report, and where to.
type NewWebhook struct {
	URL     string   // as CheckWebhookURL accepts it
	Name    string   // at most MaxWebhookName characters; not sent if empty
	Events  []string // at least one, as the API spells them
	Headers []Header // that every delivery brings; at most MaxWebhookHeaders
}

// Header is a header of deliveries. Its value is a secret.
type Header struct {
	Name  string // 1 to 255 bytes
	Value Key    // 1 to 4,096 bytes of ASCII without spaces
}

// Webhook is a registered webhook. All its texts but the id are third-party
// texts, and any field but the id may be missing.
type Webhook struct {
	ID        string // a ValidRequestID
	URL       string
	Name      string
	CompanyID string   // "" if the webhook is for all companies of the key
	Events    []string // in any of the API's three spellings, integers included
	// HeaderNames are the headers that deliveries bring. The API masks values.
	HeaderNames []string
	Active      *bool // nil if the answer does not say
	Failures    *int  // deliveries that have failed since the last success
	// CircuitOpen reports whether InstaView has stopped deliveries because of
	// too many failures.
	CircuitOpen   bool
	CircuitOpened time.Time // zero if unknown or not open
	// SigningSecret is what InstaView signs deliveries with. Only the answer of
	// CreateWebhook has it.
	SigningSecret Key
}

// Webhooks are the registered webhooks.
type Webhooks struct {
	List      []Webhook // at most MaxListItems, in the order received
	Broken    int       // elements of the list without a usable id
	Truncated bool      // there are more than MaxListItems
}

// WebhookTest is the result of a test delivery.
type WebhookTest struct {
	Delivered  bool          // the webhook's server accepted the delivery
	HTTPStatus int           // of the webhook's server; 0 if it sent none
	Took       time.Duration // 0 if unknown
	Message    string        // third-party text
}

// CheckWebhookURL returns why no webhook can have this URL, or nil. It must be
// https, or http to a loopback host, have a host and no user or fragment, and
// have at most MaxWebhookURL printable characters of ASCII.
func CheckWebhookURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case len(raw) > MaxWebhookURL:
		return invalid("the webhook's URL is longer than %d characters", MaxWebhookURL)
	case strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' }):
		return invalid("the webhook's URL holds a space or a character outside ASCII")
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return invalid("the webhook's URL is not of the form https://host/path")
	case u.User != nil || strings.Contains(raw, "#"):
		return invalid("the webhook's URL must not hold a user or a fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !IsLoopback(u.Hostname())):
		return invalid("the webhook's URL must be https (http only for a loopback address)")
	}
	return nil
}

// The most that is read of answers about webhooks, in bytes. One webhook with
// 50 headers takes up to 20 KB.
const (
	maxWebhookBytes  = 64 << 10
	maxWebhooksBytes = 4 << 20
)

// CreateWebhook registers a webhook, for the Client's company if it has one.
// The key needs the scope write:webhooks.
//
// The error is an *Error, or ctx's own if ctx ended before the request was
// sent. If the *Error's OutcomeUnknown is set, the webhook may be registered.
func (c *Client) CreateWebhook(ctx context.Context, w NewWebhook) (*Webhook, error) {
	if err := w.Check(); err != nil {
		return nil, err
	}
	type header struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	headers := make([]header, len(w.Headers))
	for i, h := range w.Headers {
		headers[i] = header{h.Name, h.Value.Reveal()}
	}
	r, err := c.exchange(ctx, http.MethodPost, struct {
		URL       string   `json:"url"`
		Name      string   `json:"name,omitempty"`
		Events    []string `json:"events"`
		CompanyID string   `json:"companyId,omitempty"`
		Headers   []header `json:"headers,omitempty"`
	}{w.URL, w.Name, w.Events, c.companyID, headers}, maxWebhookBytes, "webhooks")
	if err != nil {
		return nil, err
	}
	return r.webhook()
}

// Check returns why CreateWebhook would not even send w, or nil.
func (w NewWebhook) Check() error {
	switch {
	case tooLong(w.Name, MaxWebhookName) || !utf8.ValidString(w.Name):
		return invalid("the webhook's name is longer than %d characters", MaxWebhookName)
	case len(w.Events) == 0:
		return invalid("the webhook has no events")
	case len(w.Headers) > MaxWebhookHeaders:
		return invalid("the webhook has more than %d headers", MaxWebhookHeaders)
	}
	for _, h := range w.Headers {
		if h.Name == "" || len(h.Name) > maxHeaderName || len(h.Value.Reveal()) > maxHeaderValue || h.Value.Validate() != nil {
			return invalid("a header of the webhook is empty, too long, or not ASCII without spaces")
		}
	}
	return CheckWebhookURL(w.URL)
}

// Webhooks lists the webhooks of the key, or of the Client's company if it has
// one. Its errors are those of CreateWebhook.
func (c *Client) Webhooks(ctx context.Context) (*Webhooks, error) {
	r, err := c.exchange(ctx, http.MethodGet, nil, maxWebhooksBytes, "webhooks")
	if err != nil {
		return nil, err
	}
	return r.webhooks()
}

// Webhook reads one webhook. Its errors are those of CreateWebhook; an id that
// ValidRequestID refuses is an error without a request.
func (c *Client) Webhook(ctx context.Context, id string) (*Webhook, error) {
	if !ValidRequestID(id) {
		return nil, invalid("malformed webhook id")
	}
	r, err := c.exchange(ctx, http.MethodGet, nil, maxWebhookBytes, "webhooks", id)
	if err != nil {
		return nil, err
	}
	w, err := r.webhook()
	if err == nil && w.ID != id {
		return nil, r.unreadable("the body is about another webhook", nil)
	}
	return w, err
}

// TestWebhook has InstaView send a test delivery to a webhook, which must have
// subscribed to the ping event. A delivery that failed is a result, not an
// error. Its errors are those of Webhook.
func (c *Client) TestWebhook(ctx context.Context, id string) (*WebhookTest, error) {
	if !ValidRequestID(id) {
		return nil, invalid("malformed webhook id")
	}
	r, err := c.exchange(ctx, http.MethodPost, nil, maxWebhookBytes, "webhooks", id, "test")
	if err != nil {
		return nil, err
	}
	return r.webhookTest()
}

// DeleteWebhook deletes a webhook; its pending deliveries are cancelled. Its
// errors are those of Webhook.
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	if !ValidRequestID(id) {
		return invalid("malformed webhook id")
	}
	_, err := c.exchange(ctx, http.MethodDelete, nil, maxWebhookBytes, "webhooks", id)
	return err
}
