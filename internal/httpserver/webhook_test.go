package httpserver

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/oauth"
	"instaview-mcp/internal/sandbox"
)

const secret = "correct-horse-battery-webhook"

// withSecret is a header of InstaView's.
const withSecret = WebhookSecretHeader + ": " + secret

// deliveries records what a site's webhook passes on.
type deliveries struct {
	mu       sync.Mutex
	hints    []string
	outcomes []string
}

// accept makes settings accept deliveries.
func (d *deliveries) accept(s *Settings) {
	s.WebhookSecret = client.NewKey(secret)
	s.Hint = func(requestID string) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.hints = append(d.hints, requestID)
	}
	s.OnDelivery = func(outcome string) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.outcomes = append(d.outcomes, outcome)
	}
}

// wants checks the hints and the outcomes since the last call.
func (d *deliveries) wants(t *testing.T, what string, hints, outcomes []string) {
	t.Helper()
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.hints, hints) || !slices.Equal(d.outcomes, outcomes) {
		t.Errorf("%s: hints %q with outcomes %q, want %q with %q", what, d.hints, d.outcomes, hints, outcomes)
	}
	d.hints, d.outcomes = nil, nil
}

// receiving runs test with a site that accepts deliveries.
func receiving(t *testing.T, change func(*Settings), test func(t *testing.T, s *site, d *deliveries)) {
	t.Helper()
	d := &deliveries{}
	inBubble(t, func(s *Settings) {
		d.accept(s)
		if change != nil {
			change(s)
		}
	}, func(t *testing.T, s *site) { test(t, s, d) })
}

func report(event, id, run string) string {
	return fmt.Sprintf(`{"event":%q,"timestamp":"2026-11-26T12:00:00Z","deliveryId":%q,"data":{"requestId":%q,"status":"completed"}}`, event, id, run)
}

func zipped(body string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, body)
	_ = w.Close()
	return b.String()
}

// Hostile and odd deliveries, by their case numbers.
func TestWebhookCases(t *testing.T) {
	body := report("sourcing.completed", "d-1", "req_1")
	padded := func(size int) string { return body[:len(body)-1] + strings.Repeat(" ", size-len(body)) + "}" }
	chunked := func(s string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(s), s) }
	run, next := []string{"req_1"}, []string{""}
	none := []string(nil)
	for _, tt := range []struct {
		name    string
		raw     string
		status  int
		hints   []string
		outcome string // "" if the request is not for the webhook
	}{
		{"a delivery", post(WebhookPath, body, withSecret), 204, run, "run"},
		{"in chunks", post(WebhookPath, chunked(body), withSecret, "Content-Length:", "Transfer-Encoding: chunked"), 204, run, "run"},
		{"as text", post(WebhookPath, body, withSecret, "Content-Type: text/plain"), 204, run, "run"},
		{"without a type", post(WebhookPath, body, withSecret, "Content-Type:"), 204, run, "run"},
		{"of 256 KiB", post(WebhookPath, padded(256<<10), withSecret), 204, run, "run"},
		{"in upper case", post(WebhookPath, report("SOURCING_FAILED", "", "req_1"), withSecret), 204, run, "run"},
		{"an unknown number", post(WebhookPath, `{"event":7,"data":{"requestId":"req_1"}}`, withSecret), 204, run, "run"},
		{"another event that names a run", post(WebhookPath, report("analysis.completed", "", "req_1"), withSecret), 204, run, "run"},
		{"another event", post(WebhookPath, `{"event":"interview.started","data":{}}`, withSecret), 204, none, "other"},
		{"a ping", post(WebhookPath, `{"event":"ping","deliveryId":"d"}`, withSecret), 204, none, "ping"},
		{"a ping that names a run", post(WebhookPath, report("PING", "d", "req_1"), withSecret), 204, none, "ping"},
		{"no run", post(WebhookPath, `{"event":"sourcing.completed","deliveryId":"d","data":{}}`, withSecret), 204, next, "next"},
		{"W01 no secret", post(WebhookPath, body), 401, none, "unauthorized"},
		{"W01 a wrong secret", post(WebhookPath, body, WebhookSecretHeader+": "+secret[1:]), 401, none, "unauthorized"},
		{"W01 a longer secret", post(WebhookPath, body, withSecret+"x"), 401, none, "unauthorized"},
		{"W01 the secret twice", strings.Replace(post(WebhookPath, body, withSecret), "\r\n\r\n", "\r\n"+withSecret+"\r\n\r\n", 1), 401, none, "unauthorized"},
		{"W01 the secret in the URL", post(WebhookPath+"?secret="+secret, body), 401, none, "unauthorized"},
		{"W02 the server's token", post(WebhookPath, body, "Authorization: Bearer "+token), 401, none, "unauthorized"},
		{"W02 the secret as a token", post(WebhookPath, body, "Authorization: Bearer "+secret), 401, none, "unauthorized"},
		{"W02 the secret for tools", post("/mcp", ping, withSecret), 401, none, ""},
		{"W02 the secret as a token for tools", post("/mcp", ping, "Authorization: Bearer "+secret), 401, none, ""},
		{"W03 an evil host", post(WebhookPath, body, withSecret, "Host: evil.example"), 403, none, ""},
		{"W03 an evil origin", post(WebhookPath, body, withSecret, "Origin: https://evil.example"), 403, none, ""},
		{"W03 from another site", post(WebhookPath, body, withSecret, "Sec-Fetch-Site: cross-site"), 403, none, ""},
		{"W04 GET", get(WebhookPath, withSecret), 405, none, ""},
		{"W04 HEAD", "HEAD " + WebhookPath + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + withSecret + "\r\n\r\n", 405, none, ""},
		{"W04 PUT", strings.Replace(post(WebhookPath, body, withSecret), "POST", "PUT", 1), 405, none, ""},
		{"W04 another spelling", post(WebhookPath+"/", body, withSecret), 404, none, ""},
		{"W04 an escaped spelling", post("/webhooks/%69nstaview", body, withSecret), 404, none, ""},
		{"W05 a byte more", post(WebhookPath, padded(256<<10+1), withSecret), 413, none, "too_large"},
		{"W05 a byte more in chunks", post(WebhookPath, chunked(padded(256<<10+1)), withSecret, "Content-Length:", "Transfer-Encoding: chunked"), 413, none, "too_large"},
		{"W05 a huge length", post(WebhookPath, body, withSecret, "Content-Length: 99999999999"), 413, none, "too_large"},
		{"W06 nothing", post(WebhookPath, "", withSecret), 204, next, "next"},
		{"W06 no JSON", post(WebhookPath, "event=sourcing.completed", withSecret), 204, next, "next"},
		{"W06 half of it", post(WebhookPath, body[:len(body)-1], withSecret), 204, next, "next"},
		{"W06 a list", post(WebhookPath, "["+body+"]", withSecret), 204, next, "next"},
		{"W06 gzip", post(WebhookPath, zipped(body), withSecret, "Content-Encoding: gzip"), 204, next, "next"},
		{"W06 50,000 deep", post(WebhookPath, strings.Repeat(`{"a":`, 50_000), withSecret), 204, next, "next"},
		{"W06 invalid UTF-8", post(WebhookPath, strings.Replace(body, "completed", "\xff", 1), withSecret), 204, run, "run"},
		{"W06 names twice", post(WebhookPath, `{"event":"ping","event":"sourcing.completed","requestId":"req_1","requestId":"req_1"}`, withSecret), 204, run, "run"},
		{"W07 no request id", post(WebhookPath, report("sourcing.completed", "d", "../../mcp"), withSecret), 204, next, "next"},
		{"W07 a request id with a company", post(WebhookPath, report("sourcing.completed", "d", "company/req_1"), withSecret), 204, next, "next"},
		{"W07 a request id too long", post(WebhookPath, report("sourcing.completed", "d", strings.Repeat("r", 129)), withSecret), 204, next, "next"},
		{"W07 a thousand runs", post(WebhookPath, "{"+strings.Repeat(`"x":{"requestId":"req_1"},`, 1000)+`"requestId":"a","request_id":"b","RequestId":"c","request-id":"d"}`, withSecret), 204, []string{"req_1", "a", "b", "c"}, "run"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			locked := func(s *Settings) { s.Token = client.NewKey(token) }
			receiving(t, locked, func(t *testing.T, s *site, d *deliveries) {
				got := s.send(t, tt.raw)
				if got.StatusCode != tt.status || tt.status == 204 && got.body != "" {
					t.Errorf("%s %q, want %d", got.Status, got.body, tt.status)
				}
				if got.StatusCode == 401 && got.Header.Get("WWW-Authenticate") == "" {
					t.Error("401 without WWW-Authenticate")
				}
				var outcomes []string
				if tt.outcome != "" {
					outcomes = []string{tt.outcome}
				}
				d.wants(t, tt.name, tt.hints, outcomes)
			})
		})
	}
}

// W04: without a secret the path is like any unknown one.
func TestW04WithoutASecretThereIsNoWebhook(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, s *site) {
		got, unknown := s.send(t, post(WebhookPath, "{}", withSecret)), s.send(t, post("/nope", "{}"))
		if got.StatusCode != http.StatusNotFound || got.body != unknown.body {
			t.Errorf("%s %q, want 404 %q", got.Status, got.body, unknown.body)
		}
	})
}

// W02: a delivery needs neither token nor access token, over any transport.
func TestW02TheSecretIsEnough(t *testing.T) {
	body := report("sourcing.completed", "d", "req_1")
	for name, change := range map[string]func(*Settings){
		"a token": func(s *Settings) { s.Token = client.NewKey(token) },
		"SSE":     overSSE,
		"OAuth": func(s *Settings) {
			s.OAuth = oauth.Settings{Issuer: "https://login.example.com", Audiences: []string{"a"}, JWKSURL: "https://login.example.com/keys"}
			s.OAuth.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no network") }
			s.URL = "https://localhost/mcp"
		},
	} {
		t.Run(name, func(t *testing.T) {
			receiving(t, change, func(t *testing.T, s *site, d *deliveries) {
				if got := s.send(t, post(WebhookPath, body, withSecret)); got.StatusCode != http.StatusNoContent {
					t.Errorf("%s %s", got.Status, got.body)
				}
				d.wants(t, name, []string{"req_1"}, []string{"run"})
			})
		})
	}
}

// W03: deliveries count as connections.
func TestW03DeliveriesKeepTheLimitOfConnections(t *testing.T) {
	receiving(t, func(s *Settings) { s.MaxConnections = 1 }, func(t *testing.T, s *site, d *deliveries) {
		s.dial(t)
		synctest.Wait()
		got := s.send(t, post(WebhookPath, "{}", withSecret))
		if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
			t.Errorf("%s, want 503 with Retry-After", got.Status)
		}
		d.wants(t, "above the limit", nil, nil)
	})
}

// W08: a wrong secret is answered before the body is read or even sent, and a
// slow body with the right one after 10 s.
func TestW08ASlowDeliveryIsCutOff(t *testing.T) {
	for name, tt := range map[string]struct {
		header string
		status int
		after  time.Duration
	}{
		"a wrong secret":               {WebhookSecretHeader + ": " + secret[1:], 401, 0},
		"a wrong secret, asking first": {WebhookSecretHeader + ": x\r\nExpect: 100-continue", 401, 0},
		"the right secret":             {withSecret, 408, bodyTime},
	} {
		t.Run(name, func(t *testing.T) {
			receiving(t, nil, func(t *testing.T, s *site, d *deliveries) {
				conn, begun := s.dial(t), time.Now()
				_, _ = io.WriteString(conn, "POST "+WebhookPath+" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"+tt.header+"\r\n\r\n")
				r := bufio.NewReader(conn)
				got := receive(t, r, http.MethodPost)
				if took := time.Since(begun); got.StatusCode != tt.status || took != tt.after {
					t.Errorf("%s after %v, want %d after %v", got.Status, took, tt.status, tt.after)
				}
				_, _ = io.Copy(io.Discard, r)
				if took := time.Since(begun); took > tt.after+2*restTime {
					t.Errorf("the connection ended after %v", took)
				}
				outcome := map[int]string{401: "unauthorized", 408: "incomplete"}[tt.status]
				d.wants(t, name, nil, []string{outcome})
			})
		})
	}
}

// The rules hold over every protocol.
func TestDeliveriesOverEveryProtocol(t *testing.T) {
	d := &deliveries{}
	onEveryProtocol(t, d.accept, func(t *testing.T, _ *site, c *http.Client) {
		send := func(method, path, secret string, body io.Reader) int {
			t.Helper()
			r, err := http.NewRequest(method, path, body)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set(WebhookSecretHeader, secret)
			resp, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			return resp.StatusCode
		}
		nothing := func() io.Reader {
			r, w := io.Pipe()
			time.AfterFunc(2*bodyTime, func() { _ = w.Close() })
			return r
		}
		huge := strings.Repeat(" ", 256<<10+1)
		for _, tt := range []struct {
			name, method, path, secret string
			body                       io.Reader
			status                     int
			after                      time.Duration
		}{
			{"a delivery", "POST", WebhookPath, secret, strings.NewReader(report("sourcing.completed", "", "req_1")), 204, 0},
			{"W01 a wrong secret", "POST", WebhookPath, "wrong", strings.NewReader("{}"), 401, 0},
			{"W04 GET", "GET", WebhookPath, secret, nil, 405, 0},
			{"W04 another path", "POST", WebhookPath + "/x", secret, strings.NewReader("{}"), 404, 0},
			{"W05 with a length", "POST", WebhookPath, secret, strings.NewReader(huge), 413, 0},
			{"W05 without a length", "POST", WebhookPath, secret, io.MultiReader(strings.NewReader(huge)), 413, 0},
			{"W08 a wrong secret and no body", "POST", WebhookPath, "wrong", nothing(), 401, 0},
			{"W08 no body", "POST", WebhookPath, secret, nothing(), 408, bodyTime},
		} {
			begun := time.Now()
			if got := send(tt.method, tt.path, tt.secret, tt.body); got != tt.status || time.Since(begun) != tt.after {
				t.Errorf("%s: status %d after %v, want %d after %v", tt.name, got, time.Since(begun), tt.status, tt.after)
			}
		}
		time.Sleep(2 * bodyTime) // for the bodies to end
		d.wants(t, "all", []string{"req_1"}, []string{"run", "unauthorized", "too_large", "too_large", "unauthorized", "incomplete"})
	})
}

func TestADeliveryMayAskFirst(t *testing.T) {
	receiving(t, nil, func(t *testing.T, s *site, d *deliveries) {
		conn, body := s.dial(t), report("sourcing.completed", "d", "req_1")
		_, _ = io.WriteString(conn, post(WebhookPath, "", withSecret, "Expect: 100-continue", fmt.Sprint("Content-Length: ", len(body))))
		r := bufio.NewReader(conn)
		if got := receive(t, r, http.MethodPost); got.StatusCode != http.StatusContinue {
			t.Fatalf("%s, want 100", got.Status)
		}
		go func() { _, _ = io.WriteString(conn, body) }()
		if got := receive(t, r, http.MethodPost); got.StatusCode != http.StatusNoContent {
			t.Errorf("%s, want 204", got.Status)
		}
		d.wants(t, "after 100", []string{"req_1"}, []string{"run"})
	})
}

// W09: a delivery that comes again hints once, within minutes and whatever came
// between. One without an id cannot be recognised.
func TestW09ARepeatedDeliveryHintsOnce(t *testing.T) {
	receiving(t, nil, func(t *testing.T, s *site, d *deliveries) {
		send := func(id string) {
			t.Helper()
			if got := s.send(t, post(WebhookPath, report("sourcing.completed", id, "req_1"), withSecret)); got.StatusCode != http.StatusNoContent {
				t.Errorf("%s", got.Status)
			}
		}
		once, again := []string{"req_1"}, []string{"duplicate"}
		send("d-1")
		d.wants(t, "first", once, []string{"run"})
		send("d-1")
		d.wants(t, "at once", nil, again)
		time.Sleep(recentFor - time.Second)
		send("d-2")
		d.wants(t, "another", once, []string{"run"})
		send("d-1")
		d.wants(t, "5 min later", nil, again)
		time.Sleep(2 * time.Second)
		send("d-2")
		d.wants(t, "after the halves have changed", nil, again)
		time.Sleep(time.Hour)
		send("d-1")
		d.wants(t, "an hour later", once, []string{"run"})
		send("")
		send("")
		d.wants(t, "without an id", []string{"req_1", "req_1"}, []string{"run", "run"})
	})
}

func TestW09IdsOfDeliveriesAreKeptInBoundedMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s recentIDs
		for i := range 5 * maxRecent {
			if s.holds(fmt.Sprint(i)) {
				t.Fatalf("%d was not there before", i)
			}
			if n := len(s.newer) + len(s.old); n > 2*maxRecent {
				t.Fatalf("%d ids are kept", n)
			}
		}
		if !s.holds(fmt.Sprint(5*maxRecent - maxRecent)) {
			t.Error("one of the last ids is forgotten")
		}
	})
}

// W10: deliveries are answered at once even if a hint takes for ever, and those
// beyond the queue are dropped.
func TestW10AFloodIsAnsweredAtOnce(t *testing.T) {
	blocked := make(chan struct{})
	d := &deliveries{}
	cert, key := mcptest.CertificateFiles(t, "localhost")
	inBubble(t, func(s *Settings) {
		d.accept(s)
		s.TLSCert, s.TLSKey = cert, key
		blocked = make(chan struct{}) // of the bubble
		s.Hint = func(string) { <-blocked }
	}, func(t *testing.T, s *site) {
		c := newClient(s, mcptest.Protocol{HTTP: 2, TLS: true})
		defer c.CloseIdleConnections()
		begun := time.Now()
		for i := range maxHints + 20 {
			r, _ := http.NewRequest(http.MethodPost, "https://localhost"+WebhookPath, strings.NewReader(report("sourcing.completed", fmt.Sprint(i), fmt.Sprint("r", i))))
			r.Header.Set(WebhookSecretHeader, secret)
			resp, err := c.Do(r)
			if err != nil || resp.StatusCode != http.StatusNoContent || resp.ProtoMajor != 2 {
				t.Fatalf("delivery %d: %v %v", i, resp, err)
			}
			_ = resp.Body.Close()
		}
		if took := time.Since(begun); took > 0 { // in a bubble only waiting takes time
			t.Errorf("the answers took %v", took)
		}
		count := map[string]int{}
		for _, outcome := range d.outcomes {
			count[outcome]++
		}
		if count["dropped"] == 0 || count["run"]+count["dropped"] != maxHints+20 || count["run"] < maxHints {
			t.Errorf("outcomes %v", count)
		}
		close(blocked)
	})
}

// W11: nothing that a delivery says is in the log or in the outcomes.
func TestW11NothingOfADeliveryIsLogged(t *testing.T) {
	var log bytes.Buffer
	h := newWebhook(Settings{WebhookSecret: client.NewKey(secret), OnDelivery: func(outcome string) { log.WriteString(outcome) }}, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	for _, d := range []delivery{{"canary", "canary.canary", []string{"canary"}}, {"canary", "canary", nil}, {"", "ping.canary", nil}, {"", "analysis.canary", nil}} {
		h.note(slog.LevelInfo, h.take(d))
	}
	r, _ := http.NewRequest(http.MethodPost, "/canary", nil)
	r.Header.Set(WebhookSecretHeader, "canary")
	if _, refused := h.authenticate(r); refused == nil || strings.Contains(refused.text+refused.header[1], "canary") {
		t.Errorf("refused with %+v", refused)
	}
	if lines := strings.Count(log.String(), "webhook delivery"); lines != 5 || strings.Contains(log.String(), "canary") || strings.Contains(log.String(), secret) {
		t.Errorf("%d lines, want one for each delivery and nothing of it:\n%s", lines, log.String())
	}
}

// A delivery ends the wait of the run that it names, also where each caller has
// a company, and a forged one for a run that goes on does not.
func TestW12AWaitEndsWithItsDeliveryIfTheRunHasEnded(t *testing.T) {
	d := &deliveries{}
	inBubble(t, func(s *Settings) {
		d.accept(s)
		s.Hint = nil // the Poller's
	}, func(t *testing.T, s *site) {
		// Both runs are asked for at the ages 0, 10, 15, 20 and 30 s.
		for run, at := range map[string]time.Duration{"req_ends": takes, "req_demo_slow": 22 * time.Second} {
			time.AfterFunc(at, func() {
				if got := s.send(t, post(WebhookPath, report("sourcing.completed", run, run), withSecret)); got.StatusCode != http.StatusNoContent {
					t.Errorf("%s", got.Status)
				}
			})
		}
		var all sync.WaitGroup
		for run, want := range map[string]time.Duration{"req_ends": 25*time.Second + 100*time.Millisecond, "req_demo_slow": 40 * time.Second} {
			all.Go(func() {
				begun := time.Now()
				s.send(t, post("/mcp", toCall(1, "wait_for_sourcing", fmt.Sprintf(`{"request_id":%q,"max_wait_seconds":40}`, run))))
				if took := time.Since(begun); took > want || took < want-time.Second {
					t.Errorf("the wait for %s took %v, want %v", run, took, want)
				}
			})
		}
		all.Wait()
	})
}

// handled sends requests to a site's handler.
type handled struct{ s **site }

func (h handled) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	w := httptest.NewRecorder()
	(*h.s).server.http.Handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// However deliveries come, each wait ends with its run, and InstaView is asked
// less often than without them if they come at all.
func TestWaitsEndWhateverBecomesOfTheirDeliveries(t *testing.T) {
	const runs = 40
	requests := map[string]int{}
	for name, changes := range map[string][]sandbox.Change{
		"as documented":        nil,
		"in upper case":        {sandbox.UpperCase},
		"as integers":          {sandbox.Integer},
		"nested":               {sandbox.Nested},
		"unnamed":              {sandbox.Unnamed},
		"twice":                {sandbox.Twice},
		"late, in wrong order": {sandbox.Every(2, sandbox.Late(2*time.Second))},
		"a fifth lost":         {sandbox.Every(5, sandbox.Lost)},
		"never":                {sandbox.Lost},
		"forged":               {sandbox.Forged("guessed")},
		"too large":            {sandbox.Huge(maxDelivery)},
		"slow":                 {sandbox.Slow(time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s *site
				opts := []sandbox.Option{sandbox.WithTransport(handled{&s}), sandbox.WithDeliveries(changes...), sandbox.WithWebhook(sandbox.Webhook{
					ID: "w", URL: "http://localhost" + WebhookPath, Events: []string{"SOURCING_COMPLETED"}, Headers: map[string]string{WebhookSecretHeader: secret},
				})}
				for i := range runs {
					opts = append(opts, sandbox.WithRun(fmt.Sprint("run_", i), sandbox.Run{Takes: time.Duration(20+7*i%150) * time.Second}))
				}
				d := &deliveries{}
				s = newSiteBehind(t, func(settings *Settings) { d.accept(settings); settings.Hint = nil }, nil, opts...)
				defer s.stop()
				var all sync.WaitGroup
				for i := range runs {
					time.Sleep(3 * time.Second)
					all.Go(func() {
						call := toCall(1, "wait_for_sourcing", fmt.Sprintf(`{"request_id":"run_%d","max_wait_seconds":50}`, i))
						for range 10 {
							if got := s.send(t, post("/mcp", call)); strings.Contains(got.body, "completed") {
								return
							}
						}
						t.Errorf("run %d did not end", i)
					})
				}
				all.Wait()
				requests[name] = len(s.sandbox.Requests())
			})
		})
	}
	t.Log(requests)
	for _, name := range []string{"as documented", "in upper case", "as integers", "nested", "twice", "late, in wrong order"} {
		if got, usual := requests[name], requests["never"]; got > usual*6/10 {
			t.Errorf("%s: %d requests, %d without any delivery", name, got, usual)
		}
	}
}

func BenchmarkDelivery(b *testing.B) {
	for name, body := range map[string]string{
		"usual":          report("sourcing.completed", "d", "req_1"),
		"256 KiB, names": "{" + strings.Repeat(`"a":0,`, (256<<10)/6-2) + `"a":0}`,
		"256 KiB, texts": `{"a":["` + strings.Repeat(`a","`, (256<<10)/4-5) + `"]}`,
		"256 KiB, lists": strings.Repeat("[", 256<<10),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				readDelivery([]byte(body))
			}
		})
	}
}
