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

	"github.com/agnivade/levenshtein"
	"github.com/sethvargo/go-envconfig"
)

// variable is one environment variable of Config's, from its field's tags.
type variable struct{ name, field, must string }

// variables are in the order of Config's fields, which is also that of faults
// and of the README's table.
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

// indexOf returns a variable's place among variables; -1 if it is none of them.
func indexOf(name string) int {
	return slices.IndexFunc(variables, func(v variable) bool { return v.name == name })
}

// environment is the variables that are set and usable, and what is to be said
// of the others. A variable with a fault counts as not set from then on, so
// that no later check trips over it.
type environment struct {
	values           map[string]string // trimmed, never ""
	faults, warnings []remark
}

// remark is a sentence about a variable, which it names.
type remark struct{ variable, text string }

func (e *environment) fault(name, format string, args ...any) {
	e.faults = append(e.faults, remark{name, fmt.Sprintf(format, args...)})
	delete(e.values, name)
}

func (e *environment) isFaulty(names ...string) bool {
	return slices.ContainsFunc(e.faults, func(r remark) bool { return slices.Contains(names, r.variable) })
}

// inOrder returns the sentences by their variables' order, those about unknown
// variables last.
func inOrder(remarks []remark) []string {
	slices.SortStableFunc(remarks, func(a, b remark) int {
		// As an unsigned number, -1 is above every index.
		return cmp.Or(cmp.Compare(uint(indexOf(a.variable)), uint(indexOf(b.variable))), strings.Compare(a.variable, b.variable))
	})
	var texts []string
	for _, r := range remarks {
		texts = append(texts, r.text)
	}
	return texts
}

// unexpanded is a reference that a client or a shell was expected to replace:
// ${KEY}, $KEY, $env:KEY, $(KEY), %KEY%, {env:KEY} or {{KEY}}.
var unexpanded = regexp.MustCompile(`^(\$\{[^}]*\}|\$\([^)]*\)|\$(env:)?\w+|%\w+%|\{+[\w :.]+\}+)$`)

// quotes are what Docker's --env-file and Windows' set leave around a value,
// and a shell would have removed.
const quotes = "\"'`“”„‘’«»"

func isQuoted(value string) bool { return strings.Trim(value, quotes) != value }

// readEnvironment reads NAME=value pairs, of which the last of a name counts.
// Those of ignored are passed over.
func readEnvironment(pairs, ignored []string) *environment {
	set := map[string]string{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		if runtime.GOOS == "windows" { // where case does not count
			name = strings.ToUpper(name)
		}
		set[name] = strings.TrimSpace(value)
	}
	e := &environment{values: map[string]string{}}
	for name, value := range set {
		switch {
		case value == "" || slices.Contains(ignored, name):
		case indexOf(name) < 0:
			if right := meant(name); right != "" {
				e.warnings = append(e.warnings, remark{name, fmt.Sprintf("%q is no setting of this program and is ignored; the nearest name is %s.", name, right)})
			}
		case unexpanded.MatchString(value):
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

// The bounds of what is taken for a misspelt name.
const (
	ourPrefix = "INSTAVIEW"
	maxEdits  = 2  // of the prefix
	maxName   = 64 // in bytes; the longest right name has 30
)

// meant returns the right name that an unknown one is nearest to, or "" if it
// does not begin like ours. Nearest is what shares most words with it and, among
// those, needs the fewest edits.
func meant(unknown string) string {
	unknown = strings.ToUpper(unknown)
	if len(unknown) > maxName || levenshtein.ComputeDistance(unknown[:min(len(unknown), len(ourPrefix))], ourPrefix) > maxEdits {
		return ""
	}
	nearest, edits, shared := "", math.MaxInt, -1
	for _, v := range variables {
		// MCP_ is what people forget or add.
		e := levenshtein.ComputeDistance(strings.ReplaceAll(unknown, "MCP_", ""), strings.ReplaceAll(v.name, "MCP_", ""))
		s := sharedWords(unknown, v.name)
		if s > shared || s == shared && e < edits {
			nearest, edits, shared = v.name, e, s
		}
	}
	return nearest
}

// sharedWords counts the words of a that b has too, but for MCP.
func sharedWords(a, b string) (n int) {
	words := strings.Split(b, "_")
	for word := range strings.SplitSeq(a, "_") {
		if word != "MCP" && slices.Contains(words, word) {
			n++
		}
	}
	return n
}

// decode makes a Config of the values, and faults of those that will not do.
func (e *environment) decode(ctx context.Context) Config {
	for {
		var c Config
		err := envconfig.ProcessWith(ctx, &envconfig.Config{Target: &c, Lookuper: envconfig.MapLookuper(e.values)})
		if err == nil {
			return c
		}
		// The error begins with the field's name. The rest may hold the value.
		field, _, _ := strings.Cut(err.Error(), ":")
		at := slices.IndexFunc(variables, func(v variable) bool { return v.field == field })
		if at < 0 || e.values[variables[at].name] == "" {
			panic("config: a field of Config has tags that envconfig cannot read")
		}
		e.invalid(variables[at].name)
	}
}

// invalid reports a value of the wrong form.
func (e *environment) invalid(name string) {
	e.fault(name, "%s must %s", name, variables[indexOf(name)].must)
}
