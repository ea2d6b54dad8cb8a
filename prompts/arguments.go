package prompts

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/client"
	"instaview-mcp/internal/arguments"
	"instaview-mcp/internal/sanitize"
)

// UserError is an error in a prompt's arguments. Its text is for the person who
// gave them and says what to do.
type UserError struct{ Text sanitize.Clean }

func (e UserError) Error() string { return string(e.Text) }

// reader reads the arguments that a person typed into a client's form or a
// shell. It keeps the first fault and never repeats a value. An empty value
// counts as not given, since forms send one for every empty field.
type reader struct {
	prompt mcp.Prompt
	given  map[string]string
	fault  error // a UserError, or nil
}

// newReader returns a reader of given, whose keys may be other common names of
// the prompt's arguments.
func newReader(prompt mcp.Prompt, given map[string]string) *reader {
	var known []string
	for _, argument := range prompt.Arguments {
		known = append(known, argument.Name)
	}
	meant, _ := arguments.Rename(given, known, func(value, _ string) string { return value })
	return &reader{prompt: prompt, given: meant}
}

// refuse records a fault, unless there is one.
func (a *reader) refuse(fault sanitize.Clean) {
	if a.fault == nil {
		name, _ := sanitize.Plain(a.prompt.Name, len(a.prompt.Name))
		a.fault = UserError{name + ": " + fault}
	}
}

// text reads an argument of at most most characters, as one clean line. A
// longer one is refused rather than cut, since a cut list of must-haves would
// mislead.
func (a *reader) text(name sanitize.Clean, most int) sanitize.Clean {
	s := a.given[string(name)]
	if len(s) > most && utf8.RuneCountInString(s) > most {
		a.refuse(name + " may have at most " + sanitize.Number(most) + " characters: give the essence of it.")
		return ""
	}
	var items []sanitize.Clean // people may write a list with one item a line
	for line := range strings.Lines(s) {
		items = append(items, sanitize.ForModel(sanitize.Line(line, 0).Clean))
	}
	return sanitize.Unquoted(sanitize.Join("; ", items...)) // the template quotes it
}

const (
	requestIDSource = "It is in the InstaView app, and in the applicant tracking system that started the run."
	howToName       = "Name a candidate by rank, by name, or by the id that stands in square brackets in the shortlist."
)

func (a *reader) requestID() sanitize.Clean {
	given := a.given[arguments.RequestID]
	id, ok := arguments.FindRequestID(strings.TrimSpace(given))
	switch {
	case strings.TrimSpace(given) == "":
		a.refuse("request_id is missing: give the sourcing run's id. " + requestIDSource)
	case !ok:
		a.refuse("request_id is not a sourcing run's id: 1 to 128 letters, digits, “_” or “-”, as in req_9f3b827e. " + requestIDSource)
	}
	plain, _ := sanitize.Plain(id, len(id))
	return plain
}

// candidates are the people that a prompt is about.
type candidates struct {
	Who       sanitize.Clean // for a sentence, such as "of rank 3, Jane Doe"
	Arguments sanitize.Clean // arguments of the tool call that shows them
}

// candidate reads profile_id, which must be one id, rank or name.
func (a *reader) candidate() candidates {
	given := a.given[arguments.ProfileID]
	if strings.TrimSpace(given) == "" {
		a.refuse("profile_id is missing. " + howToName)
		return candidates{}
	}
	return a.describe(arguments.ProfileID, []string{given})
}

// candidates reads profile_ids: from least to most candidates, with commas
// between them, since a prompt's arguments are strings.
func (a *reader) candidates(least, most int) candidates {
	given := a.given[arguments.ProfileIDs]
	if len(given) > most*(client.MaxProfileID+8) {
		a.refuse("profile_ids is too long: name " + sanitize.Number(least) + " to " + sanitize.Number(most) + " candidates, with commas between.")
		return candidates{}
	}
	var all []string
	if ranks, ok := arguments.RankList(given, most); ok {
		for _, rank := range ranks {
			all = append(all, strconv.Itoa(rank))
		}
	} else {
		all, _ = arguments.Candidates(given)
	}
	if len(all) < least || len(all) > most {
		a.refuse("profile_ids must name " + sanitize.Number(least) + " to " + sanitize.Number(most) + " candidates, with commas between. " + howToName)
	}
	return a.describe(arguments.ProfileIDs, all)
}

// describe returns the given candidates in the form that a template needs. Each
// must be a valid rank, id or name, because the text is put into a call that a
// model is to make.
func (a *reader) describe(argument sanitize.Clean, all []string) candidates {
	var ids, ranks, who []sanitize.Clean
	for _, given := range all {
		names, _ := arguments.Candidates([]string{given})
		rank, isRank := 0, false
		var name sanitize.Clean
		if len(names) == 1 {
			rank, isRank = arguments.Rank(names[0])
			name = asName(names[0])
		}
		switch {
		case isRank:
			ranks = append(ranks, sanitize.Number(rank))
			who = append(who, "of rank "+sanitize.Number(rank))
		case name != "":
			ids = append(ids, `"`+name+`"`)
			who = append(who, name)
		default:
			a.refuse(argument + " holds what is no candidate's id, rank or name. " + howToName)
		}
	}
	var call []sanitize.Clean
	if len(ids) > 0 {
		call = append(call, "profile_ids=["+sanitize.Join(", ", ids...)+"]")
	}
	if len(ranks) > 0 {
		call = append(call, "ranks=["+sanitize.Join(", ", ranks...)+"]")
	}
	return candidates{sanitize.Join(", ", who...), sanitize.Join(", ", call...)}
}

// asName returns a text that can be an id or a name, and "" for any other: it
// must be clean already, without characters that end a quotation or begin
// markup.
func asName(s string) sanitize.Clean {
	name := sanitize.Line(s, 0).Clean
	if len(s) > client.MaxProfileID || string(name) != s || strings.ContainsAny(s, "\"\\<>{}|`“”") {
		return ""
	}
	return name
}

// top reads a whole number from 1 to most, and returns preset if none is given.
// Other text is ignored and reported as isText: it is a word of the job title,
// which Claude Code has split at its spaces.
func (a *reader) top(preset, most int) (n int, isText bool) {
	given := strings.TrimSpace(a.given[arguments.Top])
	if arguments.IsNothing(given) {
		return preset, false
	}
	n, err := strconv.Atoi(given)
	if err != nil {
		return preset, true
	}
	if n < 1 || n > most {
		a.refuse("top must be a whole number from 1 to " + sanitize.Number(most) + ".")
	}
	return n, false
}

// refuseUnknown refuses an argument that the prompt does not have, since it is
// likely to be misspelt and what the person asked for would be lost.
func (a *reader) refuseUnknown() {
	var names []string
	var known []sanitize.Clean
	for _, argument := range a.prompt.Arguments {
		name, _ := sanitize.Plain(argument.Name, len(argument.Name))
		names, known = append(names, argument.Name), append(known, name)
	}
	for _, name := range slices.Sorted(maps.Keys(a.given)) {
		if slices.Contains(names, name) {
			continue
		}
		const longest = 32 // bytes of a name that is repeated
		plain, _ := sanitize.Plain(name, longest)
		a.refuse(sanitize.Join(" ", "there is no argument", plain) + ": use " + sanitize.Join(", ", known...) + ".")
	}
}
