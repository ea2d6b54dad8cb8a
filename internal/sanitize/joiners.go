package sanitize

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	zwnj       = '\u200C' // zero width non-joiner
	zwj        = '\u200D' // zero width joiner
	emojiStyle = '\uFE0F' // variation selector 16: draw as an emoji
	keycap     = "\u20E3" // combining enclosing keycap
)

// joiningScripts are the scripts in which a joiner changes how text looks:
// Arabic and related scripts, and those with conjuncts.
var joiningScripts = []*unicode.RangeTable{
	unicode.Devanagari, unicode.Arabic, unicode.Bengali, unicode.Malayalam, unicode.Sinhala, unicode.Tamil, unicode.Telugu,
	unicode.Kannada, unicode.Gujarati, unicode.Gurmukhi, unicode.Oriya, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
	unicode.Syriac, unicode.Mongolian, unicode.Nko, unicode.Mandaic, unicode.Adlam, unicode.Hanifi_Rohingya, unicode.Thaana,
	unicode.Balinese, unicode.Javanese, unicode.Sundanese, unicode.Meetei_Mayek, unicode.Newa, unicode.Tirhuta, unicode.Grantha,
}

// joinerContext describes the text before a joiner.
type joinerContext struct {
	last   rune // the last rune
	base   rune // the last rune that is not a mark
	virama bool // whether a virama follows the base
}

func (j *joinerContext) addMark(r rune) {
	j.last = r
	// All viramas have this class.
	j.virama = j.virama || norm.NFC.PropertiesString(string(r)).CCC() == 9
}

// keeps reports whether the joiner r has a visible effect between the context
// and next. A virama counts anywhere among the marks, because normalisation
// reorders them.
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
	if r == zwj && j.virama { // even before a space: older Malayalam spelling
		return true
	}
	return unicode.Is(script, next) && (unicode.IsLetter(next) || isMark(next))
}

// joiningScript returns the joining script that r belongs to, or nil.
func joiningScript(r rune) *unicode.RangeTable {
	for _, script := range joiningScripts {
		if unicode.Is(script, r) {
			return script
		}
	}
	return nil
}

// takesEmojiStyle reports whether U+FE0F may follow: after an emoji, or in a
// keycap such as "1️⃣", whose end must then start rest.
func (j *joinerContext) takesEmojiStyle(rest string) bool {
	if j.last >= '0' && j.last <= '9' || j.last == '#' || j.last == '*' {
		return strings.HasPrefix(rest, keycap)
	}
	return isEmoji(j.last)
}

// isEmoji reports whether r is in emoji.
func isEmoji(r rune) bool { return r >= 0xA9 && unicode.Is(emoji, r) }

// emoji holds the characters that Unicode's emoji-data.txt lists or reserves as
// emoji, without digits, '#', '*' and regional indicators. Blocks of symbols
// are included whole, except ornamental brackets and digits.
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
