package sanitize

import (
	"strings"
	"unicode/utf8"
)

// ellipsis ends a shortened text. A space precedes it if whole words are left
// out, and none if a word was broken.
const ellipsis = "…"

// maxBackUp is how many runes a cut may move back so that it does not split a
// visible character. A family emoji with skin tones has 11.
const maxBackUp = 16

// shorten cuts s to max runes and reports whether it did. more means that s is
// only the start of a longer text. A max of zero or less means no limit.
func shorten(s string, max int, more bool) (string, bool) {
	if max <= 0 || (!more && len(s) <= max) {
		return s, false
	}
	// word is the last space that leaves room for " …"; hard is where a word
	// has to be broken to leave room for "…".
	word, wordRunes, hard, n := 0, 0, len(s), 0
	for i, r := range s {
		if n == max-1 {
			hard = i
		}
		if r == ' ' && n <= max-2 {
			word, wordRunes = i, n
		}
		if n++; n > max {
			break
		}
	}
	if n <= max && !more {
		return s, false
	}
	// A last word of more than half the room is broken, so that the text does
	// not lose most of what fits.
	if wordRunes >= max/2 && wordRunes > 0 {
		return s[:word] + " " + ellipsis, true
	}
	return trimDangling(s[:lastBoundary(s, hard)]) + ellipsis, true
}

// lastBoundary returns the last offset, at or before end, where s can be cut
// without splitting a visible character.
func lastBoundary(s string, end int) int {
	at := end
	for range maxBackUp {
		next, _ := utf8.DecodeRuneInString(s[at:])
		last, size := utf8.DecodeLastRuneInString(s[:at])
		if at == 0 || at == len(s) || !(extendsCharacter(next) || last == zwj || splitsFlag(s[:at], next)) {
			return at
		}
		at -= size
	}
	return end
}

// extendsCharacter reports whether r belongs to the character before it.
func extendsCharacter(r rune) bool {
	// Skin tones.
	return r == zwj || r == zwnj || r == emojiStyle || isMark(r) || r >= 0x1F3FB && r <= 0x1F3FF
}

// splitsFlag reports whether a cut between before and next would split a flag,
// which is a pair of regional indicators.
func splitsFlag(before string, next rune) bool {
	if !isRegional(next) {
		return false
	}
	n := 0
	for n < 2*maxBackUp {
		r, size := utf8.DecodeLastRuneInString(before)
		if !isRegional(r) {
			break
		}
		before = before[:len(before)-size]
		n++
	}
	return n%2 == 1
}

// isRegional reports whether r is a regional indicator.
func isRegional(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

// trimDangling removes what must not precede the "…": joiners without a right
// neighbour, and a ':' or '/' after which the "…" would look like part of a
// URL.
func trimDangling(s string) string {
	return strings.TrimRightFunc(s, func(r rune) bool {
		switch r {
		case ' ', zwj, zwnj, emojiStyle:
			return true
		}
		c, _ := skeletonByte(string(r))
		return c == ':' || c == '/' || c == '\\'
	})
}
