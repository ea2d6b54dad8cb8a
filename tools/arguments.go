package tools

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/tools/shortlist"
)

// arguments reads what a model sends: lenient in type ("10" for 10, "true" for
// true, one id for a list of one), strict in meaning. The first fault is kept,
// in words the model can repair its call from; a value is never echoed.
type arguments struct {
	given map[string]any
	read  map[string]bool
	notes []string // what was changed or ignored, for the answer
	fault string   // "" = none
}

func readArguments(raw any) *arguments {
	a := &arguments{read: map[string]bool{}}
	switch given := raw.(type) {
	case nil:
	case map[string]any:
		a.given = given
	default:
		a.refuse("The arguments must be an object such as {\"request_id\": \"req_…\"}.")
	}
	return a
}

func (a *arguments) refuse(format string, args ...any) {
	if a.fault == "" {
		a.fault = fmt.Sprintf(format, args...)
	}
}

// get returns an argument; null counts as not given.
func (a *arguments) get(name string) any {
	a.read[name] = true
	return a.given[name]
}

const whereFrom = "It is the id that POST /sourcing returned: ask the user for it, " +
	"from the InstaView app or the applicant tracking system that started the run."

func (a *arguments) requestID() string {
	switch id := a.get("request_id").(type) {
	case nil:
		a.refuse("request_id is missing. %s", whereFrom)
	case string:
		if client.ValidRequestID(id) {
			return id
		}
		a.refuse("request_id is not a sourcing run's id: 1 to 128 letters, digits, “_” or “-”, as in req_9f3b827e. "+
			"No request was made. %s", whereFrom)
	default:
		a.refuse("request_id must be a string. No request was made. %s", whereFrom)
	}
	return ""
}

// selection reads the arguments that both tools narrow a shortlist by.
func (a *arguments) selection() shortlist.Selection {
	s := shortlist.Selection{Detail: a.detail(), ProfileIDs: a.profileIDs()}
	if n, ok := a.integer("limit", 1, shortlist.MaxLimit); ok {
		s.Limit = n
	}
	if n, ok := a.integer("offset", 0, math.MaxInt32); ok {
		s.Offset = n
	}
	if f, ok := a.number("min_score"); ok {
		if f < 0 || f > 100 {
			a.refuse("min_score must be a number from 0 to 100.")
		}
		s.MinScore = &f
	}
	return s
}

func (a *arguments) detail() shortlist.Detail {
	switch d := a.get("detail").(type) {
	case nil:
		return ""
	case string:
		switch d := shortlist.Detail(strings.ToLower(strings.TrimSpace(d))); d {
		case "", shortlist.Brief, shortlist.Summary, shortlist.Full:
			return d
		}
	}
	a.refuse("detail must be one of brief, summary and full.")
	return ""
}

// number reads a finite number, or the digits of one.
func (a *arguments) number(name string) (value float64, given bool) {
	var err error
	switch v := a.get(name).(type) {
	case nil:
		return 0, false
	case float64:
		value = v
	case int: // a caller in this process
		value = float64(v)
	case json.Number:
		value, err = v.Float64()
	case string:
		value, err = strconv.ParseFloat(strings.TrimSpace(v), 64)
	default:
		a.refuse("%s must be a number.", name)
		return 0, false
	}
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		a.refuse("%s must be a number.", name)
		return 0, false
	}
	return value, true
}

// integer reads a whole number from least on; above most it is lowered to it,
// and said so.
func (a *arguments) integer(name string, least, most int) (value int, given bool) {
	return a.integerUpTo(name, least, most, "the most allowed")
}

func (a *arguments) integerUpTo(name string, least, most int, why string) (value int, given bool) {
	f, given := a.number(name)
	switch {
	case !given:
		return 0, false
	case f != math.Trunc(f):
		a.refuse("%s must be a whole number.", name)
		return 0, false
	case f < float64(least):
		a.refuse("%s must be at least %d.", name, least)
		return 0, false
	case f > float64(most):
		a.notes = append(a.notes, fmt.Sprintf("%s was lowered to %d, %s.", name, most, why))
		return most, true
	}
	return int(f), true
}

func (a *arguments) flag(name string) bool {
	switch v := a.get(name).(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "true":
			return true
		case "false", "":
			return false
		}
	}
	a.refuse("%s must be true or false.", name)
	return false
}

// maxProfileID is far above every profile id seen in the API's documentation.
const maxProfileID = 256

// profileIDs reads a list of strings; one string may stand for a list, with
// commas or as JSON, as some models write it.
func (a *arguments) profileIDs() []string {
	var ids []string
	switch v := a.get("profile_ids").(type) {
	case nil:
	case string:
		if json.Unmarshal([]byte(v), &ids) != nil {
			ids = strings.Split(v, ",")
		}
	case []string: // a caller in this process
		ids = v
	case []any:
		for _, item := range v {
			id, ok := item.(string)
			if !ok {
				a.refuse("profile_ids must be a list of strings.")
				return nil
			}
			ids = append(ids, id)
		}
	default:
		a.refuse("profile_ids must be a list of strings.")
	}
	var kept []string
	for _, id := range ids {
		if id = strings.TrimSpace(id); id != "" && !slices.Contains(kept, id) {
			kept = append(kept, id)
		}
		if len(id) > maxProfileID {
			a.refuse("profile_ids holds an id longer than %d characters: copy the ids from a shortlist.", maxProfileID)
			return nil
		}
	}
	if len(kept) > shortlist.MaxProfileIDs {
		a.refuse("profile_ids may hold at most %d ids: ask for the others in a second call.", shortlist.MaxProfileIDs)
	}
	return kept
}

// maxWait reads max_wait_seconds. A call without a progress token is held to
// shortest, since its client is likely to give up at 60 s.
func (a *arguments) maxWait(preset, shortest, longest time.Duration, progress bool) time.Duration {
	most, why := longest, "the most allowed"
	if !progress && shortest < longest {
		most, why = shortest, "the most for a client that does not ask for progress"
	}
	n, given := a.integerUpTo("max_wait_seconds", 0, int(most/time.Second), why)
	if !given {
		return min(preset, most)
	}
	return time.Duration(n) * time.Second
}

var namePattern = regexp.MustCompile(`^[a-z0-9_]{1,32}$`)

// ignored says which arguments nothing has read. Gemini CLI adds
// wait_for_previous to every call, which is not worth a word.
func (a *arguments) ignored() {
	const named = 3
	var names []string
	for _, name := range slices.Sorted(maps.Keys(a.given)) {
		if !a.read[name] && name != "wait_for_previous" && namePattern.MatchString(name) && len(names) < named {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		a.notes = append(a.notes, "Ignored, as this tool has no such argument: "+strings.Join(names, ", ")+".")
	}
}
