package setup

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlFormat is TOML.
type tomlFormat struct{}

func (tomlFormat) parse(text []byte) (map[string]any, error) {
	tree := map[string]any{}
	err := toml.Unmarshal(text, &tree)
	var decode *toml.DecodeError
	if errors.As(err, &decode) { // its message may quote the file
		line, column := decode.Position()
		return nil, fmt.Errorf("it is not valid TOML: line %d, column %d", line, column)
	}
	return tree, err
}

// opaqueTOML allows for two quotation marks at the end of a string over lines.
var opaqueTOML = onFirstUse(`(?s)#[^\n]*|"""(?:[^\\]|\\.)*?"{3,5}|'''.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'`)

func (tomlFormat) opaque() *regexp.Regexp { return opaqueTOML() }

// expression is a table's header, or a key with its value.
type expression struct {
	path       []string
	within     []string // the path of its table
	kind       unstable.Kind
	start, end int  // from the first key to the end of the value or of the header's line
	inline     bool // part of an inline table
	value      unstable.Kind
}

// scan returns all expressions of a valid file in their order.
func scan(text []byte) (all []expression) {
	var (
		parser unstable.Parser
		table  []string
	)
	parser.Reset(text)
	for parser.NextExpression() {
		node := parser.Expression()
		if node.Kind == unstable.KeyValue {
			all = append(all, keyValues(node, table, false)...)
			continue
		}
		first := node.Child().Raw.Offset
		table = keys(node.Key())
		all = append(all, expression{path: table, within: table, kind: node.Kind, start: int(first), end: lineEnd(text, int(first))})
	}
	return all
}

func keys(keys unstable.Iterator) (path []string) {
	for keys.Next() {
		path = append(path, string(keys.Node().Data))
	}
	return path
}

// keyValues returns a key with its value, and then the keys in the value if it
// is an inline table.
func keyValues(node *unstable.Node, within []string, inline bool) []expression {
	value := node.Value()
	path := slices.Concat(within, keys(node.Key()))
	start := int(node.Raw.Offset)
	all := []expression{{path, within, node.Kind, start, start + int(node.Raw.Length), inline, value.Kind}}
	if value.Kind == unstable.InlineTable {
		for children := value.Children(); children.Next(); {
			all = append(all, keyValues(children.Node(), path, true)...)
		}
	}
	return all
}

func (tomlFormat) apply(text []byte, c change) ([]byte, error) {
	all := scan(text)
	if c.value == nil {
		return removeTOML(text, all, c.path), nil
	}
	value, err := tomlValue(c.value)
	if err != nil {
		return nil, err
	}
	for _, e := range all {
		if e.kind == unstable.KeyValue && slices.Equal(e.path, c.path) {
			equals := e.start + bytes.IndexByte(text[e.start:e.end], '=')
			if sameTOML(string(text[equals+1:e.end]), value) {
				return text, nil
			}
			return splice(text, equals, e.end, "= "+value), nil
		}
	}
	parent, name := c.path[:len(c.path)-1], c.path[len(c.path)-1]
	for i, e := range all {
		switch {
		case !slices.Equal(e.path, parent):
		case e.kind == unstable.Table:
			end := sectionEnd(all[i:])
			end += len(bytes.TrimRight(text[end:lineEnd(text, end)], "\r"))
			return splice(text, end, end, withBreaks(text, "\n"+name+" = "+value)), nil
		case e.value == unstable.InlineTable:
			end := len(bytes.TrimRight(text[:e.end-1], spaces))
			comma := ", "
			if text[end-1] == '{' || text[end-1] == ',' {
				comma = " "
			}
			return splice(text, end, end, comma+name+" = "+value), nil
		}
	}
	if table, ok := c.value.(object); ok {
		return appendTable(text, c.path, table)
	}
	return nil, errUnsupported
}

// sectionEnd returns the end of the last expression of a table, whose header is
// the first of all.
func sectionEnd(all []expression) int {
	end := all[0].end
	for _, e := range all[1:] {
		if e.kind != unstable.KeyValue {
			break
		}
		end = max(end, e.end)
	}
	return end
}

// appendTable adds a table to the end of the file.
func appendTable(text []byte, path []string, table object) ([]byte, error) {
	block := "[" + strings.Join(path, ".") + "]\n"
	if len(text) > 0 {
		block = "\n" + block
		if text[len(text)-1] != '\n' {
			block = "\n" + block
		}
	}
	var inner object
	for _, m := range table {
		if _, ok := m.value.(object); ok {
			inner = append(inner, m)
			continue
		}
		value, err := tomlValue(m.value)
		if err != nil {
			return nil, err
		}
		block += m.name + " = " + value + "\n"
	}
	text = splice(text, len(text), len(text), withBreaks(text, block))
	for _, m := range inner {
		var err error
		if text, err = appendTable(text, append(slices.Clone(path), m.name), m.value.(object)); err != nil {
			return nil, err
		}
	}
	return text, nil
}

// removeTOML removes the value at a path and all tables below it.
func removeTOML(text []byte, all []expression, path []string) []byte {
	for i, e := range slices.Backward(all) { // a cut moves only what follows it
		switch {
		case !hasPrefix(e.path, path):
		case e.kind != unstable.KeyValue:
			text = cutLines(text, e.start, sectionEnd(all[i:]))
		case hasPrefix(e.within, path): // removed with its table
		case e.inline:
			text = cutInline(text, e.start, e.end)
		default:
			text = cutLines(text, e.start, e.end)
		}
	}
	return text
}

func hasPrefix(path, prefix []string) bool {
	return len(path) >= len(prefix) && slices.Equal(path[:len(prefix)], prefix)
}

// cutLines removes the lines from start to end, and a blank line before them.
func cutLines(text []byte, start, end int) []byte {
	start = lineStart(text, start)
	end = min(lineEnd(text, end)+1, len(text))
	if before := bytes.TrimRight(text[:start], spaces); bytes.Count(text[len(before):start], []byte("\n")) > 1 {
		start = lineStart(text, start-1)
	}
	return splice(text, start, end, "")
}

// cutInline removes a key with its value, and a comma beside it, from an inline
// table.
func cutInline(text []byte, start, end int) []byte {
	if rest := bytes.TrimLeft(text[end:], spaces); bytes.HasPrefix(rest, []byte(",")) {
		end = len(text) - len(bytes.TrimLeft(rest[1:], " \t"))
	} else if before := bytes.TrimRight(text[:start], spaces); bytes.HasSuffix(before, []byte(",")) {
		start = len(before) - 1
	}
	return splice(text, start, end, "")
}

// tomlValue returns a value as TOML, with objects as inline tables.
func tomlValue(value any) (string, error) {
	if table, ok := value.(object); ok {
		var members []string
		for _, m := range table {
			text, err := tomlValue(m.value)
			if err != nil {
				return "", err
			}
			members = append(members, m.name+" = "+text)
		}
		return "{ " + strings.Join(members, ", ") + " }", nil
	}
	raw, err := toml.Marshal(map[string]any{"v": value})
	return strings.TrimSpace(strings.TrimPrefix(string(raw), "v = ")), err
}

func sameTOML(a, b string) bool {
	var x, y map[string]any
	return toml.Unmarshal([]byte("v = "+a), &x) == nil && toml.Unmarshal([]byte("v = "+b), &y) == nil && reflect.DeepEqual(x, y)
}
