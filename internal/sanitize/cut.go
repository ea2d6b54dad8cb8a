package sanitize

import (
	"strings"
	"unicode/utf8"
)

// ellipsis ends a cut text: after a space if whole words are left out, right at the letter if a word was broken.
const ellipsis = "…"

// backUp is how many characters a cut may move back to keep a character made of several together: longer than a family emoji.
const maxBackUp = 16

// shorten cuts s to max characters; more says that s is only the beginning of the text.
func shorten(s string, max int, more bool) (string, bool) {
	if max <= 0 || (!more && len(s) <= max) {
		return s, false
	}
	// word and hard are the ends of the longest beginnings that leave room for " …" and "…".
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
	if wordRunes >= max/2 && wordRunes > 0 { // a word longer than half of the text is broken instead
		return s[:word] + " " + ellipsis, true
	}
	return trimDangling(s[:lastBoundary(s, hard)]) + ellipsis, true
}

// whole returns the last place at or before end where s can be cut without breaking a character into its parts.
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

// extends says whether r belongs to the character in front of it.
func extendsCharacter(r rune) bool {
	return r == zwj || r == zwnj || r == emojiStyle || isMark(r) || r >= 0x1F3FB && r <= 0x1F3FF // skin tones
}

// splitsFlag says whether a cut between before and next would halve a flag, which is a pair of regional indicators.
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

func isRegional(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

// tidyEnd drops what must not stand before the "…": a joiner with nothing to join, and a ':' or '/' that would make the "…" the
// beginning of a link's body.
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
