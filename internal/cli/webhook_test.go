package cli

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"instaview-mcp/internal/sandbox"
)

var update = flag.Bool("update", false, "rewrite golden files")

const (
	hookSecret = "correct-horse-battery-staple"
	hookURL    = "https://mcp.example.com/webhooks/instaview"
	aHook      = "5f0c0a52-7e7b-4b39-8f6e-0d6a3f8d2c11"
)

// webhookEnv are the settings for webhooks of an upstream.
func webhookEnv(upstream string, more ...string) map[string]string {
	env := map[string]string{"INSTAVIEW_API_KEY": sandbox.Key, "INSTAVIEW_BASE_URL": upstream, "INSTAVIEW_MCP_WEBHOOK_SECRET": hookSecret}
	for _, pair := range more {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return env
}

var (
	aUUID    = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	volatile = []struct {
		pattern *regexp.Regexp
		name    string
	}{
		{aUUID, "ID"}, {regexp.MustCompile(`127\.0\.0\.1:\d+`), "HOST"}, {regexp.MustCompile(` after \d+ ms`), ""},
		{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "SIGNING-SECRET"}, {regexp.MustCompile(`since \d{4}-\d\d-\d\d \d\d:\d\d`), "since TIME"},
	}
)

// A webhook's life from the shell, against the sandbox and a webhook's server.
func TestALifeOfAWebhook(t *testing.T) {
	for shape, opts := range map[string][]sandbox.Option{"wrapped": nil, "flat": {sandbox.WithFlatWebhooks()}} {
		t.Run(shape, func(t *testing.T) {
			var secret atomic.Value // that the webhook's server has
			secret.Store(hookSecret)
			target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path != webhookPath:
					w.WriteHeader(404)
				case r.Header.Get(webhookHeader) != secret.Load():
					w.WriteHeader(401)
				default:
					w.WriteHeader(204)
				}
			}))
			defer target.Close()
			s := sandbox.New(opts...)
			defer s.Close()
			upstream := httptest.NewServer(s)
			defer upstream.Close()
			env := webhookEnv(upstream.URL, "INSTAVIEW_COMPANY_ID=acme")

			var text strings.Builder
			id := ""
			run := func(args ...string) {
				got := execute(t, env, append([]string{"webhook"}, args...)...)
				fmt.Fprintf(&text, "$ instaview-mcp webhook %s\n%s%s(%d)\n\n", strings.Join(args, " "), got.stderr, got.stdout, got.status)
				if strings.Contains(got.stdout+got.stderr, hookSecret) || strings.Contains(got.stdout+got.stderr, sandbox.Key) {
					t.Errorf("%q shows a secret:\n%s%s", args, got.stderr, got.stdout)
				}
				if found := aUUID.FindString(got.stdout); found != "" {
					id = found
				}
			}
			run("create", "--url", target.URL+webhookPath)
			run("list")
			run("create", "--yes", "--url", target.URL+webhookPath)
			run("list")
			run("test", id)
			secret.Store("another-secret-than-that")
			for range 5 {
				run("test", id)
			}
			run("list")
			run("delete", id)
			run("delete", "--yes", id)
			run("list")
			for _, action := range []string{"test", "delete"} {
				run(action, id)
			}
			run("create", "--yes", "--show-signing-secret", "--name", "Two words", "--url", target.URL+"/elsewhere")
			run("test", id)

			got := text.String()
			for _, v := range volatile {
				got = v.pattern.ReplaceAllString(got, v.name)
			}
			const golden = "testdata/webhook.txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if diff := cmp.Diff(string(want), got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

func TestWhatCreateSends(t *testing.T) {
	var got []string
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.RequestURI()+" "+strings.TrimSpace(string(body)))
		_, _ = io.WriteString(w, `{"id":"`+aHook+`"}`)
	}))
	defer upstream.Close()
	file := t.TempDir() + "/secret"
	if err := os.WriteFile(file, []byte("a-secret-out-of-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fromFile := webhookEnv(upstream.URL, "INSTAVIEW_MCP_WEBHOOK_SECRET=", "INSTAVIEW_MCP_WEBHOOK_SECRET_FILE="+file)
	execute(t, webhookEnv(upstream.URL), "webhook", "create", "--url", hookURL, "--yes").wants(t, 0,
		[]string{"Webhook " + aHook + " is registered.\nNext: instaview-mcp webhook test " + aHook + "\n"}, []string{"with the value of INSTAVIEW_MCP_WEBHOOK_SECRET\n"})
	execute(t, fromFile, "--yes", "webhook", "create", "--dotted-events", "--show-signing-secret", "--name=x", "--url="+hookURL).wants(t, 0,
		[]string{"held no signing secret"}, []string{"with the value of the file in INSTAVIEW_MCP_WEBHOOK_SECRET_FILE\n"})
	want := []string{
		`POST /webhooks {"url":"` + hookURL + `","name":"instaview-mcp","events":["SOURCING_COMPLETED","SOURCING_FAILED","PING"],"headers":[{"name":"X-InstaView-Webhook-Secret","value":"` + hookSecret + `"}]}`,
		`POST /webhooks {"url":"` + hookURL + `","name":"x","events":["sourcing.completed","sourcing.failed","ping"],"headers":[{"name":"X-InstaView-Webhook-Secret","value":"a-secret-out-of-a-file"}]}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMistakesInWebhookCommandsMakeNoRequest(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request was made") }))
	defer upstream.Close()
	env := webhookEnv(upstream.URL)
	without := maps.Clone(env)
	delete(without, "INSTAVIEW_MCP_WEBHOOK_SECRET")
	for want, args := range map[string][]string{
		"webhook needs what to do: create, list, test or delete\n": {},
		"what to do: create, list, test or delete":                 {"register"},
		"webhook list takes no arguments":                          {"list", aHook},
		"webhook create takes no arguments":                        {"create", hookURL},
		"webhook list takes no --yes":                              {"list", "--yes"},
		"webhook delete takes no --url":                            {"delete", aHook, "--url", hookURL},
		"webhook takes no --csv: only call does":                   {"list", "--csv", "x"},
		"webhook test needs the id of one webhook":                 {"test"},
		"webhook delete needs the id of one webhook":               {"delete", aHook, aHook},
		"webhook delete: that is no id of a webhook":               {"delete", "../sourcing"},
		"webhook test: that is no id of a webhook":                 {"test", "a%2Fb"},
		"webhook create needs --url https://HOST":                  {"create", "--yes"},
		"URL must be https":                                        {"create", "--yes", "--url", "http://mcp.example.com" + webhookPath},
		"must not hold a user":                                     {"create", "--yes", "--url", "https://u:canary@mcp.example.com/"},
		"longer than 2048 characters":                              {"create", "--yes", "--url", "https://" + strings.Repeat("a", 2048)},
		"outside ASCII":                                            {"create", "--yes", "--url", "https://\x1b[2J"},
		"name is longer than 255":                                  {"create", "--yes", "--url", hookURL, "--name", strings.Repeat("x", 256)},
		"nothing was registered: nobody can be asked here":         {"create", "--url", hookURL},
	} {
		got := execute(t, env, append([]string{"webhook"}, args...)...)
		got.wants(t, 1, nil, []string{want})
		if proposed := strings.Contains(got.stderr, "This would register"); proposed != strings.HasPrefix(want, "nothing was registered") {
			t.Errorf("%q: proposed %v:\n%s", args, proposed, got.stderr)
		}
		if strings.ContainsAny(got.stderr, "\x1b") || strings.Contains(got.stderr, "canary") {
			t.Errorf("%q: %q", args, got.stderr)
		}
	}
	for want, value := range map[string]string{"INSTAVIEW_MCP_WEBHOOK_SECRET is not set": "", "must have 16 to 4096 characters": "short", "ASCII without spaces": "correct horse battery staple"} {
		without["INSTAVIEW_MCP_WEBHOOK_SECRET"] = value
		execute(t, without, "webhook", "create", "--yes", "--url", hookURL).wants(t, 1, nil, []string{want})
	}
}

// answer is what an upstream answers every request with.
type answer struct {
	status  int
	body    string
	headers []string
}

func (a answer) serve(t *testing.T) (url string, requests *atomic.Int32) {
	requests = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		for i := 0; i < len(a.headers); i += 2 {
			w.Header().Set(a.headers[i], a.headers[i+1])
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

// webhookCommands are one of each, which need no question.
var webhookCommands = map[string][]string{
	"create": {"webhook", "create", "--yes", "--url", hookURL}, "list": {"webhook", "list"},
	"test": {"webhook", "test", aHook}, "delete": {"webhook", "delete", "--yes", aHook},
}

func TestErrorsOfWebhookCommandsSayWhatToDo(t *testing.T) {
	sent := func(status string) map[string]string {
		return map[string]string{
			"create": "it is not known whether InstaView did it: HTTP " + status + ". Look with instaview-mcp webhook list before you try again",
			"test":   "it is not known whether the test arrived: HTTP " + status + ". Look into the log of the webhook's server",
		}
	}
	for name, tt := range map[string]struct {
		answer
		want  string // of all commands
		other map[string]string
	}{
		"400": {answer{400, `{"message":["x"]}`, nil}, "HTTP 400: InstaView does not take the request: check INSTAVIEW_COMPANY_ID", map[string]string{
			"create": "HTTP 400: InstaView does not take this webhook: check --url, and try --dotted-events", "test": "must have subscribed to the ping event"}},
		"401":         {answer{401, `{}`, nil}, "HTTP 401: InstaView refused the API key: put a valid one into INSTAVIEW_API_KEY", nil},
		"suspended":   {answer{401, `{"error":{"code":"API_KEY_SUSPENDED"}}`, nil}, "suspended: have it reactivated", nil},
		"402":         {answer{402, `{}`, nil}, "HTTP 402: the account has no credits left", nil},
		"403":         {answer{403, `{"message":"Required scope write:webhooks not found","error":"Forbidden","statusCode":403}`, nil}, "HTTP 403: the API key may not do this: it needs the scope write:webhooks", nil},
		"a proxy's":   {answer{403, `<html>`, nil}, "a proxy or another server refused the request", nil},
		"404":         {answer{404, `{"error":{"code":"RESOURCE_NOT_FOUND"}}`, nil}, "HTTP 404: InstaView has no webhook " + aHook + " for this key: instaview-mcp webhook list shows those it has", map[string]string{"create": "check INSTAVIEW_BASE_URL", "list": "check INSTAVIEW_BASE_URL"}},
		"another's":   {answer{404, `<html>`, nil}, "there are no webhooks at that address: check INSTAVIEW_BASE_URL", nil},
		"409":         {answer{409, `{}`, nil}, "HTTP 409: InstaView has such a webhook already, or is changing it: look with instaview-mcp webhook list", nil},
		"422":         {answer{422, `{}`, nil}, "HTTP 422: InstaView does not take the request", map[string]string{"create": "try --dotted-events", "test": "ping event"}},
		"429":         {answer{429, `{}`, []string{"Retry-After", "90"}}, "HTTP 429: the API key's request limit is used up: try again in 1 min 30 s", nil},
		"500":         {answer{500, `{}`, nil}, "HTTP 500: try again later", sent("500")},
		"502":         {answer{502, `<html>`, nil}, "HTTP 502: try again later", sent("502")},
		"a redirect":  {answer{307, ``, []string{"Location", "https://example.com/"}}, "HTTP 307, redirect not followed: InstaView's answer is not understood: check INSTAVIEW_BASE_URL", sent("307, redirect not followed")},
		"a login":     {answer{200, `<html>`, nil}, "InstaView's answer is not understood: check INSTAVIEW_BASE_URL", sent("200, body is not the documented JSON")},
		"empty":       {answer{200, ``, nil}, "InstaView's answer is not understood", sent("200, body is not the documented JSON")},
		"huge":        {answer{200, `{"id":"` + strings.Repeat("x", 5<<20) + `"}`, nil}, "InstaView's answer is not understood", sent("200, body is not the documented JSON")},
		"deep":        {answer{200, strings.Repeat(`{"data":`, 100_000), nil}, "InstaView's answer is not understood", sent("200, body is not the documented JSON")},
		"deep arrays": {answer{200, strings.Repeat(`[`, 100_000), nil}, "InstaView's answer is not understood", sent("200, body is not the documented JSON")},
	} {
		t.Run(name, func(t *testing.T) {
			for command, args := range webhookCommands {
				url, requests := tt.serve(t)
				want := tt.want
				if tt.other[command] != "" {
					want = tt.other[command]
				}
				execute(t, webhookEnv(url), args...).wants(t, 1, nil, []string{want})
				if got := requests.Load(); got != 1 {
					t.Errorf("%s: %d requests", command, got)
				}
			}
		})
	}
	url, _ := answer{400, `{}`, nil}.serve(t)
	execute(t, webhookEnv(url), append(webhookCommands["create"], "--dotted-events")...).wants(t, 1, nil, []string{"check --url, and try it without --dotted-events"})
	for _, args := range webhookCommands {
		execute(t, webhookEnv("http://127.0.0.1:9"), args...).wants(t, 1, nil, []string{"connection refused: try again later; if it stays so, check INSTAVIEW_BASE_URL, the network"})
	}
}

// The last request of delete, whose outcome matters.
func TestADeletionWithoutAnAnswerIsNotRepeated(t *testing.T) {
	var deletions atomic.Int32
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			deletions.Add(1)
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, `{"data":{"id":"`+aHook+`","url":"`+hookURL+`"}}`)
	}))
	defer upstream.Close()
	execute(t, webhookEnv(upstream.URL), webhookCommands["delete"]...).wants(t, 1, nil,
		[]string{"- url: " + hookURL, "it is not known whether InstaView did it: connection broken. Look with instaview-mcp webhook list"})
	if got := deletions.Load(); got != 1 {
		t.Errorf("%d requests", got)
	}
}

func TestResultsOfATestSayWhatToDo(t *testing.T) {
	for body, want := range map[string]string{
		`{"success":true,"data":{"success":true,"httpStatus":204,"durationMs":83,"message":"ok"}}`: "The test was delivered: HTTP 204 after 83 ms.\n",
		`{"data":{"success":true}}`: "The test was delivered.\n",
		`{"success":true,"data":{"success":false,"httpStatus":401,"durationMs":12500,"message":"Un“auth”orized"}}`: "The test was not delivered: HTTP 401 after 13 s.\nInstaView says: “Un'auth'orized”\nThe server has another secret:",
		`{"data":{"success":false}}`:                   "The test was not delivered: no answer.\nInstaView reached no server at the URL",
		`{"data":{"success":false,"httpStatus":403}}`:  "put it into INSTAVIEW_MCP_ALLOWED_HOSTS",
		`{"data":{"success":false,"httpStatus":404}}`:  "Nothing takes deliveries there: set INSTAVIEW_MCP_WEBHOOK_SECRET",
		`{"data":{"success":false,"httpStatus":301}}`:  "register the URL that it leads to",
		`{"data":{"success":false,"httpStatus":502}}`:  "has a fault: look into their logs",
		`{"data":{"success":false,"httpStatus":413}}`:  "refuses the delivery: look into their logs",
		`{"success":false,"httpStatus":401,"data":[]}`: "The test was not delivered: HTTP 401.\n",
	} {
		url, _ := answer{200, body, nil}.serve(t)
		execute(t, webhookEnv(url), "webhook", "test", aHook).wants(t, map[bool]int{true: 0, false: 1}[strings.Contains(want, "was delivered")], []string{want}, nil)
	}
}

// A terminal obeys escape sequences, and a list must not look like another.
func TestTextsOfWebhooksAreCleaned(t *testing.T) {
	hostile := `\u001b[2J\u001b]0;x\u0007Evil\u202e\n  state    active\u0000\u200b`
	body := `[{"id":"` + aHook + `","url":"https://x.example/` + hostile + `","name":"` + hostile + `","companyId":"` + hostile + `","events":["` + hostile + `",2],` +
		`"headers":[{"name":"` + hostile + `"},{"name":"x-instaview-webhook-secret"}],"isActive":false,"consecutiveFailures":4,"circuitOpenedAt":"` + hostile + `"},` +
		`{"id":"` + hostile + `"},{"id":"a"}]`
	url, _ := answer{200, body, nil}.serve(t)
	got := execute(t, webhookEnv(url), "webhook", "list")
	got.wants(t, 0, []string{aHook + "\n  url      ", "\n  name     Evil state active\n", "\n  events   Evil state active, 2\n", "\n  headers  Evil state active, x-instaview-webhook-secret\n",
		"\n  state    stopped by InstaView, 4 failed deliveries in a row: mend", "\na\n  url      unknown\n  name     none\n  events   none\n  company  every company of the key\n  headers  none; without X-InstaView-Webhook-Secret a server",
		"state    unknown\n", "Entries that could not be read: 1\n"}, nil)
	if strings.ContainsFunc(got.stdout, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f || r == '\u202e' || r == '\u200b' }) || strings.Count(got.stdout, "\n") != 15 {
		t.Errorf("%q", got.stdout)
	}
}

// Whatever an upstream sends back, in success and in errors, no command shows
// the key, the secret or an unasked signing secret, at any level of the log.
func TestNoWebhookCommandShowsASecret(t *testing.T) {
	const key, signing = "SK_LIVE_CANARY0123456789", "CA11AB1E00112233445566778899AABBCCDDEEFF00112233445566778899AABB"
	const secret = "HOOKS_CANARY_0123456789"
	for _, canary := range []string{key, secret, signing} {
		split, cut := canary[:5]+`\u200b`+canary[5:], strings.Repeat("x", 188)+canary
		all := `"id":"` + aHook + `","url":"https://x.example/` + canary + `","name":"` + cut + `","companyId":"` + split + `","events":["` + canary + `","` + split + `"],` +
			`"headers":[{"name":"` + canary + `","value":"` + canary + `"}],"message":"` + cut + `","success":false,"deliveryId":"` + canary + `"`
		if canary == signing { // which texts may repeat, as nobody knows it before
			all = `"id":"` + aHook + `"`
		}
		all += `,"signingSecret":"` + canary + `"`
		for name, a := range map[string]answer{
			"flat":       {200, `{` + all + `}`, nil},
			"wrapped":    {201, `{"data":{` + all + `}}`, nil},
			"the list":   {200, `{"data":{"data":[{` + all + `},{"id":"` + canary + `"}]}}`, nil},
			"an id":      {200, `{"id":"` + canary + `"}`, nil},
			"a 400":      {400, `{"error":{"code":"` + canary + `","message":"` + canary + `"},"signingSecret":"` + canary + `"}`, []string{"X-Secret", canary}},
			"a 404":      {404, `{"errorCode":"` + canary + `"}`, nil},
			"a 409":      {409, canary, nil},
			"a 500":      {500, `{"message":"` + canary + `"}`, nil},
			"a redirect": {302, canary, []string{"Location", "http://127.0.0.1:1/" + canary}},
			"broken":     {200, `{"id":"` + canary, nil},
		} {
			if canary == signing && (name == "an id" || name == "the list") {
				continue // as above
			}
			url, _ := a.serve(t)
			env := webhookEnv(url, "INSTAVIEW_API_KEY="+key, "INSTAVIEW_MCP_WEBHOOK_SECRET="+secret, "INSTAVIEW_MCP_LOG_LEVEL=debug")
			for command, args := range webhookCommands {
				got := execute(t, env, args...)
				if text := got.stdout + got.stderr; strings.Contains(text, canary[:8]) {
					t.Errorf("%s, %s: %s", command, name, text)
				}
			}
		}
	}
}

func TestWebhooksOfTheDemo(t *testing.T) {
	env := map[string]string{"INSTAVIEW_MCP_WEBHOOK_SECRET": hookSecret}
	execute(t, env, "--demo", "webhook", "create", "--yes", "--url", hookURL).wants(t, 0, []string{"is registered.", "The sandbox of --demo lives in this process and forgets the webhook now."}, []string{"with the demo's sandbox:"})
	execute(t, nil, "--demo", "webhook", "list").wants(t, 0, []string{"No webhook is registered."}, nil)
}

func TestWebhookHelp(t *testing.T) {
	help := execute(t, nil, "webhook", "-h")
	want := []string{"-url URL", "-name NAME", "-dotted-events", "-show-signing-secret", "-yes"}
	for _, action := range webhookActionNames() {
		want = append(want, "instaview-mcp webhook "+action)
	}
	help.wants(t, 0, want, nil)
	for _, action := range webhookActions() {
		for _, name := range action.flags {
			if !slices.ContainsFunc(strings.Split(help.stdout, "\n"), func(line string) bool { return strings.HasPrefix(line, "  -"+name) }) {
				t.Errorf("%s: --%s is not in the help", action.name, name)
			}
		}
	}
}
