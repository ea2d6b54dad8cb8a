package config

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

// load reads env, and the key if it has one.
func load(t *testing.T, env map[string]string) (Config, error) {
	t.Helper()
	c, err := Load(t.Context(), func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	})
	if err == nil {
		if keyErr := c.ReadKey(); keyErr != errNoKey {
			err = keyErr
		}
	}
	return c, err
}

func TestDefaults(t *testing.T) {
	c, err := load(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		BaseURL: "https://api.instaview.sk", RequestsPerMinute: 108, DefaultWait: 50 * time.Second,
		MaxWait: 240 * time.Second, MaxWaits: 90, LogLevel: slog.LevelInfo, LogFormat: "text",
		Transport: Stdio, Addr: "127.0.0.1:8080", MaxConnections: 12_000,
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v, want %+v", c, want)
	}
}

func TestValuesAreReadAndTrimmed(t *testing.T) {
	c, err := load(t, map[string]string{
		"INSTAVIEW_API_KEY": " sk_live_1\n", "INSTAVIEW_BASE_URL": "http://127.0.0.1:8080 ", "INSTAVIEW_COMPANY_ID": "c1",
		"INSTAVIEW_REQUESTS_PER_MINUTE": "30", "INSTAVIEW_ALLOW_CONTACTS": "true", "INSTAVIEW_MCP_DEFAULT_WAIT": "20s",
		"INSTAVIEW_MCP_MAX_WAIT": "1m", "INSTAVIEW_MCP_MAX_WAITS": "5", "INSTAVIEW_MCP_LOG_LEVEL": "debug", "INSTAVIEW_MCP_LOG_FORMAT": "json",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Key.Reveal() != "sk_live_1" || c.APIKey.Reveal() != "" {
		t.Errorf("key %q, and %q left beside it", c.Key.Reveal(), c.APIKey.Reveal())
	}
	if c.BaseURL != "http://127.0.0.1:8080" || c.RequestsPerMinute != 30 || !c.AllowContacts || c.DefaultWait != 20*time.Second ||
		c.MaxWait != time.Minute || c.MaxWaits != 5 || c.LogLevel != slog.LevelDebug || c.CompanyID != "c1" || c.LogFormat != "json" {
		t.Errorf("got %+v", c)
	}
}

// An error names its variable, says what to do, and keeps the value to itself.
func TestErrorsNameTheVariableAndNotTheValue(t *testing.T) {
	for name, values := range map[string][]string{
		"INSTAVIEW_API_KEY":             {"canary value", "canary\nvalue", "canaryč"},
		"INSTAVIEW_API_KEY_FILE":        {"/nonexistent/canary", t.TempDir()},
		"INSTAVIEW_BASE_URL":            {"http://canary.example", "canary", "https://canary:pw@x.example", "https://x.example/?canary"},
		"INSTAVIEW_COMPANY_ID":          {"canary&x=1", "canary id"},
		"INSTAVIEW_REQUESTS_PER_MINUTE": {"canary", "0", "-1", "10001", "1.5"},
		"INSTAVIEW_ALLOW_CONTACTS":      {"canary"},
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
			_, err := load(t, map[string]string{name: value})
			if err == nil {
				t.Errorf("%s=%q is accepted", name, value)
				continue
			}
			if !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s=%q: error %q does not name the variable, or holds the value", name, value, err)
			}
		}
	}
}

func TestTheDefaultWaitIsWithinTheLongest(t *testing.T) {
	for name, tt := range map[string]struct {
		value string
		want  time.Duration // 0 = refused
	}{
		"not set":          {"", 30 * time.Second},
		"not replaced":     {"${WAIT}", 30 * time.Second},
		"set and shorter":  {"20s", 20 * time.Second},
		"set and the same": {"30s", 30 * time.Second},
		"set and longer":   {"31s", 0},
		"set to its usual": {"50s", 0},
	} {
		c, err := load(t, map[string]string{"INSTAVIEW_MCP_MAX_WAIT": "30s", "INSTAVIEW_MCP_DEFAULT_WAIT": tt.value})
		if c.DefaultWait != tt.want || (err != nil) != (tt.want == 0) {
			t.Errorf("%s: %v, %v, want %v", name, c.DefaultWait, err, tt.want)
		}
		if err != nil && !strings.Contains(err.Error(), "INSTAVIEW_MCP_DEFAULT_WAIT must not be longer than INSTAVIEW_MCP_MAX_WAIT") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnUnexpandedReferenceCountsAsUnsetAndIsReported(t *testing.T) {
	for _, value := range []string{
		"${CANARY}", "${env:CANARY}", "${input:canary-key}", "$CANARY", "$env:CANARY", "$(CANARY)", "%CANARY%", "{env:CANARY}", "{{ CANARY }}",
	} {
		c, err := load(t, map[string]string{"INSTAVIEW_API_KEY": value, "INSTAVIEW_REQUESTS_PER_MINUTE": value})
		if err == nil || !strings.HasPrefix(err.Error(), "INSTAVIEW_API_KEY is a literal") || strings.Contains(strings.ToLower(err.Error()), "canary") {
			t.Errorf("%s: the key's absence is explained with %v", value, err)
		}
		if c.Key.Reveal() != "" || c.RequestsPerMinute != 108 || len(c.Warnings) != 2 {
			t.Errorf("%s: key %q, %d a minute, warnings %q", value, c.Key.Reveal(), c.RequestsPerMinute, c.Warnings)
		}
		warnings := strings.Join(c.Warnings, " ")
		for _, want := range []string{"INSTAVIEW_API_KEY is a literal ${…} or the like", "INSTAVIEW_REQUESTS_PER_MINUTE is", "Write the value itself"} {
			if !strings.Contains(warnings, want) {
				t.Errorf("%s: warnings %q lack %q", value, c.Warnings, want)
			}
		}
		if strings.Contains(strings.ToLower(warnings), "canary") {
			t.Errorf("%s: warnings %q hold the value", value, c.Warnings)
		}
	}
}

// InstaView would refuse these as a key like any other, and nobody would know why.
func TestWhatOnlyStandsForAKeyIsExplained(t *testing.T) {
	const quoted, reference, placeholder = "leave them out", "write the key itself", "put your InstaView API key in its place"
	for value, want := range map[string]string{
		`"canary"`: quoted, `'canary'`: quoted, "`canary`": quoted, "“canary”": quoted, `"${CANARY}"`: quoted, `canary"`: quoted,
		"<canary key>": placeholder, "<canary>": placeholder, "your key": placeholder, "YOUR_API_KEY": placeholder, "your-instaview-key-here": placeholder,
		"null": placeholder, "undefined": placeholder, "xxxx": placeholder, "...": placeholder, "[redacted]": placeholder, "INSTAVIEW_API_KEY": placeholder,
		"INSTAVIEW_API_KEY=canary": "a name and = stand before the key", "export KEY=canary": "a name and = stand before the key",
		"${CANARY}": reference, "$CANARY": reference, "%CANARY%": reference, "{env:CANARY}": reference,
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		env := map[string]string{"INSTAVIEW_API_KEY": value, "INSTAVIEW_API_KEY_FILE": path}
		for name := range env {
			if want == reference && name == "INSTAVIEW_API_KEY" {
				continue // counts as not set
			}
			_, err := load(t, map[string]string{name: env[name]})
			if err == nil || !strings.HasPrefix(err.Error(), name+": ") || !strings.Contains(err.Error(), want) {
				t.Errorf("%s with %s: %v, want %q", name, value, err, want)
			} else if strings.Contains(strings.ToLower(err.Error()), "canary") {
				t.Errorf("%s with %s: error %q holds the value", name, value, err)
			}
		}
	}
	for _, key := range []string{"sk_live_1", "yourkey", "eyJhbGciOi.J9-_~+/=", "your_1", "a$b", "50%off%"} {
		if c, err := load(t, map[string]string{"INSTAVIEW_API_KEY": key}); err != nil || c.Key.Reveal() != key {
			t.Errorf("%s: key %q, %v", key, c.Key.Reveal(), err)
		}
	}
}

func TestOnlyAProgramThatAsksInstaViewNeedsAKey(t *testing.T) {
	env := map[string]string{"INSTAVIEW_API_KEY_FILE": "/nonexistent", "INSTAVIEW_BASE_URL": "http://example.com"}
	c, err := Load(t.Context(), func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		t.Errorf("Load: %v", err)
	}
	if c.ReadKey() == nil {
		t.Error("ReadKey takes what cannot be used")
	}
	if err := (&Config{BaseURL: "https://x.example"}).ReadKey(); err != errNoKey {
		t.Errorf("no key: %v", err)
	}
}

func TestP03TheKeyMayComeFromAFileOthersCannotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	write := func(content string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"INSTAVIEW_API_KEY_FILE": path}

	for _, mode := range []os.FileMode{0o600, 0o640, 0o440} {
		write("sk_live_1\n", mode)
		if c, err := load(t, env); err != nil || c.Key.Reveal() != "sk_live_1" {
			t.Errorf("mode %o: key %q, %v", mode, c.Key.Reveal(), err)
		}
		_ = os.Remove(path)
	}
	if runtime.GOOS != "windows" {
		for _, mode := range []os.FileMode{0o644, 0o604, 0o602, 0o601} {
			write("canary", mode)
			if _, err := load(t, env); err == nil || strings.Contains(err.Error(), "canary") {
				t.Errorf("mode %o: %v, want a refusal", mode, err)
			}
			_ = os.Remove(path)
		}
	}
	for content, want := range map[string]string{
		"\ufeffsk_live_1\r\n":            "", // as editors on Windows save it
		"":                               "empty",
		"\ufeff":                         "empty",
		"\xff\xfes\x00k\x00":             "UTF-16",
		"\xfe\xff\x00s\x00k":             "UTF-16",
		"sk\x00live":                     "control character",
		strings.Repeat("x", maxSecret+1): "too large",
	} {
		write(content, 0o600)
		c, err := load(t, env)
		if want == "" && (err != nil || c.Key.Reveal() != "sk_live_1") {
			t.Errorf("%.20q: key %q, %v", content, c.Key.Reveal(), err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.20q: %v, want %q", content, err, want)
		}
	}
	write("sk_live_1", 0o600)
	env["INSTAVIEW_API_KEY"] = "sk_live_2"
	if _, err := load(t, env); err == nil {
		t.Error("two keys are accepted")
	}
}

func TestTheKeyIsNotPrintedWithTheSettings(t *testing.T) {
	c, err := load(t, map[string]string{"INSTAVIEW_API_KEY": "canary"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %#v", c, c, &c)
	c.Logger(&out).Info("settings", "config", c)
	if strings.Contains(out.String(), "canary") {
		t.Errorf("printed: %s", out.String())
	}
}

func TestHTTPAllowsMoreWaitsThanStdio(t *testing.T) {
	for _, tt := range []struct {
		transport, waits string
		want             int // 0 = an error
	}{{"stdio", "", 90}, {"http", "", 10_000}, {"sse", "", 10_000}, {"stdio", "91", 0}, {"http", "91", 91}, {"http", "100001", 0}, {"http", "0", 0}} {
		c, err := load(t, map[string]string{"INSTAVIEW_MCP_TRANSPORT": tt.transport, "INSTAVIEW_MCP_MAX_WAITS": tt.waits})
		if c.MaxWaits != tt.want || (err != nil) != (tt.want == 0) {
			t.Errorf("%s, %q: %d waits, error %v; want %d", tt.transport, tt.waits, c.MaxWaits, err, tt.want)
		}
	}
}

func TestTheTokenIsReadFromWhereverItStands(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("from-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		env  map[string]string
		want string
		err  string
	}{
		"none":     {nil, "", ""},
		"variable": {map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN": " canary "}, "canary", ""},
		"file":     {map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN_FILE": file}, "from-a-file", ""},
		"both":     {map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN_FILE": file, "INSTAVIEW_MCP_AUTH_TOKEN": "canary"}, "", "both set"},
		"empty":    {map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN_FILE": empty}, "", "the file is empty"},
		"no file":  {map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN_FILE": "/nonexistent"}, "", "no such file"},
	} {
		c, err := load(t, tt.env)
		if err != nil {
			t.Fatal(err)
		}
		err = c.ReadToken()
		if c.Token.Reveal() != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %q, error %v; want %q, %q", name, c.Token.Reveal(), err, tt.want, tt.err)
		}
		if strings.Contains(fmt.Sprintf("%+v", c), "canary") && tt.err == "" {
			t.Errorf("%s: the token can be printed", name)
		}
	}
}

func TestASecretCannotBePrintedAtAnyTime(t *testing.T) {
	c, err := Load(t.Context(), func(name string) (string, bool) {
		value, ok := map[string]string{"INSTAVIEW_API_KEY": "canary", "INSTAVIEW_MCP_AUTH_TOKEN": "canary"}[name]
		return value, ok
	})
	if err != nil {
		t.Fatal(err)
	}
	print := func() {
		t.Helper()
		if got := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(got, "canary") {
			t.Errorf("printed: %s", got)
		}
	}
	print()
	if err := errors.Join(c.ReadKey(), c.ReadToken()); err != nil {
		t.Fatal(err)
	}
	print()
	if c.Key.Reveal() != "canary" || c.Token.Reveal() != "canary" {
		t.Error("the secrets were not read")
	}
}
