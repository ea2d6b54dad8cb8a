package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestCheckOfTheDemoIsFine(t *testing.T) {
	execute(t, nil, "--demo", "check").wants(t, 0, []string{
		"configuration  ok", "the demo's sandbox", "reachability   ok", "key            ok      accepted\n",
		"clock          ok", "budget         ok      120 requests a minute, 119 left; 5000 requests an hour, 4999 left",
	}, nil)
}

func TestCheckExplainsWhatIsWrong(t *testing.T) {
	const notFound = `{"error":{"code":"REQUEST_NOT_FOUND"}}`
	for name, tt := range map[string]struct {
		status int
		body   string
		header [2]string
		exit   int
		want   string
	}{
		"401":            {401, `{}`, [2]string{}, 1, "key            failed  refused: it is unknown, revoked or expired"},
		"suspended":      {401, `{"error":{"code":"API_KEY_SUSPENDED"}}`, [2]string{}, 1, "key            failed  suspended"},
		"402":            {402, `{}`, [2]string{}, 1, "no credits left"},
		"403":            {403, `{}`, [2]string{}, 1, "needs the scope sourcing:read"},
		"429":            {429, `{}`, [2]string{"Retry-After", "90"}, 1, "its request limit is used up; try again in 1 min 30 s"},
		"400":            {400, `{}`, [2]string{}, 1, "not checked: HTTP 400; check INSTAVIEW_COMPANY_ID"},
		"405":            {405, `{}`, [2]string{}, 1, "not checked: HTTP 405; check INSTAVIEW_BASE_URL\n"},
		"409":            {409, `{}`, [2]string{}, 1, "not checked: HTTP 409; check INSTAVIEW_BASE_URL\n"},
		"422":            {422, `{}`, [2]string{}, 1, "not checked: HTTP 422; check INSTAVIEW_COMPANY_ID"},
		"500":            {500, `{}`, [2]string{}, 1, "reachability   failed  HTTP 500: InstaView has a fault"},
		"a login page":   {200, `<html>`, [2]string{}, 1, "INSTAVIEW_BASE_URL is wrong"},
		"any run exists": {202, `{}`, [2]string{}, 1, "knows a run that cannot exist"},
		"a known key":    {404, notFound, [2]string{}, 0, "key            ok      accepted\n"},
		"another's 404":  {404, `<html>`, [2]string{}, 1, "key            failed  not checked: HTTP 404, not one of InstaView's errors, as from another server"},
		"no body":        {404, ``, [2]string{}, 1, "key            failed  not checked"},
		"another code":   {404, `{"error":{"code":"ROUTE_NOT_FOUND"}}`, [2]string{}, 1, "not checked: HTTP 404, ROUTE_NOT_FOUND"},
		"no code":        {404, `{"statusCode":404,"message":"Sourcing request not found","error":"Not Found"}`, [2]string{}, 0, "key            ok      probably accepted"},
		"a redirect":     {302, ``, [2]string{"Location", "https://example.com"}, 1, "HTTP 302, redirect not followed"},
		"a route's 404":  {404, `{"statusCode":404,"message":"Cannot GET /x","error":"Not Found"}`, [2]string{}, 1, "check INSTAVIEW_BASE_URL\n"},
		"a late clock":   {404, notFound, [2]string{"Date", ago(time.Hour)}, 0, "clock          warning this machine and InstaView are 1 h"},
		"a slow clock":   {404, notFound, [2]string{"Date", ago(25 * time.Second)}, 0, "clock          ok"},
		"a clock ahead":  {404, notFound, [2]string{"Date", ago(-40 * time.Second)}, 0, "clock          warning"},
		"at once again":  {429, `{}`, [2]string{"Retry-After", "0"}, 1, "try again in 1 s"},
		"no budget":      {404, notFound, [2]string{}, 0, "budget         unknown"},
		"half a budget":  {404, notFound, [2]string{"X-RateLimit-Limit-Hour", "500"}, 0, "budget         ok      500 requests an hour\n"},
	} {
		t.Run(name, func(t *testing.T) {
			upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.header[0] != "" {
					w.Header().Set(tt.header[0], tt.header[1])
				}
				w.WriteHeader(tt.status)
				_, _ = fmt.Fprint(w, tt.body)
			}))
			defer upstream.Close()
			env := map[string]string{"INSTAVIEW_API_KEY": "sk_live_1", "INSTAVIEW_BASE_URL": upstream.URL}
			execute(t, env, "check").wants(t, tt.exit, []string{"configuration  ok", tt.want}, nil)
		})
	}
	for name, tt := range map[string]struct {
		status int
		exit   int
		want   string
	}{
		"callers' keys":           {401, 0, "key            ok      none of the server's own: each caller brings one"},
		"callers' keys elsewhere": {404, 1, "key            failed  not checked: HTTP 404"},
		"callers' keys and a 500": {500, 1, "reachability   failed  HTTP 500"},
	} {
		t.Run(name, func(t *testing.T) {
			upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, "<html>")
			}))
			defer upstream.Close()
			env := map[string]string{"INSTAVIEW_MCP_CALLER_KEYS": "true", "INSTAVIEW_MCP_ADDR": "127.0.0.1:0", "INSTAVIEW_BASE_URL": upstream.URL}
			execute(t, env, "--transport", "http", "check").wants(t, tt.exit, []string{"configuration  ok", tt.want}, nil)
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		env := map[string]string{"INSTAVIEW_API_KEY": "x", "INSTAVIEW_BASE_URL": "http://127.0.0.1:9"}
		execute(t, env, "check").wants(t, 1, []string{"reachability   failed  connection refused: check INSTAVIEW_BASE_URL"}, nil)
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			interrupt()
			<-r.Context().Done()
		}))
		defer upstream.Close()
		var stdout bytes.Buffer
		env := map[string]string{"INSTAVIEW_API_KEY": "sk_live_1", "INSTAVIEW_BASE_URL": upstream.URL}
		status := Run(ctx, System{
			Args: []string{"check"}, Environ: pairs(env),
			Stdout: &stdout, Stderr: io.Discard,
		})
		if status != 1 || !strings.Contains(stdout.String(), "reachability   failed  interrupted") {
			t.Errorf("exit status %d:\n%s", status, &stdout)
		}
	})
	// These settings are those of a running server, which uses the port itself.
	for name, tt := range map[string]struct {
		env  map[string]string
		asks bool
	}{
		"a port in use":            {map[string]string{"INSTAVIEW_MCP_TRANSPORT": "http"}, true},
		"a port in use and others": {map[string]string{"INSTAVIEW_MCP_TRANSPORT": "http", "INSTAVIEW_MCP_AUTH_TOKEN": "short", "INSTAVIEW_MCP_LOG_FORMAT": "xml"}, true},
		"callers' keys":            {map[string]string{"INSTAVIEW_MCP_TRANSPORT": "http", "INSTAVIEW_MCP_CALLER_KEYS": "true", "INSTAVIEW_API_KEY": ""}, true},
		"a wait too long":          {map[string]string{"INSTAVIEW_MCP_MAX_WAIT": "1h"}, true},
		"no key":                   {map[string]string{"INSTAVIEW_API_KEY": ""}, false},
		"no company":               {map[string]string{"INSTAVIEW_COMPANY_ID": "a b"}, false},
		"callers' keys in vain":    {map[string]string{"INSTAVIEW_MCP_TRANSPORT": "http", "INSTAVIEW_MCP_CALLER_KEYS": "yes"}, false},
	} {
		t.Run("asks in spite of "+name, func(t *testing.T) {
			taken := httptest.NewServer(nil)
			defer taken.Close()
			asked := false
			upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked = true
				w.WriteHeader(401)
			}))
			defer upstream.Close()
			env := map[string]string{"INSTAVIEW_API_KEY": "sk_live_1", "INSTAVIEW_BASE_URL": upstream.URL, "INSTAVIEW_MCP_ADDR": taken.Listener.Addr().String()}
			maps.Copy(env, tt.env)
			want := []string{"configuration  failed  INSTAVIEW_"}
			if tt.asks {
				want = append(want, "reachability   ok      answered in", "key            ")
			}
			execute(t, env, "check").wants(t, 1, want, nil)
			if asked != tt.asks {
				t.Errorf("asked %t, want %t", asked, tt.asks)
			}
		})
	}
	t.Run("a literal reference", func(t *testing.T) {
		env := map[string]string{"INSTAVIEW_API_KEY": "${KEY}"}
		execute(t, env, "check").wants(t, 1, []string{"configuration  failed  INSTAVIEW_API_KEY is a literal ${…}"}, nil)
	})
	t.Run("a warning", func(t *testing.T) {
		env := map[string]string{"INSTAVIEW_COMPANY_ID": "${COMPANY}"}
		execute(t, env, "--demo", "check").wants(t, 0, []string{"warning INSTAVIEW_COMPANY_ID is a literal ${…}"}, nil)
	})
	t.Run("no key", func(t *testing.T) {
		execute(t, nil, "check").wants(t, 1, []string{"configuration  failed  INSTAVIEW_API_KEY is not set"}, nil)
	})
	t.Run("words after it", func(t *testing.T) {
		execute(t, nil, "--demo", "check", "all").wants(t, 1, nil, []string{"check takes no arguments"})
	})
}

func TestAReportThatCannotBeWrittenIsAFailure(t *testing.T) {
	stdout, w := io.Pipe()
	_ = stdout.Close()
	var stderr bytes.Buffer
	status := Run(t.Context(), System{
		Args:   []string{"--demo", "check"},
		Stdout: w,
		Stderr: &stderr,
	})
	outcome{status: status, stderr: stderr.String()}.wants(t, 1, nil, []string{"instaview-mcp: write the report: io: read/write on closed pipe\n"})
}

func ago(d time.Duration) string { return time.Now().Add(-d).UTC().Format(http.TimeFormat) }
