package arguments

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// PlainText returns a word in lower case and without wide characters or
// quotation marks; "" if models write it for “no value”.
func PlainText(s string) string {
	s = strings.ToLower(strings.Trim(norm.NFKC.String(s), " \t\r\n\"'`“”"))
	if IsNothing(s) {
		return ""
	}
	return s
}

// Texts that people write around a number.
var (
	beforeNumber = onFirstUse(`^(?:>=|=>|≥|>|=|~|at least|minimum|min|above|over|top|first|max|up to|about) *`)
	afterCount   = onFirstUse(` *(?:candidates?|results?|people|profiles?|items?)$`)
	afterScore   = onFirstUse(` *(?:%|percent|per cent|/ *100|out of 100|\+|points?|pts|or (?:more|higher|above))$`)
	thousands    = onFirstUse(`^\d{1,3}(?:[,_ ]\d{3})+$`)
	decimalComma = onFirstUse(`^\d+,\d{1,2}$`)
)

// parseNumber reads a number that may have separators between thousands or a
// decimal comma.
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

// Count reads a number of candidates; "all" gives math.MaxInt32. It reports
// false for any other text.
func Count(s string) (float64, bool) {
	if s == "all" || s == "max" || s == "unlimited" {
		return math.MaxInt32, true
	}
	return parseNumber(afterCount().ReplaceAllString(beforeNumber().ReplaceAllString(s, ""), ""))
}

// Score reads a score. hasUnit reports whether it has a suffix such as "%".
func Score(s string) (score float64, hasUnit, ok bool) {
	s = beforeNumber().ReplaceAllString(s, "")
	bare := afterScore().ReplaceAllString(s, "")
	score, ok = parseNumber(bare)
	return score, bare != s, ok
}

// unitPatterns match units of time as people write them; symbol is the form
// that time.ParseDuration reads.
var unitPatterns = []struct {
	words  func() *regexp.Regexp
	symbol string
}{
	{onFirstUse(` *\b(?:milliseconds?|millis|msecs?)\b *|(\d) *ms\b *`), "${1}ms"},
	{onFirstUse(` *(?:seconds?|secs?)\b *`), "s"},
	{onFirstUse(` *(?:minutes?|mins?)\b *`), "m"},
	{onFirstUse(` *(?:hours?|hrs?)\b *`), "h"},
	{onFirstUse(`(\d) +([smh])\b *`), "$1$2"},
}

// Seconds reads a duration such as "30", "30 s", "1 min 30 s" or "PT30S", and
// returns it in seconds, rounded up if it has units. It reports false for any
// other text.
func Seconds(s string) (float64, bool) {
	s = beforeNumber().ReplaceAllString(s, "")
	if f, ok := parseNumber(s); ok {
		return f, true
	}
	s = strings.ReplaceAll(strings.TrimPrefix(s, "pt"), " and ", " ")
	for _, unit := range unitPatterns {
		s = unit.words().ReplaceAllString(s, unit.symbol)
	}
	d, err := time.ParseDuration(s)
	return math.Ceil(d.Seconds()), err == nil
}
