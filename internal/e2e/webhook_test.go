package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"instaview-mcp/internal/sandbox"
)

// A webhook that the built program has registered brings the secret out of the
// file with the end of a run, and no output of the program shows it.
func TestAWebhookFromTheShellDeliversTheEndOfARun(t *testing.T) {
	t.Parallel()
	const secret = "a-webhook-canary-0123456789"
	type delivery struct {
		Path, Secret, Event string
		Data                struct{ RequestID, Status string }
	}
	got := make(chan delivery, 10)
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d := delivery{Path: r.URL.Path, Secret: r.Header.Get("X-InstaView-Webhook-Secret")}
		if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
			t.Error(err)
		}
		got <- d
		w.WriteHeader(http.StatusNoContent)
	}))
	defer target.Close()
	s := sandbox.New(sandbox.WithKey(canary), sandbox.WithRun("run_1", sandbox.Run{Takes: 300 * time.Millisecond}))
	defer s.Close()
	upstream := httptest.NewServer(s)
	defer upstream.Close()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(status int, wants string, args ...string) string {
		t.Helper()
		cmd := exec.Command(program(t), args...)
		cmd.Env = []string{"SystemRoot=" + os.Getenv("SystemRoot"), "INSTAVIEW_API_KEY=" + canary, "INSTAVIEW_BASE_URL=" + upstream.URL,
			"INSTAVIEW_MCP_WEBHOOK_SECRET_FILE=" + file, "INSTAVIEW_MCP_LOG_LEVEL=debug"}
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != status || !strings.Contains(string(out), wants) {
			t.Fatalf("%q: status %d, want %d and %q:\n%s", args, cmd.ProcessState.ExitCode(), status, wants, out)
		}
		if strings.Contains(string(out), secret) || strings.Contains(string(out), canary) {
			t.Errorf("%q shows a secret:\n%s", args, out)
		}
		return string(out)
	}
	create := []string{"webhook", "create", "--url", target.URL + "/webhooks/instaview"}
	run(1, "nothing was registered", create...)
	id := regexp.MustCompile(`Webhook (\S+) is registered`).FindStringSubmatch(run(0, "is registered", append(create, "--yes")...))[1]
	run(0, id+"\n  url      "+target.URL, "webhook", "list")
	run(0, "The test was delivered: HTTP 204", "webhook", "test", id)
	run(0, "", "call", "get_sourcing_results", "request_id=run_1")
	want := []delivery{{"/webhooks/instaview", secret, "ping", struct{ RequestID, Status string }{}},
		{"/webhooks/instaview", secret, "sourcing.completed", struct{ RequestID, Status string }{"run_1", "completed"}}}
	for _, want := range want {
		select {
		case d := <-got:
			if d != want {
				t.Errorf("got %+v, want %+v", d, want)
			}
		case <-time.After(patience):
			t.Fatalf("%+v was not delivered", want)
		}
	}
	run(0, "is deleted", "webhook", "delete", "--yes", id)
	run(0, "No webhook is registered", "webhook", "list")
	run(1, "instaview-mcp webhook list shows those it has", "webhook", "test", id)
}
