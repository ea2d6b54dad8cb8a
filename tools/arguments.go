package tools

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"instaview-mcp/internal/arguments"
	"instaview-mcp/tools/shortlist"
)

// reader reads the arguments of one call. It accepts other names, types and
// wrappings that models use, and adds a note when it had to interpret one. It
// keeps the first fault, worded so that a model can repair its call. No message
// repeats a value, since values may come from a third party.
type reader struct {
	given   map[string]any
	renamed map[string]string // canonical name → name as written
	read    map[string]bool   // arguments that the tool has asked for
	notes   []string          // remarks to add to the answer
	fault   string            // first fault; "" if there is none
}

// toolArguments lists every argument that a tool may have.
var toolArguments = []string{
	arguments.RequestID, arguments.Detail, arguments.Limit, arguments.Offset, arguments.MinScore, arguments.ProfileIDs, arguments.Ranks,
	arguments.Blind, arguments.Contacts, arguments.MaxWait,
}

func readArguments(raw any) *reader {
	a := &reader{read: map[string]bool{}}
	given, within, ok := arguments.Object(raw)
	if !ok {
		a.refuse("The arguments must be an object such as {\"request_id\": \"req_…\"}.")
		return a
	}
	if within != "" && namePattern.MatchString(within) {
		a.note("The arguments were taken out of “%s”: send them by themselves.", within)
	}
	a.given, a.renamed = arguments.Rename(given, toolArguments, func(value any, unit string) any { return fmt.Sprint(value) + unit })
	for name, value := range a.given {
		if arguments.ShowsNames(name) && slices.Contains([]any{false, "false", "no", 0.0}, value) {
			a.refuse("Names are hidden by blind. For example: blind=true.")
		}
	}
	return a
}

func (a *reader) refuse(format string, args ...any) {
	if a.fault == "" {
		a.fault = fmt.Sprintf(format, args...)
	}
}

func (a *reader) note(format string, args ...any) {
	a.notes = append(a.notes, fmt.Sprintf(format, args...))
}

// get returns an argument, or nil if it is absent or null, and marks it as
// read.
func (a *reader) get(name string) any {
	a.read[name] = true
	return a.given[name]
}

const requestIDSource = "It is the id that POST /sourcing returned: ask the user for it, " +
	"from the InstaView app or the applicant tracking system that started the run."

func (a *reader) requestID() string {
	given := a.get(arguments.RequestID)
	if id, ok := arguments.RequestIDOf(given); ok {
		if id != given {
			a.note("request_id was read as %s.", id)
		}
		return id
	}
	if text, ok := given.(string); ok && text != "" && arguments.IsNothing(text) {
		given = nil
	}
	switch given.(type) {
	case nil:
		a.refuse("request_id is missing. %s", requestIDSource)
	case string:
		a.refuse("request_id is not a sourcing run's id: 1 to 128 letters, digits, “_” or “-”, as in req_9f3b827e. "+
			"No request was made. %s", requestIDSource)
	default:
		a.refuse("request_id must be a string. No request was made. %s", requestIDSource)
	}
	return ""
}

// selection reads the arguments that choose which candidates to show.
func (a *reader) selection() shortlist.Selection {
	s := shortlist.Selection{Detail: a.detail(), ProfileIDs: a.profileIDs(), Ranks: a.ranks()}
	s.Limit = a.count(arguments.Limit, 1, shortlist.MaxLimit)
	s.Offset = a.count(arguments.Offset, 0, math.MaxInt32)
	s.MinScore = a.score(arguments.MinScore)
	return s
}

// otherDetails maps synonyms that models use to a level of detail.
var otherDetails = map[string]shortlist.Detail{
	"short": shortlist.Brief, "compact": shortlist.Brief, "minimal": shortlist.Brief, "concise": shortlist.Brief, "low": shortlist.Brief, "list": shortlist.Brief,
	"normal": shortlist.Summary, "medium": shortlist.Summary, "standard": shortlist.Summary, "overview": shortlist.Summary, "summarized": shortlist.Summary,
	"detailed": shortlist.Full, "details": shortlist.Full, "complete": shortlist.Full, "long": shortlist.Full, "verbose": shortlist.Full, "high": shortlist.Full, "extended": shortlist.Full, "comprehensive": shortlist.Full,
}

func (a *reader) detail() shortlist.Detail {
	given, ok := a.get(arguments.Detail).(string)
	if !ok && a.given[arguments.Detail] != nil {
		a.refuse("detail must be one of brief, summary and full.")
	}
	word := arguments.PlainText(given)
	switch d := shortlist.Detail(word); d {
	case "", shortlist.Brief, shortlist.Summary, shortlist.Full:
		return d
	}
	if d := otherDetails[word]; d != "" {
		a.note("detail was taken as %s.", d)
		return d
	}
	a.refuse("detail must be one of brief, summary and full.")
	return ""
}

func (a *reader) flag(name string) bool {
	switch v := a.get(name).(type) {
	case nil:
		return false
	case bool:
		return v
	case float64:
		if v == 0 || v == 1 {
			return v == 1
		}
	case string:
		switch arguments.PlainText(v) {
		case "true", "yes", "y", "on", "1":
			return true
		case "false", "no", "n", "off", "0", "":
			return false
		}
	}
	a.refuse("%s must be true or false.", name)
	return false
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// finish adds notes about arguments that were renamed or ignored. Call it after
// the last argument has been read. wait_for_previous is left out because Gemini
// CLI adds it to every call.
func (a *reader) finish() {
	const maxIgnored = 3 // names listed in the note
	var ignored, renamed []string
	for _, name := range slices.Sorted(maps.Keys(a.given)) {
		written := name
		if other := a.renamed[name]; other != "" {
			written = other
		}
		switch {
		case !namePattern.MatchString(written) || written == "wait_for_previous":
		case a.read[name] && written != name:
			renamed = append(renamed, written+" as "+name)
		case !a.read[name] && len(ignored) < maxIgnored:
			ignored = append(ignored, written)
		}
	}
	if len(renamed) > 0 {
		a.note("Understood: %s. Use these names.", strings.Join(renamed, ", "))
	}
	if len(ignored) > 0 {
		a.note("Ignored, as this tool has no such argument: %s. It has %s.",
			strings.Join(ignored, ", "), strings.Join(slices.Sorted(maps.Keys(a.read)), ", "))
	}
}
