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

// Machine is what decides where files lie. The zero value is of no use.
type Machine struct {
	goos string
	env  map[string]string
	home string
}

// NewMachine returns the machine of an operating system, named as runtime.GOOS
// names it, and an environment in os.Environ's form. It fails if the environment
// names no home directory.
func NewMachine(goos string, environ []string) (Machine, error) {
	m := Machine{goos: goos, env: map[string]string{}}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if goos == "windows" { // where case does not count
			name = strings.ToUpper(name)
		}
		m.env[name] = value
	}
	variable := "HOME"
	if goos == "windows" {
		variable = "USERPROFILE"
	}
	if m.home = m.env[variable]; m.home == "" {
		return m, errors.New(variable + " is not set: it names the directory that holds your settings")
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

// dirOf returns the directory that a variable names, or else usual.
func (m Machine) dirOf(variable, usual string) string {
	if dir := m.env[variable]; dir != "" {
		return dir
	}
	return usual
}

// Client is an MCP client that setup knows.
type Client struct {
	Name  string // on the command line
	Title string // for people

	format  format
	section string // of the file, which holds all servers
	kind    string // the entry's type, where the client wants one
	timeout member // the entry's limit for a call, where the usual one is too short
	places  func(Machine) []place
}

// place is a configuration file of a client that is installed if one of the
// other paths exists.
type place struct {
	file      string
	installed []string
}

// Clients are all that setup knows, in the order it asks about them.
var Clients = []Client{
	{Name: "claude-desktop", Title: "Claude Desktop", format: jsonFormat{}, section: "mcpServers", places: claudeDesktop},
	{Name: "claude-code", Title: "Claude Code", format: jsonFormat{}, section: "mcpServers", kind: "stdio", places: claudeCode},
	{Name: "cursor", Title: "Cursor", format: jsonFormat{}, section: "mcpServers", places: func(m Machine) []place {
		return []place{in(filepath.Join(m.home, ".cursor"), "mcp.json")}
	}},
	{Name: "vscode", Title: "VS Code", format: jsonFormat{}, section: "servers", kind: "stdio", places: func(m Machine) []place {
		return []place{
			in(filepath.Join(m.appData(), "Code"), "User", "mcp.json"),
			in(filepath.Join(m.appData(), "Code - Insiders"), "User", "mcp.json"),
		}
	}},
	{Name: "codex", Title: "Codex", format: tomlFormat{}, section: "mcp_servers", timeout: member{"tool_timeout_sec", 300}, places: func(m Machine) []place {
		return []place{in(m.dirOf("CODEX_HOME", filepath.Join(m.home, ".codex")), "config.toml")}
	}},
	{Name: "gemini", Title: "Gemini CLI", format: jsonFormat{}, section: "mcpServers", places: func(m Machine) []place {
		return []place{in(filepath.Join(m.dirOf("GEMINI_CLI_HOME", m.home), ".gemini"), "settings.json")}
	}},
	{Name: "zed", Title: "Zed", format: jsonFormat{}, section: "context_servers", places: func(m Machine) []place {
		switch m.goos {
		case "windows":
			return []place{in(filepath.Join(m.roaming(), "Zed"), "settings.json")}
		case "darwin":
			return []place{in(filepath.Join(m.home, ".config", "zed"), "settings.json")}
		}
		return []place{in(filepath.Join(m.appData(), "zed"), "settings.json")}
	}},
	{Name: "windsurf", Title: "Windsurf", format: jsonFormat{}, section: "mcpServers", places: func(m Machine) []place {
		return []place{in(filepath.Join(m.home, ".codeium", "windsurf"), "mcp_config.json")}
	}},
}

// in is the place of a client that is installed if a directory is there.
func in(dir string, file ...string) place {
	return place{filepath.Join(append([]string{dir}, file...)...), []string{dir}}
}

// claudeDesktop reads another file if it was installed as a package on Windows.
func claudeDesktop(m Machine) []place {
	const file = "claude_desktop_config.json"
	places := []place{in(filepath.Join(m.appData(), "Claude"), file)}
	if m.goos == "windows" {
		local := m.dirOf("LOCALAPPDATA", filepath.Join(m.home, "AppData", "Local"))
		packages, _ := filepath.Glob(filepath.Join(local, "Packages", "Claude_*"))
		for _, dir := range packages {
			places = append(places, in(dir, "LocalCache", "Roaming", "Claude", file))
		}
	}
	return places
}

// claudeCode keeps the servers of all projects beside its own directory.
func claudeCode(m Machine) []place {
	if dir := m.env["CLAUDE_CONFIG_DIR"]; dir != "" {
		return []place{in(dir, ".claude.json")}
	}
	file := filepath.Join(m.home, ".claude.json")
	return []place{{file, []string{file, filepath.Join(m.home, ".claude")}}}
}

// Named returns the client of a name.
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

// Installed returns the configuration files of the client on a machine; none if
// it is not there. The files themselves may be missing yet.
func (c Client) Installed(m Machine) (files []string) {
	for _, p := range c.places(m) {
		if slices.ContainsFunc(p.installed, exists) {
			files = append(files, p.file)
		}
	}
	return files
}

// Usual returns the client's usual configuration file, whether it is there or
// not.
func (c Client) Usual(m Machine) string { return c.places(m)[0].file }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
