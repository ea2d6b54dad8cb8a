// Package setup adds this server to the configuration files of the MCP clients
// on a machine, or removes it, and leaves everything else in them as it is.
package setup

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Machine knows where files are kept. Make one with NewMachine.
type Machine struct {
	goos string
	env  map[string]string
	home string
}

// NewMachine returns the machine of an operating system, named as runtime.GOOS
// names it, and an environment in os.Environ's form. It fails if the
// environment does not give the full path of a home directory.
func NewMachine(goos string, environ []string) (Machine, error) {
	m := Machine{goos: goos, env: map[string]string{}}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if goos == "windows" { // where names are case-insensitive
			name = strings.ToUpper(name)
		}
		m.env[name] = value
	}
	variable := "HOME"
	if goos == "windows" {
		variable = "USERPROFILE"
	}
	if m.home = m.dirOf(variable, ""); m.home == "" {
		return m, errors.New(variable + " is not set to a full path: it names the directory that holds your settings")
	}
	return m, nil
}

// Env returns a variable of the environment, or "".
func (m Machine) Env(name string) string { return m.env[name] }

// KeyFile returns where the API key is kept.
func (m Machine) KeyFile() string {
	if m.goos == "windows" {
		return filepath.Join(m.roaming(), "instaview", "key")
	}
	return filepath.Join(m.home, ".config", "instaview", "key")
}

func (m Machine) roaming() string {
	return m.dirOf("APPDATA", filepath.Join(m.home, "AppData", "Roaming"))
}

// appData returns where desktop applications keep their settings.
func (m Machine) appData() string {
	switch m.goos {
	case "windows":
		return m.roaming()
	case "darwin":
		return filepath.Join(m.home, "Library", "Application Support")
	}
	return m.dirOf("XDG_CONFIG_HOME", filepath.Join(m.home, ".config"))
}

// dirOf returns the directory in a variable, otherwise usual. It ignores paths
// that depend on the current directory, which is another one for the client.
func (m Machine) dirOf(variable, usual string) string {
	dir := m.env[variable]
	if filepath.IsAbs(dir) || dir != "" && os.IsPathSeparator(dir[0]) {
		return dir
	}
	return usual
}

// Client is an MCP client that setup knows.
type Client struct {
	Name  string // on the command line
	Title string // for people

	format    format
	section   string // the name in the file under which servers are listed
	kind      string // the entry's type, or "" if the client needs none
	timeout   member // the entry's time limit for a call, if the default is too short
	locations func(Machine) []location
}

// location is a configuration file of a client. The client counts as installed
// if one of the paths in installed exists.
type location struct {
	file      string
	installed []string
}

// Clients are the clients that setup knows, in the order of its questions.
var Clients = []Client{
	{Name: "claude-desktop", Title: "Claude Desktop", format: jsonFormat{}, section: "mcpServers", locations: claudeDesktop},
	{Name: "claude-code", Title: "Claude Code", format: jsonFormat{}, section: "mcpServers", kind: "stdio", locations: claudeCode},
	{Name: "cursor", Title: "Cursor", format: jsonFormat{}, section: "mcpServers", locations: func(m Machine) []location {
		return []location{inDir(filepath.Join(m.home, ".cursor"), "mcp.json")}
	}},
	{Name: "vscode", Title: "VS Code", format: jsonFormat{}, section: "servers", kind: "stdio", locations: func(m Machine) []location {
		return []location{
			inDir(filepath.Join(m.appData(), "Code"), "User", "mcp.json"),
			inDir(filepath.Join(m.appData(), "Code - Insiders"), "User", "mcp.json"),
		}
	}},
	{Name: "codex", Title: "Codex", format: tomlFormat{}, section: "mcp_servers", timeout: member{"tool_timeout_sec", 300}, locations: func(m Machine) []location {
		return []location{inDir(m.dirOf("CODEX_HOME", filepath.Join(m.home, ".codex")), "config.toml")}
	}},
	{Name: "gemini", Title: "Gemini CLI", format: jsonFormat{}, section: "mcpServers", locations: func(m Machine) []location {
		return []location{inDir(filepath.Join(m.dirOf("GEMINI_CLI_HOME", m.home), ".gemini"), "settings.json")}
	}},
	{Name: "zed", Title: "Zed", format: jsonFormat{}, section: "context_servers", locations: func(m Machine) []location {
		switch m.goos {
		case "windows":
			return []location{inDir(filepath.Join(m.roaming(), "Zed"), "settings.json")}
		case "darwin":
			return []location{inDir(filepath.Join(m.home, ".config", "zed"), "settings.json")}
		}
		return []location{inDir(filepath.Join(m.appData(), "zed"), "settings.json")}
	}},
	{Name: "windsurf", Title: "Windsurf", format: jsonFormat{}, section: "mcpServers", locations: func(m Machine) []location {
		return []location{inDir(filepath.Join(m.home, ".codeium", "windsurf"), "mcp_config.json")}
	}},
}

// inDir returns the location of a file in a directory that shows that the
// client is installed.
func inDir(dir string, file ...string) location {
	return location{filepath.Join(append([]string{dir}, file...)...), []string{dir}}
}

// claudeDesktop returns one more file for each installation as a package (MSIX)
// on Windows.
func claudeDesktop(m Machine) []location {
	const file = "claude_desktop_config.json"
	locations := []location{inDir(filepath.Join(m.appData(), "Claude"), file)}
	if m.goos == "windows" {
		local := m.dirOf("LOCALAPPDATA", filepath.Join(m.home, "AppData", "Local"))
		packages, _ := filepath.Glob(filepath.Join(local, "Packages", "Claude_*"))
		for _, dir := range packages {
			locations = append(locations, inDir(dir, "LocalCache", "Roaming", "Claude", file))
		}
	}
	return locations
}

// claudeCode returns the file with the servers of all projects.
func claudeCode(m Machine) []location {
	if dir := m.dirOf("CLAUDE_CONFIG_DIR", ""); dir != "" {
		return []location{inDir(dir, ".claude.json")}
	}
	file := filepath.Join(m.home, ".claude.json")
	return []location{{file, []string{file, filepath.Join(m.home, ".claude")}}}
}

// Named returns the client with a name, and whether there is one.
func Named(name string) (Client, bool) {
	at := slices.IndexFunc(Clients, func(c Client) bool { return c.Name == name })
	if at < 0 {
		return Client{}, false
	}
	return Clients[at], true
}

// Names returns the names of all clients.
func Names() (names []string) {
	for _, c := range Clients {
		names = append(names, c.Name)
	}
	return names
}

// Installed returns the client's configuration files on a machine, or nil if
// the client is not installed. The files need not exist yet.
func (c Client) Installed(m Machine) (files []string) {
	for _, p := range c.locations(m) {
		if slices.ContainsFunc(p.installed, exists) {
			files = append(files, p.file)
		}
	}
	return files
}

// Usual returns the client's usual configuration file, which need not exist.
func (c Client) Usual(m Machine) string { return c.locations(m)[0].file }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
