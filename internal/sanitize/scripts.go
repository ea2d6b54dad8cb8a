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
	return mayMixScripts(s) && mixesScripts(s)
}

// mixesScripts does what MixedScript does, without the fast check.
func mixesScripts(s string) bool {
	words := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) })
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.ContainsFunc(confusableScripts, func(c confusableScript) bool { return c.disguises(word) })
	})
}

// mayMixScripts reports whether a word of s may have letters of Latin and of
// another confusable script. It spares most texts the search by words.
func mayMixScripts(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < utf8.RuneSelf {
			continue
		}
		// These runes beyond ASCII are a word, or the part of one that an ASCII
		// letter or digit precedes or follows.
		found := properties(0)
		if i > 0 && (isLetter(s[i-1]) || isDigit(s[i-1])) {
			found = latin
		}
		for i < len(s) && s[i] >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			found |= propertiesOf(r)
			i += size
		}
		if i < len(s) && (isLetter(s[i]) || isDigit(s[i])) {
			found |= latin
		}
		if found&latin != 0 && found&confusable != 0 {
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
