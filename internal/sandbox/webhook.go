package sandbox

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Webhook is a webhook that is registered from the beginning. One without a URL
// gets no deliveries.
type Webhook struct {
	ID, URL string
	Events  []string // in any of the three spellings
	Headers map[string]string
}

// WithWebhook registers a webhook. It may be given several times.
func WithWebhook(w Webhook) Option {
	return func(s *Sandbox) {
		h := &hook{id: w.ID, url: w.URL, events: w.Events, active: true}
		for name, value := range w.Headers {
			h.headers = append(h.headers, hookHeader{name, value})
		}
		s.hooks = append(s.hooks, h)
	}
}

// WithFlatWebhooks has the answers about one webhook flat and a new one
// answered with 200, as the documentation's generated schema shows it. Without
// it they are in data, and a new one is answered with 201, as in the examples
// written by hand.
func WithFlatWebhooks() Option { return func(s *Sandbox) { s.flat = true } }

// hook is a registered webhook.
type hook struct {
	id, url, name, description, companyID string
	events                                []string // as they were registered
	headers                               []hookHeader
	active                                bool
	failures                              int // since the last success
	circuitOpened                         time.Time
	created, updated                      time.Time
}

type hookHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// The events that the documentation names, by their integers where it gives
// one. It gives none for the newer four, so they have the next ones here.
var events = []string{
	"analysis.completed", "analysis.failed", "ping", "interview.completed", "interview.failed", "interview.started",
	"sourcing.completed", "sourcing.failed", "enrich.completed", "enrich.failed",
}

// dotted returns an event in the spelling of payloads.
func dotted(event string) string { return strings.ReplaceAll(strings.ToLower(event), "_", ".") }

// wants reports whether the webhook has subscribed to an event.
func (h *hook) wants(event string) bool {
	return slices.ContainsFunc(h.events, func(e string) bool { return dotted(e) == event })
}

// resource is a webhook as answers show it. Header values are masked.
type resource struct {
	ID                  string       `json:"id"`
	APIKeyID            string       `json:"apiKeyId"`
	CompanyID           *string      `json:"companyId"`
	URL                 string       `json:"url"`
	Name                string       `json:"name"`
	Description         string       `json:"description"`
	Headers             []maskedName `json:"headers"`
	Events              []string     `json:"events"`
	IsActive            bool         `json:"isActive"`
	MaxRetries          int          `json:"maxRetries"`
	TimeoutMs           int64        `json:"timeoutMs"`
	ConsecutiveFailures int          `json:"consecutiveFailures"`
	CircuitOpenedAt     *string      `json:"circuitOpenedAt"`
	CreatedAt           string       `json:"createdAt"`
	UpdatedAt           string       `json:"updatedAt"`
	SigningSecret       string       `json:"signingSecret,omitempty"` // of a new one alone
}

type maskedName struct {
	Name     string `json:"name"`
	IsMasked bool   `json:"isMasked"`
}

func (h *hook) resource() resource {
	r := resource{
		ID: h.id, APIKeyID: "key_sandbox", URL: h.url, Name: h.name, Description: h.description, Events: h.events, Headers: []maskedName{},
		IsActive: h.active, TimeoutMs: deliveryTimeout.Milliseconds(), ConsecutiveFailures: h.failures,
		CreatedAt: timestamp(h.created), UpdatedAt: timestamp(h.updated),
	}
	for _, header := range h.headers {
		r.Headers = append(r.Headers, maskedName{header.Name, true})
	}
	if h.companyID != "" {
		r.CompanyID = &h.companyID
	}
	if !h.circuitOpened.IsZero() {
		opened := timestamp(h.circuitOpened)
		r.CircuitOpenedAt = &opened
	}
	return r
}

// isWebhooks reports whether a request is about webhooks.
func isWebhooks(r *http.Request) bool {
	path := r.URL.EscapedPath()
	return path == "/webhooks" || strings.HasPrefix(path, "/webhooks/")
}

// serveWebhooks answers POST and GET /webhooks, GET and DELETE /webhooks/{id},
// and POST /webhooks/{id}/test and /webhooks/{id}/reset-circuit.
func (s *Sandbox) serveWebhooks(r *http.Request) answer {
	path, _ := strings.CutPrefix(r.URL.EscapedPath(), "/webhooks")
	if path == "" {
		switch r.Method {
		case http.MethodPost:
			return s.createWebhook(r)
		case http.MethodGet:
			return s.listWebhooks(r.URL.Query().Get("companyId"))
		}
		return unknownWebhook("")
	}
	id, action, _ := strings.Cut(path[1:], "/")
	if unescaped, err := url.PathUnescape(id); err == nil {
		id = unescaped
	}
	if r.Method == http.MethodPost && action == "test" {
		return s.testWebhook(r, id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.hooks, func(h *hook) bool { return h.id == id })
	switch {
	case at < 0:
	case r.Method == http.MethodGet && action == "":
		return s.one(http.StatusOK, s.hooks[at].resource())
	case r.Method == http.MethodDelete && action == "":
		s.hooks = slices.Delete(s.hooks, at, at+1)
		return answer{status: http.StatusNoContent}
	case r.Method == http.MethodPost && action == "reset-circuit":
		h := s.hooks[at]
		h.active, h.failures, h.circuitOpened = true, 0, time.Time{}
		return s.one(http.StatusOK, h.resource())
	}
	return unknownWebhook(id)
}

func unknownWebhook(id string) answer {
	return failure(http.StatusNotFound, "RESOURCE_NOT_FOUND", "The webhook was not found.", map[string]string{"resourceType": "webhook", "resourceId": id})
}

// one returns the answer about one webhook or test, in the chosen shape.
func (s *Sandbox) one(status int, v any) answer {
	if s.flat {
		return answer{status: http.StatusOK, body: encode(v)}
	}
	return answer{status: status, body: encode(map[string]any{"success": true, "data": v})}
}

// createWebhook registers a webhook. Unlike InstaView it takes http to a
// loopback address, since its deliveries stay on this machine.
func (s *Sandbox) createWebhook(r *http.Request) answer {
	var o struct {
		URL, Name, Description, CompanyID string
		Events                            []string
		Headers                           []hookHeader
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(raw, &o) != nil {
		return invalidOrder("the body must be a JSON object")
	}
	var wrong []string
	check := func(ok bool, text string) {
		if !ok {
			wrong = append(wrong, text)
		}
	}
	check(isDeliverable(o.URL), "url must be an https URL of at most 2048 characters")
	check(len(o.Events) > 0, "events should not be empty")
	check(!slices.ContainsFunc(o.Events, func(e string) bool { return !slices.Contains(events, dotted(e)) }), "each value in events must be a valid event")
	check(len(o.Name) <= 255, "name must be shorter than or equal to 255 characters")
	check(len(o.Headers) <= 50, "headers must contain no more than 50 elements")
	check(!slices.ContainsFunc(o.Headers, func(h hookHeader) bool {
		return h.Name == "" || len(h.Name) > 255 || h.Value == "" || len(h.Value) > 4096
	}), "each header must have a name of 1 to 255 and a value of 1 to 4096 characters")
	if len(wrong) > 0 {
		return invalidOrder(wrong...)
	}
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails, as documented
	now := time.Now()
	h := &hook{
		id: newUUID(), url: o.URL, name: o.Name, description: o.Description, companyID: o.CompanyID,
		events: o.Events, headers: o.Headers, active: true, created: now, updated: now,
	}
	created := h.resource()
	created.SigningSecret = hex.EncodeToString(secret[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, h)
	return s.one(http.StatusCreated, created)
}

// isDeliverable reports whether a webhook may have a URL.
func isDeliverable(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || len(raw) > 2048 {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// listWebhooks lists the webhooks of a company, or all.
func (s *Sandbox) listWebhooks(companyID string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []resource{}
	for _, h := range s.hooks {
		if companyID == "" || h.companyID == "" || h.companyID == companyID {
			list = append(list, h.resource())
		}
	}
	return s.one(http.StatusOK, map[string]any{"data": list, "total": len(list)})
}

// testWebhook sends a ping and answers with what became of it.
func (s *Sandbox) testWebhook(r *http.Request, id string) answer {
	s.mu.Lock()
	at := slices.IndexFunc(s.hooks, func(h *hook) bool { return h.id == id })
	if at < 0 {
		s.mu.Unlock()
		return unknownWebhook(id)
	}
	h := s.hooks[at]
	if !h.wants("ping") {
		s.mu.Unlock()
		return invalidOrder("the webhook does not subscribe to the ping event")
	}
	d := s.prepare(h, "ping", nil)
	s.mu.Unlock()

	result := struct {
		Success    bool   `json:"success"`
		DeliveryID string `json:"deliveryId"`
		HTTPStatus int    `json:"httpStatus,omitempty"`
		DurationMs int64  `json:"durationMs"`
		Message    string `json:"message"`
	}{DeliveryID: d.ID, Message: "The endpoint could not be reached."}
	began := time.Now()
	if d.Copies > 0 {
		s.send(r.Context(), h, d)
		result.HTTPStatus = d.Answered
	}
	result.DurationMs = time.Since(began).Milliseconds()
	if result.HTTPStatus != 0 {
		result.Success = result.HTTPStatus/100 == 2
		result.Message = map[bool]string{true: "The test delivery was accepted.", false: "The endpoint answered with an error."}[result.Success]
	}
	return s.one(http.StatusOK, result)
}
