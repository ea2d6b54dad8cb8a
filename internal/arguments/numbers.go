package arguments

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// PlainText takes case, width and quotation marks from a word, and makes what
// models write for nothing empty.
func PlainText(s string) string {
	s = strings.ToLower(strings.Trim(norm.NFKC.String(s), " \t\r\n\"'`“”"))
	if IsNothing(s) {
		return ""
	}
	return s
}

// What people write around a number.
var (
	beforeNumber = onFirstUse(`^(?:>=|=>|≥|>|=|~|at least|minimum|min|above|over|top|first|max|up to|about) *`)
	afterCount   = onFirstUse(` *(?:candidates?|results?|people|profiles?|items?)$`)
	afterScore   = onFirstUse(` *(?:%|percent|per cent|/ *100|out of 100|\+|points?|pts|or (?:more|higher|above))$`)
	thousands    = onFirstUse(`^\d{1,3}(?:[,_ ]\d{3})+$`)
	decimalComma = onFirstUse(`^\d+,\d{1,2}$`)
)

// parseNumber reads digits, with a comma or a space where people put one.
func parseNumber(s string) (float64, bool) {
	switch {
	case thousands().MatchString(s):
		s = strings.NewReplacer(",", "", "_", "", " ", "").Replace(s)
	case decimalComma().MatchString(s):
		s = strings.Replace(s, ",", ".", 1)
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// Count reads a number of candidates; "all" is more than there are.
func Count(s string) (float64, bool) {
	if s == "all" || s == "max" || s == "unlimited" {
		return math.MaxInt32, true
	}
	return parseNumber(afterCount().ReplaceAllString(beforeNumber().ReplaceAllString(s, ""), ""))
}

// Score reads a score; hasUnit tells "80%" and the like from a bare number.
func Score(s string) (score float64, hasUnit, ok bool) {
	s = beforeNumber().ReplaceAllString(s, "")
	bare := afterScore().ReplaceAllString(s, "")
	score, ok = parseNumber(bare)
	return score, bare != s, ok
}

// unitPattern is a unit of time as people write it, with its sign in Go.
var unitPatterns = []struct {
	words func() *regexp.Regexp
	sign  string
}{
	{onFirstUse(` *\b(?:milliseconds?|millis|msecs?)\b *|(\d) *ms\b *`), "${1}ms"},
	{onFirstUse(` *(?:seconds?|secs?)\b *`), "s"},
	{onFirstUse(` *(?:minutes?|mins?)\b *`), "m"},
	{onFirstUse(` *(?:hours?|hrs?)\b *`), "h"},
	{onFirstUse(`(\d) +([smh])\b *`), "$1$2"},
}

// Seconds reads "30", "30 s", "1 min 30 s", "PT30S" and the like.
func Seconds(s string) (float64, bool) {
	s = beforeNumber().ReplaceAllString(s, "")
	if f, ok := parseNumber(s); ok {
		return f, true
	}
	s = strings.ReplaceAll(strings.TrimPrefix(s, "pt"), " and ", " ")
	for _, unit := range unitPatterns {
		s = unit.words().ReplaceAllString(s, unit.sign)
	}
	d, err := time.ParseDuration(s)
	return math.Ceil(d.Seconds()), err == nil
}
