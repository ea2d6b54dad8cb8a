package tools

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"instaview-mcp/internal/arguments"
	"instaview-mcp/internal/sanitize"
	"instaview-mcp/tools/shortlist"
)

// reader reads the arguments of one call. It accepts other names, types and
// wrappings that models use, and adds a note when it had to interpret one. It
// keeps the first fault, worded so that a model can repair its call. No message
// repeats a value, since values may come from a third party.
type reader struct {
	given   map[string]any
	renamed map[string]string       // canonical name → name as written
	read    map[sanitize.Clean]bool // arguments that the tool has asked for
	notes   []sanitize.Clean        // remarks to add to the answer
	fault   sanitize.Clean          // first fault; "" if there is none
}

// toolArguments lists every argument that a tool which reads runs may have.
var toolArguments = []string{
	arguments.RequestID, arguments.Detail, arguments.Limit, arguments.Offset, arguments.MinScore, arguments.ProfileIDs, arguments.Ranks,
	arguments.Blind, arguments.Contacts, arguments.MaxWait,
}

func readArguments(raw any) *reader { return readArgumentsOf(raw, toolArguments) }

// readArgumentsOf returns a reader of arguments with the known names.
func readArgumentsOf(raw any, known []string) *reader {
	a := &reader{read: map[sanitize.Clean]bool{}}
	given, within, ok := arguments.Object(raw)
	if !ok {
		a.refuse("The arguments must be an object such as {\"request_id\": \"req_…\"}.")
		return a
	}
	if name, ok := plainName(within); ok {
		a.note("The arguments were taken out of “" + name + "”: send them by themselves.")
	}
	a.given, a.renamed = arguments.Rename(given, known, func(value any, unit string) any { return fmt.Sprint(value) + unit })
	for name, value := range a.given {
		if arguments.ShowsNames(name) && slices.Contains([]any{false, "false", "no", 0.0}, value) {
			a.refuse("Names are hidden by blind. For example: blind=true.")
		}
	}
	return a
}

// refuse records a fault, unless there is one.
func (a *reader) refuse(fault sanitize.Clean) {
	if a.fault == "" {
		a.fault = fault
	}
}

func (a *reader) note(remark sanitize.Clean) { a.notes = append(a.notes, remark) }

// get returns an argument, or nil if it is absent or null, and marks it as
// read.
func (a *reader) get(name sanitize.Clean) any {
	a.read[name] = true
	return a.given[string(name)]
}

const requestIDSource = "It is the id that POST /sourcing returned: ask the user for it, " +
	"from the InstaView app or the applicant tracking system that started the run."

func (a *reader) requestID() sanitize.Clean {
	given := a.get(arguments.RequestID)
	if found, ok := arguments.RequestIDOf(given); ok {
		id, _ := sanitize.Plain(found, len(found))
		if found != given {
			a.note("request_id was read as " + id + ".")
		}
		return id
	}
	if text, ok := given.(string); ok && text != "" && arguments.IsNothing(text) {
		given = nil
	}
	switch given.(type) {
	case nil:
		a.refuse("request_id is missing. " + requestIDSource)
	case string:
		a.refuse("request_id is not a sourcing run's id: 1 to 128 letters, digits, “_” or “-”, as in req_9f3b827e. " +
			"No request was made. " + requestIDSource)
	default:
		a.refuse("request_id must be a string. No request was made. " + requestIDSource)
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
		a.note("detail was taken as " + d.Name() + ".")
		return d
	}
	a.refuse("detail must be one of brief, summary and full.")
	return ""
}

func (a *reader) flag(name sanitize.Clean) bool {
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
	a.refuse(name + " must be true or false.")
	return false
}

// plainName returns the name of an argument if it is safe to repeat.
func plainName(name string) (plain sanitize.Clean, ok bool) {
	const longest = 32 // bytes; our own names have up to 16
	return sanitize.Plain(name, longest)
}

// finish adds notes about arguments that were renamed or ignored. Call it after
// the last argument has been read. wait_for_previous is left out because Gemini
// CLI adds it to every call.
func (a *reader) finish() {
	const maxIgnored = 3 // names listed in the note
	var ignored, renamed []sanitize.Clean
	for _, key := range slices.Sorted(maps.Keys(a.given)) {
		name, _ := plainName(key)
		written := name
		if other := a.renamed[key]; other != "" {
			written, _ = plainName(other)
		}
		switch {
		case written == "" || written == "wait_for_previous":
		case a.read[name] && written != name:
			renamed = append(renamed, written+" as "+name)
		case !a.read[name] && len(ignored) < maxIgnored:
			ignored = append(ignored, written)
		}
	}
	if len(renamed) > 0 {
		a.note("Understood: " + sanitize.Join(", ", renamed...) + ". Use these names.")
	}
	if len(ignored) > 0 {
		a.note("Ignored, as this tool has no such argument: " + sanitize.Join(", ", ignored...) +
			". It has " + sanitize.Join(", ", slices.Sorted(maps.Keys(a.read))...) + ".")
	}
}
