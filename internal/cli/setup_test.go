package cli

import (
	"bytes"
	"io"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"instaview-mcp/internal/sandbox"
	"instaview-mcp/internal/setup"
)

// home is a person's, with some clients, and an InstaView beside it.
type home struct {
	t   *testing.T
	dir string
	env map[string]string
}

func newHome(t *testing.T, clients ...string) home {
	t.Helper()
	upstream := httptest.NewServer(sandbox.New())
	t.Cleanup(upstream.Close)
	h := home{t, t.TempDir(), map[string]string{"INSTAVIEW_BASE_URL": upstream.URL}}
	for _, name := range []string{"HOME", "USERPROFILE"} {
		h.env[name] = h.dir
	}
	for _, dir := range clients {
		if err := os.MkdirAll(filepath.Join(h.dir, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// run runs the program with what a person or a pipe types, and further
// variables as NAME=value.
func (h home) run(typed string, more []string, args ...string) outcome {
	h.t.Helper()
	env := maps.Clone(h.env)
	for _, pair := range more {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	var stdout, stderr bytes.Buffer
	status := Run(h.t.Context(), System{Args: args, Environ: pairs(env), Stdin: strings.NewReader(typed), Stdout: &stdout, Stderr: &stderr})
	return outcome{status, stdout.String(), stderr.String()}
}

func (h home) path(name string) string { return filepath.Join(h.dir, filepath.FromSlash(name)) }

func (h home) read(name string) string {
	text, err := os.ReadFile(h.path(name))
	if err != nil {
		return ""
	}
	return string(text)
}

// keyFile is where the key of the home is.
func (h home) keyFile() string {
	m, err := setup.NewMachine(runtime.GOOS, pairs(h.env))
	if err != nil {
		h.t.Fatal(err)
	}
	return m.KeyFile()
}

func (h home) key() string {
	text, _ := os.ReadFile(h.keyFile())
	return string(text)
}

// files lists all files of the home.
func (h home) files() (all []string) {
	err := filepath.WalkDir(h.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

const yesToAll = "--yes"

func TestSetupNeedsATerminalOrYes(t *testing.T) {
	h := newHome(t, ".cursor")
	for _, args := range [][]string{{"setup"}, {"setup", "--demo"}, {"setup", "--remove"}, {"setup", "cursor"}} {
		h.run("sandbox-key\ny\n", nil, args...).wants(t, 1, nil, []string{"stdin is no terminal: say --yes"})
	}
	if files := h.files(); len(files) > 0 {
		t.Errorf("files %q", files)
	}
}

func TestSetupKeepsTheKeyInAFileOfItsOwn(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte(sandbox.Key), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		typed string
		env   []string
		says  string
	}{
		"from stdin":          {sandbox.Key + "\n", nil, "key            ok      accepted"},
		"without a line":      {sandbox.Key, nil, "key            ok      accepted"},
		"with more after it":  {" " + sandbox.Key + " \r\nn\nn\n", nil, "key            ok      accepted"},
		"from the variable":   {"wrong\n", []string{"INSTAVIEW_API_KEY=" + sandbox.Key}, "The key of the environment is used."},
		"from another file":   {"", []string{"INSTAVIEW_API_KEY_FILE=" + other}, "The key of the environment is used."},
		"with another server": {sandbox.Key, []string{"INSTAVIEW_MCP_CALLER_KEYS=true", "INSTAVIEW_MCP_TRANSPORT=http"}, "key            ok      accepted"},
	} {
		h := newHome(t, ".cursor", ".codex")
		got := h.run(tt.typed, tt.env, "setup", yesToAll)
		got.wants(t, 0, []string{"Clients to set up: Cursor, Codex.", tt.says, "which only you can read", "Restart Cursor, Codex."}, nil)
		if h.key() != sandbox.Key+"\n" {
			t.Errorf("%s: the key file holds %q", name, h.key())
		}
		for _, text := range []string{got.stdout, h.read(".cursor/mcp.json"), h.read(".codex/config.toml")} {
			if strings.Contains(text, sandbox.Key) || !strings.Contains(text, "INSTAVIEW_API_KEY_FILE") {
				t.Errorf("%s: the key is shown, or its file is not:\n%s", name, text)
			}
		}
		files := h.files()
		h.run("", nil, "setup", yesToAll).wants(t, 0, []string{"Cursor is already set up", "Codex is already set up"}, nil)
		if again := h.files(); len(again) != len(files) {
			t.Errorf("%s: a second time there are other files: %q, then %q", name, files, again)
		}
	}
}

func TestSetupWritesNothingWithoutAGoodKey(t *testing.T) {
	first := []string{"Clients to set up: Cursor."}
	fromStdin := []string{first[0], "Reading the API key from stdin."}
	for name, tt := range map[string]struct {
		typed  string
		env    []string
		stdout []string
		stderr string
	}{
		"none":           {"", nil, fromStdin, "no key was given: set INSTAVIEW_API_KEY, or try setup --demo"},
		"an empty line":  {"\n" + sandbox.Key + "\n", nil, fromStdin, "no key was given"},
		"a wrong one":    {"sk_canary\n", nil, []string{"refused: it is unknown"}, "nothing was written, since InstaView did not accept the key"},
		"a placeholder":  {"<your key>\n", nil, fromStdin, "the placeholder of an example stands there"},
		"no InstaView":   {sandbox.Key, []string{"INSTAVIEW_BASE_URL=http://127.0.0.1:9"}, []string{"connection refused"}, "nothing was written, since InstaView could not be reached"},
		"a bad setting":  {sandbox.Key, []string{"INSTAVIEW_BASE_URL=http://example.com"}, fromStdin, "INSTAVIEW_BASE_URL"},
		"a bad variable": {sandbox.Key, []string{`INSTAVIEW_API_KEY="sk_canary"`}, first, "has quotation marks around it"},
		"no such file":   {sandbox.Key, []string{"INSTAVIEW_API_KEY_FILE=/nonexistent"}, first, "there is no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t, ".cursor")
			got := h.run(tt.typed, tt.env, "setup", yesToAll)
			got.wants(t, 1, tt.stdout, []string{tt.stderr})
			if strings.Contains(got.stdout+got.stderr, "canary") {
				t.Errorf("a key is shown:\n%s%s", got.stdout, got.stderr)
			}
			if files := h.files(); len(files) > 0 {
				t.Errorf("files %q", files)
			}
		})
	}
}

func TestANewKeyReplacesTheOneThatIsKept(t *testing.T) {
	h := newHome(t, ".cursor")
	if err := setup.WriteKey(h.keyFile(), "sk_old"); err != nil {
		t.Fatal(err)
	}
	h.run("", nil, "setup", yesToAll).wants(t, 1, []string{"refused"}, []string{"nothing was written"})
	if h.key() != "sk_old\n" {
		t.Errorf("the key file holds %q", h.key())
	}
	h.run(sandbox.Key, nil, "setup", yesToAll).wants(t, 0, []string{"which only you can read"}, nil)
	if h.key() != sandbox.Key+"\n" {
		t.Errorf("the key file holds %q", h.key())
	}
}

// What is wrong with one client's file does not keep setup from the others.
func TestOneBadFileLeavesTheOthersToSetup(t *testing.T) {
	h := newHome(t, ".cursor", ".gemini", ".codex")
	broken := `{"mcpServers": {"x": "canary"`
	if err := os.WriteFile(h.path(".cursor/mcp.json"), []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(h.path(".codex/config.toml"), 0o700); err != nil {
		t.Fatal(err)
	}
	got := h.run("", nil, "setup", "--demo", yesToAll)
	got.wants(t, 1, []string{"Cursor is left as it is", "it is not valid JSON: line 1, column 30", "Codex is left as it is", "it is a directory", "Restart Gemini CLI.", "add by hand what instaview-mcp setup --print CLIENT prints"}, nil)
	if h.read(".cursor/mcp.json") != broken || strings.Contains(got.stdout, "canary") || !strings.Contains(h.read(".gemini/settings.json"), "--demo") {
		t.Errorf("Cursor's file: %s\nGemini's: %s", h.read(".cursor/mcp.json"), h.read(".gemini/settings.json"))
	}
	if len(h.files()) != 2 {
		t.Errorf("files %q", h.files())
	}
	h.run("", nil, "setup", "--remove", yesToAll).wants(t, 1, []string{"Cursor is left as it is", "take the entry instaview out by hand"}, nil)
}

func TestSetupOfTheDemoAndBack(t *testing.T) {
	h := newHome(t, ".cursor")
	h.run("", nil, "--demo", "setup", yesToAll).wants(t, 0, []string{"+ marks a line that is added", "run req_demo and"}, nil)
	if got := h.read(".cursor/mcp.json"); !strings.Contains(got, "--demo") || strings.Contains(got, "env") || h.key() != "" {
		t.Errorf("the file holds %s, the key file %q", got, h.key())
	}
	h.run(sandbox.Key, []string{"INSTAVIEW_COMPANY_ID=company_1"}, "setup", yesToAll).wants(t, 0, []string{"As it was: "}, nil)
	got := h.read(".cursor/mcp.json")
	for _, want := range []string{`"INSTAVIEW_API_KEY_FILE": `, `"INSTAVIEW_COMPANY_ID": "company_1"`, `"INSTAVIEW_BASE_URL": "http://127.0.0.1`} {
		if !strings.Contains(got, want) || strings.Contains(got, "--demo") {
			t.Errorf("the file lacks %s or is still the demo's:\n%s", want, got)
		}
	}
	h.run("", nil, "setup", "--remove", yesToAll).wants(t, 0, []string{"-    \"instaview\"", "key is deleted"}, nil)
	if got := h.read(".cursor/mcp.json"); strings.Contains(got, "instaview") || h.key() != "" {
		t.Errorf("removed, the file holds %s, the key file %q", got, h.key())
	}
	h.run("", nil, "setup", "--remove", yesToAll).wants(t, 0, []string{"Cursor does not have it"}, nil)
}

func TestTheKeyIsRemovedWithoutClientsToo(t *testing.T) {
	h := newHome(t)
	if err := setup.WriteKey(h.keyFile(), sandbox.Key); err != nil {
		t.Fatal(err)
	}
	h.run("", nil, "setup", "--remove", yesToAll).wants(t, 0, []string{"key is deleted"}, nil)
	if files := h.files(); len(files) > 0 {
		t.Errorf("files %q", files)
	}
}

func TestNamedClientsAloneAreChanged(t *testing.T) {
	h := newHome(t, ".cursor")
	h.run("", nil, "setup", "--demo", yesToAll, "windsurf", "gemini").wants(t, 0, []string{"Restart Gemini CLI, Windsurf."}, nil)
	if h.read(".cursor/mcp.json") != "" || h.read(".gemini/settings.json") == "" || h.read(".codeium/windsurf/mcp_config.json") == "" {
		t.Errorf("files %q", h.files())
	}
	if err := setup.WriteKey(h.keyFile(), sandbox.Key); err != nil {
		t.Fatal(err)
	}
	h.run("", nil, "setup", "--remove", yesToAll, "gemini").wants(t, 0, []string{"Written: "}, nil)
	if h.key() == "" || !strings.Contains(h.read(".codeium/windsurf/mcp_config.json"), "instaview") {
		t.Error("another client lost its entry or its key")
	}
}

func TestSetupPrintsTheBlockAlone(t *testing.T) {
	h := newHome(t)
	for _, client := range setup.Names() {
		got := h.run("", nil, "setup", "--print", client)
		got.wants(t, 0, []string{"instaview", "INSTAVIEW_API_KEY_FILE", "args"}, nil)
		if first := got.stdout[0]; first != '{' && first != '[' {
			t.Errorf("%s: it begins with %q", client, got.stdout)
		}
		h.run("", nil, "--demo", "--print="+client, "setup").wants(t, 0, []string{"--demo"}, nil)
	}
	if files := h.files(); len(files) > 0 {
		t.Errorf("files %q", files)
	}
}

func TestSetupExplainsMistakes(t *testing.T) {
	h := newHome(t)
	names := "claude-desktop, claude-code, cursor, vscode, codex, gemini, zed, windsurf"
	for want, args := range map[string][]string{
		`there is no client "emacs": use ` + names:                              {"setup", "emacs"},
		`flag -print: there is no client "": use ` + names:                      {"setup", "--print", ""},
		`flag -print: there is no client "vs code": use ` + names:               {"setup", "--print", "vs code"},
		"setup --print takes the name of one client and nothing else":           {"setup", "--print", "cursor", "zed"},
		"no client was found here: name one":                                    {"setup", yesToAll},
		"check takes no --yes: only call, setup and webhook do":                 {"check", yesToAll},
		"completion needs the name of a shell: bash, zsh or fish":               {"completion", "csh"},
		"call takes no --print: only setup does":                                {"call", "--print", "zed"},
		"setup takes no --csv: only call does":                                  {"setup", "--csv", "x"},
		"use serve, call, prompt, check, setup, webhook, version or completion": {"set-up"},
		"version takes no arguments":                                            {"version", "x"},
	} {
		h.run("", nil, args...).wants(t, 1, nil, []string{want})
	}
	delete(h.env, "HOME")
	delete(h.env, "USERPROFILE")
	h.run("", nil, "setup", yesToAll).wants(t, 1, nil, []string{" is not set to a full path: it names the directory"})
	got := execute(t, nil, "setup", "-h")
	got.wants(t, 0, []string{names, "-print CLIENT", "--remove", "without a terminal it needs --yes"}, nil)
	if strings.Contains(got.stdout, "-transport") {
		t.Errorf("the help shows flags of others:\n%s", got.stdout)
	}
}

func TestVersionSaysWhatAReportNeeds(t *testing.T) {
	execute(t, nil, "version").wants(t, 0, []string{"version     ", "\ncommit      ", "\ngo          " + runtime.Version(), "\nplatform    " + runtime.GOOS + "/" + runtime.GOARCH, "\ntransports  stdio, http, sse\n"}, nil)
}

// A person whose terminal has gone away must not be taken for one who said yes.
func TestTheEndOfStdinIsNoYes(t *testing.T) {
	for typed, want := range map[string]bool{"y\n": true, "YES\n": true, " yes \r\n": true, "y": true, "": false, "\n": false, "n\n": false, "yeah\n": false} {
		p := newPrompter(System{Stdin: strings.NewReader(typed), Stdout: io.Discard}, false)
		if got, err := p.confirm(t.Context(), "?"); got != want || err != nil {
			t.Errorf("%q: %v, %v", typed, got, err)
		}
	}
}
