package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"io/fs"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"instaview-mcp/internal/sandbox"
)

var (
	distFlag = flag.String("dist", "", "try the packages of the release in this `directory`, made by make release-snapshot")
	mcpbTool = "@anthropic-ai/mcpb@2.1.2"
)

// dist returns the directory of the release to try.
func dist(t *testing.T) string {
	t.Helper()
	if *distFlag == "" {
		t.Skip("needs -dist")
	}
	dir, err := filepath.Abs(*distFlag)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// patience is far above what anything takes.
const patience = time.Minute

// machine is one without a compiler: an empty directory, and a PATH on which
// only the named programs are.
type machine struct {
	t    *testing.T
	dir  string
	path string
}

func newMachine(t *testing.T, programs ...string) machine {
	t.Helper()
	m := machine{t, t.TempDir(), t.TempDir()}
	for _, p := range programs {
		path, err := exec.LookPath(p)
		if err != nil {
			t.Skip("needs ", p)
		}
		if err := os.Symlink(path, filepath.Join(m.path, p)); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// shell is what bundle/start.sh and npm's own scripts need.
var shell = []string{"sh", "uname", "dirname", "chmod"}

func (m machine) command(env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(m.t.Context(), name, args...)
	if !strings.Contains(name, "/") {
		cmd = exec.CommandContext(m.t.Context(), filepath.Join(m.path, name), args...)
	}
	cmd.Dir = m.dir
	cmd.Env = append([]string{"PATH=" + m.path, "HOME=" + m.dir}, env...)
	return cmd
}

// run returns what a command writes to stdout.
func (m machine) run(name string, args ...string) string {
	m.t.Helper()
	var stderr bytes.Buffer
	cmd := m.command(nil, name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		m.t.Fatalf("%s: %v\n%s%s", cmd, err, out, &stderr)
	}
	return string(out)
}

// talk starts a server, and returns the names of its tools and its answer about
// a finished run.
func talk(t *testing.T, cmd *exec.Cmd) (tools []string, answer string) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	fail := func(err error) {
		if err != nil {
			t.Fatalf("%s: %v\n%s", cmd, err, &stderr)
		}
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), &mcp.CommandTransport{Command: cmd}, nil)
	fail(err)
	list, err := session.ListTools(t.Context(), nil)
	fail(err)
	for _, tool := range list.Tools {
		tools = append(tools, tool.Name)
	}
	slices.Sort(tools)
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{
		Name: "get_sourcing_results", Arguments: map[string]any{"request_id": "req_demo_done"},
	})
	fail(err)
	fail(session.Close())
	return tools, result.Content[0].(*mcp.TextContent).Text
}

// wantDemo checks that a server lists its tools and answers in the demo.
func wantDemo(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	tools, answer := talk(t, cmd)
	if diff := cmp.Diff([]string{"get_sourcing_results", "show_shortlist", "wait_for_sourcing"}, tools); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(answer, "Sample data of the demo") || !strings.Contains(answer, "completed") {
		t.Errorf("answered %s", answer)
	}
}

func one(t *testing.T, pattern string) string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) != 1 {
		t.Fatalf("%q match %s, want one: %v", paths, pattern, err)
	}
	return paths[0]
}

func TestTheArchiveLeadsToAServer(t *testing.T) {
	t.Parallel()
	archive := filepath.Join(dist(t), "*_"+runtime.GOOS+"_"+runtime.GOARCH+".tar.gz")
	m := newMachine(t, "tar", "gzip")
	m.run("tar", "-xzf", one(t, archive))
	for _, path := range append(slices.Collect(maps.Values(completionFiles)), "README.md", "LICENSE", "CHANGELOG.md") {
		if info, err := os.Stat(filepath.Join(m.dir, path)); err != nil || info.Size() == 0 {
			t.Errorf("the archive lacks %s: %v", path, err)
		}
	}
	version := m.run("./instaview-mcp", "--version")
	if _, want, _ := strings.Cut(filepath.Base(one(t, archive)), "_"); !strings.HasPrefix(want, strings.TrimSpace(strings.TrimPrefix(version, "instaview-mcp "))+"_") {
		t.Errorf("the program says %q, the archive is %s", version, want)
	}
	wantDemo(t, m.command(nil, "./instaview-mcp", "--demo"))
}

func TestTheBundle(t *testing.T) {
	t.Parallel()
	file := filepath.Join(dist(t), "packages", bundleFile)
	m := newMachine(t, append(shell, "node", "npm")...)
	m.run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", mcpbTool)
	m.run("node_modules/.bin/mcpb", "unpack", file, "unpacked")
	var manifest manifestOfBundle
	readJSON(t, filepath.Join(m.dir, "unpacked/manifest.json"), &manifest)
	t.Run("is valid", func(t *testing.T) { bundleIsValid(t, m, manifest) })
	t.Run("leads to a server", func(t *testing.T) { bundleLeadsToAServer(t, m, manifest) })
	t.Run("starts in careless hosts", func(t *testing.T) { bundleStartsInCarelessHosts(t, m, manifest) })
}

type manifestOfBundle struct {
	Icon   string
	Tools  []struct{ Name string }
	Server struct {
		EntryPoint string    `json:"entry_point"`
		Config     mcpConfig `json:"mcp_config"`
	}
}

type mcpConfig struct {
	Command   string
	Args      []string
	Env       map[string]string
	Overrides map[string]mcpConfig `json:"platform_overrides"`
}

// hosted returns what a host starts for what a person filled into the form,
// after the library that hosts use.
func (m machine) hosted(form object) mcpConfig {
	m.t.Helper()
	filled, err := json.Marshal(form)
	if err != nil {
		m.t.Fatal(err)
	}
	const script = `
		import { getMcpConfigForManifest } from "@anthropic-ai/mcpb";
		import { readFileSync } from "node:fs";
		const extensionPath = process.cwd() + "/unpacked";
		const manifest = JSON.parse(readFileSync(extensionPath + "/manifest.json"));
		const userConfig = JSON.parse(process.argv[1]);
		console.log(JSON.stringify(await getMcpConfigForManifest({ manifest, extensionPath, userConfig, systemDirs: {}, pathSeparator: "/" })));`
	var c mcpConfig
	if err := json.Unmarshal([]byte(m.run("node", "--input-type=module", "-e", script, string(filled))), &c); err != nil {
		m.t.Fatal(err)
	}
	return c
}

func (m machine) start(c mcpConfig, env ...string) *exec.Cmd {
	for name, value := range c.Env {
		env = append(env, name+"="+value)
	}
	return m.command(env, c.Command, c.Args...)
}

func bundleIsValid(t *testing.T, m machine, manifest manifestOfBundle) {
	if out := m.run("node_modules/.bin/mcpb", "validate", "unpacked/manifest.json"); !strings.Contains(out, "passes") {
		t.Error(out)
	}
	m.run("node_modules/.bin/mcpb", "pack", "unpacked", "again.mcpb")
	paths := []string{manifest.Icon, manifest.Server.EntryPoint}
	for system, o := range manifest.Server.Config.Overrides {
		inside, ok := strings.CutPrefix(o.Command, "${__dirname}/")
		if !ok {
			t.Errorf("on %s it starts %s, want a file of the bundle", system, o.Command)
		}
		paths = append(paths, inside)
	}
	for _, p := range paths {
		if _, err := os.Stat(filepath.Join(m.dir, "unpacked", p)); err != nil {
			t.Error(err)
		}
	}
}

// The bundle starts for whatever a person fills in, and what they fill in
// reaches the program.
func bundleLeadsToAServer(t *testing.T, m machine, manifest manifestOfBundle) {
	upstream := httptest.NewServer(sandbox.New())
	defer upstream.Close()
	wantDemo(t, m.start(m.hosted(object{"api_key": "any", "demo": true})))

	baseURL := "INSTAVIEW_BASE_URL=" + upstream.URL
	var listed []string
	for _, tool := range manifest.Tools {
		listed = append(listed, tool.Name)
	}
	tools, answer := talk(t, m.start(m.hosted(object{"api_key": sandbox.Key}), baseURL))
	if diff := cmp.Diff(listed, tools); diff != "" {
		t.Errorf("the manifest's tools (-) are not the server's (+):\n%s", diff)
	}
	const candidate = "Desislava"
	if !strings.Contains(answer, candidate) {
		t.Errorf("the answer lacks %s:\n%s", candidate, answer)
	}
	_, answer = talk(t, m.start(m.hosted(object{"api_key": sandbox.Key, "blind": true}), baseURL))
	if !strings.Contains(answer, "completed") || strings.Contains(answer, candidate) {
		t.Errorf("it is not blind:\n%s", answer)
	}
	_, answer = talk(t, m.start(m.hosted(object{"api_key": "wrong"}), baseURL))
	if !strings.Contains(answer, "INSTAVIEW_API_KEY") {
		t.Errorf("a wrong key gets %s", answer)
	}
}

// Some hosts leave a reference to an empty field as it is, and some lose the
// run bits.
func bundleStartsInCarelessHosts(t *testing.T, m machine, manifest manifestOfBundle) {
	upstream := httptest.NewServer(sandbox.New())
	defer upstream.Close()
	err := filepath.WalkDir(filepath.Join(m.dir, "unpacked"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chmod(path, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	c := manifest.Server.Config
	for i, arg := range c.Args {
		c.Args[i] = strings.ReplaceAll(arg, "${__dirname}", filepath.Join(m.dir, "unpacked"))
	}
	c.Env["INSTAVIEW_API_KEY"] = sandbox.Key
	if c.Env["INSTAVIEW_COMPANY_ID"] != "${user_config.company_id}" {
		t.Errorf("the environment is %q", c.Env)
	}
	if _, answer := talk(t, m.start(c, "INSTAVIEW_BASE_URL="+upstream.URL)); !strings.Contains(answer, "completed") {
		t.Errorf("answered %s", answer)
	}
}

// The packages are installed from their tarballs, as npm does from its
// registry.
func TestTheNPMPackage(t *testing.T) {
	t.Parallel()
	npm := filepath.Join(dist(t), "packages", "npm")
	m := newMachine(t, append(shell, "node", "npm", "npx")...)
	platform := strings.NewReplacer("amd64", "x64").Replace(name + "-" + runtime.GOOS + "-" + runtime.GOARCH)
	args := []string{"install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts"}
	for _, p := range []string{platform, name} {
		args = append(args, "./"+strings.TrimSpace(m.run("npm", "pack", "--silent", filepath.Join(npm, p))))
	}
	m.run("npm", args...)
	program := one(t, filepath.Join(m.dir, "node_modules", name+"-*", name))
	t.Run("leads to a server", func(t *testing.T) {
		wantDemo(t, m.command(nil, "npx", "--offline", name, "--demo"))
	})
	t.Run("passes status and output on", func(t *testing.T) { launcherPassesStatusOn(t, m, program) })
	t.Run("passes signals on", func(t *testing.T) { launcherPassesSignalsOn(t, m) })
	t.Run("explains a missing program", func(t *testing.T) {
		if err := os.RemoveAll(filepath.Dir(program)); err != nil {
			t.Fatal(err)
		}
		out, err := m.command(nil, "node_modules/.bin/"+name, "--demo").CombinedOutput()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), "--omit=optional") {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// What starts the launcher must not notice that it is not the program.
func launcherPassesStatusOn(t *testing.T, m machine, program string) {
	for _, args := range [][]string{{"--version"}, {"--demo", "call", "nothing"}, {"--flag"}} {
		direct, launched := m.command(nil, program, args...), m.command(nil, "node_modules/.bin/"+name, args...)
		out, _ := direct.CombinedOutput()
		got, _ := launched.CombinedOutput()
		if string(got) != string(out) || launched.ProcessState.ExitCode() != direct.ProcessState.ExitCode() {
			t.Errorf("%q: status %d, output %s; want %d, %s", args, launched.ProcessState.ExitCode(), got, direct.ProcessState.ExitCode(), out)
		}
	}
}

func launcherPassesSignalsOn(t *testing.T, m machine) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		cmd := m.command(nil, "node_modules/.bin/"+name, "--demo")
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		_, _ = stdin.Write([]byte(`{"jsonrpc":"2.0","id":1,"method":"ping"}` + "\n"))
		if _, err := stdout.Read(make([]byte, 1)); err != nil { // once it answers, it listens for signals
			t.Fatal(err)
		}
		_ = cmd.Process.Signal(signal)
		ended := make(chan struct{})
		go func() {
			_, _ = io.Copy(io.Discard, stdout) // ends once the program has ended, too
			_ = cmd.Wait()
			close(ended)
		}()
		select {
		case <-ended:
			if status := cmd.ProcessState.ExitCode(); status != 0 {
				t.Errorf("%v: exit status %d, the program's is 0", signal, status)
			}
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			t.Fatalf("%v does not end it", signal)
		}
	}
}
