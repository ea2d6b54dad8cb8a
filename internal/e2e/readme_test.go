package e2e

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"

	"instaview-mcp/internal/cli"
	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/sandbox"
)

// fenced is a fenced block of a document.
type fenced struct {
	file, heading, language, text string
}

// documents returns README.md and docs/, by path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	texts := map[string]string{}
	for _, path := range append(paths, "../../README.md") {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = string(raw)
	}
	return texts
}

// blocks returns the fenced blocks of all documents.
func blocks(t *testing.T) []fenced {
	t.Helper()
	var found []fenced
	for path, text := range documents(t) {
		var (
			heading string
			open    *fenced
		)
		for line := range strings.Lines(text) {
			switch {
			case open != nil && strings.HasPrefix(line, "```"):
				found = append(found, *open)
				open = nil
			case open != nil:
				open.text += line
			case strings.HasPrefix(line, "```"):
				open = &fenced{file: path, heading: heading, language: strings.TrimSpace(line[3:])}
			case strings.HasPrefix(line, "#"):
				heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
			}
		}
	}
	return found
}

// launch is how a client's configuration starts a server.
type launch struct {
	command string
	args    []string
	env     map[string]any
}

// clients are where each client looks for servers, and what else it reads about
// them.
var clients = map[string]struct {
	path string
	keys []string
}{
	"Claude Desktop": {"mcpServers", nil},
	"Claude Code":    {"mcpServers", []string{"type"}},
	"Cursor":         {"mcpServers", nil},
	"VS Code":        {"servers", []string{"type"}},
	"Codex":          {"mcp_servers", []string{"tool_timeout_sec"}},
	"Gemini CLI":     {"mcpServers", []string{"timeout"}},
	"Zed":            {"context_servers", nil},
	"Windsurf":       {"mcpServers", nil},
	"JetBrains":      {"mcpServers", nil},
	"Cline":          {"mcpServers", nil},
	"LM Studio":      {"mcpServers", nil},
	"opencode":       {"mcp", []string{"type", "enabled", "environment"}},

	"A company's network": {"mcpServers", nil}, // any client of that form
}

// find returns the server's entry from the place where the client looks for it.
// Entries under other keys would be ignored.
func find(t *testing.T, client string, config map[string]any) launch {
	t.Helper()
	where, ok := clients[client]
	if !ok {
		t.Fatalf("%s is no client", client)
	}
	servers, _ := config[where.path].(map[string]any)
	entry, _ := servers["instaview"].(map[string]any)
	for key := range entry {
		if !slices.Contains(append([]string{"command", "args", "env"}, where.keys...), key) {
			t.Errorf("%s knows no %s", client, key)
		}
	}
	for key := range config {
		if key != where.path && (client != "VS Code" || key != "inputs") {
			t.Errorf("%s knows no %s", client, key)
		}
	}
	var l launch
	l.command, _ = entry["command"].(string)
	args := asList(entry["args"])
	if client == "opencode" { // which has one list for both
		args = asList(entry["command"])
		l.command, _ = args[0].(string)
		args = args[1:]
	}
	for _, arg := range args {
		l.args = append(l.args, arg.(string))
	}
	l.env, _ = entry["env"].(map[string]any)
	if client == "opencode" {
		l.env, _ = entry["environment"].(map[string]any)
	}
	return l
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

// Every documented configuration starts a working server once path and key are
// real. The test starts it as the client would: with the block's arguments and
// environment and nothing else.
func TestDocumentedConfigurationsStartTheServer(t *testing.T) {
	t.Parallel()
	upstream := httptest.NewServer(sandbox.New())
	defer upstream.Close()
	reference := regexp.MustCompile(`^(your key|\$\{((env:)?INSTAVIEW_API_KEY|input:(.+))\})$`)
	keyPath := regexp.MustCompile(`^(/home/you/\.config|C:\\Users\\you\\AppData\\Roaming)[/\\]instaview[/\\]key$`)
	const unix, windows = "/path/to/instaview-mcp", `C:\Tools\instaview-mcp.exe`
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(sandbox.Key), 0o600); err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{} // client and path
	for _, block := range blocks(t) {
		config := map[string]any{}
		switch block.language {
		case "json":
			if err := json.Unmarshal([]byte(block.text), &config); err != nil {
				t.Errorf("%s: %v", block.heading, err)
			}
		case "toml":
			if _, err := toml.Decode(block.text, &config); err != nil {
				t.Errorf("%s: %v", block.heading, err)
			}
		default:
			continue
		}
		l := find(t, block.heading, config)
		if l.command != unix && l.command != windows {
			t.Errorf("%s: no command in %v, or one that is neither %s nor %s", block.heading, config, unix, windows)
			continue
		}
		tried[block.heading+": "+l.command] = true
		env := []string{"INSTAVIEW_BASE_URL=" + upstream.URL}
		for name, value := range l.env {
			if name == "HTTPS_PROXY" || name == "SSL_CERT_FILE" { // the upstream on this machine needs neither
				env = append(env, name+"="+value.(string))
				continue
			}
			if name == "INSTAVIEW_API_KEY_FILE" && keyPath.MatchString(value.(string)) {
				env = append(env, name+"="+keyFile)
				continue
			}
			switch match := reference.FindStringSubmatch(value.(string)); {
			case match == nil:
				t.Errorf("%s: %s has the value %q", block.heading, name, value)
			case match[4] != "" && !asksFor(config, match[4]):
				t.Errorf("%s: nothing asks for the input %q", block.heading, match[4])
			}
			env = append(env, name+"="+sandbox.Key)
		}
		answers(t, block.heading, env, l.args...)
		answers(t, block.heading+" as a first try", nil, append(l.args, "--demo")...)
	}
	for _, want := range []string{
		"Claude Desktop: " + unix, "Claude Desktop: " + windows, "Claude Code: " + unix, "Cursor: " + unix, "VS Code: " + unix,
		"Codex: " + unix, "Codex: " + windows, "Gemini CLI: " + unix, "Zed: " + unix, "Windsurf: " + unix, "JetBrains: " + unix,
		"Cline: " + unix, "LM Studio: " + unix, "opencode: " + unix, "A company's network: " + unix,
	} {
		if !tried[want] {
			t.Errorf("no configuration for %s", want)
		}
	}
}

// answers starts the program and makes a call.
func answers(t *testing.T, what string, env []string, args ...string) {
	t.Helper()
	c := start(t, env, args...)
	c.send(mcptest.Hello)
	c.next()
	if r := c.ask(1, "tools/call", mcptest.Call("get_sourcing_results", done)); r.Result.IsError || !strings.Contains(r.text(), "completed") {
		t.Errorf("%s: %s", what, r.raw)
	}
	_ = c.stdin.Close()
	c.exits()
}

// Each client's section says how to try it without a key.
func TestEverySectionOffersTheDemo(t *testing.T) {
	sections := strings.Split(documents(t)["../../docs/clients.md"], "\n## ")
	count := 0
	for _, section := range sections[1:] {
		heading, text, _ := strings.Cut(section, "\n")
		if _, ok := clients[heading]; !ok || heading == "A company's network" {
			continue
		}
		count++
		if !strings.Contains(text, "First try, without a key: ") || !strings.Contains(text, `"--demo"]`) {
			t.Errorf("%s offers no demo", heading)
		}
	}
	if count != len(clients)-1 {
		t.Errorf("%d sections, want one for each of %d clients", count, len(clients)-1)
	}
}

// asksFor reports whether a VS Code configuration has an input with that id.
func asksFor(config map[string]any, id string) bool {
	for _, input := range asList(config["inputs"]) {
		if input.(map[string]any)["id"] == id {
			return true
		}
	}
	return false
}

// The documented examples show what the program answers today. They run in this
// process, in a bubble, since one of them waits.
func TestDocumentedExamplesAreTrue(t *testing.T) {
	blocks := blocks(t)
	tried := map[string]bool{} // tools
	for i, block := range blocks {
		if block.language != "sh" {
			continue
		}
		line, _, _ := strings.Cut(strings.TrimSpace(block.text), "   #")
		command, ok := strings.CutPrefix(line, "go run . ")
		if !ok || i+1 == len(blocks) || blocks[i+1].file != block.file || blocks[i+1].language != "" || strings.Contains(line, "\n") {
			continue
		}
		args := shellWords(command)
		for _, arg := range args {
			tried[arg] = true
		}
		synctest.Test(t, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := cli.Run(t.Context(), cli.System{
				Args:   args,
				Stdin:  strings.NewReader(""),
				Stdout: &stdout,
				Stderr: &stderr,
			})
			if status != 0 {
				t.Errorf("%s: exit status %d; stderr:\n%s", line, status, &stderr)
			}
			got := strings.TrimPrefix(stdout.String(), "Sample data of the demo: these people and companies are invented.\n")
			if diff := cmp.Diff(timeless(blocks[i+1].text), timeless(got)); diff != "" {
				t.Errorf("%s: %s: the document (-), the program (+):\n%s", block.file, line, diff)
			}
		})
	}
	for _, name := range []string{"get_sourcing_results", "wait_for_sourcing", "review_shortlist", "draft_outreach"} {
		if !tried[name] {
			t.Errorf("no example of %s", name)
		}
	}
}

// Every documented command of the demo works, also where no answer is shown.
// Those that serve are tried elsewhere.
func TestDocumentedCommandsWork(t *testing.T) {
	blocks := blocks(t)
	t.Chdir(t.TempDir()) // for the files that they write
	var tried []string
	for _, block := range blocks {
		if block.language != "sh" {
			continue
		}
		for line := range strings.Lines(block.text) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), "   #")
			command, ok := strings.CutPrefix(line, "go run . ")
			if !ok {
				command, ok = strings.CutPrefix(line, "./instaview-mcp --demo ")
				command = "--demo " + command
			}
			if !ok || strings.Contains(command, "--transport") {
				continue
			}
			tried = append(tried, command)
			synctest.Test(t, func(t *testing.T) {
				var stdout, stderr bytes.Buffer
				status := cli.Run(t.Context(), cli.System{Args: shellWords(command), Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr})
				if status != 0 || stdout.Len() == 0 {
					t.Errorf("%s: %s: exit status %d:\n%s%s", block.file, line, status, &stdout, &stderr)
				}
			})
		}
	}
	for _, want := range []string{"--demo check", "prompt compare_candidates", "prompt screening_questions", "--csv shortlist.csv", "request_id=req_demo"} {
		if !slices.ContainsFunc(tried, func(command string) bool { return strings.Contains(command, want) }) {
			t.Errorf("no document has a command with %q", want)
		}
	}
	if table, err := os.ReadFile("shortlist.csv"); err != nil || bytes.Count(table, []byte("\r\n")) != 21 {
		t.Errorf("the table: %v\n%s", err, table)
	}
}

// shellWords splits a command like a shell, as far as the documents need it.
func shellWords(command string) []string {
	words := regexp.MustCompile(`(?:[^\s"]|"[^"]*")+`).FindAllString(command, -1)
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], `"`, "")
	}
	return words
}

// The worked review quotes profiles: what is in quotation marks must be in
// them, and the ids must belong to the people named.
func TestTheReviewQuotesTheProfiles(t *testing.T) {
	var quoting strings.Builder
	for _, text := range documents(t) {
		for line := range strings.Lines(text) {
			if quote, ok := strings.CutPrefix(line, ">"); ok {
				quoting.WriteString(strings.TrimSpace(quote) + " ")
			}
		}
	}
	var profiles bytes.Buffer
	status := cli.Run(t.Context(), cli.System{
		Args:   []string{"--demo", "call", "get_sourcing_results", "request_id=req_demo_done", "detail=full", "limit=20"},
		Stdout: &profiles, Stderr: &bytes.Buffer{},
	})
	if status != 0 {
		t.Fatal(profiles.String())
	}
	quotations := regexp.MustCompile(`“([^”]*)”|\[(prof_[^\]]*)\]`).FindAllStringSubmatch(quoting.String(), -1)
	if len(quotations) < 15 {
		t.Errorf("%d quotations and ids, want the whole review's", len(quotations))
	}
	for _, q := range quotations {
		if !strings.Contains(profiles.String(), q[1]+q[2]) {
			t.Errorf("%q is not in the profiles", q[1]+q[2])
		}
	}
}

// timeless replaces what differs between two runs of the program.
func timeless(s string) string {
	s = regexp.MustCompile(`⟦(data|end) [0-9a-f]{4}⟧`).ReplaceAllString(s, "⟦$1⟧")
	s = regexp.MustCompile(`made \d+ \w+ \d+ [\d:]+, finished (\d+ \w+ \d+ )?[\d:]+`).ReplaceAllString(s, "made then, finished then")
	return regexp.MustCompile(`\d+ (s|candidates? sourced)\b`).ReplaceAllString(s, "n $1")
}
