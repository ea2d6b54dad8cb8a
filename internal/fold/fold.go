// Package fold reduces words to what their spellings have in common, so that a
// name is found without its accents, in another case or in another alphabet.
package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mozillazg/go-unidecode"
	"golang.org/x/text/unicode/norm"
)

// Text returns the folded words of s, each separated by one space. It is empty
// if s has no word.
func Text(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Cf, r)
	})
	for i := range words {
		words[i] = Word(words[i])
	}
	return strings.Join(words, " ")
}

// Word returns what the spellings of a word have in common: lower case, without
// diacritics, and in ASCII letters if the word is in Latin ones. It is empty if
// s has no letter and no digit.
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

// sameLetter maps letters to the ones that writers use in their place.
var sameLetter = map[rune]rune{
	'ς': 'σ', 'ی': 'ي', 'ک': 'ك', 'ة': 'ه', 'ہ': 'ه', 'ە': 'ه', 'ँ': 'ं', 'ך': 'כ', 'ם': 'מ', 'ן': 'נ', 'ף': 'פ', 'ץ': 'צ',
}

// Latin transliterates a word into lower-case ASCII letters and digits.
func Latin(s string) string {
	return onlyLetters(strings.ToLower(unidecode.Unidecode(norm.NFKC.String(s))))
}

// onlyLetters removes everything but a to z and 0 to 9.
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
