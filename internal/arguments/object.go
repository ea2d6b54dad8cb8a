package arguments

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// wrappers are the names under which some clients and models send all arguments
// once more, folded.
var wrappers = []string{"arguments", "args", "params", "parameters", "input", "inputs", "toolinput", "toolarguments", "kwargs", "payload", "body",
	"json", "request", "properties", "query", "data", "getsourcingresults", "waitforsourcing"}

// maxWrapped is how often arguments may be wrapped: in a string, and in one
// another.
const maxWrapped = 3

// Object returns the arguments in raw: an object, the JSON of one, or one within
// "arguments" or the like. within is the name it stood under, "" if none.
func Object(raw any) (given map[string]any, within string, ok bool) {
	for range maxWrapped {
		switch v := raw.(type) {
		case nil:
			return given, within, true
		case string:
			if raw, ok = parsed(v); !ok {
				return nil, "", false
			}
		case []any:
			if len(v) != 1 {
				return nil, "", false
			}
			raw = v[0]
		case map[string]any:
			name, inner := wrapped(v)
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

// fromPython makes JSON of an object as Python writes it.
var fromPython = strings.NewReplacer("'", `"`, "True", "true", "False", "false", "None", "null")

// parsed reads the JSON of an object.
func parsed(s string) (any, bool) {
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

// wrapped returns the arguments that stand within one of an object, together
// with those beside it; nil if none does.
func wrapped(object map[string]any) (name string, all map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value := object[name]
		if !slices.Contains(wrappers, foldName(name)) {
			continue
		}
		inner, ok := value.(map[string]any)
		if text, isText := value.(string); isText && strings.HasPrefix(strings.TrimSpace(text), "{") {
			var read any
			read, ok = parsed(text)
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

// holdsArguments reports whether an object has a name that means an argument, or
// one that arguments are wrapped in.
func holdsArguments(object map[string]any) bool {
	for name := range object {
		if meant, _ := Name(name); meant != "" || slices.Contains(wrappers, foldName(name)) {
			return true
		}
	}
	return false
}

// namesATool reports whether a value is the tool's name, which some models send
// along.
func namesATool(name string, value any) bool {
	text, _ := value.(string)
	return slices.Contains([]string{"name", "tool", "toolname", "function"}, foldName(name)) && strings.Contains(text, "sourcing")
}
