package config

import (
	"bytes"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"
)

// load reads env as a server does, with a key if env has none.
func load(t *testing.T, env map[string]string) Config {
	t.Helper()
	pairs := []string{"INSTAVIEW_API_KEY=sk_live_0"}
	for name, value := range env {
		if name == "INSTAVIEW_API_KEY" || name == "INSTAVIEW_API_KEY_FILE" {
			pairs[0] = ""
		}
		pairs = append(pairs, name+"="+value)
	}
	return Load(t.Context(), pairs, Use{Serving: true})
}

// wants checks that there is exactly one fault, which contains want, or none if
// want is "".
func (c Config) wants(t *testing.T, what, want string) {
	t.Helper()
	got := strings.Join(c.Faults, "\n")
	if len(c.Faults) > 1 || (got == "") != (want == "") || !strings.Contains(got, want) {
		t.Errorf("%s: faults %q, want %q", what, c.Faults, want)
	}
	if strings.Contains(strings.ToLower(got), "canary") {
		t.Errorf("%s: fault %q holds the value", what, got)
	}
}

func TestDefaults(t *testing.T) {
	got := load(t, nil)
	if got.APIKey.Reveal() != "sk_live_0" {
		t.Errorf("key %q", got.APIKey.Reveal())
	}
	want := Config{
		APIKey: got.APIKey, AuthToken: got.AuthToken, WebhookSecret: got.WebhookSecret, RedisURL: got.RedisURL, // pointers
		BaseURL: "https://api.instaview.sk", RequestsPerMinute: 108, MaxCreditsPerRun: 20, MaxCreditsPerDay: 100, DefaultWait: 50 * time.Second,
		MaxWait: 240 * time.Second, MaxWaits: 90, LogLevel: slog.LevelWarn, LogFormat: "text",
		Transport: Stdio, Apps: true, Addr: "127.0.0.1:8080", MaxConnections: 12_000,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestValuesAreReadAndTrimmed(t *testing.T) {
	c := load(t, map[string]string{
		"INSTAVIEW_API_KEY": " sk_live_1\n", "INSTAVIEW_BASE_URL": "http://127.0.0.1:8080 ", "INSTAVIEW_COMPANY_ID": "\tc1\r\n",
		"INSTAVIEW_REQUESTS_PER_MINUTE": " 30", "INSTAVIEW_ALLOW_CONTACTS": " true ", "INSTAVIEW_MCP_BLIND": " true", "INSTAVIEW_MCP_DEFAULT_WAIT": "20s ",
		"INSTAVIEW_MCP_MAX_WAIT": "1m", "INSTAVIEW_MCP_MAX_WAITS": "5 ", "INSTAVIEW_MCP_LOG_LEVEL": " debug", "INSTAVIEW_MCP_LOG_FORMAT": "json ",
		"INSTAVIEW_MCP_TRANSPORT": " http ", "INSTAVIEW_MCP_AUTH_TOKEN": " canary ", "INSTAVIEW_MCP_ALLOWED_HOSTS": " a.b , c.d ",
		"INSTAVIEW_MCP_ADDR": " :1 ", "INSTAVIEW_MCP_TLS_CERT": " cert ", "INSTAVIEW_MCP_TLS_TERMINATED": " TRUE ",
	})
	c.wants(t, "values with space around them", "")
	if c.APIKey.Reveal() != "sk_live_1" || c.AuthToken.Reveal() != "canary" {
		t.Errorf("key %q, token %q", c.APIKey.Reveal(), c.AuthToken.Reveal())
	}
	if c.BaseURL != "http://127.0.0.1:8080" || c.RequestsPerMinute != 30 || !c.AllowContacts || !c.Blind || c.DefaultWait != 20*time.Second ||
		c.MaxWait != time.Minute || c.MaxWaits != 5 || c.LogLevel != slog.LevelDebug || c.CompanyID != "c1" || c.LogFormat != "json" ||
		c.Transport != HTTP || c.Addr != ":1" || c.TLSCert != "cert" || !c.TLSTerminated || !reflect.DeepEqual(c.AllowedHosts, []string{"a.b", "c.d"}) {
		t.Errorf("got %+v", c)
	}
}

// A fault names its variable and says what to do, without the value.
func TestFaultsNameTheVariableAndNotTheValue(t *testing.T) {
	for name, values := range map[string][]string{
		"INSTAVIEW_API_KEY":             {"canary value", "canary\nvalue", "canaryč"},
		"INSTAVIEW_API_KEY_FILE":        {"/nonexistent/canary", t.TempDir()},
		"INSTAVIEW_BASE_URL":            {"http://canary.example", "canary", "https://canary:pw@x.example", "https://x.example/?canary"},
		"INSTAVIEW_COMPANY_ID":          {"canary&x=1", "canary id"},
		"INSTAVIEW_REQUESTS_PER_MINUTE": {"canary", "0", "-1", "1000001", "1.5"},
		"INSTAVIEW_ALLOW_CONTACTS":      {"canary"},
		"INSTAVIEW_MCP_BLIND":           {"canary", "yes"},
		"INSTAVIEW_MCP_DEFAULT_WAIT":    {"canary", "0s", "241s", "50"},
		"INSTAVIEW_MCP_MAX_WAIT":        {"canary", "-1s", "5m"},
		"INSTAVIEW_MCP_MAX_WAITS":       {"canary", "0", "91"},
		"INSTAVIEW_MCP_TRANSPORT":       {"canary", "STDIO"},
		"INSTAVIEW_MCP_CALLER_KEYS":     {"canary"},
		"INSTAVIEW_MCP_TLS_TERMINATED":  {"canary"},
		"INSTAVIEW_MCP_MAX_CONNECTIONS": {"canary", "0", "100001"},
		"INSTAVIEW_MCP_LOG_LEVEL":       {"canary"},
		"INSTAVIEW_MCP_LOG_FORMAT":      {"canary"},
	} {
		for _, value := range values {
			load(t, map[string]string{name: value}).wants(t, name+"="+value, name)
		}
	}
}

func TestEveryFaultIsToldInTheOrderOfTheTable(t *testing.T) {
	env := map[string]string{
		"INSTAVIEW_MCP_LOG_FORMAT": "xml", "INSTAVIEW_API_KEY": "your key", "INSTAVIEW_MCP_MAX_WAIT": "1h", "INSTAVIEW_BASE_URL": "http://example.com",
		"INSTAVIEW_COMPANY_ID": "a b", "INSTAVIEW_MCP_CALLER_KEYS": "perhaps", "INSTAVIEW_ALLOW_CONTACTS": `"true"`, "INSTAVIEW_MCP_MAX_WAITS": "100",
	}
	want := []string{
		"INSTAVIEW_API_KEY: the placeholder of an example stands there: put your InstaView API key in its place",
		"INSTAVIEW_BASE_URL: the base URL must be https (http only for a loopback address)",
		"INSTAVIEW_COMPANY_ID must be an id of letters, digits, - and _",
		"INSTAVIEW_ALLOW_CONTACTS: the value has quotation marks around it: leave them out",
		"INSTAVIEW_MCP_MAX_WAIT must be a duration from 1s to 240s, such as 240s",
		"INSTAVIEW_MCP_MAX_WAITS must be a whole number from 1, over stdio to 90, over HTTP to 100000",
		"INSTAVIEW_MCP_CALLER_KEYS must be true or false",
		"INSTAVIEW_MCP_LOG_FORMAT must be text or json",
	}
	for range 20 { // because a map's order varies
		if got := load(t, env).Faults; !reflect.DeepEqual(got, want) {
			t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestFaultyValuesAreReplacedByTheDefaults(t *testing.T) {
	c := load(t, map[string]string{
		"INSTAVIEW_REQUESTS_PER_MINUTE": "0", "INSTAVIEW_MCP_LOG_LEVEL": "loud", "INSTAVIEW_MCP_DEFAULT_WAIT": "1h", "INSTAVIEW_MCP_TRANSPORT": "grpc",
	})
	if c.RequestsPerMinute != 108 || c.LogLevel != slog.LevelWarn || c.DefaultWait != 50*time.Second || c.Transport != Stdio || len(c.Faults) != 4 {
		t.Errorf("got %+v", c)
	}
}

func TestTheDefaultWaitIsWithinTheLongest(t *testing.T) {
	const tooLong = "INSTAVIEW_MCP_DEFAULT_WAIT must not be longer than INSTAVIEW_MCP_MAX_WAIT"
	for name, tt := range map[string]struct {
		value string
		want  time.Duration
		fault string
	}{
		"not set":          {"", 30 * time.Second, ""},
		"not replaced":     {"${WAIT}", 30 * time.Second, ""},
		"not a duration":   {"canary", 30 * time.Second, "INSTAVIEW_MCP_DEFAULT_WAIT must be a duration"},
		"set and shorter":  {"20s", 20 * time.Second, ""},
		"set and the same": {"30s", 30 * time.Second, ""},
		"set and longer":   {"31s", 30 * time.Second, tooLong},
		"set to its usual": {"50s", 30 * time.Second, tooLong},
	} {
		c := load(t, map[string]string{"INSTAVIEW_MCP_MAX_WAIT": "30s", "INSTAVIEW_MCP_DEFAULT_WAIT": tt.value})
		c.wants(t, name, tt.fault)
		if c.DefaultWait != tt.want {
			t.Errorf("%s: %v, want %v", name, c.DefaultWait, tt.want)
		}
	}
}

func TestTheTransportDecidesSomeDefaults(t *testing.T) {
	for _, tt := range []struct {
		transport, waits string
		want             int
		fault            string
	}{
		{"stdio", "", 90, ""},
		{"http", "", 10_000, ""},
		{"sse", "", 10_000, ""},
		{"http", "91", 91, ""},
		{"stdio", "91", 90, "INSTAVIEW_MCP_MAX_WAITS"},
		{"http", "100001", 10_000, "INSTAVIEW_MCP_MAX_WAITS"},
		{"http", "0", 10_000, "INSTAVIEW_MCP_MAX_WAITS"},
	} {
		c := load(t, map[string]string{"INSTAVIEW_MCP_TRANSPORT": tt.transport, "INSTAVIEW_MCP_MAX_WAITS": tt.waits})
		c.wants(t, tt.transport+" "+tt.waits, tt.fault)
		if c.MaxWaits != tt.want {
			t.Errorf("%s, %q: %d waits, want %d", tt.transport, tt.waits, c.MaxWaits, tt.want)
		}
		level := slog.LevelInfo
		if tt.transport == Stdio {
			level = slog.LevelWarn
		}
		if c.LogLevel != level {
			t.Errorf("%s: level %v, want %v", tt.transport, c.LogLevel, level)
		}
	}
	if c := load(t, map[string]string{"INSTAVIEW_MCP_LOG_LEVEL": "info"}); c.LogLevel != slog.LevelInfo {
		t.Errorf("level %v over stdio, want the one that is set", c.LogLevel)
	}
}

func TestCallersBringTheirKeysToAServerOverHTTP(t *testing.T) {
	const exclude, needsHTTP = "exclude each other", "needs HTTP"
	for name, tt := range map[string]struct {
		env  map[string]string
		want string
	}{
		"over HTTP":                {map[string]string{"INSTAVIEW_MCP_TRANSPORT": "http", "INSTAVIEW_API_KEY": ""}, ""},
		"over stdio":               {map[string]string{"INSTAVIEW_API_KEY": ""}, needsHTTP},
		"beside a key":             {map[string]string{"INSTAVIEW_MCP_TRANSPORT": "http", "INSTAVIEW_API_KEY": "k"}, exclude},
		"beside a file":            {map[string]string{"INSTAVIEW_MCP_TRANSPORT": "sse", "INSTAVIEW_API_KEY_FILE": "/nonexistent"}, exclude},
		"over an unknown one":      {map[string]string{"INSTAVIEW_MCP_TRANSPORT": "htpp", "INSTAVIEW_API_KEY": ""}, "INSTAVIEW_MCP_TRANSPORT must be"},
		"with a base URL of http:": {map[string]string{"INSTAVIEW_MCP_TRANSPORT": "http", "INSTAVIEW_API_KEY": "", "INSTAVIEW_BASE_URL": "http://x.example"}, "INSTAVIEW_BASE_URL"},
	} {
		tt.env["INSTAVIEW_MCP_CALLER_KEYS"] = "true"
		load(t, tt.env).wants(t, name, tt.want)
	}
	// A single call uses its own key, not its callers'.
	pairs := []string{"INSTAVIEW_MCP_CALLER_KEYS=true", "INSTAVIEW_API_KEY=k", "INSTAVIEW_MCP_TRANSPORT=http"}
	Load(t.Context(), pairs, Use{}).wants(t, "a call", "")
}

func TestTheDemoNeedsNothingOfInstaViews(t *testing.T) {
	pairs := []string{"INSTAVIEW_API_KEY_FILE=/nonexistent", "INSTAVIEW_BASE_URL=http://example.com", `INSTAVIEW_API_KEY="k"`}
	Load(t.Context(), pairs, Use{Demo: true}).wants(t, "the demo", "")
	if c := Load(t.Context(), pairs, Use{}); len(c.Faults) != 3 {
		t.Errorf("without the demo: %q", c.Faults)
	}
	Load(t.Context(), nil, Use{}).wants(t, "nothing set", "INSTAVIEW_API_KEY is not set")
}

func TestASecretCannotBePrinted(t *testing.T) {
	c := load(t, map[string]string{"INSTAVIEW_API_KEY": "canary", "INSTAVIEW_MCP_AUTH_TOKEN": "canary", "INSTAVIEW_MCP_TRANSPORT": "http"})
	if c.APIKey.Reveal() != "canary" || c.AuthToken.Reveal() != "canary" {
		t.Fatal("the secrets were not read")
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %#v", c, c, &c)
	c.Logger(&out).Info("settings", "config", c)
	if strings.Contains(out.String(), "canary") {
		t.Errorf("printed: %s", out.String())
	}
}
