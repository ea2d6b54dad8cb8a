package sanitize

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// confusableScript is a script with letters that look like Latin letters,
// namely those pairs in Unicode's confusables.txt that no reader can tell
// apart.
type confusableScript struct {
	script          *unicode.RangeTable
	lookalikes      string // its letters that look like Latin ones; "" = all
	latinLookalikes string // Latin letters that look like its own
}

var confusableScripts = []confusableScript{
	{unicode.Cyrillic, "асеһіјӏорѕухԁԛԝѵАВЕЗКМНОРСТУХІЈЅԌӀ", "aceijopsxyABEKMHOPCTXIJS"},
	{unicode.Greek, "αγικνορτυχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ovABEZHIKMNOPTYX"},
	{unicode.Armenian, "օոսհցզյկքՕՏՍԼՀ", "ounhgqjo"},
	{script: unicode.Cherokee},
}

// MixedScript reports whether a word mixes letters of two scripts so that
// it reads as a word of one of them, as "Аdmin" does with a Cyrillic first
// letter. Line keeps such words, because it cannot know which letter is the
// false one. It is false for honest mixtures, such as a borrowed abbreviation
// with an ending ("PHPшник") and the symbol of a subunit ("TNFα").
func MixedScript(c Clean) bool {
	s := string(c)
	if !mayMixScripts(s) {
		return false
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) })
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.ContainsFunc(confusableScripts, func(c confusableScript) bool { return c.disguises(word) })
	})
}

// mayMixScripts reports whether s may hold letters of Latin and of another
// confusable script. It spares most texts the search by words.
func mayMixScripts(s string) bool {
	latin, other := false, false
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			latin = latin || isLetter(byte(r))
		case r >= 0x2000 && r < 0x2070, r >= 0x20A0 && r < 0x2100, r >= 0x3000 && r < 0xA600, r >= 0xAC00 && r < 0xD800:
			// Punctuation, currencies, Chinese, kana and Hangul.
		default:
			other = other || r >= 0x370 && !(r >= 0x1E00 && r < 0x1F00) // before Greek and for Vietnamese: Latin
			latin = latin || isLatin(r)
		}
		if latin && other {
			return true
		}
	}
	return false
}

func isLatin(r rune) bool { return unicode.Is(unicode.Latin, r) }

// disguises reports whether word mixes letters of c with Latin ones so that all
// letters of one script look like the other.
func (c confusableScript) disguises(word string) bool {
	own, latin, smallLatin := 0, 0, 0
	ownPass, latinPass := true, true
	for _, r := range word {
		switch {
		case unicode.Is(c.script, r):
			own++
			ownPass = ownPass && (c.lookalikes == "" || strings.ContainsRune(c.lookalikes, r))
		case isLatin(r):
			latin++
			latinPass = latinPass && strings.ContainsRune(c.latinLookalikes, r)
			if unicode.IsLower(r) {
				smallLatin++
			}
		}
	}
	if own == 0 || latin == 0 || !ownPass && !latinPass || c.endsAbbreviation(word) {
		return false
	}
	return c.script != unicode.Greek || !isScienceSymbol(word, smallLatin)
}

// endsAbbreviation reports whether word is two or more Latin capitals followed
// by small letters of c, as in "SQLка".
func (c confusableScript) endsAbbreviation(word string) bool {
	ending := strings.TrimLeftFunc(word, func(r rune) bool { return isLatin(r) && unicode.IsUpper(r) })
	return len(word)-len(ending) >= 2 && strings.IndexFunc(ending, func(r rune) bool { return !unicode.Is(c.script, r) || unicode.IsUpper(r) }) < 0
}

// isScienceSymbol reports whether the Greek letters in word are symbols of
// science: small letters among Latin capitals ("NFκB", "Gαs") or the last
// letter of a word ("interferonγ").
func isScienceSymbol(word string, smallLatin int) bool {
	const fewSmall = 2
	last, size := utf8.DecodeLastRuneInString(word)
	if strings.ContainsRune("αγκω", last) && strings.IndexFunc(word[:len(word)-size], func(r rune) bool { return unicode.Is(unicode.Greek, r) }) < 0 {
		return true
	}
	capital := strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(unicode.Greek, r) && unicode.IsUpper(r) })
	return !capital && smallLatin <= fewSmall
}
