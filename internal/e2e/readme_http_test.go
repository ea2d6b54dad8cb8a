package e2e

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"instaview-mcp/internal/config"
	"instaview-mcp/internal/sandbox"
)

// The documented curl command, run by a shell.
func TestTheDocumentedRequestIsAnswered(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl here")
	}
	s := serveHTTP(t, "http", nil, "--demo")
	asked := false
	for _, block := range blocks(t) {
		if block.language != "sh" || !strings.HasPrefix(block.text, "curl ") {
			continue
		}
		asked = true
		out, err := exec.Command("sh", "-c", strings.ReplaceAll(block.text, "http://127.0.0.1:8080", s.root())).Output()
		if err != nil || !strings.Contains(string(out), "20 scored of 134 found") {
			t.Errorf("%s\n%v\n%s", block.text, err, out)
		}
	}
	if !asked {
		t.Error("no document has such a line")
	}
}

// The program must know every variable that a document names.
func TestDocumentsNameNoVariableThatThereIsNot(t *testing.T) {
	known := map[string]bool{}
	for c, i := reflect.TypeFor[config.Config](), 0; i < c.NumField(); i++ {
		name, _, _ := strings.Cut(c.Field(i).Tag.Get("env"), ",")
		known[name] = true
	}
	for path, text := range documents(t) {
		for _, name := range regexp.MustCompile(`INSTAVIEW_[A-Z_]+`).FindAllString(text, -1) {
			if !known[name] {
				t.Errorf("%s: %s is no variable of the program's", path, name)
			}
		}
	}
}

// The program starts with the settings of every documented deployment, with a
// key and a token in the files and variables that it names.
func TestDocumentedDeploymentsAreAccepted(t *testing.T) {
	t.Parallel()
	upstream := httptest.NewServer(sandbox.New())
	defer upstream.Close()
	secret := func(value string) string {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const token = "0123456789abcdef0123456789abcdef"
	given := map[string]string{
		"INSTAVIEW_API_KEY":                 sandbox.Key,
		"INSTAVIEW_API_KEY_FILE":            secret(sandbox.Key),
		"INSTAVIEW_MCP_AUTH_TOKEN":          token,
		"INSTAVIEW_MCP_AUTH_TOKEN_FILE":     secret(token),
		"INSTAVIEW_MCP_WEBHOOK_SECRET_FILE": secret(webhookSecret),
	}
	setting := regexp.MustCompile(`(INSTAVIEW_[A-Z_]+)(?:=|: |, value: )("[^"]*"|\$\{[^}]*\}|[^\s}]+)`)
	port := regexp.MustCompile(`:\d+$`)
	var tried []string
	for _, block := range blocks(t) {
		if block.language != "yaml" && block.language != "ini" {
			continue
		}
		tried = append(tried, block.heading)
		env := []string{"INSTAVIEW_BASE_URL=" + upstream.URL}
		for _, match := range setting.FindAllStringSubmatch(block.text, -1) {
			value := port.ReplaceAllString(strings.Trim(match[2], `"`), ":0")
			if instead, ok := given[match[1]]; ok {
				value = instead
			}
			if match[1] == "INSTAVIEW_MCP_METRICS_ADDR" { // the metrics have another address
				value = "127.0.0.1" + value
			}
			env = append(env, match[1]+"="+value)
		}
		if !strings.Contains(block.text, "--transport") || len(env) < 4 {
			t.Errorf("%s: no transport, or too few settings: %q", block.heading, env)
		}
		if status, report, log := run(t, env, "--transport", "http", "check"); status != 0 {
			t.Errorf("%s: exit status %d with %q:\n%s%s", block.heading, status, env, report, log)
		}
	}
	slices.Sort(tried)
	if want := []string{"Docker Compose", "Kubernetes", "Kubernetes", "With systemd"}; !slices.Equal(tried, want) {
		t.Errorf("tried %q, want %q", tried, want)
	}
}
