package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/sandbox"
)

// A webhook that the program has registered tells the server of the end of a
// run that is waited for.
func TestADeliveryReachesTheServerThatWaits(t *testing.T) {
	t.Parallel()
	s := sandbox.New(sandbox.WithKey(canary), sandbox.WithRun("run_1", sandbox.Run{Takes: time.Second}))
	defer s.Close()
	upstream := httptest.NewServer(s)
	defer upstream.Close()
	const token = "a-token-of-the-tests-own"
	env := []string{"INSTAVIEW_API_KEY=" + canary, "INSTAVIEW_BASE_URL=" + upstream.URL, "INSTAVIEW_MCP_WEBHOOK_SECRET=a-secret-of-the-tests-own"}
	server := serveHTTP(t, "http", append(env, "INSTAVIEW_MCP_AUTH_TOKEN="+token))
	create := exec.Command(program(t), "webhook", "create", "--yes", "--url", server.root()+"/webhooks/instaview")
	create.Env = append(env, "SystemRoot="+os.Getenv("SystemRoot"))
	if out, err := create.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	do := func(method, url, body string) string {
		t.Helper()
		r, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatalf("%v\n%s", err, server.log)
		}
		defer func() { _ = resp.Body.Close() }()
		text, _ := io.ReadAll(resp.Body)
		return string(text)
	}
	call := mcptest.Request(1, "tools/call", mcptest.Call("wait_for_sourcing", `{"request_id":"run_1"}`))
	if got := do(http.MethodPost, server.url, call); !strings.Contains(got, "completed") {
		t.Errorf("the wait ended with %s", got)
	}
	if metrics := do(http.MethodGet, server.root()+"/metrics", ""); !strings.Contains(metrics, `instaview_mcp_webhook_deliveries_total{outcome="run"} 1`+"\n") {
		t.Errorf("no delivery is counted:\n%s", server.log)
	}
}

// W11: a delivery is accepted beside a token, counted, and named nowhere.
func TestW11ADeliveryIsCountedAndNotNamed(t *testing.T) {
	t.Parallel()
	const token, secret = "a-token-of-the-tests-own", "a-secret-of-the-tests-own"
	s := serveHTTP(t, "http", []string{
		"INSTAVIEW_MCP_AUTH_TOKEN=" + token, "INSTAVIEW_MCP_WEBHOOK_SECRET=" + secret, "INSTAVIEW_MCP_LOG_LEVEL=debug",
	}, "--demo")
	send := func(method, path, header, value, body string) (status int, answer string) {
		t.Helper()
		r, err := http.NewRequest(method, s.root()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(header, value)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatalf("%v\n%s", err, s.log)
		}
		defer func() { _ = resp.Body.Close() }()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	const path, header = "/webhooks/instaview", "X-InstaView-Webhook-Secret"
	delivery := `{"event":"SOURCING_COMPLETED","deliveryId":"canary-delivery","data":{"requestId":"canary-run"}}`
	for _, tt := range []struct {
		secret, body string
		want         int
	}{
		{secret, delivery, 204}, {secret, delivery, 204}, {secret, `{"event":"ping"}`, 204}, {secret, "canary", 204},
		{"canary-secret", delivery, 401}, {secret, strings.Repeat(" ", 256<<10+1), 413},
	} {
		if status, text := send(http.MethodPost, path, header, tt.secret, tt.body); status != tt.want || strings.Contains(text, "canary") {
			t.Errorf("status %d %q, want %d", status, text, tt.want)
		}
	}
	_, metrics := send(http.MethodGet, "/metrics", "Authorization", "Bearer "+token, "")
	for _, outcome := range []string{"run", "duplicate", "ping", "next", "unauthorized", "too_large"} {
		if want := `instaview_mcp_webhook_deliveries_total{outcome="` + outcome + `"} 1` + "\n"; !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	s.stop()
	if n := strings.Count(s.log.String(), "webhook delivery"); n != 6 {
		t.Errorf("%d log lines, want 6", n)
	}
	if seen := metrics + s.log.String(); strings.Contains(seen, "canary") || strings.Contains(seen, secret) {
		t.Errorf("something of a delivery is in log or metrics:\n%s", seen)
	}
}
