package tools

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"instaview-mcp/internal/arguments"
)

// plainText takes case, width and quotation marks from a word, and makes what
// models write for nothing empty.
func plainText(s string) string {
	s = strings.ToLower(strings.Trim(norm.NFKC.String(s), " \t\r\n\"'`“”"))
	switch s {
	case "null", "none", "nil", "undefined", "n/a", "any", "default":
		return ""
	}
	return s
}

// examples are right values of the numbers, for those who sent wrong ones.
var examples = map[string]string{
	arguments.Limit: "limit=10", arguments.Offset: "offset=10", arguments.MinScore: "min_score=80", arguments.MaxWait: "max_wait_seconds=30",
}

// number reads a finite number; a text is read by parse. Nothing, empty text
// and, for what is optional, 0 count as not given.
func (a *reader) number(name string, parse func(text string) (float64, bool)) (value float64, given bool) {
	ok := true
	switch v := a.get(name).(type) {
	case nil:
		return 0, false
	case float64:
		value = v
	case int: // a caller in this process
		value = float64(v)
	case json.Number:
		value, ok = parse(v.String())
	case string:
		if v = plainText(v); v == "" {
			return 0, false
		}
		value, ok = parse(v)
	default:
		ok = false
	}
	if !ok || math.IsNaN(value) || math.IsInf(value, 0) {
		a.refuse("%s must be a number. For example: %s.", name, examples[name])
		return 0, false
	}
	return value, true
}

// What people write around a number.
var (
	beforeNumber = regexp.MustCompile(`^(?:>=|=>|≥|>|=|~|at least|minimum|min|above|over|top|first|max|up to|about) *`)
	afterCount   = regexp.MustCompile(` *(?:candidates?|results?|people|profiles?|items?)$`)
	afterScore   = regexp.MustCompile(` *(?:%|percent|per cent|/ *100|out of 100|\+|points?|pts|or (?:more|higher|above))$`)
	thousands    = regexp.MustCompile(`^\d{1,3}(?:[,_ ]\d{3})+$`)
	decimalComma = regexp.MustCompile(`^\d+,\d{1,2}$`)
)

// parseNumber reads digits, with a comma or a space where people put one.
func parseNumber(s string) (float64, bool) {
	switch {
	case thousands.MatchString(s):
		s = strings.NewReplacer(",", "", "_", "", " ", "").Replace(s)
	case decimalComma.MatchString(s):
		s = strings.Replace(s, ",", ".", 1)
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

func parseCount(s string) (float64, bool) {
	if s == "all" || s == "max" || s == "unlimited" {
		return math.MaxInt32, true // lowered to what is allowed, and said so
	}
	return parseNumber(afterCount.ReplaceAllString(beforeNumber.ReplaceAllString(s, ""), ""))
}

// count reads a whole number from least on, 0 counting as not given; above most
// it is lowered to it, and said so.
func (a *reader) count(name string, least, most int) (value int, given bool) {
	f, given := a.number(name, parseCount)
	if !given || f == 0 {
		return 0, false
	}
	return a.whole(name, f, least, most, "the most allowed")
}

func (a *reader) whole(name string, f float64, least, most int, why string) (value int, ok bool) {
	switch {
	case f != math.Trunc(f):
		a.refuse("%s must be a whole number. For example: %s.", name, examples[name])
		return 0, false
	case f < float64(least):
		a.refuse("%s must be at least %d. For example: %s.", name, least, examples[name])
		return 0, false
	case f > float64(most):
		a.note("%s was lowered to %d, %s.", name, most, why)
		return most, true
	}
	return int(f), true
}

// score reads a number from 0 to 100, also in percent or as a fraction of 1,
// which is said; nil if none is given.
func (a *reader) score(name string) *float64 {
	hasSign := false
	f, given := a.number(name, func(s string) (float64, bool) {
		s = beforeNumber.ReplaceAllString(s, "")
		bare := afterScore.ReplaceAllString(s, "")
		hasSign = bare != s
		return parseNumber(bare)
	})
	switch {
	case !given || f == 0:
		return nil
	case f < 0 || f > 100:
		a.refuse("%s must be a number from 0 to 100. For example: %s.", name, examples[name])
		return nil
	case f < 1 && !hasSign:
		f = math.Round(f*10_000) / 100
		a.note("%s was taken as %s, as scores go from 0 to 100.", name, strconv.FormatFloat(f, 'f', -1, 64))
	}
	return &f
}

// unitPattern is a unit of time as people write it, with its sign in Go.
var unitPatterns = []struct {
	words *regexp.Regexp
	sign  string
}{
	{regexp.MustCompile(` *\b(?:milliseconds?|millis|msecs?)\b *|(\d) *ms\b *`), "${1}ms"},
	{regexp.MustCompile(` *(?:seconds?|secs?)\b *`), "s"},
	{regexp.MustCompile(` *(?:minutes?|mins?)\b *`), "m"},
	{regexp.MustCompile(` *(?:hours?|hrs?)\b *`), "h"},
	{regexp.MustCompile(`(\d) +([smh])\b *`), "$1$2"},
}

// parseSeconds reads "30", "30 s", "1 min 30 s", "PT30S" and the like.
func parseSeconds(s string) (float64, bool) {
	s = beforeNumber.ReplaceAllString(s, "")
	if f, ok := parseNumber(s); ok {
		return f, true
	}
	s = strings.TrimPrefix(s, "pt")
	for _, unit := range unitPatterns {
		s = unit.words.ReplaceAllString(s, unit.sign)
	}
	d, err := time.ParseDuration(s)
	return d.Seconds(), err == nil
}

// maxWait reads max_wait_seconds, of which 0 looks once. A call without a
// progress token is held to shortest, since its client is likely to give up at
// 60 s.
func (a *reader) maxWait(preset, shortest, longest time.Duration, progress bool) time.Duration {
	most, why := longest, "the most allowed"
	if !progress && shortest < longest {
		most, why = shortest, "the most for a client that does not ask for progress"
	}
	f, given := a.number(arguments.MaxWait, parseSeconds)
	if !given {
		return min(preset, most)
	}
	n, _ := a.whole(arguments.MaxWait, f, 0, int(most/time.Second), why)
	return time.Duration(n) * time.Second
}
