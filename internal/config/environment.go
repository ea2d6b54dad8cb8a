package config

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/agnivade/levenshtein"
	"github.com/sethvargo/go-envconfig"
)

// variable is one environment variable, as described by its field's tags.
type variable struct{ name, field, must string }

// variables are in the order of Config's fields, in which faults and the
// documents' table list them, too.
var variables = func() []variable {
	var all []variable
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if tag := f.Tag.Get("env"); tag != "" {
			name, _, _ := strings.Cut(tag, ",")
			all = append(all, variable{name, f.Name, f.Tag.Get("must")})
		}
	}
	return all
}()

// indexOf returns the index of a variable in variables, or -1.
func indexOf(name string) int {
	return slices.IndexFunc(variables, func(v variable) bool { return v.name == name })
}

// environment holds the usable variables, and faults and warnings about the
// others. A variable with a fault is removed, so that no later check reports it
// again.
type environment struct {
	values           map[string]string // without white space around them, never ""
	faults, warnings []remark
}

// remark is a sentence about a variable.
type remark struct{ variable, text string }

func (e *environment) fault(name, format string, args ...any) {
	e.faults = append(e.faults, remark{name, fmt.Sprintf(format, args...)})
	delete(e.values, name)
}

func (e *environment) isFaulty(names ...string) bool {
	return slices.ContainsFunc(e.faults, func(r remark) bool { return slices.Contains(names, r.variable) })
}

// inOrder returns the sentences in the order of their variables, unknown ones
// last.
func inOrder(remarks []remark) []string {
	slices.SortStableFunc(remarks, func(a, b remark) int {
		// Converted to uint, -1 is greater than every index.
		return cmp.Or(cmp.Compare(uint(indexOf(a.variable)), uint(indexOf(b.variable))), strings.Compare(a.variable, b.variable))
	})
	var texts []string
	for _, r := range remarks {
		texts = append(texts, r.text)
	}
	return texts
}

// IsReference reports whether value is a reference that a client or a shell
// should have replaced, which counts as not set: ${KEY}, $KEY, $env:KEY,
// $(KEY), %KEY%, {env:KEY} or {{KEY}}.
func IsReference(value string) bool {
	return strings.ContainsAny(value, "$%{") && unexpanded().MatchString(value)
}

var unexpanded = onFirstUse(`^(\$\{[^}]*\}|\$\([^)]*\)|\$(env:)?\w+|%\w+%|\{+[\w :.]+\}+)$`)

// onFirstUse compiles pattern when it is first needed, because most starts need
// none.
func onFirstUse(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// quotes are the characters that Docker's --env-file and Windows' set keep
// around a value, while a shell removes them.
const quotes = "\"'`“”„‘’«»"

func isQuoted(value string) bool { return strings.Trim(value, quotes) != value }

// readEnvironment reads NAME=value pairs, of which the last with a name counts.
// It skips the names in ignored.
func readEnvironment(pairs, ignored []string) *environment {
	set := map[string]string{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		if runtime.GOOS == "windows" { // where names ignore case
			name = strings.ToUpper(name)
		}
		set[name] = strings.TrimSpace(value)
	}
	e := &environment{values: map[string]string{}}
	for name, value := range set {
		switch {
		case value == "" || slices.Contains(ignored, name):
		case indexOf(name) < 0:
			if right := nearestName(name); right != "" {
				e.warnings = append(e.warnings, remark{name, fmt.Sprintf("%q is no setting of this program and is ignored; the nearest name is %s.", name, right)})
			}
		case IsReference(value):
			e.warnings = append(e.warnings, remark{name, name + " is a literal ${…} or the like that nothing replaced; it counts as not set. " +
				"Write the value itself, or set the variable where the client is started."})
		case isQuoted(value):
			e.fault(name, "%s: the value has quotation marks around it: leave them out", name)
		default:
			e.values[name] = value
		}
	}
	return e
}

// The limits for taking an unknown name for a misspelt one of ours.
const (
	ourPrefix = "INSTAVIEW"
	maxEdits  = 2  // in the prefix
	maxName   = 64 // in bytes; the longest valid name has 33
)

// nearestName returns the valid name that an unknown one probably stands for,
// or "" if it does not begin like ours. It is the one that shares most words
// and, among those, needs the fewest edits.
func nearestName(unknown string) string {
	unknown = strings.ToUpper(unknown)
	if len(unknown) > maxName || levenshtein.ComputeDistance(unknown[:min(len(unknown), len(ourPrefix))], ourPrefix) > maxEdits {
		return ""
	}
	nearest, edits, shared := "", math.MaxInt, -1
	for _, v := range variables {
		// Without MCP_, which is often forgotten or added.
		e := levenshtein.ComputeDistance(strings.ReplaceAll(unknown, "MCP_", ""), strings.ReplaceAll(v.name, "MCP_", ""))
		s := sharedWords(unknown, v.name)
		if s > shared || s == shared && e < edits {
			nearest, edits, shared = v.name, e, s
		}
	}
	return nearest
}

// sharedWords counts the words of a that are also in b, except MCP.
func sharedWords(a, b string) (n int) {
	words := strings.Split(b, "_")
	for word := range strings.SplitSeq(a, "_") {
		if word != "MCP" && slices.Contains(words, word) {
			n++
		}
	}
	return n
}

// decode converts the values to a Config, and adds a fault for each that is not
// valid.
func (e *environment) decode(ctx context.Context) Config {
	for {
		var c Config
		err := envconfig.ProcessWith(ctx, &envconfig.Config{Target: &c, Lookuper: envconfig.MapLookuper(e.values)})
		if err == nil {
			return c
		}
		// The error begins with the field's name. The rest may contain the
		// value.
		field, _, _ := strings.Cut(err.Error(), ":")
		at := slices.IndexFunc(variables, func(v variable) bool { return v.field == field })
		if at < 0 || e.values[variables[at].name] == "" {
			panic("config: a field of Config has tags that envconfig cannot read")
		}
		e.invalid(variables[at].name)
	}
}

// invalid adds a fault for a value that is not of the required form.
func (e *environment) invalid(name string) {
	e.fault(name, "%s must %s", name, variables[indexOf(name)].must)
}
