package sanitize

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// neutralizeMarkup replaces the signs of Markdown links and code, of our tables
// and of our data markers, and removes HTML comments. It reports whether a
// comment held words. clipped means that s is the start of a longer text, in
// which a comment that is open at the end counts as one.
func neutralizeMarkup(s string, clipped bool) (string, bool) {
	if !mayHoldMarkup(s) {
		return s, false
	}
	out := make([]byte, 0, len(s)+len(s)/8)
	// After one comment that is never closed, no later one can be closed
	// either.
	hidWords, open := false, false
	for i := 0; i < len(s); {
		if !open && strings.HasPrefix(s[i:], "<!--") {
			n := commentLen(s[i:])
			if n == 0 && clipped {
				n = len(s) - i
			}
			if n > 0 {
				out = append(out, ' ') // keeps the words around it apart
				hidWords = hidWords || strings.ContainsFunc(s[i:i+n], isWordRune)
				i += n
				continue
			}
			open = true
		}
		sign, size := markupReplacement(s[i:])
		if sign == "" {
			out = append(out, s[i])
			i++
			continue
		}
		out = append(out, sign...)
		i += size
	}
	return string(out), hidWords
}

// isWordRune reports whether r is a letter or a digit.
func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// commentLen returns the length of the HTML comment at the start of s, or 0 if
// it is never closed. Browsers end a comment at "-->" and at "--!>", and accept
// "<!-->" and "<!--->" as whole comments.
func commentLen(s string) int {
	for end := len("<!"); ; end++ {
		n := strings.Index(s[end:], "--")
		if n < 0 {
			return 0
		}
		end += n
		switch rest := s[end+2:]; {
		case strings.HasPrefix(rest, ">"):
			return end + len("-->")
		case end >= len("<!--") && strings.HasPrefix(rest, "!>"):
			return end + len("--!>")
		}
	}
}

// mayHoldMarkup reports whether s has anything that neutralizeMarkup changes.
func mayHoldMarkup(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '<':
			if strings.HasPrefix(s[i:], "<!--") {
				return true
			}
		case c >= utf8.RuneSelf, c == '`', c == '|', c == '[', c == ']':
			if sign, _ := markupReplacement(s[i:]); sign != "" {
				return true
			}
		}
	}
	return false
}

// markupReplacement returns what replaces the sign at the start of s, and the
// length of the sign in bytes. It returns "" and 0 if the sign may stay.
func markupReplacement(s string) (string, int) {
	switch s[0] {
	case '`':
		return "'", 1
	case '|':
		return "¦", 1
	case '[':
		return "(", 1
	case ']':
		return ")", 1
	}
	switch {
	case s[0] != "⟦"[0] && s[0] != "〚"[0]:
	// The brackets of our data markers, and similar ones.
	case strings.HasPrefix(s, "⟦"), strings.HasPrefix(s, "〚"):
		return "(", len("⟦")
	case strings.HasPrefix(s, "⟧"), strings.HasPrefix(s, "〛"):
		return ")", len("⟧")
	}
	return "", 0
}
