package setup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tailscale/hujson"
)

// jsonFormat is JSON with comments and trailing commas.
type jsonFormat struct{}

func (jsonFormat) parse(text []byte) (map[string]any, error) {
	_, root, err := openJSON(text)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(standard(root)))
	decoder.UseNumber()
	var tree map[string]any
	if err := decoder.Decode(&tree); err != nil || tree == nil {
		return nil, errors.New("it holds no JSON object")
	}
	return tree, nil
}

var opaqueJSON = onFirstUse(`(?s)//[^\n]*|/\*.*?\*/|"(?:[^"\\]|\\.)*"(?:\s*:)?`)

func (jsonFormat) opaque() *regexp.Regexp { return opaqueJSON() }

// standard returns a value without comments and trailing commas. It works on a
// copy, because hujson would overwrite them in the text it was parsed from.
func standard(value hujson.Value) []byte {
	value = value.Clone()
	value.Standardize()
	return value.Pack()
}

var position = onFirstUse(`line \d+, column \d+`)

// openJSON parses a file. To a file without any value it adds an empty object,
// and returns that text.
func openJSON(text []byte) ([]byte, hujson.Value, error) {
	if isTooDeep(text) {
		return nil, hujson.Value{}, errors.New("its brackets are nested too deeply")
	}
	root, err := hujson.Parse(text)
	if err == nil {
		return text, root, nil
	}
	filled := bytes.Clone(bytes.TrimRight(text, spaces))
	if len(filled) > 0 {
		filled = append(filled, lineBreak(text)...)
	}
	filled = append(filled, "{}"+lineBreak(text)...)
	if root, err := hujson.Parse(filled); err == nil {
		return filled, root, nil
	}
	// The rest of the message may quote the file.
	return nil, root, fmt.Errorf("it is not valid JSON: %s", position().FindString(err.Error()))
}

// isTooDeep reports whether brackets are nested so deeply that hujson would run
// out of stack, which ends the program. No settings come near the limit.
func isTooDeep(text []byte) bool {
	depth := 0
	for _, b := range text {
		switch b {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if depth > 100_000 {
			return true
		}
	}
	return false
}

func (jsonFormat) apply(text []byte, c change) ([]byte, error) {
	text, root, err := openJSON(text)
	if err != nil {
		return nil, err
	}
	node := root
	for depth, name := range c.path {
		parent, ok := node.Value.(*hujson.Object)
		if !ok {
			return nil, fmt.Errorf("%s in it is no object", strings.Join(c.path[:depth], "."))
		}
		at, err := memberAt(parent, name)
		switch {
		case err != nil:
			return nil, err
		case at < 0 && c.value == nil:
			return text, nil
		case at < 0:
			return insertJSON(text, node, c.path[depth:], c.value, unit(text, root))
		case depth == len(c.path)-1 && c.value == nil:
			return removeJSON(text, node, at), nil
		case depth == len(c.path)-1:
			return replaceJSON(text, parent.Members[at], c.value, unit(text, root))
		}
		node = parent.Members[at].Value
	}
	return text, nil
}

// memberAt returns the index of a member, or -1. It returns an error for a
// duplicate name, because clients differ in which one they read.
func memberAt(o *hujson.Object, name string) (int, error) {
	at := -1
	for i, m := range o.Members {
		if literal, _ := m.Name.Value.(hujson.Literal); literal.String() == name {
			if at >= 0 {
				return at, fmt.Errorf("%s stands in it twice", name)
			}
			at = i
		}
	}
	return at, nil
}

func replaceJSON(text []byte, m hujson.ObjectMember, value any, unit string) ([]byte, error) {
	start, end := m.Value.StartOffset, m.Value.EndOffset
	if !bytes.Contains(text[start:end], []byte("\n")) {
		unit = ""
	}
	raw, err := render(value, lineIndent(text, m.Name.StartOffset), unit)
	before, after := jsontext.Value(standard(m.Value)), jsontext.Value(raw)
	if err != nil || before.Canonicalize() == nil && after.Canonicalize() == nil && bytes.Equal(before, after) {
		return text, err
	}
	return splice(text, start, end, withBreaks(text, raw)), nil
}

// insertJSON adds a member to the end of an object, with nested objects for the
// rest of the path.
func insertJSON(text []byte, parent hujson.Value, path []string, value any, unit string) ([]byte, error) {
	for i := len(path) - 1; i > 0; i-- {
		value = object{{path[i], value}}
	}
	members := parent.Value.(*hujson.Object).Members
	start, closing := parent.StartOffset, parent.EndOffset-1
	var last hujson.Value
	outer := lineIndent(text, start)
	inner, oneLine := outer+unit, false
	if len(members) > 0 {
		last = members[len(members)-1].Value
		inner = lineIndent(text, members[len(members)-1].Name.StartOffset)
		if oneLine = !bytes.Contains(text[start:closing], []byte("\n")); oneLine {
			unit = ""
		}
	}
	raw, err := render(value, inner, unit)
	if err != nil {
		return nil, err
	}
	added := fmt.Sprintf("%q: %s", path[0], raw)
	if oneLine {
		return splice(text, last.EndOffset, last.EndOffset, ", "+added), nil
	}
	if last.AfterExtra != nil { // there is a trailing comma
		added += ","
	}
	// On a line of its own, after the last member or comment.
	at := len(bytes.TrimRight(text[:closing], spaces))
	added = inner + added + "\n"
	if line := bytes.IndexByte(text[at:closing], '\n'); line >= 0 {
		at += line + 1
	} else {
		at, added = closing, "\n"+added+outer
	}
	result := splice(text, at, at, withBreaks(text, added))
	if len(members) > 0 && last.AfterExtra == nil {
		result = splice(result, last.EndOffset, last.EndOffset, ",")
	}
	return result, nil
}

// removeJSON removes a member of an object and one of the commas beside it.
func removeJSON(text []byte, parent hujson.Value, at int) []byte {
	members := parent.Value.(*hujson.Object).Members
	start, end := members[at].Name.StartOffset, members[at].Value.EndOffset
	switch {
	case len(members) == 1 && len(bytes.TrimLeft(text[parent.StartOffset+1:start], spaces)) == 0 && len(bytes.Trim(text[end:parent.EndOffset-1], spaces+",")) == 0:
		return splice(text, parent.StartOffset, parent.EndOffset, "{}")
	case at < len(members)-1 || members[at].Value.AfterExtra != nil:
		return cut(text, start, end+len(members[at].Value.AfterExtra)+1)
	}
	text = cut(text, start, end)
	if at > 0 {
		previous := members[at-1].Value
		comma := previous.EndOffset + len(previous.AfterExtra)
		text = splice(text, comma, comma+1, "")
	}
	return text
}

// render returns a value as JSON: in one line if unit is empty, otherwise
// indented by unit, with indent before all lines but the first.
func render(value any, indent, unit string) (string, error) {
	layout := []jsontext.Options{jsontext.WithIndentPrefix(indent), jsontext.WithIndent(unit)}
	if unit == "" {
		layout = []jsontext.Options{jsontext.SpaceAfterColon(true), jsontext.SpaceAfterComma(true)}
	}
	raw, err := json.Marshal(value)
	if err == nil {
		err = (*jsontext.Value)(&raw).Format(layout...)
	}
	return string(raw), err
}

// unit returns the indentation that the file uses.
func unit(text []byte, root hujson.Value) string {
	if o, ok := root.Value.(*hujson.Object); ok && len(o.Members) > 0 {
		if indent := lineIndent(text, o.Members[0].Name.StartOffset); indent != "" {
			return indent
		}
	}
	return "  "
}

// MarshalJSON returns the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for _, m := range o {
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, ",%q:%s", m.name, value)
	}
	return append(append([]byte("{"), bytes.TrimPrefix(b.Bytes(), []byte(","))...), '}'), nil
}
