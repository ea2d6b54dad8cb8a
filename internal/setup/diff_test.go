package setup

import (
	"path/filepath"
	"strings"
	"testing"
)

// A quotation mark in a comment, or one that is escaped, must not make what
// follows it look like the text between two strings.
func TestQuotesInOtherPlacesRevealNothing(t *testing.T) {
	for text, client := range map[string]string{
		`{"a": /* 5" */ "canary", "b": 1}`:                                            "cursor",
		`{/* it's "x */ "a": "it's canary"}`:                                          "cursor",
		"{\n// canary\n/* canary\ncanary */ \"a\": \"//\\\"canary\" // \"canary\n}":   "cursor",
		"a = [ # 5\" it's\n 'canary', \"it's canary\" ]\n":                            "codex",
		`a = ["""x""""", "canary", '''y''''', 'canary', "canary"]`:                    "codex",
		`a = ["""x"""", "canary", '''y'''', 'canary', "canary"]`:                      "codex",
		`a = ["""\""" canary """, "canary"]`:                                          "codex",
		"# canary\na = '#\"' # canary\nb = \"'\" # canary\nc = \"#\\\"\" # 'canary\n": "codex",
	} {
		c, _ := Named(client)
		file := filepath.Join(t.TempDir(), "config")
		write(t, file, []byte(text), 0o600)
		if diff := plan(t, c.Add, file, server).Diff(); strings.Contains(diff, "canary") || !strings.Contains(diff, server.Command) {
			t.Errorf("%s\nis shown as\n%s", text, diff)
		}
	}
}

// What the person is shown has others' strings hidden, wherever they stand.
func TestTheDiffShowsNoSecrets(t *testing.T) {
	jsonText := `{"a": "canary", "%s": {"x": {"command": "npx", "args": ["--token=canary", "Bearer canary"], "env": {"T": "can\"canary"}, "url": "https://x/?canary" /* "T": "canary" */ }}}`
	tomlText := "a = 'canary'\n# t = \"canary\"\n[%s.x]\nargs = ['canary', \"\"\"\ncanary\"\"\"]\nurl = '''\ncanary'''\n"
	for _, c := range Clients {
		text := jsonText
		if c.Name == "codex" {
			text = tomlText
		}
		for name, text := range map[string]string{"in few lines": text, "in many": strings.NewReplacer("{", "{\n", ", ", ",\n").Replace(text)} {
			file := filepath.Join(t.TempDir(), "config")
			write(t, file, []byte(strings.ReplaceAll(text, "%s", c.section)), 0o600)
			diff := plan(t, c.Add, file, server).Diff()
			if strings.Contains(diff, "canary") || !strings.Contains(diff, "\n+") || !strings.Contains(diff, server.Command) || !strings.Contains(diff, keyFile) {
				t.Errorf("%s, %s:\n%s", c.Name, name, diff)
			}
		}
	}
}
