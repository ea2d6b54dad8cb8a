package main

import (
	_ "embed"
	"path"
)

// npmPlatforms are the systems and processors in Node's words, with the target
// in Go's.
var npmPlatforms = []struct{ system, cpu, target, program string }{
	{"linux", "x64", "linux_amd64", name},
	{"linux", "arm64", "linux_arm64", name},
	{"darwin", "x64", "darwin_amd64", name},
	{"darwin", "arm64", "darwin_arm64", name},
	{"win32", "x64", "windows_amd64", name + ".exe"},
	{"win32", "arm64", "windows_arm64", name + ".exe"},
}

//go:embed npm/launcher.js
var launcher []byte

//go:embed npm/README.md
var npmReadme []byte

// npmPackages returns a package that starts the program, and one for each
// platform that holds it: npm installs only the one that fits, and runs no
// script while it does.
func npmPackages(dist string, from origin) (map[string]file, error) {
	license, err := readFile("LICENSE")
	if err != nil {
		return nil, err
	}
	files, optional := map[string]file{}, object{}
	for _, p := range npmPlatforms {
		packageName := name + "-" + p.system + "-" + p.cpu
		program, err := binary(dist, p.target)
		if err != nil {
			return nil, err
		}
		manifest, err := from.packageJSON(packageName, object{
			"os":    []string{p.system},
			"cpu":   []string{p.cpu},
			"files": []string{p.program},
		})
		if err != nil {
			return nil, err
		}
		dir := path.Join("npm", packageName)
		files[path.Join(dir, p.program)] = file{program, 0o755}
		files[path.Join(dir, "package.json")] = manifest
		files[path.Join(dir, "LICENSE")] = license
		optional[packageName] = from.version
	}
	manifest, err := from.packageJSON(name, object{
		"bin":                  object{name: "launcher.js"},
		"files":                []string{"launcher.js"},
		"engines":              object{"node": ">=18"},
		"optionalDependencies": optional,
		"mcpName":              from.registryName(), // the MCP registry compares it
	})
	dir := path.Join("npm", name)
	files[path.Join(dir, "package.json")] = manifest
	files[path.Join(dir, "launcher.js")] = file{launcher, 0o755}
	files[path.Join(dir, "README.md")] = file{npmReadme, 0o644}
	files[path.Join(dir, "LICENSE")] = license
	return files, err
}

// packageJSON returns a package's description, with the given fields added.
func (o origin) packageJSON(packageName string, fields object) (file, error) {
	all := object{
		"name":        packageName,
		"version":     o.version,
		"description": description,
		"license":     license,
		"author":      author,
		"homepage":    o.url() + "#readme",
		"bugs":        o.url() + "/issues",
		"repository":  object{"type": "git", "url": "git+" + o.url() + ".git"},
	}
	for key, value := range fields {
		all[key] = value
	}
	text, err := toJSON(all)
	return file{text, 0o644}, err
}
