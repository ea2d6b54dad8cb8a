package app

import (
	"runtime"
	"runtime/debug"
	"strings"

	"instaview-mcp/internal/config"
)

// Version is set by the linker for releases. If it is empty, the version comes
// from the Go toolchain.
var Version string

// BuildVersion returns a release's version, otherwise what the Go toolchain
// recorded, otherwise "dev".
func BuildVersion() string {
	if Version != "" {
		return Version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

// Details returns what a bug report should say about the program, one line
// each.
func Details() string {
	return strings.Join([]string{
		"version     " + BuildVersion(),
		"commit      " + commit(),
		"go          " + runtime.Version(),
		"platform    " + runtime.GOOS + "/" + runtime.GOARCH,
		"transports  " + strings.Join([]string{config.Stdio, config.HTTP, config.SSE}, ", "),
	}, "\n") + "\n"
}

// commit returns the commit that the program was built from, or "unknown".
func commit() string {
	commit, changed := "unknown", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			switch {
			case setting.Key == "vcs.revision":
				commit = setting.Value
			case setting.Key == "vcs.modified" && setting.Value == "true":
				changed = ", with changes"
			}
		}
	}
	return commit + changed
}
