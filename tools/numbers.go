package tools

import (
	"encoding/json"
	"math"
	"time"

	"instaview-mcp/internal/arguments"
	"instaview-mcp/internal/sanitize"
)

// examples holds a valid value of each number, for messages about invalid ones.
var examples = map[sanitize.Clean]sanitize.Clean{
	arguments.Limit: "limit=10", arguments.Offset: "offset=10", arguments.MinScore: "min_score=80", arguments.MaxWait: "max_wait_seconds=30",
	arguments.Additional: "additional=10",
}

// number reads a finite number, with parse for text. given is false if the
// argument is absent or empty, or if it is invalid, which is refused.
func (a *reader) number(name sanitize.Clean, parse func(text string) (float64, bool)) (value float64, given bool) {
	ok := true
	switch v := a.get(name).(type) {
	case nil:
		return 0, false
	case float64:
		value = v
	case int: // from the command line rather than JSON
		value = float64(v)
	case json.Number:
		value, ok = parse(v.String())
	case string:
		if v = arguments.PlainText(v); v == "" {
			return 0, false
		}
		value, ok = parse(v)
	default:
		ok = false
	}
	if !ok || math.IsNaN(value) || math.IsInf(value, 0) {
		a.refuse(name + " must be a number. For example: " + examples[name] + ".")
		return 0, false
	}
	return value, true
}

// count reads a whole number of at least least and returns 0 if it is absent or
// 0. A value above most is lowered to most, with a note.
func (a *reader) count(name sanitize.Clean, least, most int) int {
	f, given := a.number(name, arguments.Count)
	if !given || f == 0 {
		return 0
	}
	return a.whole(name, f, least, most, "the most allowed")
}

// whole checks that f is a whole number of at least least. A value above most
// is lowered to most, with a note that gives why.
func (a *reader) whole(name sanitize.Clean, f float64, least, most int, why sanitize.Clean) int {
	switch {
	case f != math.Trunc(f):
		a.refuse(name + " must be a whole number. For example: " + examples[name] + ".")
		return 0
	case f < float64(least):
		a.refuse(name + " must be at least " + sanitize.Number(least) + ". For example: " + examples[name] + ".")
		return 0
	case f > float64(most):
		a.note(name + " was lowered to " + sanitize.Number(most) + ", " + why + ".")
		return most
	}
	return int(f)
}

// score reads a number from 0 to 100, also in percent. A fraction of 1 without
// a unit is multiplied by 100, with a note. It returns nil if none is given.
func (a *reader) score(name sanitize.Clean) *float64 {
	hasUnit := false
	f, given := a.number(name, func(s string) (f float64, ok bool) {
		f, hasUnit, ok = arguments.Score(s)
		return f, ok
	})
	switch {
	case !given || f == 0:
		return nil
	case f < 0 || f > 100:
		a.refuse(name + " must be a number from 0 to 100. For example: " + examples[name] + ".")
		return nil
	case f < 1 && !hasUnit:
		f = math.Round(f*10_000) / 100
		a.note(name + " was taken as " + sanitize.Number(f) + ", as scores go from 0 to 100.")
	}
	return &f
}

// maxWait reads max_wait_seconds; 0 means a single request without waiting. It
// returns preset if none is given, and at most longest. A call without a
// progress token gets at most shortest, since its client is likely to give up
// at 60 s.
func (a *reader) maxWait(preset, shortest, longest time.Duration, progress bool) time.Duration {
	most := longest
	var why sanitize.Clean = "the most allowed"
	if !progress && shortest < longest {
		most, why = shortest, "the most for a client that does not ask for progress"
	}
	f, given := a.number(arguments.MaxWait, arguments.Seconds)
	if !given {
		return min(preset, most)
	}
	n := a.whole(arguments.MaxWait, f, 0, int(most/time.Second), why)
	return time.Duration(n) * time.Second
}
