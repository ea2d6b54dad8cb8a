package setup

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func machine(t *testing.T, goos string, environ ...string) Machine {
	t.Helper()
	m, err := NewMachine(goos, environ)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// In the tests Windows' paths have this system's separators.
func TestWhereClientsKeepTheirFiles(t *testing.T) {
	for name, tt := range map[string]struct {
		machine Machine
		want    map[string]string
	}{
		"Linux": {machine(t, "linux", "HOME=/home/jane"), map[string]string{
			"claude-desktop": "/home/jane/.config/Claude/claude_desktop_config.json",
			"claude-code":    "/home/jane/.claude.json",
			"cursor":         "/home/jane/.cursor/mcp.json",
			"vscode":         "/home/jane/.config/Code/User/mcp.json",
			"codex":          "/home/jane/.codex/config.toml",
			"gemini":         "/home/jane/.gemini/settings.json",
			"zed":            "/home/jane/.config/zed/settings.json",
			"windsurf":       "/home/jane/.codeium/windsurf/mcp_config.json",
			"key":            "/home/jane/.config/instaview/key",
		}},
		"Linux with directories of its own": {machine(t, "linux", "HOME=/home/jane", "XDG_CONFIG_HOME=/c", "CODEX_HOME=/x", "GEMINI_CLI_HOME=/g", "CLAUDE_CONFIG_DIR=/d"), map[string]string{
			"claude-desktop": "/c/Claude/claude_desktop_config.json",
			"claude-code":    "/d/.claude.json",
			"cursor":         "/home/jane/.cursor/mcp.json",
			"vscode":         "/c/Code/User/mcp.json",
			"codex":          "/x/config.toml",
			"gemini":         "/g/.gemini/settings.json",
			"zed":            "/c/zed/settings.json",
			"windsurf":       "/home/jane/.codeium/windsurf/mcp_config.json",
			"key":            "/home/jane/.config/instaview/key",
		}},
		"macOS": {machine(t, "darwin", "HOME=/Users/jane"), map[string]string{
			"claude-desktop": "/Users/jane/Library/Application Support/Claude/claude_desktop_config.json",
			"claude-code":    "/Users/jane/.claude.json",
			"cursor":         "/Users/jane/.cursor/mcp.json",
			"vscode":         "/Users/jane/Library/Application Support/Code/User/mcp.json",
			"codex":          "/Users/jane/.codex/config.toml",
			"gemini":         "/Users/jane/.gemini/settings.json",
			"zed":            "/Users/jane/.config/zed/settings.json",
			"windsurf":       "/Users/jane/.codeium/windsurf/mcp_config.json",
			"key":            "/Users/jane/.config/instaview/key",
		}},
		"Windows": {machine(t, "windows", "UserProfile=/Users/Jane Doe", "AppData=/Roaming é", "LOCALAPPDATA=/Local"), map[string]string{
			"claude-desktop": "/Roaming é/Claude/claude_desktop_config.json",
			"claude-code":    "/Users/Jane Doe/.claude.json",
			"cursor":         "/Users/Jane Doe/.cursor/mcp.json",
			"vscode":         "/Roaming é/Code/User/mcp.json",
			"codex":          "/Users/Jane Doe/.codex/config.toml",
			"gemini":         "/Users/Jane Doe/.gemini/settings.json",
			"zed":            "/Roaming é/Zed/settings.json",
			"windsurf":       "/Users/Jane Doe/.codeium/windsurf/mcp_config.json",
			"key":            "/Roaming é/instaview/key",
		}},
		"Windows with little set": {machine(t, "windows", "USERPROFILE=/Users/jane"), map[string]string{
			"claude-desktop": "/Users/jane/AppData/Roaming/Claude/claude_desktop_config.json",
			"claude-code":    "/Users/jane/.claude.json",
			"cursor":         "/Users/jane/.cursor/mcp.json",
			"vscode":         "/Users/jane/AppData/Roaming/Code/User/mcp.json",
			"codex":          "/Users/jane/.codex/config.toml",
			"gemini":         "/Users/jane/.gemini/settings.json",
			"zed":            "/Users/jane/AppData/Roaming/Zed/settings.json",
			"windsurf":       "/Users/jane/.codeium/windsurf/mcp_config.json",
			"key":            "/Users/jane/AppData/Roaming/instaview/key",
		}},
	} {
		got := map[string]string{"key": filepath.ToSlash(tt.machine.KeyFile())}
		for _, c := range Clients {
			got[c.Name] = filepath.ToSlash(c.Usual(tt.machine))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	m := machine(t, "linux", "HOME=/home/jane", "XDG_CONFIG_HOME=c", "CODEX_HOME=./x", "GEMINI_CLI_HOME=g", "CLAUDE_CONFIG_DIR=../d")
	for _, c := range Clients {
		if want, got := c.Usual(machine(t, "linux", "HOME=/home/jane")), c.Usual(m); got != want {
			t.Errorf("%s: a relative directory leads to %s, want %s", c.Name, got, want)
		}
	}
	if _, err := NewMachine("linux", []string{"HOME=jane"}); err == nil {
		t.Error("a relative home, which a client started elsewhere would not find")
	}
	for goos, variable := range map[string]string{"linux": "HOME", "darwin": "HOME", "windows": "USERPROFILE"} {
		if _, err := NewMachine(goos, []string{"OTHER=x"}); err == nil || !strings.HasPrefix(err.Error(), variable+" is not set to a full path") {
			t.Errorf("%s: error %v without a home", goos, err)
		}
	}
}

func TestClientsAreFoundByWhatTheyLeave(t *testing.T) {
	for name, tt := range map[string]struct {
		goos  string
		there []string // directories, or files if they have an ending
		want  []string // client and file
	}{
		"none":           {"linux", nil, nil},
		"only ours":      {"linux", []string{".config/instaview"}, nil},
		"without a file": {"linux", []string{".cursor", ".config/Code"}, []string{"cursor .cursor/mcp.json", "vscode .config/Code/User/mcp.json"}},
		"Claude Code":    {"linux", []string{".claude"}, []string{"claude-code .claude.json"}},
		"its file":       {"linux", []string{".claude.json"}, []string{"claude-code .claude.json"}},
		"two VS Codes": {"linux", []string{".config/Code - Insiders", ".config/Code/User/mcp.json"},
			[]string{"vscode .config/Code/User/mcp.json", "vscode .config/Code - Insiders/User/mcp.json"}},
		"a package on Windows": {"windows", []string{"AppData/Local/Packages/Claude_abc123/x"},
			[]string{"claude-desktop AppData/Local/Packages/Claude_abc123/LocalCache/Roaming/Claude/claude_desktop_config.json"}},
		"both on Windows": {"windows", []string{"AppData/Roaming/Claude", "AppData/Local/Packages/Claude_abc123"},
			[]string{"claude-desktop AppData/Roaming/Claude/claude_desktop_config.json",
				"claude-desktop AppData/Local/Packages/Claude_abc123/LocalCache/Roaming/Claude/claude_desktop_config.json"}},
		"all": {"linux", []string{".config/Claude", ".claude", ".cursor", ".config/Code", ".codex", ".gemini", ".config/zed", ".codeium/windsurf"}, []string{
			"claude-desktop .config/Claude/claude_desktop_config.json", "claude-code .claude.json", "cursor .cursor/mcp.json", "vscode .config/Code/User/mcp.json",
			"codex .codex/config.toml", "gemini .gemini/settings.json", "zed .config/zed/settings.json", "windsurf .codeium/windsurf/mcp_config.json"}},
	} {
		home := t.TempDir()
		for _, path := range tt.there {
			path = filepath.Join(home, filepath.FromSlash(path))
			dir := path
			if filepath.Ext(filepath.Base(path)) == ".json" {
				dir = filepath.Dir(path)
			}
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if dir != path {
				write(t, path, []byte("{}"), 0o600)
			}
		}
		var got []string
		for _, c := range Clients {
			for _, file := range c.Installed(machine(t, tt.goos, "HOME="+home, "USERPROFILE="+home)) {
				path, err := filepath.Rel(home, file)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, c.Name+" "+filepath.ToSlash(path))
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, tt.want)
		}
	}
}
