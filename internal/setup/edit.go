package setup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// format reads and changes one kind of configuration file. If nothing has to
// change, apply returns the same text.
type format interface {
	parse(text []byte) (map[string]any, error)
	apply(text []byte, c change) ([]byte, error)
	// opaque matches comments, strings, and strings with the colon after them.
	opaque() *regexp.Regexp
}

// errUnsupported is the error for files that setup cannot change without loss.
var errUnsupported = errors.New("its servers are written in a form that setup cannot change")

// Edit is a planned change of one configuration file.
type Edit struct {
	File string

	now, next []byte
	state     state
	opaque    *regexp.Regexp  // of the file's format
	shown     map[string]bool // strings that Diff may show, with their quotes
}

// byteOrderMark is written before UTF-8 by some editors on Windows.
var byteOrderMark = []byte("\ufeff")

// Add returns the edit that adds the server to a client's file.
func (c Client) Add(file string, s Server) (Edit, error) {
	return c.edit(file, func(entry map[string]any) ([]change, error) {
		if entry == nil {
			return []change{{[]string{c.section, entryName}, c.entry(s)}}, nil
		}
		return c.changes(entry, s)
	}, c.entry(s))
}

// Remove returns the edit that removes the server from a client's file. If
// setup's backup differs only in layout from what is left, the edit restores
// it.
func (c Client) Remove(file string) (Edit, error) {
	e, err := c.edit(file, func(entry map[string]any) ([]change, error) {
		if entry == nil {
			return nil, nil
		}
		return []change{c.removal()}, nil
	}, nil)
	if err == nil && e.Changed() {
		e.next = c.restored(e)
	}
	return e, err
}

func (c Client) removal() change { return change{[]string{c.section, entryName}, nil} }

// restored returns the newest backup without the server, if adding the server
// to it and removing it gives the edit's text, otherwise the edit's text.
func (c Client) restored(e Edit) []byte {
	dir, name := filepath.Split(e.File)
	files, _ := os.ReadDir(filepath.Clean(dir))
	for _, f := range slices.Backward(files) {
		if !strings.HasPrefix(f.Name(), name+backupSuffix) {
			continue
		}
		added, err := c.Add(filepath.Join(dir, f.Name()), Server{})
		if err != nil {
			continue
		}
		if _, entry, _ := c.open(bytes.TrimPrefix(added.now, byteOrderMark)); entry != nil {
			continue
		}
		text, err := c.format.apply(bytes.TrimPrefix(added.next, byteOrderMark), c.removal())
		if err == nil && bytes.Equal(text, bytes.TrimPrefix(e.next, byteOrderMark)) {
			return added.now
		}
		break
	}
	return e.next
}

func (c Client) edit(file string, changes func(entry map[string]any) ([]change, error), shown object) (Edit, error) {
	e := Edit{File: file, opaque: c.format.opaque(), shown: map[string]bool{}}
	var err error
	if e.now, e.state, err = read(file); err != nil {
		return e, err
	}
	text := bytes.TrimPrefix(e.now, byteOrderMark)
	tree, entry, err := c.open(text)
	if err != nil {
		return e, err
	}
	all, err := changes(entry)
	if err != nil {
		return e, err
	}
	next := text
	for _, change := range all {
		if next, err = c.format.apply(next, change); err != nil {
			return e, err
		}
	}
	if err := c.verify(tree, entry, next, all); err != nil {
		return e, err
	}
	e.next = next
	if len(text) < len(e.now) {
		e.next = append(bytes.Clone(byteOrderMark), next...)
	}
	e.show(shown)
	return e, nil
}

// open parses a text and returns its settings, and the server's entry, which is
// nil if there is none.
func (c Client) open(text []byte) (tree, entry map[string]any, err error) {
	if tree, err = c.format.parse(text); err != nil {
		return nil, nil, err
	}
	value, there := tree[c.section]
	section, ok := value.(map[string]any)
	if there && !ok {
		return nil, nil, fmt.Errorf("%s in it is not a list of servers", c.section)
	}
	value, there = section[entryName]
	entry, ok = value.(map[string]any)
	if there && !ok {
		return nil, nil, fmt.Errorf("its entry %s is not one of a server", entryName)
	}
	return tree, entry, nil
}

// verify parses the changed text and returns an error unless it differs from
// the original by the changes alone.
func (c Client) verify(before, entry map[string]any, text []byte, changes []change) error {
	after, got, err := c.open(text)
	if err != nil {
		return errUnsupported
	}
	want := any(entry)
	for _, change := range changes {
		want = set(want, change.path[2:], change.value)
	}
	a, errA := json.Marshal(want)
	b, errB := json.Marshal(got)
	if errA != nil || errB != nil || !sameValue(a, b) || !reflect.DeepEqual(c.others(before), c.others(after)) {
		return errUnsupported
	}
	return nil
}

// set returns a copy of a tree with a value at a path.
func set(in any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	table, _ := in.(map[string]any)
	result := map[string]any{}
	for name, v := range table {
		result[name] = v
	}
	if next := set(table[path[0]], path[1:], value); next != nil {
		result[path[0]] = next
	} else {
		delete(result, path[0])
	}
	return result
}

// sameValue reports whether two JSON values are equal, regardless of the order
// of members.
func sameValue(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// others returns a tree without the server's entry, and without the section if
// it is empty then.
func (c Client) others(tree map[string]any) any {
	rest := set(tree, []string{c.section, entryName}, nil).(map[string]any)
	if section, _ := rest[c.section].(map[string]any); len(section) == 0 {
		delete(rest, c.section)
	}
	return rest
}

// Changed reports whether there is anything to change.
func (e Edit) Changed() bool { return !bytes.Equal(e.now, e.next) }

// Diff returns the change as a unified diff. Comments, and strings that setup
// does not write itself, are shown as "…", because they may hold secrets of
// other servers.
func (e Edit) Diff() string {
	return udiff.Unified(e.File, e.File, e.hide(e.now), e.hide(e.next))
}

func (e Edit) hide(text []byte) string {
	return e.opaque.ReplaceAllStringFunc(string(bytes.TrimPrefix(text, byteOrderMark)), func(token string) string {
		switch {
		case token[0] == '#':
			return "# …"
		case strings.HasPrefix(token, "/*"):
			return "/* … */"
		case token[0] == '/':
			return "// …"
		case e.shown[token], strings.HasSuffix(token, ":"):
			return token
		}
		return `"…"`
	})
}

// show lets Diff show the strings in a value.
func (e Edit) show(value any) {
	switch value := value.(type) {
	case object:
		for _, m := range value {
			e.show(m.value)
		}
	case []string:
		for _, text := range value {
			e.show(text)
		}
	case string:
		for _, write := range []func(any) (string, error){tomlValue, func(v any) (string, error) { return render(v, "", "") }} {
			if literal, err := write(value); err == nil {
				e.shown[literal] = true
			}
		}
	}
}
