package e2e

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"instaview-mcp/internal/sandbox"
	"instaview-mcp/internal/setup"
)

// What setup writes starts a server that answers, for every client: as the
// client would, with the entry's command, arguments and variables and nothing
// else.
func TestWhatSetupWritesStartsTheServer(t *testing.T) {
	upstream := httptest.NewServer(sandbox.New())
	defer upstream.Close()
	home := filepath.Join(t.TempDir(), "Jäne Doe")
	environ := []string{"HOME=" + home, "USERPROFILE=" + home, "PATH=" + os.Getenv("PATH"), "SystemRoot=" + os.Getenv("SystemRoot"), "INSTAVIEW_BASE_URL=" + upstream.URL}
	command := filepath.Join(home, "instaview-mcp.exe") // a link to the program, as package managers make
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program(t), command); err != nil {
		t.Skip(err)
	}
	for _, args := range [][]string{{"--demo"}, nil} {
		cmd := exec.Command(command, append(append([]string{"setup", "--yes"}, args...), setup.Names()...)...)
		cmd.Env, cmd.Stdin = environ, strings.NewReader(sandbox.Key+"\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		machine, err := setup.NewMachine(runtime.GOOS, environ)
		if err != nil {
			t.Fatal(err)
		}
		for _, client := range setup.Clients {
			raw, err := os.ReadFile(client.Usual(machine))
			if err != nil {
				t.Fatal(err)
			}
			config := map[string]any{}
			if bytes.HasPrefix(raw, []byte("[")) {
				err = toml.Unmarshal(raw, &config)
			} else {
				err = json.Unmarshal(raw, &config)
			}
			if err != nil {
				t.Fatal(err)
			}
			l := find(t, client.Title, config)
			if l.command != command {
				t.Errorf("%s starts %s, want the link %s", client.Name, l.command, command)
			}
			var env []string
			for name, value := range l.env {
				env = append(env, name+"="+value.(string))
			}
			if len(args) == 0 && len(env) == 0 || len(args) > 0 && (len(env) > 0 || strings.Join(l.args, " ") != "--demo") {
				t.Errorf("%s: arguments %q, variables %q", client.Name, l.args, env)
			}
			answers(t, client.Name, env, l.args...)
		}
	}
}
