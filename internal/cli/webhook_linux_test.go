package cli

import (
	"net/http/httptest"
	"strings"
	"testing"

	"instaview-mcp/internal/sandbox"
)

func TestAPersonIsAskedAboutAWebhook(t *testing.T) {
	upstream := httptest.NewServer(sandbox.New())
	t.Cleanup(upstream.Close)
	h, x := home{t: t, env: webhookEnv(upstream.URL)}, newTerminal(t)
	create := []string{"webhook", "create", "--url", hookURL}
	for n, typed := range []string{"n\n", "\n", "yes\n"} {
		status := h.start(t.Context(), x, create...)
		x.types("Go ahead? [y/N]", n+1, typed, false)
		if got, want := <-status, map[bool]int{true: 0, false: 1}[typed == "yes\n"]; got != want {
			t.Errorf("%q: exit status %d:\n%s", typed, got, x.shown())
		}
	}
	if n := strings.Count(x.shown(), "nothing was registered"); n != 2 {
		t.Errorf("%d refusals, want 2:\n%s", n, x.shown())
	}
	id := aUUID.FindString(x.shown())
	for n, typed := range []string{"n\n", "y\n"} {
		status := h.start(t.Context(), x, "webhook", "delete", id)
		x.types("Go ahead? [y/N]", n+4, typed, false)
		if got := <-status; got != 1-n {
			t.Errorf("%q: exit status %d:\n%s", typed, got, x.shown())
		}
	}
	for _, want := range []string{"nothing was deleted", "Webhook " + id + " is deleted."} {
		if strings.Count(x.shown(), want) != 1 {
			t.Errorf("no %q:\n%s", want, x.shown())
		}
	}
}
