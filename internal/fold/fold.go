// Package fold reduces words to what their spellings have in common, for those
// who look for a name without its accents or in another alphabet.
package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mozillazg/go-unidecode"
	"golang.org/x/text/unicode/norm"
)

// Text folds the words of a text, with a space between.
func Text(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Cf, r)
	})
	for i := range words {
		words[i] = Word(words[i])
	}
	return strings.Join(words, " ")
}

// Word folds a word to what its spellings have in common: lower case, without
// diacritics, in plain Latin letters if it was in Latin ones.
func Word(s string) string {
	latin, ascii := true, true
	for _, r := range s {
		ascii = ascii && r < utf8.RuneSelf
		latin = latin && (!unicode.IsLetter(r) || unicode.In(r, unicode.Latin, unicode.Lm))
	}
	switch {
	case ascii:
		return onlyLetters(strings.ToLower(s))
	case latin:
		return Latin(s)
	}
	base := rune(0)
	return strings.Map(func(r rune) rune {
		r = unicode.ToLower(r)
		switch {
		case unicode.Is(unicode.Cf, r), r == 'ـ':
			return -1
		case unicode.Is(unicode.Mn, r):
			if unicode.In(base, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Hebrew, unicode.Arabic) {
				return -1
			}
		default:
			base = r
		}
		if same, ok := sameLetter[r]; ok {
			return same
		}
		return r
	}, norm.NFKD.String(s))
}

// sameLetter holds letters that writers use one for the other.
var sameLetter = map[rune]rune{
	'ς': 'σ', 'ی': 'ي', 'ک': 'ك', 'ة': 'ه', 'ہ': 'ه', 'ە': 'ه', 'ँ': 'ं', 'ך': 'כ', 'ם': 'מ', 'ן': 'נ', 'ף': 'פ', 'ץ': 'צ',
}

// Latin transliterates a word into lower-case Latin letters and digits.
func Latin(s string) string {
	return onlyLetters(strings.ToLower(unidecode.Unidecode(norm.NFKC.String(s))))
}

func onlyLetters(s string) string {
	clean := func(r rune) bool { return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' }
	if strings.IndexFunc(s, func(r rune) bool { return !clean(r) }) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if clean(r) {
			return r
		}
		return -1
	}, s)
}
