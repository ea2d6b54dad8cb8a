package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func writeFile(t *testing.T, content string, mode os.FileMode) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// InstaView would refuse these like any wrong key, without saying what they
// are.
func TestWhatOnlyStandsForAKeyIsExplained(t *testing.T) {
	const quoted, reference, placeholder = "leave them out", "write the value itself", "put your InstaView API key in its place"
	for value, want := range map[string]string{
		`"canary"`: quoted, `'canary'`: quoted, "`canary`": quoted, "“canary”": quoted, `"${CANARY}"`: quoted, `canary"`: quoted, `can"ary`: quoted,
		"<canary key>": placeholder, "<canary>": placeholder, "your key": placeholder, "YOUR_API_KEY": placeholder, "your-instaview-key-here": placeholder,
		"null": placeholder, "undefined": placeholder, "xxxx": placeholder, "...": placeholder, "[redacted]": placeholder, "INSTAVIEW_API_KEY": placeholder,
		"INSTAVIEW_API_KEY=canary": "a name and = stand before the key", "export KEY=canary": "a name and = stand before the key",
		"${CANARY}": reference, "$CANARY": reference, "%CANARY%": reference, "{env:CANARY}": reference,
	} {
		if want != reference { // a reference counts as not set
			c := load(t, map[string]string{"INSTAVIEW_API_KEY": value})
			c.wants(t, value, want)
			c.wants(t, value, "INSTAVIEW_API_KEY: ")
		}
		c := load(t, map[string]string{"INSTAVIEW_API_KEY_FILE": writeFile(t, value+"\n", 0o600)})
		c.wants(t, "a file with "+value, want)
		c.wants(t, "a file with "+value, "INSTAVIEW_API_KEY_FILE: ")
	}
	for _, key := range []string{"sk_live_1", "yourkey", "eyJhbGciOi.J9-_~+/=", "your_1", "a$b", "50%off%"} {
		c := load(t, map[string]string{"INSTAVIEW_API_KEY": key})
		c.wants(t, key, "")
		if c.APIKey.Reveal() != key {
			t.Errorf("%s: key %q", key, c.APIKey.Reveal())
		}
	}
}

func TestP03TheKeyMayComeFromAFileOthersCannotRead(t *testing.T) {
	for _, mode := range []os.FileMode{0o600, 0o640, 0o440} {
		c := load(t, map[string]string{"INSTAVIEW_API_KEY_FILE": writeFile(t, "sk_live_1\n", mode)})
		c.wants(t, mode.String(), "")
		if c.APIKey.Reveal() != "sk_live_1" {
			t.Errorf("mode %o: key %q", mode, c.APIKey.Reveal())
		}
	}
	if runtime.GOOS != "windows" {
		for _, mode := range []os.FileMode{0o644, 0o604, 0o602, 0o601} {
			load(t, map[string]string{"INSTAVIEW_API_KEY_FILE": writeFile(t, "canary", mode)}).wants(t, mode.String(), "chmod o-rwx")
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
		c := load(t, map[string]string{"INSTAVIEW_API_KEY_FILE": writeFile(t, content, 0o600)})
		c.wants(t, content[:min(20, len(content))], want)
		if want == "" && c.APIKey.Reveal() != "sk_live_1" {
			t.Errorf("%.20q: key %q", content, c.APIKey.Reveal())
		}
	}
	both := map[string]string{"INSTAVIEW_API_KEY_FILE": writeFile(t, "sk_live_1", 0o600), "INSTAVIEW_API_KEY": "sk_live_2"}
	load(t, both).wants(t, "two keys", "both set")
}

func TestTheTokenIsReadFromWhereverItStands(t *testing.T) {
	file := writeFile(t, "from-a-file\n", 0o600)
	for name, tt := range map[string]struct {
		env         map[string]string
		want, fault string
	}{
		"none":        {nil, "", ""},
		"variable":    {map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN": " canary "}, "canary", ""},
		"file":        {map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN_FILE": file}, "from-a-file", ""},
		"both":        {map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN_FILE": file, "INSTAVIEW_MCP_AUTH_TOKEN": "canary"}, "", "both set"},
		"empty":       {map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN_FILE": writeFile(t, "", 0o600)}, "", "the file is empty"},
		"a reference": {map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN_FILE": writeFile(t, "${A_LONG_CANARY}", 0o600)}, "", "write the value itself"},
		"quoted":      {map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN_FILE": writeFile(t, `"a-good-canary-of-mine"`, 0o600)}, "", "leave them out"},
		"no file":     {map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN_FILE": "/nonexistent"}, "", "no such file"},
	} {
		env := map[string]string{"INSTAVIEW_MCP_TRANSPORT": "http"}
		for name, value := range tt.env {
			env[name] = value
		}
		c := load(t, env)
		c.wants(t, name, tt.fault)
		if tt.fault == "" && c.AuthToken.Reveal() != tt.want {
			t.Errorf("%s: %q, want %q", name, c.AuthToken.Reveal(), tt.want)
		}
		delete(env, "INSTAVIEW_MCP_TRANSPORT")
		load(t, env).wants(t, name+" over stdio, which needs no token", "")
	}
}

func TestTheWebhookSecretIsReadByWhoNeedsIt(t *testing.T) {
	const good = "a-good-canary-of-mine"
	const name = "INSTAVIEW_MCP_WEBHOOK_SECRET"
	for what, tt := range map[string]struct {
		env     map[string]string
		want    string
		webhook string // fault when a webhook is registered
		serving string // fault when serving over HTTP
	}{
		"none":         {nil, "", name + " is not set: put a random text of 16 characters", ""},
		"variable":     {map[string]string{name: " " + good}, good, "", ""},
		"file":         {map[string]string{name + "_FILE": writeFile(t, good+"\n", 0o600)}, good, "", ""},
		"both":         {map[string]string{name: good, name + "_FILE": writeFile(t, good, 0o600)}, "", "both set", "both set"},
		"short":        {map[string]string{name: "canary-canary-1"}, "", name + " must have 16 to 4096", name + " must have 16 to 4096"},
		"long":         {map[string]string{name: strings.Repeat("canary", 700)}, "", "must have 16 to 4096", "must have 16 to 4096"},
		"a short file": {map[string]string{name + "_FILE": writeFile(t, "canary", 0o600)}, "", name + "_FILE must have 16", name + "_FILE must have 16"},
		"spaces":       {map[string]string{name: "a canary canary canary"}, "", "must be ASCII without spaces", "must be ASCII without spaces"},
		"not ASCII":    {map[string]string{name: "canary-canary-č-canary"}, "", "must be ASCII without spaces", "must be ASCII without spaces"},
		"a reference":  {map[string]string{name: "${A_LONG_CANARY_CANARY}"}, "", "nothing replaced", "nothing replaced"},
	} {
		pairs := []string{"INSTAVIEW_API_KEY=sk_live_0"}
		for name, value := range tt.env {
			pairs = append(pairs, name+"="+value)
		}
		registering := Load(t.Context(), pairs, Use{Webhook: true})
		registering.wants(t, what+", registering", tt.webhook)
		serving := Load(t.Context(), append(pairs, "INSTAVIEW_MCP_TRANSPORT=http"), Use{Serving: true})
		serving.wants(t, what+", serving", tt.serving)
		for _, c := range []Config{registering, serving} {
			if got := c.WebhookSecret.Reveal(); len(c.Faults) == 0 && got != tt.want {
				t.Errorf("%s: %q, want %q", what, got, tt.want)
			}
		}
		Load(t.Context(), pairs, Use{}).wants(t, what+", a call", "")
		Load(t.Context(), pairs, Use{Serving: true}).wants(t, what+", over stdio", "")
	}
}
