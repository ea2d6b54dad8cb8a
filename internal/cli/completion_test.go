package cli

import (
	"os/exec"
	"strings"
	"testing"
)

func TestShellsCanReadTheirCompletions(t *testing.T) {
	for shell, check := range map[string]string{"bash": "-n", "zsh": "-n", "fish": "--no-execute"} {
		got := execute(t, nil, "completion", shell)
		got.wants(t, 0, []string{"instaview-mcp", "setup", "windsurf", "print", "webhook", "create", "url"}, nil)
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("%s is not installed", shell)
			continue
		}
		cmd := exec.Command(path, check, "/dev/stdin")
		cmd.Stdin = strings.NewReader(got.stdout)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
}

func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	script := execute(t, nil, "completion", "bash").stdout
	for line, want := range map[string]string{
		"instaview-mcp se":                "serve setup",
		"instaview-mcp --tr":              "--transport",
		"instaview-mcp setup c":           "claude-desktop claude-code cursor codex",
		"instaview-mcp setup --print vsc": "vscode",
		"instaview-mcp completion z":      "zsh",
		"instaview-mcp webhook c":         "create",
		"instaview-mcp webhook list --sh": "--show-signing-secret",
	} {
		words := strings.Fields(line)
		cmd := exec.Command(bash, "-c", script+`COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _instaview_mcp; echo "${COMPREPLY[@]}"`, "-")
		cmd.Args = append(cmd.Args, words...)
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%s: %v, %q, want %q", line, err, got, want)
		}
	}
}
