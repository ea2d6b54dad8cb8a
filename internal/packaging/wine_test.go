package main

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"instaview-mcp/internal/sandbox"
)

// wineDir is where Debian keeps what wine64 brings.
const wineDir = "/usr/lib/wine"

// person uses the Windows, whose directories bear the name.
const person = "Jana Nováková"

// windows is a Windows of Wine's, with the release's program in it.
type windows struct {
	machine
	program string
}

func newWindows(t *testing.T) windows {
	t.Helper()
	archive := one(t, filepath.Join(dist(t), "*_windows_amd64.zip"))
	if _, err := os.Stat(wineDir + "/wine64"); err != nil {
		t.Skip("needs wine64")
	}
	compiler, err := exec.LookPath("x86_64-w64-mingw32-gcc")
	if err != nil {
		t.Skip("needs gcc-mingw-w64-x86-64")
	}
	w := windows{machine: newMachine(t, "unzip")}
	w.run("unzip", "-q", archive, "-d", "Program Files")
	w.program = filepath.Join(w.dir, "Program Files", "instaview-mcp.exe")
	t.Cleanup(func() { // it lives on for seconds, and writes files
		for _, flag := range []string{"-k", "-w"} {
			_ = w.wine("", nil, wineDir+"/wineserver64", flag).Run()
		}
	})
	if out, err := w.wine("", nil, wineDir+"/wine64", "wineboot", "--init").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	dll := filepath.Join(w.dir, ".wine/drive_c/windows/system32/bcryptprimitives.dll")
	if out, err := exec.Command(compiler, "-shared", "-o", dll, "testdata/bcryptprimitives.c", "-ladvapi32").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return w
}

// wine is not bound to the test's context, since cleaning up comes after it.
func (w windows) wine(dir string, env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = filepath.Join(w.dir, dir)
	cmd.Env = append([]string{"HOME=" + w.dir, "PATH=" + w.path, "USER=" + person, "LC_ALL=C.UTF-8", "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml="}, env...)
	return cmd
}

func (w windows) start(env []string, args ...string) *exec.Cmd {
	return w.wine("", env, wineDir+"/wine64", append([]string{w.program}, args...)...)
}

// windowsPath returns a file's path as Windows has it.
func (w windows) windowsPath(file string) string {
	return "Z:" + strings.ReplaceAll(filepath.Join(w.dir, file), "/", `\`)
}

func TestTheWindowsProgramRuns(t *testing.T) {
	t.Parallel()
	w := newWindows(t)
	wantDemo(t, w.start(nil, "--demo"))

	upstream := httptest.NewServer(sandbox.New())
	defer upstream.Close()
	const keyFile = "Jana Nováková/můj klíč.txt"
	if err := write(w.dir, map[string]file{keyFile: {[]byte(sandbox.Key + "\r\n"), 0o600}}); err != nil {
		t.Fatal(err)
	}
	env := []string{"INSTAVIEW_BASE_URL=" + upstream.URL, "INSTAVIEW_API_KEY_FILE=" + w.windowsPath(keyFile)}
	out, err := w.start(env, "check").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "key            ok") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, answer := talk(t, w.start(env)); !strings.Contains(answer, "completed") {
		t.Errorf("answered %s", answer)
	}
	t.Run("setup", func(t *testing.T) { setupOnWindows(t, w, upstream.URL) })
}

// setup writes paths of Windows, with which the client then starts the program.
func setupOnWindows(t *testing.T, w windows, baseURL string) {
	const windowsData = `C:\users\` + person + `\AppData\Roaming`
	config := ".wine/drive_c/users/" + person + "/AppData/Roaming/Claude/claude_desktop_config.json"
	if err := write(w.dir, map[string]file{config: {[]byte("{\r\n  \"theme\": \"tmavá\"\r\n}\r\n"), 0o600}}); err != nil {
		t.Fatal(err)
	}
	env := []string{"INSTAVIEW_BASE_URL=" + baseURL, "INSTAVIEW_API_KEY=" + sandbox.Key}
	if out, err := w.start(env, "setup", "--yes", "claude-desktop").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var written struct {
		Theme   string
		Servers map[string]mcpConfig `json:"mcpServers"`
	}
	readJSON(t, filepath.Join(w.dir, config), &written)
	entry := written.Servers["instaview"]
	if written.Theme != "tmavá" || entry.Command != w.windowsPath("Program Files/instaview-mcp.exe") ||
		entry.Env["INSTAVIEW_API_KEY_FILE"] != windowsData+`\instaview\key` {
		t.Errorf("setup wrote %+v", written)
	}
	var given []string
	for name, value := range entry.Env {
		given = append(given, name+"="+value)
	}
	if _, answer := talk(t, w.wine("", given, wineDir+"/wine64", append([]string{entry.Command}, entry.Args...)...)); !strings.Contains(answer, "completed") {
		t.Errorf("answered %s", answer)
	}
}
