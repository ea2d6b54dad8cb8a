package shortlist

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// minNamePart is the shortest part of a name that is looked for: shorter ones
// are found in too many other words.
const minNamePart = 3

// stand takes a name's place.
const stand = "the candidate"

// mask hides one person's name in that person's texts: the name as a whole and
// its parts, as they are written. Other forms of it, such as inflected ones,
// stay, so what is left is not anonymous.
type mask struct{ names []string }

func newMask(name string) *mask {
	name = strings.Join(strings.Fields(name), " ")
	parts := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
	m := &mask{}
	for _, n := range append(parts, strings.Split(name, " (")...) {
		n = strings.Trim(n, " ()")
		if utf8.RuneCountInString(n) >= minNamePart && !slices.Contains(m.names, n) {
			m.names = append(m.names, n)
		}
	}
	// The longest first, or a part would leave the rest of the whole.
	slices.SortFunc(m.names, func(a, b string) int { return len(b) - len(a) })
	return m
}

// hide returns s with stand in place of the names.
func (m *mask) hide(s string) string {
	for _, name := range m.names {
		s = replaceWord(s, name)
	}
	for strings.Contains(s, stand+" "+stand) { // first and last name, each on its own
		s = strings.ReplaceAll(s, stand+" "+stand, stand)
	}
	return s
}

// replaceWord replaces name where it is not part of a longer word.
func replaceWord(s, name string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, name)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		end := i + len(name)
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[end:])
		first, _ := utf8.DecodeRuneInString(name)
		last, _ := utf8.DecodeLastRuneInString(name)
		b.WriteString(s[:i])
		if continues(before, first) || continues(last, after) {
			b.WriteString(name)
		} else {
			b.WriteString(stand)
		}
		s = s[end:]
	}
}

// continues reports whether b goes on with the word that a belongs to. Scripts
// that are written without spaces have no such words.
func continues(a, b rune) bool {
	wordly := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) }
	return wordly(a) && wordly(b) && !unicode.In(a, spaceless...) && !unicode.In(b, spaceless...)
}

var spaceless = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}
