package sanitize

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// sketch is a text as a link parser may see it: one byte for each rune, small ASCII for all that a browser, a font or a model takes for
// it (full-width and mathematical letters, look-alikes of '/', ':' and '.'), and a class for the rest.
type skeleton struct {
	c   []byte
	pos []int // where each rune begins in the text; nil if it is ASCII
	len int   // of the text, in bytes
	s   string
}

// The classes. Those from unspaced on cannot be part of a URL.
const (
	letter   = 0x80 + iota // or digit, mark, joiner
	unspaced               // a letter of a script that has no spaces between words
	cutMark                // "…"
	sign
)

var unspacedScripts = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

func newSkeleton(s string) *skeleton {
	k := &skeleton{c: make([]byte, 0, len(s)), len: len(s), s: s}
	for i := 0; i < len(s); {
		c, size := skeletonByte(s[i:])
		if size > 1 && k.pos == nil {
			k.pos = make([]int, i, len(s))
			for p := range k.pos {
				k.pos[p] = p
			}
		}
		k.c = append(k.c, c)
		if k.pos != nil {
			k.pos = append(k.pos, i)
		}
		i += size
	}
	return k
}

// offset returns where the i-th rune begins in the text, in bytes.
func (k *skeleton) offset(i int) int {
	switch {
	case i >= len(k.c):
		return k.len
	case k.pos == nil:
		return i
	}
	return k.pos[i]
}

// skeletal returns the sketch of the rune that s begins with, and its size in bytes.
func skeletonByte(s string) (byte, int) {
	if s[0] < utf8.RuneSelf {
		return lower(s[0]), 1
	}
	r, size := utf8.DecodeRuneInString(s)
	if r >= 0x4E00 && r < 0xA000 || r >= 0xAC00 && r < 0xD7A4 { // Chinese and Korean, spared the tables
		return unspaced, size
	}
	switch r {
	case '⁄', '∕', '⧸', '╱': // fraction slash, division slash, big solidus, box drawing
		return '/', size
	case '∖', '⧵', '⧹':
		return '\\', size
	case '∶', '꞉': // ratio, modifier letter colon
		return ':', size
	case '…':
		return cutMark, size
	case '。', '｡': // browsers take it for a dot; in a sentence, no small letter follows
		if size < len(s) && s[size] >= 'a' && s[size] <= 'z' {
			return '.', size
		}
		return sign, size
	}
	if d := norm.NFKC.PropertiesString(s[:size]).Decomposition(); len(d) == 1 {
		return lower(d[0]), size
	}
	switch {
	case unicode.In(r, unspacedScripts...):
		return unspaced, size
	case unicode.IsLetter(r), unicode.IsDigit(r), isMark(r), r == zwj, r == zwnj:
		return letter, size
	}
	return sign, size
}

// mayHoldLink reports whether s holds the signs without which there is no link: a ':' with something behind it, two slashes, "www.", or a
// dot and then a '/', '?' or '#' in one word. It is cheaper than a sketch, which most texts are spared.
func mayHoldLink(s string) bool {
	dot, ws := false, 0
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

// at returns the i-th byte, and a space beyond the end.
func (k *skeleton) at(i int) byte {
	if i >= len(k.c) {
		return ' '
	}
	return k.c[i]
}

func (k *skeleton) hasPrefix(i int, prefix string) bool {
	return i+len(prefix) <= len(k.c) && string(k.c[i:i+len(prefix)]) == prefix
}

// slashes returns how many slashes, of either kind, begin at i.
func (k *skeleton) slashes(i int) int {
	n := 0
	for isSlash(k.at(i + n)) {
		n++
	}
	return n
}

// wordEnd returns where the word that begins at i ends: letters, digits, and what schemes and hosts have besides.
func (k *skeleton) wordEnd(i int) int {
	for i < len(k.c) && isWord(k.c[i]) {
		i++
	}
	return i
}

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
