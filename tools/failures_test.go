package tools_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/internal/sandbox"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools"
)

// Requests for an old run are further apart than a short wait is long.
func TestN17AWaitThatCouldAskSaysSo(t *testing.T) {
	old := sandbox.WithRun("req_old", sandbox.Run{Takes: time.Hour, Age: 30 * time.Minute})
	inWorld(t, tools.Settings{}, func(w *world) {
		for range 12 {
			got := w.call("wait_for_sourcing", args{"request_id": "req_old", "max_wait_seconds": 10})
			got.wants(t, false, "still processing", `max_wait_seconds=10) goes on waiting.`)
			if strings.Contains(got.text, "InstaView can be asked again") {
				t.Errorf("a wait that could ask says that it could not:\n%s", got.text)
			}
		}
		before := len(w.sandbox.Requests())
		w.call("wait_for_sourcing", args{"request_id": "req_old", "max_wait_seconds": 10})
		if len(w.sandbox.Requests()) == before {
			t.Error("a wait of 10 s asked nothing")
		}
	}, old)
	inWorld(t, tools.Settings{}, func(w *world) {
		w.call("get_sourcing_results", args{"request_id": "req_old"})
		w.sandbox.Inject("req_old", sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {"90"}}})
		w.call("wait_for_sourcing", args{"request_id": "req_old", "max_wait_seconds": 10}).
			wants(t, false, "still processing", "InstaView can be asked again in 1 min 2", "max_wait_seconds=10) then.")
	}, old)
}

func TestN18AnUnusuallyOldRunIsCalledUnusual(t *testing.T) {
	for name, tt := range map[string]struct {
		age  time.Duration
		want string // "" for nothing unusual
	}{
		"14 minutes": {14 * time.Minute, ""},
		"15 minutes": {15 * time.Minute, "unusually long, as most take a few minutes: tell the user"},
		"23 hours":   {23 * time.Hour, "unusually long, as most take a few minutes: tell the user"},
		"three days": {72 * time.Hour, "unusually long, and it has most likely stopped without saying so: tell the user to start it again"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, tools.Settings{}, func(w *world) {
				for _, tool := range []string{"get_sourcing_results", "wait_for_sourcing"} {
					got := w.call(tool, args{"request_id": "req_old", "max_wait_seconds": 7})
					got.wants(t, false, "still processing", tt.want)
					if tt.want == "" && strings.Contains(got.text, "unusual") {
						t.Errorf("%s calls a young run unusual:\n%s", tool, got.text)
					}
				}
			}, sandbox.WithRun("req_old", sandbox.Run{Takes: 1000 * time.Hour, Age: tt.age}))
		})
	}
}

// A caller with a key of their own over HTTP can change a header, but not the
// server's environment.
func TestN21AdviceNamesWhatTheCallerCanChange(t *testing.T) {
	for name, tt := range map[string]struct {
		fault                sandbox.Fault
		server, callers, not string
	}{
		"unknown key":   {sandbox.Fault{Status: 401, Body: `{}`}, "INSTAVIEW_API_KEY and restart", "X-InstaView-Api-Key", "INSTAVIEW_API_KEY"},
		"suspended":     {sandbox.Fault{Status: 401, Body: `{"code":"API_KEY_SUSPENDED"}`}, "this server's API key", "the API key that this call brought", "this server's API key"},
		"forbidden":     {sandbox.Fault{Status: 403, Body: `{"error":"x"}`}, "INSTAVIEW_COMPANY_ID", "X-InstaView-Company-Id", "INSTAVIEW_COMPANY_ID"},
		"unprocessable": {sandbox.Fault{Status: 422, Body: `{}`}, "INSTAVIEW_COMPANY_ID", "X-InstaView-Company-Id", "INSTAVIEW_COMPANY_ID"},
		"a login page":  {sandbox.Fault{Status: 200, Body: `<html>`}, "Tell the user to check INSTAVIEW_BASE_URL", "Tell the operator of this server to check INSTAVIEW_BASE_URL", "Tell the user"},
		"a proxy":       {sandbox.Fault{Status: 407, Body: ``}, "the proxy wants a login: put it into HTTPS_PROXY", "Tell the operator of this server", "Tell the user"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, tools.Settings{}, func(w *world) {
				theirs := tenant.WithCredentials(w.t.Context(), tenant.Credentials{Key: client.NewKey("theirs")})
				for _, tool := range []string{"get_sourcing_results", "wait_for_sourcing"} {
					w.sandbox.Inject("req_demo_done", tt.fault)
					w.call(tool, args{"request_id": "req_demo_done"}).wants(t, true, tt.server)
					got := w.callContext(theirs, tool, args{"request_id": "req_demo_done"})
					got.wants(t, true, tt.callers)
					if strings.Contains(got.text, tt.not) {
						t.Errorf("a caller is told %q:\n%s", tt.not, got.text)
					}
					time.Sleep(time.Minute)
				}
			})
		})
	}
}

func TestA403OfAProxyIsDoubted(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		w.sandbox.Inject("req_demo", sandbox.Fault{Status: 403, Body: `<html>Blocked</html>`})
		w.call("get_sourcing_results", args{"request_id": "req_demo"}).wants(t, true, "sourcing:read", "a proxy or firewall on the way may have given it")
		time.Sleep(time.Minute)
		w.sandbox.Inject("req_demo", sandbox.Fault{Status: 403, Body: `{"message":"x","error":"Forbidden"}`})
		if got := w.call("get_sourcing_results", args{"request_id": "req_demo"}); strings.Contains(got.text, "firewall") {
			t.Errorf("InstaView's own refusal is doubted:\n%s", got.text)
		}
	})
}

func TestAWaitThatAStopEndsSaysSo(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		time.AfterFunc(7*time.Second, w.poller.Drain)
		start := time.Now()
		got := w.call("wait_for_sourcing", args{"request_id": "req_demo_slow"})
		got.wants(t, false, "still processing", "Waited 7 s.", "This server is stopping. The run itself goes on",
			`when the server is back, wait_for_sourcing(request_id="req_demo_slow") goes on waiting.`)
		w.call("wait_for_sourcing", args{"request_id": "req_demo"}).wants(t, true, "This server is stopping.", "ask again with the same request_id")
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("took %v, want 7 s", took)
		}
		w.poller.Close()
		w.call("wait_for_sourcing", args{"request_id": "req_demo"}).wants(t, true, "This server is stopping.", "ask again with the same request_id")
	})
}
