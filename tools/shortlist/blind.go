package shortlist

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// minNamePart is the shortest part of a name that is looked for: shorter ones
// are found in too many other words. A whole name may be shorter.
const minNamePart = 3

// stand takes a name's place.
const stand = "the candidate"

// mask hides one person's name in that person's texts: the name as a whole and
// its parts, as they are written or all in capitals. Other forms of it, such as
// inflected ones, stay, so what is left is not anonymous.
type mask struct{ names []string }

// newMask takes a cleaned name. What follows it after a comma is a title or a
// degree; what stands in brackets is a name if it is in another script, as
// romanised ones are, and else more likely a pronoun or a former name.
func newMask(name string) *mask {
	whole, _, _ := strings.Cut(strings.ReplaceAll(name, "¦", ","), ",")
	outside, inside, _ := strings.Cut(whole, "(")
	inside, _, _ = strings.Cut(inside, ")")
	m := &mask{}
	m.add(outside)
	if latin(inside) != latin(outside) {
		m.add(inside)
	}
	// The longest first, or a part would leave the rest of the whole.
	slices.SortFunc(m.names, func(a, b string) int { return len(b) - len(a) })
	return m
}

func (m *mask) add(name string) {
	name = strings.TrimSpace(name)
	candidates := []string{name}
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return !wordly(r) }) {
		first, _ := utf8.DecodeRuneInString(part)
		// "van", "de", "bin" are words of their own.
		if utf8.RuneCountInString(part) >= minNamePart && !unicode.IsLower(first) {
			candidates = append(candidates, part)
		}
	}
	for _, n := range candidates {
		for _, form := range []string{n, strings.ToUpper(n), capitalised(n)} {
			if utf8.RuneCountInString(form) >= 2 && !slices.Contains(m.names, form) {
				m.names = append(m.names, form)
			}
		}
	}
}

// capitalised writes "JANE DOE" as "Jane Doe".
func capitalised(s string) string {
	start := true
	return strings.Map(func(r rune) rune {
		defer func() { start = !wordly(r) }()
		if start {
			return unicode.ToTitle(r)
		}
		return unicode.ToLower(r)
	}, s)
}

func latin(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
}

// hide returns s with stand in place of the names, in one pass: what stands in
// for a name is not looked through again.
func (m *mask) hide(s string) string {
	var b strings.Builder
	before := rune(0)
	for i := 0; i < len(s); {
		if name := m.at(s[i:], before); name != "" {
			i += len(name)
			before, _ = utf8.DecodeLastRuneInString(name)
			if !strings.HasSuffix(b.String(), stand+" ") {
				b.WriteString(stand)
			} else if strings.HasPrefix(s[i:], " ") { // first and last name, each on its own
				before = ' '
				i++
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		b.WriteString(s[i : i+size])
		before = r
		i += size
	}
	return b.String()
}

// at returns the name that s begins with and that is not part of a longer word.
func (m *mask) at(s string, before rune) string {
	for _, name := range m.names {
		if !strings.HasPrefix(s, name) {
			continue
		}
		first, _ := utf8.DecodeRuneInString(name)
		last, _ := utf8.DecodeLastRuneInString(name)
		after, _ := utf8.DecodeRuneInString(s[len(name):])
		if !continues(before, first) && !continues(last, after) {
			return name
		}
	}
	return ""
}

// continues reports whether b goes on with the word that a belongs to. Scripts
// that are written without spaces have no such words; marks and joiners go on
// in any.
func continues(a, b rune) bool {
	if unicode.IsMark(b) || b == '\u200c' || b == '\u200d' {
		return true
	}
	return wordly(a) && wordly(b) && !unicode.In(a, spaceless...) && !unicode.In(b, spaceless...)
}

func wordly(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || r == '\u200c' || r == '\u200d'
}

var spaceless = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}
