package sanitize

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	zwnj       = '\u200C' // zero width non-joiner
	zwj        = '\u200D' // zero width joiner
	emojiStyle = '\uFE0F' // variation selector 16: show the emoji, not the sign
	keycap     = "\u20E3"
)

// joining lists the scripts in which a joiner changes what is seen: Arabic and its kin, and those with conjuncts.
var joiningScripts = []*unicode.RangeTable{
	unicode.Devanagari, unicode.Arabic, unicode.Bengali, unicode.Malayalam, unicode.Sinhala, unicode.Tamil, unicode.Telugu,
	unicode.Kannada, unicode.Gujarati, unicode.Gurmukhi, unicode.Oriya, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
	unicode.Syriac, unicode.Mongolian, unicode.Nko, unicode.Mandaic, unicode.Adlam, unicode.Hanifi_Rohingya, unicode.Thaana,
	unicode.Balinese, unicode.Javanese, unicode.Sundanese, unicode.Meetei_Mayek, unicode.Newa, unicode.Tirhuta, unicode.Grantha,
}

// joined is the left neighbour of a joiner.
type joinerContext struct {
	last   rune // the last character
	base   rune // the last one that is not a mark
	virama bool // a mark since the base is a virama
}

func (j *joinerContext) addMark(r rune) {
	j.last = r
	j.virama = j.virama || norm.NFC.PropertiesString(string(r)).CCC() == 9 // the class of all viramas
}

// joins says whether the joiner r does anything between j and next. A virama counts wherever it stands among the marks, since
// normalisation orders them anew.
func (j *joinerContext) keeps(r, next rune) bool {
	if j.last == emojiStyle || isEmoji(j.last) {
		return r == zwj && isEmoji(next)
	}
	if !unicode.IsLetter(j.base) {
		return false
	}
	script := joiningScript(j.base)
	if script == nil {
		return false
	}
	if r == zwj && j.virama { // also at the end of a word: the older spelling of Malayalam's final letters
		return true
	}
	return unicode.Is(script, next) && (unicode.IsLetter(next) || isMark(next))
}

func joiningScript(r rune) *unicode.RangeTable {
	for _, script := range joiningScripts {
		if unicode.Is(script, r) {
			return script
		}
	}
	return nil
}

// takesEmojiStyle says whether a U+FE0F may follow j: after an emoji, or within a keycap such as "1️⃣", of which rest must hold the end.
func (j *joinerContext) takesEmojiStyle(rest string) bool {
	if j.last >= '0' && j.last <= '9' || j.last == '#' || j.last == '*' {
		return strings.HasPrefix(rest, keycap)
	}
	return isEmoji(j.last)
}

func isEmoji(r rune) bool { return r >= 0xA9 && unicode.Is(emoji, r) }

// emoji holds the characters that Unicode lists as emoji or reserves for them, without the keycap bases and the regional indicators
// (emoji-data.txt; blocks of signs are taken whole, ornamental brackets and digits left out).
var emoji = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x00A9, 0x00AE, 5}, {0x203C, 0x2049, 13}, {0x2122, 0x2139, 23}, {0x2194, 0x2199, 1}, {0x21A9, 0x21AA, 1},
		{0x231A, 0x231B, 1}, {0x2328, 0x2328, 1}, {0x23CF, 0x23CF, 1}, {0x23E9, 0x23F3, 1}, {0x23F8, 0x23FA, 1},
		{0x24C2, 0x24C2, 1}, {0x25AA, 0x25AB, 1}, {0x25B6, 0x25B6, 1}, {0x25C0, 0x25C0, 1}, {0x25FB, 0x25FE, 1},
		{0x2600, 0x2767, 1}, {0x2794, 0x27BF, 1}, {0x2934, 0x2935, 1}, {0x2B05, 0x2B07, 1}, {0x2B1B, 0x2B1C, 1}, {0x2B50, 0x2B55, 5},
		{0x3030, 0x303D, 13}, {0x3297, 0x3299, 2},
	},
	R32: []unicode.Range32{{0x1F000, 0x1F1E5, 1}, {0x1F200, 0x1FAFF, 1}},
}
