package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/internal/mcpserver"
)

// bundleFile keeps its name over versions, so that a link to the latest one
// stays true.
const bundleFile = name + ".mcpb"

//go:embed bundle/long_description.md
var longDescription string

//go:embed bundle/start.sh
var startScript []byte

//go:embed bundle/icon.png
var icon []byte

// bundle returns an MCP bundle for macOS, Windows and Linux. It is not signed,
// because Claude Desktop refuses bundles that the tool for it has signed.
func bundle(dist string, from origin) ([]byte, error) {
	manifest, err := toJSON(manifest(from))
	if err != nil {
		return nil, err
	}
	files := map[string]file{
		"manifest.json":   {manifest, 0o644},
		"icon.png":        {icon, 0o644},
		"server/start.sh": {startScript, 0o755},
	}
	for path, target := range map[string]string{
		"server/instaview-mcp-darwin":      "darwin_all",
		"server/instaview-mcp-linux-amd64": "linux_amd64",
		"server/instaview-mcp-linux-arm64": "linux_arm64",
		"server/instaview-mcp.exe":         "windows_amd64", // Windows runs it on arm64, too
	} {
		content, err := binary(dist, target)
		if err != nil {
			return nil, err
		}
		files[path] = file{content, 0o755}
	}
	if files["LICENSE"], err = readFile("LICENSE"); err != nil {
		return nil, err
	}
	return zipped(files)
}

// binary returns the program for a target, of which goreleaser names the
// directory.
func binary(dist, target string) ([]byte, error) {
	paths, err := filepath.Glob(filepath.Join(dist, name+"_"+target+"*", name+"*"))
	if err != nil || len(paths) != 1 {
		return nil, fmt.Errorf("%d programs for %s in %s, want one (%w)", len(paths), target, dist, err)
	}
	return os.ReadFile(paths[0])
}

func readFile(path string) (file, error) {
	content, err := os.ReadFile(path)
	return file{content, 0o644}, err
}

// zipped returns an archive that is the same whenever it is made: mcpb pack
// writes the time of day into it.
func zipped(files map[string]file) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	for _, path := range slices.Sorted(maps.Keys(files)) {
		header := &zip.FileHeader{Name: path, Method: zip.Deflate}
		header.SetMode(files[path].mode)
		w, err := z.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(files[path].content); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return b.Bytes(), err
}

// object is an object of JSON.
type object = map[string]any

// manifest returns a bundle's manifest, as revision 0.3 has it.
func manifest(from origin) object {
	return object{
		"manifest_version": "0.3",
		"name":             name,
		"display_name":     title,
		"version":          from.version,
		"description":      description,
		"long_description": longDescription,
		"author":           object{"name": author},
		"repository":       object{"type": "git", "url": from.url()},
		"homepage":         from.url(),
		"documentation":    from.url() + "#readme",
		"support":          from.url() + "/issues",
		"icon":             "icon.png",
		"license":          license,
		"keywords":         []string{"recruiting", "sourcing", "candidates", "instaview"},
		"privacy_policies": []string{from.url() + "/blob/main/PRIVACY.md"},
		"compatibility":    object{"platforms": []string{"darwin", "win32", "linux"}},
		"tools":            toolList(),
		// A prompt of the manifest has a fixed text; ours take arguments.
		"prompts_generated": true,
		"user_config":       userConfig(),
		"server": object{
			"type":        "binary",
			"entry_point": "server/start.sh",
			"mcp_config": object{
				// The shell, since unpacking may lose the script's run bit.
				"command": "/bin/sh",
				"args":    []string{"${__dirname}/server/start.sh", demoArgument},
				"env":     environment(),
				"platform_overrides": object{
					"win32": object{"command": "${__dirname}/server/instaview-mcp.exe", "args": []string{demoArgument}},
				},
			},
		},
	}
}

// toolList returns the tools that every installation has.
func toolList() []object {
	var tools []mcp.Tool
	for _, t := range mcpserver.New(mcpserver.Options{}).ListTools() {
		tools = append(tools, t.Tool)
	}
	slices.SortFunc(tools, func(a, b mcp.Tool) int { return strings.Compare(a.Name, b.Name) })
	var list []object
	for _, t := range tools {
		list = append(list, object{"name": t.Name, "description": t.Description})
	}
	return list
}
