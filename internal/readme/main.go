// Command readme writes the generated parts of README.md and docs/: tables of
// the tools, their arguments, the prompts, the resources and the environment,
// the blocks for clients' files, and a picture of an answer. Run it with go
// generate.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/internal/config"
	"instaview-mcp/internal/mcpserver"
)

func main() {
	changed, err := documents(".")
	for path, text := range changed {
		if err == nil {
			err = os.WriteFile(path, text, 0o644)
		}
	}
	if err != nil {
		log.Fatal(err)
	}
}

// documents returns, by path, the up-to-date text of the documents in the
// directory root. It fails if a table is in none of them.
func documents(root string) (map[string][]byte, error) {
	tables, err := allTables()
	if err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		return nil, err
	}
	texts, used := map[string][]byte{}, map[string]bool{}
	for _, path := range append(paths, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(path)
		if err == nil {
			texts[path], err = fill(text, tables, used)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	for name := range tables {
		if !used[name] {
			return nil, fmt.Errorf("no document has a place for the table of %s", name)
		}
	}
	texts[filepath.Join(root, "docs", "answer.svg")], err = picture()
	return texts, err
}

// allTables returns the tables by the names that the markers use.
func allTables() (map[string]string, error) {
	tools := allTools()
	tables, err := clientBlocks()
	if err != nil {
		return nil, err
	}
	tables["tools"] = toolTable(tools)
	tables["arguments"] = argumentTable(tools)
	tables["prompts"] = promptTable()
	tables["environment"] = environmentTable()
	if tables["resources"], err = resourceTable(); err != nil {
		return nil, err
	}
	tables["links"], err = linkTable()
	return tables, err
}

// place matches the markers of a table and the text between them.
var place = regexp.MustCompile(`(?s)<!-- ([\w-]+): written by go generate -->\n.*?<!-- end -->\n`)

// fill replaces the text between the markers of each table, and adds the names
// of the tables it finds to used.
func fill(text []byte, tables map[string]string, used map[string]bool) ([]byte, error) {
	var unknown error
	text = place.ReplaceAllFunc(text, func(old []byte) []byte {
		name := string(place.FindSubmatch(old)[1])
		table, ok := tables[name]
		if !ok {
			unknown = fmt.Errorf("there is no table of %s", name)
		}
		used[name] = true
		return fmt.Appendf(nil, "<!-- %s: written by go generate -->\n%s<!-- end -->\n", name, table)
	})
	return text, unknown
}

// allTools returns the tools, sorted by name.
func allTools() []mcp.Tool {
	var tools []mcp.Tool
	for _, t := range mcpserver.New(mcpserver.Options{}).ListTools() {
		tools = append(tools, t.Tool)
	}
	slices.SortFunc(tools, func(a, b mcp.Tool) int { return strings.Compare(a.Name, b.Name) })
	return tools
}

func toolTable(tools []mcp.Tool) string {
	var b strings.Builder
	b.WriteString("| tool | what it does |\n| --- | --- |\n")
	for _, t := range tools {
		fmt.Fprintf(&b, "| `%s` | %s |\n", t.Name, t.Description)
	}
	return b.String()
}

func argumentTable(tools []mcp.Tool) string {
	toolsOf := map[string][]string{} // argument → tools that have it
	schema := map[string]map[string]any{}
	for _, t := range tools {
		for name, s := range t.InputSchema.Properties {
			toolsOf[name] = append(toolsOf[name], t.Name)
			schema[name], _ = s.(map[string]any)
		}
	}
	names := slices.Sorted(maps.Keys(toolsOf))
	var b strings.Builder
	b.WriteString("| argument | type | meaning |\n| --- | --- | --- |\n")
	for _, name := range names {
		kind := fmt.Sprint(schema[name]["type"])
		if items, ok := schema[name]["items"].(map[string]any); ok {
			kind = fmt.Sprintf("list of %ss", items["type"])
		}
		only := ""
		if len(toolsOf[name]) < len(tools) {
			only = "; `" + strings.Join(toolsOf[name], "`, `") + "` alone"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s%s |\n", name, kind, schema[name]["description"], only)
	}
	return b.String()
}

func promptTable() string {
	prompts := mcpserver.New(mcpserver.Options{}).ListPrompts()
	var b strings.Builder
	b.WriteString("| prompt | what it asks for | arguments |\n| --- | --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(prompts)) {
		p := prompts[name].Prompt
		var arguments []string
		for _, a := range p.Arguments {
			form := "`" + a.Name + "`"
			if !a.Required {
				form += " (" + a.Description + ")"
			}
			arguments = append(arguments, form)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p.Name, p.Description, strings.Join(arguments, ", "))
	}
	return b.String()
}

func resourceTable() (string, error) {
	answer := mcpserver.New(mcpserver.Options{}).HandleMessage(context.Background(),
		json.RawMessage(`{"jsonrpc":"2.0","id":1,"method":"resources/templates/list"}`))
	response, _ := answer.(mcp.JSONRPCResponse)
	list, ok := response.Result.(mcp.ListResourceTemplatesResult)
	if !ok {
		return "", fmt.Errorf("resources/templates/list answers a %T", answer)
	}
	var b strings.Builder
	b.WriteString("| resource | what it holds | type |\n| --- | --- | --- |\n")
	for _, r := range list.ResourceTemplates {
		fmt.Fprintf(&b, "| `%s` | %s | `%s` |\n", r.URITemplate.Raw(), r.Description, r.MIMEType)
	}
	return b.String(), nil
}

func environmentTable() string {
	var b strings.Builder
	b.WriteString("| variable | default | meaning |\n| --- | --- | --- |\n")
	t := reflect.TypeFor[config.Config]()
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		if tag.Get("env") == "" {
			continue
		}
		name, options, _ := strings.Cut(tag.Get("env"), ",")
		value := strings.TrimPrefix(strings.TrimSpace(options), "default=")
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, value, tag.Get("doc"))
	}
	return b.String()
}
