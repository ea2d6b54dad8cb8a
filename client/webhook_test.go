package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"
)

const (
	hookID  = "5f0c0a52-7e7b-4b39-8f6e-0d6a3f8d2c11"
	hookURL = "https://mcp.example.com/webhooks/instaview"
	hook    = `{"id":"` + hookID + `","url":"` + hookURL + `","events":["SOURCING_COMPLETED"],"isActive":true}`
	signing = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
)

var newHook = NewWebhook{URL: hookURL, Name: "instaview-mcp", Events: []string{"SOURCING_COMPLETED", "PING"},
	Headers: []Header{{"X-InstaView-Webhook-Secret", NewKey("correct-horse-battery-staple")}}}

// webhookCalls are the requests about webhooks.
var webhookCalls = map[string]func(context.Context, *Client) error{
	"create": func(ctx context.Context, c *Client) error { _, err := c.CreateWebhook(ctx, newHook); return err },
	"list":   func(ctx context.Context, c *Client) error { _, err := c.Webhooks(ctx); return err },
	"read":   func(ctx context.Context, c *Client) error { _, err := c.Webhook(ctx, hookID); return err },
	"test":   func(ctx context.Context, c *Client) error { _, err := c.TestWebhook(ctx, hookID); return err },
	"delete": func(ctx context.Context, c *Client) error { return c.DeleteWebhook(ctx, hookID) },
}

func TestWebhookCallsSendWhatIsDocumented(t *testing.T) {
	const path = "/webhooks/" + hookID
	for call, want := range map[string][]string{
		"create": {"POST", "/webhooks?companyId=acme", "application/json", `{"url":"` + hookURL + `","name":"instaview-mcp","events":["SOURCING_COMPLETED","PING"],` +
			`"companyId":"acme","headers":[{"name":"X-InstaView-Webhook-Secret","value":"correct-horse-battery-staple"}]}`},
		"list":   {"GET", "/webhooks?companyId=acme", "", ""},
		"read":   {"GET", path + "?companyId=acme", "", ""},
		"test":   {"POST", path + "/test?companyId=acme", "", ""},
		"delete": {"DELETE", path + "?companyId=acme", "", ""},
	} {
		t.Run(call, func(t *testing.T) {
			var got []string
			c := upstream(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = []string{r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), strings.TrimSpace(string(body))}
				if r.Header.Get("Authorization") != "Bearer "+testKey || r.Header.Get("Idempotency-Key") != "" {
					t.Errorf("headers %v", r.Header)
				}
				answers := map[string]string{"create": hook, "list": `[]`, "read": hook, "test": `{"data":{"success":true}}`}
				respond(map[bool]int{true: 200, false: 204}[answers[call] != ""], answers[call])(w, r)
			}, WithCompanyID("acme"))
			if err := webhookCalls[call](t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWebhooksOutOfBoundsAreNotSent(t *testing.T) {
	c := upstream(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was made") })
	for name, change := range map[string]func(*NewWebhook){
		"a long name":      func(w *NewWebhook) { w.Name = strings.Repeat("ž", 256) },
		"no UTF-8":         func(w *NewWebhook) { w.Name = "\xff" },
		"no events":        func(w *NewWebhook) { w.Events = nil },
		"too many headers": func(w *NewWebhook) { w.Headers = make([]Header, 51) },
		"no header name":   func(w *NewWebhook) { w.Headers = []Header{{"", NewKey("x")}} },
		"no header value":  func(w *NewWebhook) { w.Headers = []Header{{"X", Key{}}} },
		"a long value":     func(w *NewWebhook) { w.Headers = []Header{{"X", NewKey(strings.Repeat("x", 4097))}} },
		"a line break":     func(w *NewWebhook) { w.Headers = []Header{{"X", NewKey("a\r\nb")}} },
		"no https":         func(w *NewWebhook) { w.URL = "http://mcp.example.com/" },
	} {
		w := newHook
		change(&w)
		_, err := c.CreateWebhook(t.Context(), w)
		wantRefusal(t, name, err)
	}
	for _, id := range []string{"", ".", "..", "../sourcing", "a/b", "a%2Fb", "a?x", "a#x", "a b", "á", strings.Repeat("a", 129)} {
		_, err := c.Webhook(t.Context(), id)
		wantRefusal(t, "read "+id, err)
		_, err = c.TestWebhook(t.Context(), id)
		wantRefusal(t, "test "+id, err)
		wantRefusal(t, "delete "+id, c.DeleteWebhook(t.Context(), id))
	}
}

func TestTheURLsThatAWebhookMayHave(t *testing.T) {
	for url, ok := range map[string]bool{
		hookURL: true, "https://a:8443/x?y=z": true, "http://127.0.0.1:1/x": true, "http://[::1]/": true, "http://localhost": true,
		"https://" + strings.Repeat("a", MaxWebhookURL-8): true, "https://" + strings.Repeat("a", MaxWebhookURL-7): false,
		"http://example.com": false, "https://u:p@a/": false, "https://u@a/": false, "https://a/#x": false, "https://a/#": false, "https://": false, "https:///x": false,
		"https://:443/": false, "": false, "a": false, "//a/b": false, "https:a": false, "ftp://127.0.0.1/": false, "javascript:alert(1)": false, "file:///etc/passwd": false,
		"https://a/ b": false, "https://a/\n": false, "https://á/": false, "https://a/\x1b[0m": false, "http://127.0.0.1.example.com/": false, "https://[::1": false, "HTTPS://a/": true,
	} {
		if err := CheckWebhookURL(url); (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestShapesOfAWebhook(t *testing.T) {
	yes, five := true, 5
	full := Webhook{ID: hookID, URL: hookURL, Name: "n", CompanyID: "c", Events: []string{"sourcing.completed", "2"}, HeaderNames: []string{"X-A", "X-B"},
		Active: &yes, Failures: &five, CircuitOpen: true, CircuitOpened: time.Date(2026, 6, 2, 9, 14, 3, 0, time.UTC), SigningSecret: NewKey(signing)}
	const members = `"id":"` + hookID + `","url":"` + hookURL + `","name":"n","companyId":"c","apiKeyId":"k","events":["sourcing.completed",2],` +
		`"headers":[{"name":"X-A","isMasked":true},{"name":"X-B","isMasked":false,"value":"v"},5],"isActive":true,"maxRetries":3,"timeoutMs":30000,` +
		`"consecutiveFailures":5,"circuitOpenedAt":"2026-06-02T09:14:03Z","signingSecret":"` + signing + `","new":{"deep":[{}]}`
	for name, tt := range map[string]struct {
		body string
		want Webhook
	}{
		"flat":              {`{` + members + `}`, full},
		"wrapped":           {`{"success":true,"data":{` + members + `},"timestamp":"x"}`, full},
		"nulls":             {`{"data":{"id":"a","url":null,"name":null,"companyId":null,"events":null,"headers":null,"isActive":null,"circuitOpenedAt":null,"signingSecret":null}}`, Webhook{ID: "a"}},
		"other kinds":       {`{"id":7,"url":{},"name":[],"events":"x","headers":{},"isActive":"yes","consecutiveFailures":-1,"circuitOpenedAt":"then","signingSecret":5.5}`, Webhook{ID: "7", CircuitOpen: true, SigningSecret: NewKey("5.5")}},
		"no secret of ours": {`{"id":"a","signingSecret":"\u001b[31m red"}`, Webhook{ID: "a"}},
		"a long secret":     {`{"id":"a","signingSecret":"` + strings.Repeat("a", 257) + `"}`, Webhook{ID: "a"}},
	} {
		got, err := (&reply{body: []byte(tt.body)}).webhook()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.SigningSecret.Reveal() != tt.want.SigningSecret.Reveal() {
			t.Errorf("%s: signing secret %q", name, got.SigningSecret.Reveal())
		}
		got.SigningSecret, tt.want.SigningSecret = Key{}, Key{}
		if diff := cmp.Diff(&tt.want, got, cmp.AllowUnexported(Key{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestShapesOfTheList(t *testing.T) {
	const two = `[{"id":"a","events":[0,"ping"]},{"id":"b"}]`
	many := strings.TrimSuffix(strings.Repeat(`{"id":"a"},`, MaxListItems+1), ",")
	for name, tt := range map[string]struct {
		body   string
		ids    string
		broken int
		more   bool
	}{
		"double data":      {`{"success":true,"data":{"data":` + two + `,"total":2}}`, "a b", 0, false},
		"one data":         {`{"data":` + two + `,"total":2}`, "a b", 0, false},
		"bare":             {two, "a b", 0, false},
		"none":             {`{"success":true,"data":{"data":[],"total":0}}`, "", 0, false},
		"broken ones":      {`[{"id":"a"},null,5,{"id":"../x"},{},[[]],{"id":"b"}]`, "a b", 5, false},
		"the most":         {`[` + strings.TrimPrefix(many, `{"id":"a"},`) + `]`, strings.TrimSpace(strings.Repeat("a ", MaxListItems)), 0, false},
		"too many":         {`[` + many + `]`, strings.TrimSpace(strings.Repeat("a ", MaxListItems)), 0, true},
		"too many headers": {`[{"id":"a","headers":[` + many + `],"events":[` + strings.Repeat(`1,`, MaxListItems) + `1]}]`, "a", 0, false},
	} {
		list, err := (&reply{body: []byte(tt.body)}).webhooks()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var ids []string
		for _, w := range list.List {
			ids = append(ids, w.ID)
		}
		if got := strings.Join(ids, " "); got != tt.ids || list.Broken != tt.broken || list.Truncated != tt.more {
			t.Errorf("%s: %q, %d broken, truncated %v", name, got, list.Broken, list.Truncated)
		}
	}
}

// What contradicts itself or is no JSON is an error, whatever was asked.
func TestAnswersAboutWebhooksThatAreRefused(t *testing.T) {
	for name, body := range map[string]string{
		"empty": ``, "null": `null`, "a text": `"x"`, "a login page": `<html>`, "cut": `{"data":{"data":[{"id":"a"}`, "two documents": hook + hook,
		"an id twice": `{"id":"a","id":"b"}`, "another case": `{"ID":"a"}`, "deep": `{"x":` + strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40) + `}`,
		"very deep": strings.Repeat(`{"data":`, 20_000), "too long": `{"id":"a","url":"` + strings.Repeat("x", maxWebhooksBytes) + `"}`, "nothing known": `{"a":1}`,
		"data thrice": `{"data":{"data":{"data":[{"id":"a","success":true}]}}}`,
	} {
		for _, call := range []string{"create", "list", "read", "test"} {
			c := upstream(t, respond(200, body))
			var e *Error
			if err := webhookCalls[call](t.Context(), c); !errors.As(err, &e) || e.Code != CodeBadResponse || e.OutcomeUnknown != (call == "create" || call == "test") {
				t.Errorf("%s, %s: %v", name, call, err)
			}
		}
	}
	c := upstream(t, respond(200, `{"data":{"id":"another"}}`))
	var e *Error
	if err := webhookCalls["read"](t.Context(), c); !errors.As(err, &e) || e.Reason != "the body is about another webhook" {
		t.Errorf("another webhook: %v", err)
	}
}

func TestTheResultOfATestDelivery(t *testing.T) {
	for name, tt := range map[string]struct {
		body string
		want *WebhookTest
	}{
		"delivered":      {`{"success":true,"data":{"success":true,"deliveryId":"d","httpStatus":204,"durationMs":83,"message":"ok"}}`, &WebhookTest{true, 204, 83 * time.Millisecond, "ok"}},
		"not delivered":  {`{"success":true,"data":{"success":false,"httpStatus":401,"message":"Unauthorized"}}`, &WebhookTest{false, 401, 0, "Unauthorized"}},
		"flat":           {`{"success":false,"deliveryId":"d","message":"no answer"}`, &WebhookTest{false, 0, 0, "no answer"}},
		"odd numbers":    {`{"data":{"success":true,"httpStatus":20400,"durationMs":-5}}`, &WebhookTest{true, 0, 0, ""}},
		"only taken":     {`{"success":true}`, nil},
		"only a message": {`{"success":true,"message":"queued"}`, nil},
		"no inner":       {`{"success":true,"data":{"message":"queued"}}`, nil},
		"a word":         {`{"success":true,"data":{"success":"yes","httpStatus":204}}`, nil},
	} {
		got, err := (&reply{body: []byte(tt.body)}).webhookTest()
		if diff := cmp.Diff(tt.want, got); diff != "" || (err == nil) != (tt.want != nil) {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func TestRefusalsOfWebhookCalls(t *testing.T) {
	for status, code := range map[int]Code{
		301: CodeBadResponse, 400: CodeInvalidRequest, 401: CodeUnauthorized, 402: CodePaymentRequired, 403: CodeForbidden, 404: CodeNotFound,
		408: CodeTimeout, 409: CodeConflict, 422: CodeUnprocessable, 429: CodeRateLimited, 500: CodeUnavailable, 502: CodeUnavailable,
	} {
		for call, do := range webhookCalls {
			var requests atomic.Int32
			c := upstream(t, func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				respond(status, `{"error":{"code":"`+strings.ToUpper(signing)+`","message":"correct-horse-battery-staple `+testKey+`"},"signingSecret":"`+signing+`"}`, "Location", "/elsewhere")(w, r)
			})
			err := do(t.Context(), c)
			var e *Error
			unknown := (call != "list" && call != "read") && (status < 400 || status >= 500 || status == 408)
			if !errors.As(err, &e) || e.Code != code || e.OutcomeUnknown != unknown || requests.Load() != 1 {
				t.Errorf("%d, %s: %d requests, %v", status, call, requests.Load(), err)
				continue
			}
			for _, verb := range []string{"%v", "%+v", "%s", "%q"} {
				text := strings.ToLower(fmt.Sprintf(verb, err))
				for _, secret := range []string{signing, "correct-horse", testKey} {
					if strings.Contains(text, strings.ToLower(secret)) {
						t.Errorf("%d, %s: %s", status, call, text)
					}
				}
			}
		}
	}
}

func TestTheSigningSecretPrintsRedacted(t *testing.T) {
	w, err := upstream(t, respond(201, `{"data":{"id":"a","signingSecret":"`+signing+`"}}`)).CreateWebhook(t.Context(), newHook)
	if err != nil || w.SigningSecret.Reveal() != signing {
		t.Fatal(w, err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, value := range []any{*w, w, newHook} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, signing) || strings.Contains(text, "correct-horse") {
				t.Errorf("%s: %s", verb, text)
			}
		}
	}
}

// Nothing below sends a request about webhooks a second time.
func TestNothingBelowRepeatsWebhookCalls(t *testing.T) {
	for name, second := range map[string]func(net.Conn){
		"closed":                func(net.Conn) {},
		"reset":                 func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) },
		"closed in the headers": func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-") },
		"closed in the body":    func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{") },
	} {
		for call, do := range webhookCalls {
			t.Run(call+" "+name, func(t *testing.T) {
				var sent atomic.Int32
				c := connections(t, func(conn net.Conn) {
					r := bufio.NewReader(conn)
					for {
						req, err := http.ReadRequest(r)
						if err != nil {
							return
						}
						_, _ = io.Copy(io.Discard, req.Body)
						if strings.HasPrefix(req.URL.Path, "/webhooks") {
							sent.Add(1)
							second(conn)
							return
						}
						_, _ = io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")
					}
				})
				if _, err := c.Results(t.Context(), testRun); err != nil { // leaves an idle connection
					t.Fatal(err)
				}
				var e *Error
				if err := do(t.Context(), c); !errors.As(err, &e) || e.OutcomeUnknown != (call != "list" && call != "read") {
					t.Errorf("error %v", err)
				}
				if got := sent.Load(); got != 1 {
					t.Errorf("sent %d times", got)
				}
			})
		}
	}
	for call, do := range webhookCalls {
		c, requests := secureUpstream(t, func(f *http2.Framer, stream uint32) { _ = f.WriteRSTStream(stream, http2.ErrCodeRefusedStream) })
		_ = do(t.Context(), c)
		if got := requests.Load(); got != 1 {
			t.Errorf("%s over HTTP/2: sent %d times", call, got)
		}
	}
}

func FuzzWebhookBodies(f *testing.F) {
	f.Add(hook)
	f.Add(`{"success":true,"data":{"data":[` + hook + `],"total":1}}`)
	f.Add(`{"success":true,"data":{"success":false,"httpStatus":401}}`)
	f.Fuzz(func(t *testing.T, body string) {
		r := &reply{body: []byte(body)}
		if w, err := r.webhook(); err == nil && !ValidRequestID(w.ID) {
			t.Errorf("id %q", w.ID)
		}
		if list, err := r.webhooks(); err == nil && len(list.List) > MaxListItems {
			t.Errorf("%d webhooks", len(list.List))
		}
		if test, err := r.webhookTest(); err == nil && (test.HTTPStatus < 0 || test.HTTPStatus > 999 || test.Took < 0) {
			t.Errorf("%+v", test)
		}
	})
}
