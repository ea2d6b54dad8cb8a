package setup

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// entryName is the name that clients show for this server.
const entryName = "instaview"

// The variables for the API key, of which only one may be set.
const (
	keyVariable     = "INSTAVIEW_API_KEY"
	keyFileVariable = "INSTAVIEW_API_KEY_FILE"
)

// Server describes how a client starts this program.
type Server struct {
	Command string            // an absolute path
	KeyFile string            // the path of the key file; "" for the demo, which needs no key
	Env     map[string]string // further variables
}

// member is a name with its value. An object keeps the order of its members.
type member struct {
	name  string
	value any
}

type object []member

// change sets the value at a path. A nil value removes it.
type change struct {
	path  []string
	value any
}

// onFirstUse compiles pattern when it is first needed, because most commands
// need none.
func onFirstUse(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

var demoFlag = onFirstUse(`^--?demo(=.*)?$`)

// args returns the arguments of an entry: those that its user added, and --demo
// for the demo.
func (s Server) args(added []string) []string {
	args := slices.DeleteFunc(append([]string{}, added...), demoFlag().MatchString)
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

// Block returns a configuration file that holds only this server.
func (c Client) Block(s Server) (string, error) {
	text, err := c.format.apply(nil, change{[]string{c.section, entryName}, c.entry(s)})
	return string(text), err
}

// changes returns the changes that make an existing entry start this server.
// Settings that its user added stay.
func (c Client) changes(present map[string]any, s Server) ([]change, error) {
	for _, remote := range []string{"url", "serverUrl", "httpUrl"} {
		if _, ok := present[remote]; ok {
			return nil, errors.New("its entry " + entryName + " leads to a server elsewhere: run setup --remove first if this one is to stand in its place")
		}
	}
	added, err := argsOf(present)
	if err != nil {
		return nil, err
	}
	at := func(names ...string) []string { return append([]string{c.section, entryName}, names...) }
	var all []change
	for _, m := range c.entry(s) {
		switch value := m.value.(type) {
		case object:
			env, ok := present[m.name].(map[string]any)
			if _, there := present[m.name]; there && !ok {
				return nil, errForm
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
			all = append(all, change{at(m.name), s.args(added)})
		case int: // a time limit that the user chose stays
			if _, ok := present[m.name]; !ok {
				all = append(all, change{at(m.name), value})
			}
		default:
			all = append(all, change{at(m.name), value})
		}
	}
	return all, nil
}

// errForm is the error for an entry from which setup would lose settings.
var errForm = errors.New("its entry " + entryName + " is in a form that setup does not know: run setup --remove first if a new one is to stand in its place")

// argsOf returns the arguments of an existing entry. If it starts another
// program, such as npx, they are not for this one, and it returns none.
func argsOf(entry map[string]any) (args []string, err error) {
	command, ok := entry["command"].(string)
	if !ok && entry["command"] != nil {
		return nil, errForm
	}
	list, ok := entry["args"].([]any)
	if !ok && entry["args"] != nil {
		return nil, errForm
	}
	for _, arg := range list {
		text, ok := arg.(string)
		if !ok {
			return nil, errForm
		}
		args = append(args, text)
	}
	program := command[strings.LastIndexAny(command, `/\`)+1:]
	if !strings.HasPrefix(strings.ToLower(program), "instaview-mcp") {
		return nil, nil
	}
	return args, nil
}
