package sanitize

import (
	"strings"
	"unicode"
)

// confusable are the scripts whose letters pass for each other's: a word of two of them was made to be read as another.
var confusable = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee}

// lookAlikes are the Greek letters that pass for Latin ones. The others stand in units and formulas: kΩ, λ-calculus, ΔT.
const lookAlikes = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαγικνορτυχω"

// MixedScript reports whether a word of s has letters of several scripts that look alike, such as Latin and Cyrillic ones. Line keeps such
// words: which of the letters is the false one cannot be known, and honest texts have them too, as in "Go-разработчик" written without its
// hyphen.
func MixedScript(s string) bool {
	var first *unicode.RangeTable // of the word that is being read
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) {
			first = nil
			continue
		}
		for _, script := range confusable {
			if !unicode.Is(script, r) || script == unicode.Greek && !strings.ContainsRune(lookAlikes, r) {
				continue
			}
			if first != nil && first != script {
				return true
			}
			first = script
			break
		}
	}
	return false
}
