package sanitize

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// confusable is a script with letters that fonts draw like Latin ones (the part
// of Unicode's confusables.txt that no reader can tell apart).
type confusableScript struct {
	script          *unicode.RangeTable
	lookalikes      string // its letters that pass for Latin ones; "" = all
	latinLookalikes string // the Latin letters that pass for its own
}

var confusableScripts = []confusableScript{
	{unicode.Cyrillic, "асеһіјӏорѕухԁԛԝѵАВЕЗКМНОРСТУХІЈЅԌӀ", "aceijopsxyABEKMHOPCTXIJS"},
	{unicode.Greek, "αγικνορτυχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ovABEZHIKMNOPTYX"},
	{unicode.Armenian, "օոսհցզյկքՕՏՍԼՀ", "ounhgqjo"},
	{script: unicode.Cherokee},
}

// MixedScript reports whether a word of s has letters of two scripts and reads
// as a word of one of them, as "Аdmin" does with a Cyrillic first letter. Line
// keeps such words: which of the letters is the false one cannot be known.
// Honest words mix scripts, too: the ending of a borrowed abbreviation
// ("PHPшник") and the sign of a subunit ("TNFα") disguise nothing.
func MixedScript(s string) bool {
	if strings.IndexFunc(s, func(r rune) bool { return r >= 0x370 }) < 0 { // Greek is the first script after Latin
		return false
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) })
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.ContainsFunc(confusableScripts, func(c confusableScript) bool { return c.disguises(word) })
	})
}

func isLatin(r rune) bool { return unicode.Is(unicode.Latin, r) }

// disguises reports whether word mixes c's letters with Latin ones so that one
// of the two passes for the other.
func (c confusableScript) disguises(word string) bool {
	own, latin, small := 0, 0, 0 // small: small Latin letters
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
				small++
			}
		}
	}
	if own == 0 || latin == 0 || !ownPass && !latinPass || c.endsAbbreviation(word) {
		return false
	}
	return c.script != unicode.Greek || !isScienceSymbol(word, small)
}

// endsAbbreviation reports whether word is two or more Latin capitals and then
// small letters of c, as in "SQLка".
func (c confusableScript) endsAbbreviation(word string) bool {
	ending := strings.TrimLeftFunc(word, func(r rune) bool { return isLatin(r) && unicode.IsUpper(r) })
	return len(word)-len(ending) >= 2 && strings.IndexFunc(ending, func(r rune) bool { return !unicode.Is(c.script, r) || unicode.IsUpper(r) }) < 0
}

// isSymbol reports whether the Greek letters of word are the symbols of science
// that they look like: small ones among Latin capitals ("NFκB", "Gαs") or at
// the end of a word ("interferonγ").
func isScienceSymbol(word string, smallLatin int) bool {
	const fewSmall = 2
	last, size := utf8.DecodeLastRuneInString(word)
	if strings.ContainsRune("αγκω", last) && strings.IndexFunc(word[:len(word)-size], func(r rune) bool { return unicode.Is(unicode.Greek, r) }) < 0 {
		return true
	}
	capital := strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(unicode.Greek, r) && unicode.IsUpper(r) })
	return !capital && smallLatin <= fewSmall
}
