package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"instaview-mcp/internal/sandbox"
)

const (
	endpoint = "https://mcp.example.com/webhooks/instaview"
	secret   = "correct-horse-battery-staple"
	order    = `{"url":"` + endpoint + `","name":"n","events":["SOURCING_COMPLETED","SOURCING_FAILED","PING"],"headers":[{"name":"X-Secret","value":"` + secret + `"}]}`
)

// received is a delivery as a webhook's server reads it.
type received struct {
	After  time.Duration // the first request
	URL    string
	Secret string
	Event  any
	Data   any
}

// receiver is the server of all webhooks. It answers with status, or with 204
// if that is 0, and with no answer if it is negative.
type receiver struct {
	status int
	began  time.Time

	mu    sync.Mutex
	begun int // deliveries, also those whose body has not come yet
	got   []received
	ids   []string
}

func (r *receiver) RoundTrip(req *http.Request) (*http.Response, error) {
	after := time.Since(r.began)
	r.mu.Lock()
	r.begun++
	r.mu.Unlock()
	raw, err := io.ReadAll(req.Body)
	if err != nil || int64(len(raw)) != req.ContentLength {
		return nil, fmt.Errorf("%d bytes: %w", len(raw), err)
	}
	var body struct {
		Event      any
		Timestamp  time.Time
		DeliveryID string
		Data       any
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, received{after, req.URL.String(), req.Header.Get("X-Secret"), body.Event, body.Data})
	r.ids = append(r.ids, body.DeliveryID)
	if r.status < 0 {
		return nil, io.ErrUnexpectedEOF
	}
	w := httptest.NewRecorder()
	w.WriteHeader(max(r.status, 204))
	return w.Result(), nil
}

func (r *receiver) list() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func (r *receiver) deliveryIDs() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ids)
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// hooked starts a sandbox with one webhook, whose deliveries the receiver gets.
func hooked(t *testing.T, r *receiver, opts ...sandbox.Option) (*sandbox.Sandbox, *caller) {
	r.began = time.Now()
	s := sandbox.New(append(opts, sandbox.WithTransport(r), sandbox.WithWebhook(sandbox.Webhook{
		ID: "hook", URL: endpoint, Events: []string{"sourcing.completed", "SOURCING_FAILED", "PING"}, Headers: map[string]string{"X-Secret": secret},
	}))...)
	return s, start(t, s)
}

func named(id, status string) any { return map[string]any{"requestId": id, "status": status} }

func TestTheEndOfARunIsDelivered(t *testing.T) {
	done := received{12 * time.Second, endpoint, secret, "sourcing.completed", named("req_demo", "completed")}
	with := func(change func(*received)) []received {
		d := done
		change(&d)
		return []received{d}
	}
	for name, tt := range map[string]struct {
		changes []sandbox.Change
		want    []received
	}{
		"at once":       {nil, []received{done}},
		"late":          {[]sandbox.Change{sandbox.Late(20 * time.Second)}, with(func(d *received) { d.After = 32 * time.Second })},
		"twice":         {[]sandbox.Change{sandbox.Twice}, []received{done, done}},
		"never":         {[]sandbox.Change{sandbox.Lost}, nil},
		"not lost":      {[]sandbox.Change{sandbox.Every(2, sandbox.Lost)}, []received{done}},
		"forged":        {[]sandbox.Change{sandbox.Forged("guess")}, with(func(d *received) { d.Secret = "guess" })},
		"no secret":     {[]sandbox.Change{sandbox.Forged("")}, with(func(d *received) { d.Secret = "" })},
		"in upper case": {[]sandbox.Change{sandbox.UpperCase}, with(func(d *received) { d.Event = "SOURCING_COMPLETED" })},
		"as an integer": {[]sandbox.Change{sandbox.Integer}, with(func(d *received) { d.Event = 6.0 })},
		"nested": {[]sandbox.Change{sandbox.Nested}, with(func(d *received) {
			d.Data = map[string]any{"run": map[string]any{"id": "req_demo", "status": "completed"}}
		})},
		"unnamed": {[]sandbox.Change{sandbox.Unnamed}, with(func(d *received) { d.Data = map[string]any{"status": "completed"} })},
		"slow":    {[]sandbox.Change{sandbox.Slow(time.Second)}, []received{done}},
		"huge": {[]sandbox.Change{sandbox.Huge(300_000)}, with(func(d *received) {
			d.Data = map[string]any{"requestId": "req_demo", "status": "completed", "padding": strings.Repeat("x", 300_000)}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &receiver{}
				s, c := hooked(t, r, sandbox.WithDeliveries(tt.changes...))
				c.get("req_demo")
				time.Sleep(time.Minute)
				synctest.Wait()
				if diff := cmp.Diff(tt.want, r.list()); diff != "" {
					t.Error(diff)
				}
				log := s.Deliveries()
				if len(log) != 1 || log[0].RunID != "req_demo" || log[0].Status != "completed" || log[0].Sent.IsZero() != (tt.want == nil) || (log[0].Answered == 204) != (tt.want != nil) {
					t.Errorf("log %+v", log)
				}
				for _, id := range r.deliveryIDs() {
					if id != log[0].ID || id == "" {
						t.Errorf("deliveryIds %q", r.deliveryIDs())
					}
				}
			})
		})
	}
}

func TestOneOfTwoDeliveriesMayBeOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		late := func(d *sandbox.Delivery) {
			if d.Number == 1 {
				sandbox.Late(3 * time.Second)(d)
			}
		}
		_, c := hooked(t, r, sandbox.WithDeliveries(late), sandbox.WithRun("a", sandbox.Run{Takes: time.Second}), sandbox.WithRun("b", sandbox.Run{Takes: 2 * time.Second}))
		c.get("a")
		c.get("b")
		time.Sleep(10 * time.Second)
		if len(r.list()) != 2 || r.list()[0].Data.(map[string]any)["requestId"] != "b" {
			t.Errorf("got %+v", r.list())
		}
	})
}

// Each end of a run is delivered once: also those of a run that is started,
// refined, failed or that starts over; not that of a run that ended before.
func TestEveryEndIsDeliveredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		_, c := hooked(t, r)
		c.get("req_demo_done")
		c.get("req_demo_failed")
		c.get("req_demo_failed")
		id := c.accepts("POST", "/sourcing", brief)
		time.Sleep(time.Minute)
		c.get("req_demo_failed")
		c.accepts("PATCH", "/sourcing/"+id, `{"limit":1}`)
		time.Sleep(20 * time.Minute)
		c.get("req_demo_failed")
		time.Sleep(time.Minute)
		var got []string
		for _, d := range r.list() {
			got = append(got, fmt.Sprint(d.After, " ", d.Event, " ", d.Data.(map[string]any)["requestId"] == id))
		}
		want := []string{"2s sourcing.failed false", "12s sourcing.completed true", "1m8s sourcing.completed true", "21m2s sourcing.failed false"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// Only the last of these starts is of a run that goes on to its end.
func TestARunThatStartsOverEndsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		_, c := hooked(t, r, sandbox.WithRun("long", sandbox.Run{Takes: 15 * time.Minute}))
		c.get("long")
		time.Sleep(11 * time.Minute) // idle for longer than a run goes on
		c.get("long")
		time.Sleep(time.Hour)
		if got := r.list(); len(got) != 1 || got[0].After != 26*time.Minute {
			t.Errorf("got %+v", got)
		}
	})
}

func TestARunMayNameItsWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		_, c := hooked(t, r, sandbox.WithWebhook(sandbox.Webhook{ID: "other", URL: "https://other.example/", Events: []string{"SOURCING_COMPLETED"}}))
		c.accepts("POST", "/sourcing", `{"title":"x","jobDescription":"x","limit":1,"webhookId":"other"}`)
		time.Sleep(time.Minute)
		if len(r.list()) != 1 || r.list()[0].URL != "https://other.example/" {
			t.Errorf("got %+v", r.list())
		}
	})
}

func TestTheCircuitOpensAfterFiveFailures(t *testing.T) {
	for name, status := range map[string]int{"errors": 500, "redirects": 307, "no answers": -1} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &receiver{status: status}
				_, c := hooked(t, r)
				ends := func() (failures float64, open bool) {
					c.accepts("POST", "/sourcing", brief)
					time.Sleep(time.Minute)
					h := c.webhook("GET", "/webhooks/hook", "", 200)
					if h["isActive"] != (h["circuitOpenedAt"] == nil) {
						t.Errorf("active %v, opened %v", h["isActive"], h["circuitOpenedAt"])
					}
					return h["consecutiveFailures"].(float64), h["circuitOpenedAt"] != nil
				}
				for n := range 7 {
					if failures, open := ends(); failures != float64(min(n+1, 5)) || open != (n >= 4) {
						t.Errorf("after %d: %v failures, open %v", n+1, failures, open)
					}
				}
				if len(r.list()) != 5 {
					t.Errorf("%d deliveries, want 5", len(r.list()))
				}
				c.webhook("POST", "/webhooks/hook/reset-circuit", "", 200)
				if failures, open := ends(); failures != 1 || open || len(r.list()) != 6 {
					t.Errorf("after a reset: %v failures, open %v, %d deliveries", failures, open, len(r.list()))
				}
				r.answer(0)
				if failures, open := ends(); failures != 0 || open {
					t.Errorf("after a success: %v failures, open %v", failures, open)
				}
			})
		})
	}
}

func TestADeletedWebhookGetsNothingMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		_, c := hooked(t, r, sandbox.WithDeliveries(sandbox.Late(time.Minute)))
		c.get("req_demo")
		time.Sleep(30 * time.Second)
		if status, text := c.send("DELETE", "/webhooks/hook", ""); status != 204 || text != "" {
			t.Errorf("%d %s", status, text)
		}
		time.Sleep(5 * time.Minute)
		if len(r.list()) != 0 {
			t.Errorf("got %+v", r.list())
		}
	})
}

// stop ends deliveries that wait, that are slow, and that find no place; a
// goroutine that is left would fail the bubble.
func TestStopEndsAllDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		slow := sandbox.WithDeliveries(sandbox.Every(2, sandbox.Late(time.Hour)), sandbox.Slow(time.Hour))
		s := sandbox.New(slow, sandbox.WithTransport(r), sandbox.WithWebhook(sandbox.Webhook{ID: "hook", URL: endpoint, Events: []string{"SOURCING_COMPLETED"}}))
		dial, stop := s.Start()
		c := &caller{t: t, client: &http.Client{Transport: &http.Transport{DialContext: dial}}, key: sandbox.Key}
		for range 60 {
			c.accepts("POST", "/sourcing", brief)
		}
		time.Sleep(13 * time.Second)
		c.get("req_demo") // which ends only after the sandbox
		stop()
		stop()
		time.Sleep(time.Minute)
		if len(s.Deliveries()) != 60 || r.begun != 16 {
			t.Errorf("%d deliveries, %d at the same time, want 60 and 16", len(s.Deliveries()), r.begun)
		}
	})
}

// webhook makes a request and returns the webhook, list or test in the answer.
func (c *caller) webhook(method, path, body string, status int) map[string]any {
	c.t.Helper()
	got, text := c.send(method, path, body)
	var answer map[string]any
	if err := json.Unmarshal([]byte(text), &answer); err != nil || got != status {
		c.t.Fatalf("%s %s: %d %s, want %d", method, path, got, text, status)
	}
	if data, wrapped := answer["data"].(map[string]any); wrapped {
		return data
	}
	return answer
}

func TestAWebhookIsRegisteredTestedAndDeletedInBothShapes(t *testing.T) {
	for name, flat := range map[string]bool{"wrapped": false, "flat": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &receiver{}
				opts, created := []sandbox.Option{sandbox.WithTransport(r)}, 201
				if flat {
					opts, created = append(opts, sandbox.WithFlatWebhooks()), 200
				}
				c := start(t, sandbox.New(opts...))
				_, text := c.send("POST", "/webhooks", strings.Replace(order, `{`, `{"companyId":"acme",`, 1))
				if strings.Contains(text, secret) || strings.Contains(text, `"data"`) == flat {
					t.Errorf("created: %s", text)
				}
				h := c.webhook("POST", "/webhooks", order, created)
				if len(h["signingSecret"].(string)) != 64 || h["url"] != endpoint || h["isActive"] != true || h["circuitOpenedAt"] != nil || h["companyId"] != nil {
					t.Errorf("created: %v", h)
				}
				path := "/webhooks/" + h["id"].(string)
				if got := c.webhook("GET", path, "", 200); got["id"] != h["id"] || got["signingSecret"] != nil {
					t.Errorf("read: %v", got)
				}
				for query, want := range map[string]float64{"": 2, "?companyId=acme": 2, "?companyId=other": 1} {
					list := c.webhook("GET", "/webhooks"+query, "", 200)
					if list["total"] != want || len(list["data"].([]any)) != int(want) {
						t.Errorf("list%s: %v", query, list)
					}
				}
				if got := c.webhook("POST", path+"/test", "", 200); got["success"] != true || got["httpStatus"] != 204.0 || got["deliveryId"] == "" {
					t.Errorf("test: %v", got)
				}
				r.answer(401)
				if got := c.webhook("POST", path+"/test", "", 200); got["success"] != false || got["httpStatus"] != 401.0 {
					t.Errorf("test: %v", got)
				}
				r.answer(-1)
				if got := c.webhook("POST", path+"/test", "", 200); got["success"] != false || got["httpStatus"] != nil {
					t.Errorf("test: %v", got)
				}
				if len(r.list()) != 3 || r.list()[0].Event != "ping" || r.list()[0].Secret != secret {
					t.Errorf("deliveries %+v", r.list())
				}
				if status, text := c.send("DELETE", path, ""); status != 204 || text != "" {
					t.Errorf("delete: %d %s", status, text)
				}
				for _, request := range [][2]string{{"GET", path}, {"DELETE", path}, {"POST", path + "/test"}, {"PUT", "/webhooks"}, {"POST", path + "/reset-circuit"}} {
					if status, text := c.send(request[0], request[1], ""); status != 404 || !strings.Contains(text, "RESOURCE_NOT_FOUND") {
						t.Errorf("%v: %d %s", request, status, text)
					}
				}
			})
		})
	}
}

func TestWebhooksThatAreRefused(t *testing.T) {
	for name, body := range map[string]string{
		"no JSON": `x`, "nothing": `{}`, "no events": `{"url":"https://a","events":[]}`, "an unknown event": `{"url":"https://a","events":["SOURCING_STARTED"]}`,
		"http": `{"url":"http://a.example","events":["PING"]}`, "no URL": `{"url":"a","events":["PING"]}`, "a long URL": `{"url":"https://` + strings.Repeat("a", 2048) + `","events":["PING"]}`,
		"a long name":     `{"url":"https://a","events":["PING"],"name":"` + strings.Repeat("a", 256) + `"}`,
		"a nameless":      `{"url":"https://a","events":["PING"],"headers":[{"value":"x"}]}`,
		"an empty header": `{"url":"https://a","events":["PING"],"headers":[{"name":"x"}]}`,
		"many headers":    `{"url":"https://a","events":["PING"],"headers":[` + strings.Repeat(`{"name":"a","value":"b"},`, 50) + `{"name":"a","value":"b"}]}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			c := start(t, sandbox.New())
			if status, text := c.send("POST", "/webhooks", body); status != 400 {
				t.Errorf("%s: %d %s", name, status, text)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		c := start(t, sandbox.New())
		h := c.webhook("POST", "/webhooks", `{"url":"http://127.0.0.1:1/","events":["sourcing.completed"]}`, 201)
		if status, _ := c.send("POST", "/webhooks/"+h["id"].(string)+"/test", ""); status != 400 {
			t.Errorf("a test without the ping event: %d", status)
		}
		c.key = "other"
		if status, _ := c.send("GET", "/webhooks", ""); status != 401 {
			t.Errorf("another key: %d", status)
		}
	})
}

// Without WithTransport deliveries go over the network, and leave it to the
// server when to close the connection.
func TestDeliveriesOverTheNetwork(t *testing.T) {
	got := make(chan string, 1)
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got <- fmt.Sprint(r.URL.Path, " ", r.Header.Get("X-Secret"), " ", r.Close)
	}))
	defer target.Close()
	s := sandbox.New(sandbox.WithWebhook(sandbox.Webhook{ID: "hook", URL: target.URL + "/x", Events: []string{"ping"}, Headers: map[string]string{"X-Secret": secret}}))
	defer s.Close()
	upstream := httptest.NewServer(s)
	defer upstream.Close()
	req, err := http.NewRequestWithContext(t.Context(), "POST", upstream.URL+"/webhooks/hook/test", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+sandbox.Key)
	resp, err := upstream.Client().Do(req)
	if err != nil || resp.StatusCode != 200 || <-got != "/x "+secret+" false" {
		t.Errorf("%v %v", resp, err)
	}
}
