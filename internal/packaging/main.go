// Command packaging writes what programs and registries install this server
// from. Without flags it writes the tracked files: the Claude Code plugin and
// the Gemini extension. With -dist it turns the binaries of a release into a
// bundle for desktop clients, npm packages and the entry for the MCP registry.
// With -notes it prints what CHANGELOG.md says of a version.
//
// REPOSITORY in the environment is where it is published, as owner/name.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

const (
	name        = "instaview-mcp"
	title       = "InstaView sourcing"
	description = "Read, wait for and review InstaView candidate-sourcing runs"
	author      = "instaview-mcp contributors"
	license     = "MIT"
)

func main() {
	log.SetFlags(0)
	dist := flag.String("dist", "", "`directory` with the binaries of a release; what is made of them is written below it")
	version := flag.String("version", "", "the release's version, without a v")
	notes := flag.String("notes", "", "print what CHANGELOG.md says of this `version` and exit")
	flag.Parse()
	if err := run(*dist, *version, *notes); err != nil {
		log.Fatal(err)
	}
}

func run(dist, version, notes string) error {
	changes, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		return err
	}
	switch {
	case notes != "":
		text, err := releaseNotes(string(changes), strings.TrimPrefix(notes, "v"))
		fmt.Print(text)
		return err
	case dist != "":
		return release(dist, origin{cmp.Or(os.Getenv("REPOSITORY"), exampleRepository), version})
	}
	files, err := tracked(string(changes))
	if err != nil {
		return err
	}
	return write(".", files)
}

// exampleRepository stands in the tracked files.
const exampleRepository = "example/instaview-mcp"

// origin says where a release comes from.
type origin struct {
	repository string // owner/name
	version    string // without a v
}

func (o origin) url() string { return "https://github.com/" + o.repository }

// download returns the address of a file of the release.
func (o origin) download(file string) string {
	return o.url() + "/releases/download/v" + o.version + "/" + file
}

// image is the name of the container image, which takes no capital letters.
func (o origin) image() string {
	return "ghcr.io/" + strings.ToLower(o.repository) + ":" + o.version
}

// registryName is the name under which the MCP registry lists the server. A
// login at GitHub proves that the publisher may use it.
func (o origin) registryName() string {
	owner, _, _ := strings.Cut(o.repository, "/")
	return "io.github." + owner + "/" + name
}

// release writes all that is made of the binaries in dist.
func release(dist string, from origin) error {
	if from.version == "" {
		return fmt.Errorf("-dist needs -version")
	}
	out := filepath.Join(dist, "packages")
	bundle, err := bundle(dist, from)
	if err != nil {
		return err
	}
	packages, err := npmPackages(dist, from)
	if err != nil {
		return err
	}
	entry, err := registryEntry(from, bundle)
	if err != nil {
		return err
	}
	completions, err := completions()
	if err != nil {
		return err
	}
	maps.Copy(packages, completions)
	packages[bundleFile] = file{bundle, 0o644}
	packages["server.json"] = file{entry, 0o644}
	return write(out, packages)
}

// file is a file to be written.
type file struct {
	content []byte
	mode    os.FileMode
}

// write writes files, which are named by slash-separated paths below root.
func write(root string, files map[string]file) error {
	for path, f := range files {
		path = filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.content, f.mode); err != nil {
			return err
		}
	}
	return nil
}

// toJSON writes a value as people read it.
func toJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}
