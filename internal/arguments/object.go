package arguments

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// wrappers are the folded names in which some clients and models wrap all
// arguments.
var wrappers = []string{"arguments", "args", "params", "parameters", "input", "inputs", "toolinput", "toolarguments", "kwargs", "payload", "body",
	"json", "request", "properties", "query", "data", "getsourcingresults", "waitforsourcing"}

// maxWrapped limits how deeply arguments may be wrapped in strings and objects.
const maxWrapped = 3

// Object returns the arguments in raw, which may be an object, its JSON, or an
// object inside "arguments" or the like. within is the name of the innermost
// wrapper, or "" if there is none. ok is false if there is no object.
func Object(raw any) (given map[string]any, within string, ok bool) {
	for range maxWrapped {
		switch v := raw.(type) {
		case nil:
			return given, within, true
		case string:
			if raw, ok = parseText(v); !ok {
				return nil, "", false
			}
		case []any:
			if len(v) != 1 {
				return nil, "", false
			}
			raw = v[0]
		case map[string]any:
			name, inner := unwrapObject(v)
			if inner == nil {
				return v, within, true
			}
			raw, within = inner, name
		default:
			return nil, "", false
		}
	}
	given, ok = raw.(map[string]any)
	return given, within, ok
}

// fromPython turns a printed Python dictionary into JSON.
var fromPython = strings.NewReplacer("'", `"`, "True", "true", "False", "false", "None", "null")

// parseText reads an object, or a string that may hold one, from JSON, a
// Markdown code block or a printed Python dictionary.
func parseText(s string) (any, bool) {
	s = strings.TrimSpace(s)
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(s, "```json"), "```"), "```"))
	var value any
	if json.Unmarshal([]byte(s), &value) != nil && json.Unmarshal([]byte(fromPython.Replace(s)), &value) != nil {
		return nil, false
	}
	switch value.(type) {
	case map[string]any, string:
		return value, true
	}
	return nil, false
}

// unwrapObject returns the arguments inside a wrapper of object, merged with
// those beside it; nil if object has no wrapper.
func unwrapObject(object map[string]any) (name string, all map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value := object[name]
		if !slices.Contains(wrappers, foldName(name)) {
			continue
		}
		inner, ok := value.(map[string]any)
		if text, isText := value.(string); isText && strings.HasPrefix(strings.TrimSpace(text), "{") {
			var read any
			read, ok = parseText(text)
			inner, _ = read.(map[string]any)
		}
		if !ok || !holdsArguments(inner) {
			continue
		}
		all = map[string]any{}
		for beside, value := range object {
			if beside != name && !namesATool(beside, value) {
				all[beside] = value
			}
		}
		maps.Copy(all, inner)
		return name, all
	}
	return "", nil
}

// holdsArguments reports whether an object has a key that means an argument or
// a wrapper.
func holdsArguments(object map[string]any) bool {
	for name := range object {
		if meant, _ := Name(name); meant != "" || slices.Contains(wrappers, foldName(name)) {
			return true
		}
	}
	return false
}

// namesATool reports whether a value is the tool's name, which some models add
// to the arguments.
func namesATool(name string, value any) bool {
	text, _ := value.(string)
	return slices.Contains([]string{"name", "tool", "toolname", "function"}, foldName(name)) && strings.Contains(text, "sourcing")
}
