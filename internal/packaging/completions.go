package main

import (
	"bytes"
	"context"
	"fmt"

	"instaview-mcp/internal/cli"
)

// completionFiles have the names under which shells look for them.
var completionFiles = map[string]string{
	"bash": "completions/instaview-mcp.bash",
	"zsh":  "completions/_instaview-mcp",
	"fish": "completions/instaview-mcp.fish",
}

// completions returns what has shells complete the program's commands.
func completions() (map[string]file, error) {
	files := map[string]file{}
	for shell, path := range completionFiles {
		var stdout, stderr bytes.Buffer
		status := cli.Run(context.Background(), cli.System{Args: []string{"completion", shell}, Stdin: &bytes.Buffer{}, Stdout: &stdout, Stderr: &stderr})
		if status != 0 {
			return nil, fmt.Errorf("completion %s: %s", shell, &stderr)
		}
		files[path] = file{stdout.Bytes(), 0o644}
	}
	return files, nil
}
