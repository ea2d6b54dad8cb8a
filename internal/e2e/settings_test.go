package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"instaview-mcp/internal/config"
	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/sandbox"
)

// run runs the program to its end, with env and no stdin.
func run(t *testing.T, env []string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(program(t), args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "SystemRoot=" + os.Getenv("SystemRoot")}, env...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if !killer.Stop() {
		t.Errorf("%q with %q goes on:\n%s", args, env, &log)
	}
	return cmd.ProcessState.ExitCode(), out.String(), log.String()
}

// linesAfter returns the rest of each line that begins with prefix.
func linesAfter(prefix, text string) (found []string) {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			found = append(found, strings.TrimSpace(rest))
		}
	}
	return found
}

// agree runs check and the server with faulty settings. Both must report the
// same faults in the same order, which it returns.
func agree(t *testing.T, env []string) []string {
	t.Helper()
	status, report, _ := run(t, env, "check")
	checked := linesAfter("configuration  failed  ", report)
	startStatus, stdout, log := run(t, env)
	started := linesAfter("instaview-mcp: ", log)
	if diff := cmp.Diff(checked, started); diff != "" || len(checked) == 0 {
		t.Errorf("%q: check (-), the start (+):\n%s", env, diff)
	}
	if status != 1 || startStatus != 1 || stdout != "" {
		t.Errorf("%q: exit status %d and %d, want 1; stdout %q", env, status, startStatus, stdout)
	}
	return checked
}

// wrongValues returns wrong values for each setting. Those of httpOnly are
// ignored over stdio.
func wrongValues(t *testing.T) (values map[string][]string, httpOnly map[string]bool) {
	dir := t.TempDir()
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(content), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	secretFiles := []string{"/nonexistent", dir, file("empty", "", 0o600), file("reference", "${SECRET_OF_THE_SERVER}", 0o600), `"` + file("quoted", "a-good-secret-of-the-tests", 0o600) + `"`}
	if runtime.GOOS != "windows" {
		secretFiles = append(secretFiles, file("open", "a-good-secret-of-the-tests", 0o644))
	}
	values = map[string][]string{
		"INSTAVIEW_API_KEY":             {"", "${KEY}", `"k"`, "your key", "KEY=k", "k k"},
		"INSTAVIEW_API_KEY_FILE":        slices.Concat(secretFiles, []string{file("placeholder", "<your key>", 0o600), file("spaces", "a key", 0o600)}),
		"INSTAVIEW_BASE_URL":            {"http://example.com", "example.com", "https://u:p@example.com", "https://example.com/a/../b", "https://x/?y", `"https://x"`},
		"INSTAVIEW_COMPANY_ID":          {"a b", "a/b", `"a"`},
		"INSTAVIEW_REQUESTS_PER_MINUTE": {"0", "-1", "many", "1000001", `"5"`},
		"INSTAVIEW_ALLOW_CONTACTS":      {"yes", `"true"`},
		"INSTAVIEW_ALLOW_START":         {"yes", `"true"`},
		"INSTAVIEW_MAX_CREDITS_PER_RUN": {"0", "-1", "many", "1001", `"5"`},
		"INSTAVIEW_MAX_CREDITS_PER_DAY": {"0", "-1", "many", "10001", `"5"`},
		"INSTAVIEW_MCP_TOOLS":           {"search", ",", " , ,", "wait_for_sourcing,search", "start_sourcing", "write_brief", `"wait_for_sourcing"`},
		"INSTAVIEW_MCP_BLIND":           {"yes", `"true"`},
		"INSTAVIEW_MCP_APPS":            {"no", `"false"`},
		"INSTAVIEW_MCP_DEFAULT_WAIT":    {"50", "0s", "1h", "'50s'"},
		"INSTAVIEW_MCP_MAX_WAIT":        {"50", "0s", "1h"},
		"INSTAVIEW_MCP_MAX_WAITS":       {"0", "many", "100001"},
		"INSTAVIEW_MCP_TRANSPORT":       {"grpc", "HTTP", `"http"`},
		"INSTAVIEW_MCP_ADDR":            {"127.0.0.1", "127.0.0.1:99999", "127.0.0.1:nope", ":0", "0.0.0.0:0", "[::]:0", taken.Addr().String(), `"127.0.0.1:0"`},
		"INSTAVIEW_MCP_AUTH_TOKEN":      {"short", "correct horse battery staple", `"correct-horse-battery-staple"`},
		"INSTAVIEW_MCP_AUTH_TOKEN_FILE": slices.Concat(secretFiles, []string{file("short", "short", 0o600)}),
		"INSTAVIEW_MCP_CALLER_KEYS":     {"maybe", "true"}, // conflicts with the key
		"INSTAVIEW_MCP_URL":             {"http://mcp.example.com/mcp", "mcp.example.com", `"https://x"`},
		// Each needs an issuer, which needs INSTAVIEW_MCP_URL and HTTP.
		"INSTAVIEW_MCP_OAUTH_ISSUER":        {"http://login.example.com", "login.example.com", "https://x?y"},
		"INSTAVIEW_MCP_OAUTH_AUDIENCES":     {"a", ","},
		"INSTAVIEW_MCP_OAUTH_SCOPE":         {"a", "a b"},
		"INSTAVIEW_MCP_OAUTH_REQUIRE":       {"a=b", "a"},
		"INSTAVIEW_MCP_OAUTH_COMPANY_CLAIM": {"org"},
		"INSTAVIEW_MCP_OAUTH_JWKS_URL":      {"https://x/keys", "http://x.example/keys"},
		"INSTAVIEW_MCP_WEBHOOK_SECRET":      {"short", "correct horse battery staple", `"correct-horse-battery-staple"`},
		"INSTAVIEW_MCP_WEBHOOK_SECRET_FILE": slices.Concat(secretFiles, []string{file("short secret", "short", 0o600)}),
		"INSTAVIEW_MCP_ALLOWED_HOSTS":       {"*", "https://x", "a b"},
		"INSTAVIEW_MCP_ALLOWED_ORIGINS":     {"*", "example.com", "https://x/y", "null"},
		"INSTAVIEW_MCP_TLS_CERT":            {"/nonexistent", dir, `"/nonexistent"`},
		"INSTAVIEW_MCP_TLS_KEY":             {"/nonexistent", dir},
		"INSTAVIEW_MCP_TLS_TERMINATED":      {"perhaps"},
		"INSTAVIEW_MCP_METRICS_ADDR":        {"9090", "127.0.0.1:99999", taken.Addr().String(), "127.0.0.1:0"},
		"INSTAVIEW_MCP_REDIS_URL":           {"http://x", "redis://", "redis://h/a", `"redis://h"`},
		"INSTAVIEW_MCP_MAX_CONNECTIONS":     {"0", "100001", "many"},
		"INSTAVIEW_MCP_LOG_LEVEL":           {"loud", "warning", `"info"`},
		"INSTAVIEW_MCP_LOG_FORMAT":          {"xml", "JSON"},
	}
	httpOnly = map[string]bool{}
	for _, name := range []string{"ADDR", "AUTH_TOKEN", "AUTH_TOKEN_FILE", "WEBHOOK_SECRET", "WEBHOOK_SECRET_FILE", "ALLOWED_HOSTS", "ALLOWED_ORIGINS", "TLS_CERT", "TLS_KEY", "METRICS_ADDR"} {
		httpOnly["INSTAVIEW_MCP_"+name] = true
	}
	return values, httpOnly
}

// N24: check reports whatever prevents serving, in the same words.
func TestN24CheckAndStartAgreeOnEveryWrongValue(t *testing.T) {
	t.Parallel()
	values, httpOnly := wrongValues(t)
	for f := range reflect.TypeFor[config.Config]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
		if name == "" {
			continue
		}
		if len(values[name]) == 0 {
			t.Errorf("no wrong value of %s is tried", name)
		}
		for _, transport := range []string{"stdio", "http"} {
			if transport == "stdio" && httpOnly[name] {
				continue
			}
			t.Run(transport+" "+name, func(t *testing.T) {
				t.Parallel()
				for _, value := range values[name] {
					env := []string{"INSTAVIEW_MCP_TRANSPORT=" + transport, "INSTAVIEW_MCP_ADDR=127.0.0.1:0"}
					if name != "INSTAVIEW_API_KEY_FILE" {
						env = append(env, "INSTAVIEW_API_KEY=k")
					}
					faults := agree(t, append(env, name+"="+value))
					if !strings.HasPrefix(strings.Join(faults, "\n"), strings.TrimSuffix(name, "_FILE")) &&
						!strings.HasPrefix(name, "INSTAVIEW_MCP_TLS_") { // the fault may name either of the two
						t.Errorf("%s=%s: the faults do not begin with it: %q", name, value, faults)
					}
				}
			})
		}
	}
}

func TestN24EveryFaultIsToldAtOnce(t *testing.T) {
	t.Parallel()
	env := []string{
		"INSTAVIEW_MCP_METRICS_ADDR=9090", "INSTAVIEW_MCP_LOG_FORMAT=xml", "INSTAVIEW_MCP_TLS_CERT=/nonexistent", "INSTAVIEW_MCP_AUTH_TOKEN=short",
		"INSTAVIEW_MCP_ADDR=0.0.0.0:0", "INSTAVIEW_MCP_TRANSPORT=http", "INSTAVIEW_BASE_URL=example.com", "INSTAVIEW_MCP_MAX_WAIT=1h",
	}
	var got []string
	for _, fault := range agree(t, env) {
		name, _, _ := strings.Cut(fault, " ")
		got = append(got, strings.TrimSuffix(name, ":"))
	}
	want := []string{
		"INSTAVIEW_API_KEY", "INSTAVIEW_BASE_URL", "INSTAVIEW_MCP_MAX_WAIT", "INSTAVIEW_MCP_LOG_FORMAT",
		"INSTAVIEW_MCP_AUTH_TOKEN", "INSTAVIEW_MCP_TLS_CERT", "INSTAVIEW_MCP_METRICS_ADDR",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

// A fault that only follows from another would mislead people.
func TestN24NoFaultFollowsFromAnother(t *testing.T) {
	t.Parallel()
	const (
		token      = "INSTAVIEW_MCP_AUTH_TOKEN=correct-horse-battery-staple"
		http       = "INSTAVIEW_MCP_TRANSPORT=http"
		everywhere = "INSTAVIEW_MCP_ADDR=0.0.0.0:0"
		terminated = "INSTAVIEW_MCP_TLS_TERMINATED=true"
		key        = "INSTAVIEW_API_KEY=k"
	)
	tls := tlsFiles(t)
	for name, env := range map[string][]string{
		"no token's file":         {http, key, everywhere, terminated, "INSTAVIEW_MCP_AUTH_TOKEN_FILE=/nonexistent"},
		"a token and its file":    {http, key, everywhere, terminated, token, "INSTAVIEW_MCP_AUTH_TOKEN_FILE=/nonexistent"},
		"a token not replaced":    {http, key, everywhere, terminated, "INSTAVIEW_MCP_AUTH_TOKEN=${TOKEN}"},
		"a token in quotes":       {http, key, everywhere, terminated, `INSTAVIEW_MCP_AUTH_TOKEN="correct-horse-battery-staple"`},
		"callers' keys in vain":   {http, everywhere, terminated, "INSTAVIEW_MCP_CALLER_KEYS=yes"},
		"callers' keys at home":   {http, "INSTAVIEW_MCP_ADDR=127.0.0.1:0", `INSTAVIEW_MCP_CALLER_KEYS="true"`},
		"a proxy's TLS in vain":   {http, key, everywhere, token, "INSTAVIEW_MCP_TLS_TERMINATED=yes"},
		"a certificate in quotes": {http, key, everywhere, token, tls[0] + `"`, tls[1]},
		"TLS in quotes, at home":  {http, key, "INSTAVIEW_MCP_ADDR=127.0.0.1:0", tls[0], tls[1] + `"`},
		"a transport in quotes":   {key, `INSTAVIEW_MCP_TRANSPORT="http"`, "INSTAVIEW_MCP_MAX_WAITS=10000"},
		"a key in quotes":         {`INSTAVIEW_API_KEY="k"`},
		"an issuer in quotes":     {http, key, everywhere, terminated, `INSTAVIEW_MCP_OAUTH_ISSUER="https://x"`, "INSTAVIEW_MCP_OAUTH_SCOPE=a", "INSTAVIEW_MCP_URL=https://y/mcp"},
		"an issuer not replaced":  {http, key, everywhere, terminated, "INSTAVIEW_MCP_OAUTH_ISSUER=${ISSUER}", "INSTAVIEW_MCP_OAUTH_SCOPE=a"},
		"an issuer over http":     {http, key, everywhere, terminated, "INSTAVIEW_MCP_OAUTH_ISSUER=http://x.example", "INSTAVIEW_MCP_URL=https://y/mcp"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if faults := agree(t, env); len(faults) != 1 {
				t.Errorf("faults %q, want one", faults)
			}
		})
	}
}

// The server starts with all settings that check accepts.
func TestN24CheckAndStartAgreeOnRightValues(t *testing.T) {
	t.Parallel()
	for name, env := range map[string][]string{
		"the defaults":        nil,
		"with a token":        {"INSTAVIEW_MCP_AUTH_TOKEN= correct-horse-battery-staple "},
		"with webhooks":       {"INSTAVIEW_MCP_WEBHOOK_SECRET=correct-horse-battery-staple"},
		"with metrics":        {"INSTAVIEW_MCP_METRICS_ADDR=:0"},
		"on every address":    {"INSTAVIEW_MCP_ADDR=:0", "INSTAVIEW_MCP_TLS_TERMINATED=true", "INSTAVIEW_MCP_AUTH_TOKEN=correct-horse-battery-staple"},
		"with callers' keys":  {"INSTAVIEW_MCP_CALLER_KEYS=true"},
		"with TLS":            tlsFiles(t),
		"unknown and not set": {"INSTAVIEW_MCP_MAX_WAITZ=x", "INSTAVIEW_MCP_ALLOWED_HOSTS=${HOSTS}"},
		"of stdio's concern":  {"INSTAVIEW_MCP_MAX_WAITS=10000"},
	} {
		for _, transport := range []string{"http", "sse"} {
			t.Run(name+" over "+transport, func(t *testing.T) {
				t.Parallel()
				status, report, _ := run(t, append(env, "INSTAVIEW_MCP_TRANSPORT="+transport, "INSTAVIEW_MCP_ADDR=127.0.0.1:0"), "--demo", "check")
				if status != 0 || !strings.Contains(report, "configuration  ok") {
					t.Errorf("exit status %d:\n%s", status, report)
				}
				s := serveHTTP(t, transport, env, "--demo")
				s.stop()
				checked := linesAfter("               warning ", report)
				for _, warning := range checked {
					if !strings.Contains(s.log.String(), strings.ReplaceAll(warning, `"`, `\"`)) {
						t.Errorf("the log lacks the warning %q:\n%s", warning, s.log)
					}
				}
				if name == "unknown and not set" && len(checked) != 2 {
					t.Errorf("warnings %q, want 2", checked)
				}
			})
		}
	}
}

func TestTheStartOverHTTPSaysHowItCanBeReached(t *testing.T) {
	t.Parallel()
	s := serveHTTP(t, "http", []string{"INSTAVIEW_MCP_AUTH_TOKEN=correct-horse-battery-staple", "INSTAVIEW_MCP_METRICS_ADDR=:0"}, "--demo")
	s.stop()
	for _, want := range []string{"url=" + s.url + ` authentication="bearer token in Authorization"`, `level=WARN msg="metrics are open to whoever can reach their address`} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, s.log)
		}
	}
	s = serveHTTP(t, "sse", []string{"INSTAVIEW_MCP_METRICS_ADDR=localhost:0"}, "--demo")
	s.stop()
	if log := s.log.String(); !strings.Contains(log, "authentication=none") || strings.Contains(log, "metrics are open") {
		t.Errorf("the log of a server on loopback:\n%s", log)
	}
}

// tlsFiles returns the settings that name a certificate of the test's own.
func tlsFiles(t *testing.T) []string {
	t.Helper()
	certFile, keyFile := mcptest.CertificateFiles(t, "localhost")
	return []string{"INSTAVIEW_MCP_TLS_CERT=" + certFile, "INSTAVIEW_MCP_TLS_KEY=" + keyFile}
}

// N25: a client whose URL begins with http:// is logged once.
func TestN25HTTPSpokenToTheHTTPSPortIsLogged(t *testing.T) {
	t.Parallel()
	s := serveHTTP(t, "http", tlsFiles(t), "--demo")
	resp, err := http.Get(strings.Replace(s.url, "https://", "http://", 1))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	s.stop()
	if n := strings.Count(s.log.String(), "a client spoke HTTP to this HTTPS port: its URL must begin with https://"); n != 1 {
		t.Errorf("%d lines say so, want 1:\n%s", n, s.log)
	}
}

// N23: over stdio a program with faulty settings reports them in answers, since
// clients would otherwise only show that the connection is closed.
func TestN23AServerThatCannotWorkTalks(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ env, args []string }{
		"no key":             {nil, nil},
		"a literal ${…}":     {[]string{"INSTAVIEW_API_KEY=${KEY}"}, nil},
		"a misspelt name":    {[]string{"INSTAVIEW_APIKEY=k"}, nil},
		"a wrong setting":    {[]string{"INSTAVIEW_API_KEY=k", "INSTAVIEW_MCP_MAX_WAIT=1h"}, nil},
		"a wrong transport":  {[]string{"INSTAVIEW_API_KEY=k", "INSTAVIEW_MCP_TRANSPORT=studio"}, nil},
		"a file that is not": {[]string{"INSTAVIEW_API_KEY_FILE=/nonexistent"}, nil},
		"several":            {[]string{"INSTAVIEW_MCP_LOG_LEVEL=loud", "INSTAVIEW_MCP_LOG_FORMAT=xml", "INSTAVIEW_BASE_URL=x"}, nil},
		"a misspelt flag":    {[]string{"INSTAVIEW_API_KEY=k"}, []string{"--trnasport", "stdio"}},
		"a flag of others":   {nil, []string{"--stdio"}},
		"a flag's value":     {nil, []string{"--demo=perhaps"}},
		"a flag without one": {nil, []string{"--demo", "--transport"}},
		"a word too much":    {nil, []string{"--demo", "serve", "stdio"}},
	} {
		for _, e := range eras {
			t.Run(name+" "+e.name, func(t *testing.T) {
				t.Parallel()
				c := start(t, tt.env, tt.args...)
				e.begin(c)
				if list := c.ask(2, "tools/list", e.params("{}", "")); len(list.Result.Tools) < 2 {
					t.Errorf("tools/list: %s", list.raw)
				}
				for id, method := range []string{"prompts/list", "resources/list", "resources/templates/list"} {
					if list := c.ask(10+id, method, e.params("{}", "")); list.Error != nil {
						t.Errorf("%s: %s", method, list.raw)
					}
				}
				answers := []reply{
					c.ask(3, "tools/call", e.params(mcptest.Call("get_sourcing_results", `{"request_id":"r"}`), "")),
					c.ask(4, "tools/call", e.params(mcptest.Call("wait_for_sourcing", `{"request_id":"../x"}`), "")),
					c.ask(5, "tools/call", e.params(mcptest.Call("get_sourcing_results", `{}`), "")),
					c.ask(6, "prompts/get", e.params(`{"name":"review_shortlist","arguments":{"request_id":"r"}}`, "")),
					c.ask(7, "resources/read", e.params(`{"uri":"sourcing://r"}`, "")),
				}
				if err := c.stdin.Close(); err != nil {
					t.Fatal(err)
				}
				for range c.lines {
				}
				_ = c.cmd.Wait()
				if c.cmd.ProcessState.ExitCode() != 1 {
					t.Errorf("exit status %d, want 1", c.cmd.ProcessState.ExitCode())
				}
				sentences := linesAfter("instaview-mcp: ", c.stderr.String())
				if len(sentences) == 0 || strings.Count(c.stderr.String(), "\n") != len(sentences) {
					t.Errorf("stderr is not the faults alone:\n%s", c.stderr)
				}
				for _, answer := range answers {
					text := answer.text()
					if answer.Error != nil {
						text = answer.Error.Message
					} else if !answer.Result.IsError {
						t.Errorf("not an error: %s", answer.raw)
					}
					for _, sentence := range sentences {
						if !strings.Contains(text, sentence) {
							t.Errorf("an answer lacks %q: %s", sentence, answer.raw)
						}
					}
				}
			})
		}
	}
}

// A program with faulty settings lists what it would without them, so that a
// client that caches lists keeps no tool that the operator leaves out.
func TestN23AFaultySettingOffersNoMoreTools(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string][]string{
		"INSTAVIEW_MCP_APPS=false":              {"get_sourcing_results", "wait_for_sourcing"},
		"INSTAVIEW_MCP_TOOLS=wait_for_sourcing": {"wait_for_sourcing"},
		"INSTAVIEW_MCP_TOOLS=wait":              {"get_sourcing_results", "show_shortlist", "wait_for_sourcing"}, // a fault itself
		"INSTAVIEW_MCP_APPS=perhaps":            {"get_sourcing_results", "show_shortlist", "wait_for_sourcing"},
	} {
		for _, args := range [][]string{nil, {"--misspelt"}} {
			c := start(t, []string{setting}, args...)
			eras[0].begin(c)
			var got []string
			for _, tool := range c.ask(2, "tools/list", eras[0].params("{}", "")).Result.Tools {
				got = append(got, tool.Name)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s %v: want (-), got (+):\n%s", setting, args, diff)
			}
		}
	}
}

// Only a faulty command line for serving is answered over MCP; other commands
// end at once.
func TestN23OtherCommandsEndAtOnce(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--trnasport", "stdio", "check"}, {"--trnasport", "call", "get_sourcing_results"}, {"--x", "prompt"}, {"check", "demo"}, {"search"}, {"search", "--demo"},
		{"--transport", "http", "--adr", ":1"},
	} {
		c := start(t, nil, args...)
		killer := time.AfterFunc(patience, func() { _ = c.cmd.Process.Kill() })
		for range c.lines { // although stdin stays open
		}
		_ = c.cmd.Wait()
		killer.Stop()
		if c.cmd.ProcessState.ExitCode() != 1 || !strings.HasPrefix(c.stderr.String(), "instaview-mcp: ") {
			t.Errorf("%q: exit status %d\n%s", args, c.cmd.ProcessState.ExitCode(), c.stderr)
		}
	}
}

// After the settings are corrected, a new start works.
func TestN23ARestartMendsIt(t *testing.T) {
	t.Parallel()
	upstream := httptest.NewServer(sandbox.New())
	defer upstream.Close()
	env := []string{"INSTAVIEW_BASE_URL=" + upstream.URL}
	for _, tt := range []struct {
		env  string
		want string
	}{
		{"INSTAVIEW_APIKEY=" + sandbox.Key, "the nearest name is INSTAVIEW_API_KEY"},
		{"INSTAVIEW_API_KEY=" + sandbox.Key, "20 scored of 134 found"},
	} {
		c := start(t, append(env, tt.env))
		c.send(mcptest.Hello)
		c.next()
		if r := c.ask(1, "tools/call", mcptest.Call("get_sourcing_results", done)); !strings.Contains(r.text(), tt.want) {
			t.Errorf("%s: the answer lacks %q: %s", tt.env, tt.want, r.raw)
		}
	}
}

// Clients show every line of stderr as an error.
func TestN23StderrIsSilentWhileNothingIsWrong(t *testing.T) {
	t.Parallel()
	for _, e := range eras {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			c := demo(t)
			e.begin(c)
			c.ask(2, "tools/list", e.params("{}", ""))
			c.ask(3, "tools/call", e.params(mcptest.Call("get_sourcing_results", done), ""))
			c.ask(4, "tools/call", e.params(mcptest.Call("get_sourcing_results", `{"request_id":"../x"}`), ""))
			c.ask(5, "tools/call", e.params(mcptest.Call("get_sourcing_results", `{"request_id":"req_demo_failed"}`), ""))
			c.ask(6, "tools/call", e.params(mcptest.Call("wait_for_sourcing", `{"request_id":"req_demo_slow","max_wait_seconds":1}`), ""))
			c.ask(7, "prompts/get", e.params(`{"name":"review_shortlist","arguments":{"request_id":"r"}}`, ""))
			c.ask(8, "resources/read", e.params(`{"uri":"sourcing://req_demo_done"}`, ""))
			c.send(mcptest.Request(9, "tools/call", e.params(mcptest.Call("wait_for_sourcing", slow), "")))
			c.send(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":%s}`, e.params(`{"requestId":9}`, "")))
			c.ask(10, "tools/list", e.params("{}", ""))
			if err := c.stdin.Close(); err != nil {
				t.Fatal(err)
			}
			c.exits()
			if got := c.stderr.String(); got != "" {
				t.Errorf("stderr:\n%s", got)
			}
		})
	}
}
