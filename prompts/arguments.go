package prompts

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
)

// arguments reads what a person typed into a client's form or a shell. The first
// fault is kept, in words that say what to do; a value is never echoed. An empty
// value is one not given, since forms send those.
type arguments struct {
	prompt mcp.Prompt
	given  map[string]string
	blind  bool // names are hidden in every answer
	fault  error
}

func (a *arguments) refuse(format string, args ...any) {
	if a.fault == nil {
		a.fault = fmt.Errorf(a.prompt.Name+": "+format, args...)
	}
}

// text reads an argument of at most most characters, as one clean line. A longer
// one is refused: what a cut leaves out of a list of must-haves would be missed.
func (a *arguments) text(name string, most int) string {
	s := a.given[name]
	if len(s) > most && utf8.RuneCountInString(s) > most {
		a.refuse("%s may have at most %d characters: give the essence of it.", name, most)
		return ""
	}
	var items []string // a list may have a line each
	for line := range strings.Lines(s) {
		if line = sanitize.Line(line, 0).String; line != "" {
			items = append(items, line)
		}
	}
	// It will stand between quotation marks.
	return strings.NewReplacer("“", "'", "”", "'").Replace(sanitize.Line(strings.Join(items, "; "), 0).String)
}

const (
	whereRunsAre   = "It is in the InstaView app, and in the applicant tracking system that started the run."
	whereTheIDsAre = "It stands in square brackets in the shortlist, which get_sourcing_results shows."
)

func (a *arguments) requestID() string {
	id := strings.TrimSpace(a.given["request_id"])
	switch {
	case id == "":
		a.refuse("request_id is missing: give the sourcing run's id. %s", whereRunsAre)
	case !client.ValidRequestID(id):
		a.refuse("request_id is not a sourcing run's id: 1 to 128 letters, digits, “_” or “-”, as in req_9f3b827e. %s", whereRunsAre)
	}
	return id
}

func (a *arguments) profileID() string {
	given := a.given["profile_id"]
	if strings.TrimSpace(given) == "" {
		a.refuse("profile_id is missing: give the candidate's id. %s", whereTheIDsAre)
		return ""
	}
	return a.id("profile_id", given)
}

// profileIDs reads a list with commas, since a prompt's arguments are strings,
// of at least least and at most most ids.
func (a *arguments) profileIDs(least, most int) []string {
	given := a.given["profile_ids"]
	if len(given) > most*(client.MaxProfileID+8) {
		a.refuse("profile_ids is too long: give %d to %d ids, with commas between.", least, most)
		return nil
	}
	var ids []string
	for part := range strings.SplitSeq(given, ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		if id := a.id("profile_ids", part); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) < least || len(ids) > most {
		a.refuse("profile_ids must name %d to %d candidates, by their ids with commas between. %s", least, most, whereTheIDsAre)
	}
	return ids
}

// id reads a profile id, with or without the brackets it is shown in. It goes
// into a call that a model is to make, so it must be what a shortlist can show.
func (a *arguments) id(name, given string) string {
	id := strings.Trim(strings.TrimSpace(given), "[]\"")
	if id == "" || len(id) > client.MaxProfileID || sanitize.Line(id, 0).String != id || strings.ContainsAny(id, "\"\\") {
		a.refuse("%s holds what is no candidate's id. %s", name, whereTheIDsAre)
	}
	return id
}

// integer reads a whole number from least to most; preset if none is given.
func (a *arguments) integer(name string, preset, least, most int) int {
	given := strings.TrimSpace(a.given[name])
	if given == "" {
		return preset
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < least || n > most {
		a.refuse("%s must be a whole number from %d to %d.", name, least, most)
	}
	return n
}

var namePattern = regexp.MustCompile(`^[a-z0-9_]{1,32}$`)

// unknown refuses an argument that the prompt does not have: it is a slip of
// the pen, and what it says would be lost.
func (a *arguments) unknown() {
	var names []string
	for _, argument := range a.prompt.Arguments {
		names = append(names, argument.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(a.given)) {
		if slices.Contains(names, name) {
			continue
		}
		called := ""
		if namePattern.MatchString(name) {
			called = " " + name
		}
		a.refuse("there is no argument%s: use %s.", called, strings.Join(names, ", "))
	}
}
