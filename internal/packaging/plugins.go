package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/internal/mcpserver"
)

// tracked returns the files that are kept in the repository, because clients
// install them from there.
func tracked(changelog string) (map[string]file, error) {
	version, err := latestVersion(changelog)
	if err != nil {
		return nil, err
	}
	from := origin{exampleRepository, version}
	const plugin = "plugins/claude-code"
	files := map[string]file{}
	for path, content := range map[string]object{
		".claude-plugin/marketplace.json":      marketplace("./" + plugin),
		plugin + "/.claude-plugin/plugin.json": claudePlugin(from),
		plugin + "/.mcp.json":                  {"mcpServers": object{"instaview": npx(from, environment(), demoArgument)}},
		"gemini-extension.json":                geminiExtension(from),
	} {
		text, err := toJSON(content)
		if err != nil {
			return nil, err
		}
		files[path] = file{text, 0o644}
	}
	for _, p := range mcpserver.New(mcpserver.Options{}).ListPrompts() {
		text, err := command(p.Prompt)
		if err != nil {
			return nil, err
		}
		files[plugin+"/commands/"+strings.ReplaceAll(p.Prompt.Name, "_", "-")+".md"] = file{text, 0o644}
	}
	return files, nil
}

// npx returns what starts the published program over stdio.
func npx(from origin, env map[string]string, args ...string) object {
	return object{"command": "npx", "args": append([]string{"-y", name + "@" + from.version}, args...), "env": env}
}

// marketplace returns what lists our plugin, so that this repository can be
// added to Claude Code as a marketplace.
func marketplace(plugin string) object {
	return object{
		"name":        name,
		"description": title,
		"owner":       object{"name": author},
		"plugins":     []object{{"name": "instaview", "source": plugin, "description": description}},
	}
}

func claudePlugin(from origin) object {
	return object{
		"name":        "instaview",
		"version":     from.version,
		"description": description,
		"author":      object{"name": author},
		"homepage":    from.url(),
		"repository":  from.url(),
		"license":     license,
		"userConfig":  userConfig(),
	}
}

// geminiExtension returns an extension for Gemini CLI, which offers the prompts
// as commands by itself.
func geminiExtension(from origin) object {
	var asked []object
	env := map[string]string{}
	for _, s := range settings {
		asked = append(asked, object{"name": s.title, "description": s.description(), "envVar": s.variable, "sensitive": s.secret})
		env[s.variable] = "${" + s.variable + "}"
	}
	server := npx(from, env)
	server["timeout"] = 300_000 // ms; a call may take 240 s
	return object{
		"name":        "instaview",
		"version":     from.version,
		"description": description,
		"settings":    asked,
		"mcpServers":  object{"instaview": server},
	}
}

// placeholders stand for required arguments in a command's text.
var placeholders = map[string]string{
	"request_id":  "RUN_TYPED",
	"profile_id":  "CANDIDATE_TYPED",
	"profile_ids": "CANDIDATE_TYPED, OTHER_CANDIDATE_TYPED",
}

//go:embed claude/command.md
var commandText string

var commandTemplate = template.Must(template.New("command").Parse(commandText))

// command returns a prompt as a command of Claude Code's, which splits what
// people type at every space: the model reads it as a whole instead.
func command(p mcp.Prompt) ([]byte, error) {
	given := map[string]string{}
	for _, a := range p.Arguments {
		if a.Required {
			if given[a.Name] = placeholders[a.Name]; given[a.Name] == "" {
				return nil, fmt.Errorf("the prompt %s needs %s: add a placeholder", p.Name, a.Name)
			}
		}
	}
	request, err := json.Marshal(object{"jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": object{"name": p.Name, "arguments": given}})
	if err != nil {
		return nil, err
	}
	answer := mcpserver.New(mcpserver.Options{}).HandleMessage(context.Background(), request)
	response, _ := answer.(mcp.JSONRPCResponse)
	result, ok := response.Result.(mcp.GetPromptResult)
	if !ok {
		return nil, fmt.Errorf("prompts/get of %s answers %v", p.Name, answer)
	}
	var text strings.Builder
	err = commandTemplate.Execute(&text, object{
		"Prompt": p,
		"Given":  given,
		"Text":   result.Messages[0].Content.(mcp.TextContent).Text,
	})
	return []byte(text.String()), err
}
