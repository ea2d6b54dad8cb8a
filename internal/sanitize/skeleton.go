package sanitize

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// skeleton is a text as a link parser may read it (the term is from UTS #39):
// one byte for each rune, which is lower-case ASCII for whatever looks like it
// (full-width and mathematical letters, look-alikes of '/', ':' and '.'), and a
// class for any other rune.
type skeleton struct {
	c   []byte
	s   string
	pos []int // byte offset of each rune in s; nil until it is needed

	word span // whose end was found last
}

// The classes of runes that do not look like ASCII. Those from unspaced on
// cannot be part of a URL.
const (
	letter   = 0x80 + iota // letter, digit, mark or joiner
	unspaced               // letter of a script without spaces between words
	cutMark                // "…"
	sign                   // anything else
)

// unspacedScripts are the scripts of IsUnspaced.
var unspacedScripts = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

// IsUnspaced reports whether r belongs to a script that is written without
// spaces between words, or in which particles follow a word without one.
func IsUnspaced(r rune) bool { return r > unicode.MaxLatin1 && unicode.In(r, unspacedScripts...) }

// newSkeleton returns the skeleton of s.
func newSkeleton(s string) *skeleton {
	sk := &skeleton{c: make([]byte, 0, len(s)), s: s}
	for i := 0; i < len(s); {
		c, size := skeletonByte(s[i:])
		sk.c = append(sk.c, c)
		i += size
	}
	return sk
}

// offset returns the byte offset in the text of the rune at i.
func (sk *skeleton) offset(i int) int {
	switch {
	case i >= len(sk.c):
		return len(sk.s)
	case len(sk.c) == len(sk.s): // ASCII
		return i
	case sk.pos == nil:
		sk.pos = offsetsOfRunes(sk.s)
	}
	return sk.pos[i]
}

// skeletonByte returns the byte that a skeleton has for the rune at the start
// of s, and the rune's size in bytes.
func skeletonByte(s string) (byte, int) {
	if s[0] < utf8.RuneSelf {
		return lower(s[0]), 1
	}
	r, size := utf8.DecodeRuneInString(s)
	c := propertiesOf(r).skeleton()
	// In a sentence, no small letter follows a Chinese full stop.
	if (r == '。' || r == '｡') && (size == len(s) || s[size] < 'a' || s[size] > 'z') {
		c = sign
	}
	return c, size
}

// skeletonOf returns the byte that a skeleton has for r, wherever it stands.
func skeletonOf(r rune) byte {
	switch r {
	case '⁄', '∕', '⧸', '╱': // fraction slash, division slash, big solidus, box drawing
		return '/'
	case '∖', '⧵', '⧹':
		return '\\'
	case '∶', '꞉': // ratio, modifier letter colon
		return ':'
	case '…':
		return cutMark
	case '。', '｡': // dots to browsers
		return '.'
	}
	if d := norm.NFKC.PropertiesString(string(r)).Decomposition(); len(d) == 1 {
		return lower(d[0])
	}
	switch {
	case IsUnspaced(r):
		return unspaced
	case unicode.IsLetter(r), unicode.IsDigit(r), isMark(r), r == zwj, r == zwnj:
		return letter
	}
	return sign
}

// mayHoldLink reports whether s has what every link has: a ':' with something
// after it, two slashes, "www.", or a dot and then a '/', '?' or '#' in the
// same word. It is cheaper than building a skeleton, which most texts do not
// need.
func mayHoldLink(s string) bool {
	dot, ws := false, 0 // a dot in this word; letters w in a row
	last := byte(' ')
	for i := 0; i < len(s); {
		c, size := skeletonByte(s[i:])
		i += size
		switch {
		case c == ' ':
			dot = false
		case c == '.':
			dot = true
			if ws >= 3 {
				return true
			}
		case c == ':', (c == '?' || c == '#') && dot:
			if i < len(s) && s[i] != ' ' {
				return true
			}
		case isSlash(c) && (dot || isSlash(last)):
			return true
		}
		if c == 'w' {
			ws++
		} else {
			ws = 0
		}
		last = c
	}
	return false
}

// at returns the byte at i, or a space beyond the end.
func (sk *skeleton) at(i int) byte {
	if i >= len(sk.c) {
		return ' '
	}
	return sk.c[i]
}

// hasPrefix reports whether the skeleton has prefix at i.
func (sk *skeleton) hasPrefix(i int, prefix string) bool {
	return i+len(prefix) <= len(sk.c) && string(sk.c[i:i+len(prefix)]) == prefix
}

// slashes returns how many slashes, of either kind, start at i.
func (sk *skeleton) slashes(i int) int {
	n := 0
	for isSlash(sk.at(i + n)) {
		n++
	}
	return n
}

// wordEnd returns where the word at i ends. Words have letters, digits, and the
// signs '+', '-', '_' and '.' of schemes and hosts.
func (sk *skeleton) wordEnd(i int) int {
	if i < sk.word.start || i >= sk.word.end { // otherwise a word with many links would take quadratic time
		sk.word = span{i, i}
		for isWord(sk.at(sk.word.end)) {
			sk.word.end++
		}
	}
	return sk.word.end
}

// lower returns c in lower case if it is an ASCII letter.
func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func isSlash(c byte) bool    { return c == '/' || c == '\\' }
func isDigit(c byte) bool    { return c >= '0' && c <= '9' }
func isAlnum(c byte) bool    { return isDigit(c) || c >= 'a' && c <= 'z' }
func startsWord(c byte) bool { return isAlnum(c) || c == letter || c == unspaced }
func isWord(c byte) bool     { return startsWord(c) || c == '+' || c == '-' || c == '_' || c == '.' }
