package sanitize

import (
	"strings"
	"unicode"
)

// defuse takes the meaning from the signs of Markdown links and code, of our
// tables and of our markers, and removes HTML comments. It reports whether one
// of them held words. clipped says that s is the beginning of a longer text: a
// comment still open at its end is then a comment.
func neutralizeMarkup(s string, clipped bool) (string, bool) {
	if !mayHoldMarkup(s) {
		return s, false
	}
	out := make([]byte, 0, len(s)+len(s)/8)
	hidWords, open := false, false // open: a comment was found that nothing closes, so no later one is closed either
	for i := 0; i < len(s); {
		if !open && strings.HasPrefix(s[i:], "<!--") {
			n := commentLen(s[i:])
			if n == 0 && clipped {
				n = len(s) - i
			}
			if n > 0 {
				out = append(out, ' ') // or the words around it would become one
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

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// commentLen returns the length of the HTML comment that s begins with, 0 if nothing closes it. Browsers end a comment at "-->" and
// "--!>", and take "<!-->" and "<!--->" for whole ones.
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

func mayHoldMarkup(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '<':
			if strings.HasPrefix(s[i:], "<!--") {
				return true
			}
		case byteClasses[c] == unclean: // spares letters the closer look
			if sign, _ := markupReplacement(s[i:]); sign != "" {
				return true
			}
		}
	}
	return false
}

// signAt returns what replaces the sign that s begins with, and the sign's length in bytes; "" if it may stay.
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
	case strings.HasPrefix(s, "⟦"), strings.HasPrefix(s, "〚"): // our marker, and what looks like it
		return "(", len("⟦")
	case strings.HasPrefix(s, "⟧"), strings.HasPrefix(s, "〛"):
		return ")", len("⟧")
	}
	return "", 0
}
