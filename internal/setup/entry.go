package setup

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// entryName is what clients show the server as.
const entryName = "instaview"

// keyVariable and keyFileVariable hold the API key; only one may be set.
const (
	keyVariable     = "INSTAVIEW_API_KEY"
	keyFileVariable = "INSTAVIEW_API_KEY_FILE"
)

// Server is how a client is to start this program.
type Server struct {
	Command string            // an absolute path
	KeyFile string            // the path of the file with the key; "" for the demo, which needs none
	Env     map[string]string // what else to set
}

// member is a name and its value in an object or table, whose order is kept.
type member struct {
	name  string
	value any
}

type object []member

// change sets what stands at a path; a nil value removes it.
type change struct {
	path  []string
	value any
}

// args are the arguments that an entry needs beside those of its user.
func (s Server) args(present any) []string {
	args := []string{}
	list, _ := present.([]any)
	for _, arg := range list {
		if text, ok := arg.(string); ok && text != "--demo" {
			args = append(args, text)
		}
	}
	if s.KeyFile == "" {
		args = append(args, "--demo")
	}
	return args
}

func (s Server) env() object {
	env := object{}
	if s.KeyFile != "" {
		env = append(env, member{keyFileVariable, s.KeyFile})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		env = append(env, member{name, s.Env[name]})
	}
	return env
}

// entry returns a new entry for the client.
func (c Client) entry(s Server) object {
	var entry object
	if c.kind != "" {
		entry = append(entry, member{"type", c.kind})
	}
	entry = append(entry, member{"command", s.Command}, member{"args", s.args(nil)})
	if c.timeout.name != "" {
		entry = append(entry, c.timeout)
	}
	if env := s.env(); len(env) > 0 {
		entry = append(entry, member{"env", env})
	}
	return entry
}

// Block returns what a configuration file needs to have for the server, if there
// is nothing else in it.
func (c Client) Block(s Server) (string, error) {
	text, err := c.format.apply(nil, change{[]string{c.section, entryName}, c.entry(s)})
	return string(text), err
}

// changes returns what makes an entry that is there start the server. What its
// user added stays.
func (c Client) changes(present map[string]any, s Server) ([]change, error) {
	for _, remote := range []string{"url", "serverUrl", "httpUrl"} {
		if _, ok := present[remote]; ok {
			return nil, errors.New("its entry " + entryName + " leads to a server elsewhere: run setup --remove first if this one is to stand in its place")
		}
	}
	at := func(names ...string) []string { return append([]string{c.section, entryName}, names...) }
	var all []change
	for _, m := range c.entry(s) {
		switch value := m.value.(type) {
		case object:
			env, ok := present[m.name].(map[string]any)
			if _, there := present[m.name]; there && !ok {
				return nil, fmt.Errorf("%s of its entry %s is no list of variables", m.name, entryName)
			}
			if !ok {
				all = append(all, change{at(m.name), value})
				continue
			}
			if _, ok := env[keyVariable]; ok && s.KeyFile != "" {
				all = append(all, change{at(m.name, keyVariable), nil})
			}
			for _, variable := range value {
				all = append(all, change{at(m.name, variable.name), variable.value})
			}
		case []string:
			all = append(all, change{at(m.name), s.args(present[m.name])})
		case int: // the timeout, which is the user's to choose
			if _, ok := present[m.name]; !ok {
				all = append(all, change{at(m.name), value})
			}
		default:
			all = append(all, change{at(m.name), value})
		}
	}
	return all, nil
}
