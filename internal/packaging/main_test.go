package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"instaview-mcp/internal/config"
)

func TestTheTrackedFilesAreCurrent(t *testing.T) {
	t.Chdir("../..")
	changes, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := tracked(string(changes))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want.content), string(got)); diff != "" {
			t.Errorf("%s is stale: run go generate (-want +got):\n%s", path, diff)
		}
	}
	commands, err := filepath.Glob("plugins/claude-code/commands/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range commands {
		if _, ok := files[path]; !ok {
			t.Errorf("%s belongs to no prompt: remove it", path)
		}
	}
}

// A first try needs no key: each form offers the demo.
func TestThePluginOffersTheDemo(t *testing.T) {
	files, err := tracked("## [1.2.3]\n")
	if err != nil {
		t.Fatal(err)
	}
	var plugin struct {
		UserConfig map[string]struct{ Type string }
	}
	var servers struct{ MCPServers map[string]mcpConfig }
	for path, into := range map[string]any{"plugins/claude-code/.claude-plugin/plugin.json": &plugin, "plugins/claude-code/.mcp.json": &servers} {
		if err := json.Unmarshal(files[path].content, into); err != nil {
			t.Fatal(err)
		}
	}
	args := servers.MCPServers["instaview"].Args
	if plugin.UserConfig["demo"].Type != "boolean" || !slices.Contains(args, "--demo=${user_config.demo}") {
		t.Errorf("the form is %v, the arguments are %q", plugin.UserConfig, args)
	}
}

// A command must say what each of its placeholders stands for.
func TestCommandsExplainTheirPlaceholders(t *testing.T) {
	files, err := tracked("## [1.2.3]\n")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for path, f := range files {
		if !strings.HasSuffix(path, ".md") {
			continue
		}
		count++
		head, body, _ := strings.Cut(string(f.content), "what I typed comes before")
		if !strings.Contains(head, "$ARGUMENTS") || !strings.Contains(body, "You advise, I decide") {
			t.Errorf("%s lacks what was typed, or the prompt:\n%s", path, f.content)
		}
		for _, placeholder := range regexp.MustCompile(`\w+_TYPED`).FindAllString(body, -1) {
			if !strings.Contains(head, placeholder) {
				t.Errorf("%s does not explain %s", path, placeholder)
			}
		}
	}
	if count != 5 {
		t.Errorf("%d commands, want one for each prompt", count)
	}
}

// built returns a directory that holds an empty program for every target, as
// goreleaser names them.
func built(t *testing.T) (dist string) {
	t.Helper()
	dist = t.TempDir()
	for _, target := range []string{"linux_amd64_v1", "linux_arm64_v8.0", "darwin_all", "darwin_amd64_v1", "darwin_arm64_v8.0", "windows_amd64_v1", "windows_arm64_v8.0"} {
		program := "instaview-mcp"
		if strings.HasPrefix(target, "windows") {
			program += ".exe"
		}
		if err := write(dist, map[string]file{"instaview-mcp_" + target + "/" + program: {[]byte(target), 0o755}}); err != nil {
			t.Fatal(err)
		}
	}
	return dist
}

// testOrigin has capital letters, as owners at GitHub may.
var testOrigin = origin{"Test-Owner/test-name", "1.2.3"}

// released returns what is made of such programs, in a directory.
func released(t *testing.T) (packages string) {
	t.Helper()
	t.Chdir("../..")
	dist := built(t)
	if err := release(dist, testOrigin); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dist, "packages")
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheRegistryEntryHasTheSchemasForm(t *testing.T) {
	const path = "testdata/server.schema.json"
	var head struct {
		ID string `json:"$id"`
	}
	if readJSON(t, path, &head); head.ID != registrySchema {
		t.Errorf("the copy is of %s, want %s", head.ID, registrySchema)
	}
	schema, err := jsonschema.NewCompiler().Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	packages := released(t)
	var entry map[string]any
	readJSON(t, filepath.Join(packages, "server.json"), &entry)
	if err := schema.Validate(entry); err != nil {
		t.Error(err)
	}
	if entry["$schema"] != registrySchema {
		t.Errorf("$schema is %v", entry["$schema"])
	}
	delete(entry, "description")
	if schema.Validate(entry) == nil {
		t.Error("the schema allows an entry without a description")
	}
}

// The registry compares the entry with what the packages say of themselves.
func TestTheRegistryEntryFitsThePackages(t *testing.T) {
	packages := released(t)
	var entry struct {
		Name     string
		Version  string
		Packages []struct{ RegistryType, Identifier, Version, FileSha256 string }
	}
	readJSON(t, filepath.Join(packages, "server.json"), &entry)
	var npm struct{ Name, Version, MCPName string }
	readJSON(t, filepath.Join(packages, "npm/instaview-mcp/package.json"), &npm)
	bundle, err := os.ReadFile(filepath.Join(packages, bundleFile))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range entry.Packages {
		got[p.RegistryType] = p.Identifier
		if p.RegistryType == "mcpb" && p.FileSha256 != sum(bundle) {
			t.Errorf("the bundle's hash is %s, want %s", p.FileSha256, sum(bundle))
		}
	}
	want := map[string]string{
		"npm":  npm.Name,
		"oci":  "ghcr.io/test-owner/test-name:1.2.3",
		"mcpb": "https://github.com/Test-Owner/test-name/releases/download/v1.2.3/instaview-mcp.mcpb",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if entry.Name != "io.github.Test-Owner/instaview-mcp" || npm.MCPName != entry.Name || entry.Version != "1.2.3" || npm.Version != entry.Version {
		t.Errorf("the entry is %s %s, the npm package says %s %s", entry.Name, entry.Version, npm.MCPName, npm.Version)
	}
}

func TestNothingInventsAnOwner(t *testing.T) {
	packages := released(t)
	err := filepath.WalkDir(packages, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if strings.Contains(string(raw), exampleRepository) {
			t.Errorf("%s still says %s", path, exampleRepository)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryPlatformsPackageIsOptional(t *testing.T) {
	packages := released(t)
	var npm struct {
		OptionalDependencies map[string]string
		Scripts              map[string]string
	}
	readJSON(t, filepath.Join(packages, "npm/instaview-mcp/package.json"), &npm)
	dirs, err := os.ReadDir(filepath.Join(packages, "npm"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, d := range dirs {
		if d.Name() != "instaview-mcp" {
			want = append(want, d.Name())
		}
	}
	if got := slices.Sorted(maps.Keys(npm.OptionalDependencies)); !slices.Equal(got, want) || len(want) != 6 {
		t.Errorf("optional are %q, want the six packages %q", got, want)
	}
	if len(npm.Scripts) > 0 {
		t.Errorf("npm runs scripts: %v", npm.Scripts)
	}
}

// A program that is missing, or there twice, must not be left out in silence.
func TestAReleaseNeedsEveryProgram(t *testing.T) {
	t.Chdir("../..")
	for _, p := range []string{"instaview-mcp_darwin_all", "instaview-mcp_windows_arm64_v8.0"} {
		dist := built(t)
		if err := os.RemoveAll(filepath.Join(dist, p)); err != nil {
			t.Fatal(err)
		}
		if err := release(dist, testOrigin); err == nil || !strings.Contains(err.Error(), "0 programs for") {
			t.Errorf("without %s: error %v", p, err)
		}
	}
}

func TestTheBundleIsTheSameWheneverItIsMade(t *testing.T) {
	t.Chdir("../..")
	dist := built(t)
	first, err := bundle(dist, testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if again, err := bundle(dist, testOrigin); err != nil || sum(again) != sum(first) {
			t.Fatalf("another bundle, or error %v", err)
		}
	}
}

// What an installer asks for must be a setting that the program reads.
func TestSettingsAreVariables(t *testing.T) {
	for _, s := range settings {
		value := map[string]string{"INSTAVIEW_API_KEY": "sk_live_0123456789abcdef", "INSTAVIEW_COMPANY_ID": "company_1"}[s.variable]
		if s.kind == "boolean" {
			value = "true"
		}
		c := config.Load(t.Context(), []string{s.variable + "=" + value, "INSTAVIEW_API_KEY=sk_live_0123456789abcdef"}, config.Use{})
		if value == "" || len(c.Faults) > 0 || len(c.Warnings) > 0 {
			t.Errorf("%s=%s: %q %q", s.variable, value, c.Faults, c.Warnings)
		}
	}
}

func TestReleaseNotes(t *testing.T) {
	const changelog = "# Changelog\n\n## [Unreleased]\n\n- Later.\n\n## [1.2.0] - 2026-01-02\n\n### Added\n\n- This.\n\n## [1.1.0] - 2025-01-02\n\n- That.\n"
	got, err := releaseNotes(changelog, "1.2.0")
	if want := "### Added\n\n- This.\n"; got != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := releaseNotes(changelog, "1.3.0"); err == nil {
		t.Error("no error for a version that the changelog lacks")
	}
	if got, err := latestVersion(changelog); got != "1.2.0" || err != nil {
		t.Errorf("the latest is %q, %v", got, err)
	}
}
