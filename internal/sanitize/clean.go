package sanitize

import (
	"strconv"
	"strings"
	"time"
)

// Clean is text that is safe to show: valid UTF-8 without anything invisible,
// markup or links. Only this package converts other text to it, which a test
// checks in the whole program, so the compiler finds any text that is written
// without having been cleaned.
//
// A string rather than a struct, so that constants of the program are Clean
// without a conversion and a sentence is built with "+".
type Clean string

// Plain returns s as it is if it is a plain word, of 1 to max ASCII letters,
// digits, '_' and '-'. Such a word cannot hold a sentence, so it may stand
// outside the block of third-party text.
func Plain(s string, max int) (word Clean, ok bool) {
	if s == "" || len(s) > max {
		return "", false
	}
	for i := range len(s) {
		if !isLetter(s[i]) && !isDigit(s[i]) && s[i] != '_' && s[i] != '-' {
			return "", false
		}
	}
	return Clean(s), true
}

// Number formats n without an exponent.
func Number[N int | float64](n N) Clean {
	const small = 100 // of which strconv has the strings
	if i := int(n); i >= 0 && i < small && N(i) == n {
		return Clean(strconv.Itoa(i))
	}
	return Clean(strconv.FormatFloat(float64(n), 'f', -1, 64))
}

// Time formats t as time.Time.Format does.
func Time(t time.Time, layout Clean) Clean { return Clean(t.Format(string(layout))) }

// Unquoted replaces typographic quotation marks, so that the text cannot end
// the quotation that it is put into.
func Unquoted(c Clean) Clean { return Clean(quotationMarks.Replace(string(c))) }

var quotationMarks = strings.NewReplacer("“", "'", "”", "'")

// Join joins the parts that are not empty.
func Join(separator Clean, parts ...Clean) Clean {
	var first Clean
	n, size := 0, 0
	for _, part := range parts {
		if part == "" {
			continue
		}
		if n++; n == 1 {
			first = part
		}
		size += len(part) + len(separator)
	}
	if n <= 1 {
		return first
	}
	var b strings.Builder
	b.Grow(size)
	for _, part := range parts {
		if part == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(string(separator))
		}
		b.WriteString(string(part))
	}
	return Clean(b.String())
}

// Builder builds a text of several parts. The zero value is an empty text.
type Builder struct{ text []byte }

// Reset makes the text empty and keeps its memory for the next one.
func (b *Builder) Reset() { b.text = b.text[:0] }

// Write appends the parts.
func (b *Builder) Write(parts ...Clean) {
	for _, part := range parts {
		b.text = append(b.text, part...)
	}
}

// Clean returns a copy of the whole text.
func (b *Builder) Clean() Clean { return Clean(b.text) }
