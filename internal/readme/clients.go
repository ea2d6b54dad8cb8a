package main

import (
	"strings"

	"instaview-mcp/internal/setup"
)

// The paths in the documents' blocks, for a reader to replace.
var (
	onUnix    = setup.Server{Command: "/path/to/instaview-mcp", KeyFile: "/home/you/.config/instaview/key"}
	onWindows = setup.Server{Command: `C:\Tools\instaview-mcp.exe`, KeyFile: `C:\Users\you\AppData\Roaming\instaview\key`}
)

// sameBlock names the client whose block other clients can use too.
const sameBlock = "claude-desktop"

// clientBlocks returns the blocks that setup --print shows, by the names in the
// markers.
func clientBlocks() (map[string]string, error) {
	blocks := map[string]string{}
	for _, client := range setup.Clients {
		for suffix, server := range map[string]setup.Server{"": onUnix, "-on-windows": onWindows} {
			if suffix != "" && client.Name != "claude-desktop" && client.Name != "codex" {
				continue
			}
			block, err := client.Block(server)
			if err != nil {
				return nil, err
			}
			language, demo := "json", "`\"args\": [\"--demo\"]`"
			if strings.HasPrefix(block, "[") {
				language, demo = "toml", "`args = [\"--demo\"]`"
			}
			blocks[client.Name+suffix] = "```" + language + "\n" + block + "```\n\nFirst try, without a key: " + demo + ".\n"
		}
	}
	for _, other := range []string{"jetbrains", "cline", "lmstudio"} {
		blocks[other] = blocks[sameBlock]
	}
	return blocks, nil
}
