package sanitize

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// contactHidden replaces an e-mail address or a telephone number.
const contactHidden = "(contact hidden)"

// HideContacts replaces e-mail addresses and telephone numbers. Disguised
// addresses ("jane at evil dot com") are found as well. A number is found if it
// is international, is grouped as only telephone numbers are, or follows a word
// such as "tel.".
func HideContacts(c Clean) Clean {
	hidden := replaceContacts(string(c))
	if hidden == string(c) {
		return c
	}
	return Whole(hidden, 0).Clean // a replacement can form a link with the text around it
}

// replaceContacts does what HideContacts does, without cleaning the result.
func replaceContacts(s string) string {
	if address, number := mayHoldContact(s); address || number {
		return searchContacts(s, address, number)
	}
	return s
}

// searchContacts replaces the addresses in s, the numbers or both.
func searchContacts(s string, addresses, numbers bool) string {
	f := fold(s)
	var found []span
	if addresses {
		found = f.addresses()
	}
	if numbers {
		found = append(found, f.phoneNumbers()...)
	}
	if len(found) == 0 {
		return s
	}
	slices.SortFunc(found, func(a, b span) int { return a.start - b.start })
	var out strings.Builder
	done := 0
	for _, c := range found {
		if c.end <= done {
			continue
		}
		if c.start >= done {
			out.WriteString(f.text(done, c.start) + contactHidden)
		}
		done = c.end
	}
	return out.String() + f.text(done, len(f.c))
}

// span is a range of runes in a folded text, from start up to but not including
// end.
type span struct{ start, end int }

// The number of digits in a telephone number: the shortest that is found after
// a word such as "tel.", and the 15 of E.164 with "00" or an inner zero.
const (
	minDigits = 6
	maxDigits = 17
)

// The classes of folded runes that have no ASCII equivalent.
const (
	otherLetter    = 1 // letter, mark or joiner
	unspacedLetter = 2 // letter of a script without spaces between words
	otherSign      = 3 // anything else
)

// folded is a text reduced to one byte for each rune, so that patterns can
// search it: lower-case ASCII for whatever is read as such, '0' to '9' for the
// digits of every script, and a class for anything else.
type folded struct {
	c   string
	s   string
	pos []int // byte offset of each rune in s; nil until it is needed
}

// fold returns the folded form of s.
func fold(s string) *folded {
	var c strings.Builder
	c.Grow(len(s))
	for _, r := range s {
		c.WriteByte(propertiesOf(r).folded())
	}
	return &folded{c: c.String(), s: s}
}

// foldRune returns the byte that a folded text has for r.
func foldRune(r rune) byte {
	if r < utf8.RuneSelf {
		return lower(byte(r))
	}
	if d, ok := digitOf(r); ok {
		return d
	}
	switch r {
	case '。', '｡', '․', '·':
		return '.'
	case '’', '‘', 'ʼ', 'ʹ', '′':
		return '\''
	case '“', '”', '„':
		return '"'
	case '−':
		return '-'
	}
	if d := norm.NFKC.PropertiesString(string(r)).Decomposition(); len(d) == 1 {
		return lower(d[0])
	}
	switch {
	case unicode.Is(unicode.Pd, r):
		return '-'
	case IsUnspaced(r):
		return unspacedLetter
	case unicode.IsLetter(r), isMark(r), r == zwj, r == zwnj:
		return otherLetter
	}
	return otherSign
}

// digitOf returns the ASCII digit that a decimal digit of any script stands
// for. Unicode encodes the ten digits of a script in a row, starting with zero.
func digitOf(r rune) (byte, bool) {
	if r < 0x660 || !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	for _, block := range unicode.Nd.R16 {
		if lo := rune(block.Lo); r >= lo && r <= rune(block.Hi) {
			return '0' + byte((r-lo)%10), true
		}
	}
	for _, block := range unicode.Nd.R32 {
		if lo := rune(block.Lo); r >= lo && r <= rune(block.Hi) {
			return '0' + byte((r-lo)%10), true
		}
	}
	return 0, false
}

// text returns the original text of the runes [start, end).
func (f *folded) text(start, end int) string { return f.s[f.offset(start):f.offset(end)] }

// before returns the words before the rune at i in lower case. It reads only
// the nearest, so that a text with many contacts takes linear time.
func (f *folded) before(i int) string {
	const near = 48 // runes
	return strings.ToLower(f.text(max(0, i-near), i))
}

// offset returns the byte offset in the original text of the rune at i.
func (f *folded) offset(i int) int {
	switch {
	case i >= len(f.c):
		return len(f.s)
	case len(f.c) == len(f.s): // ASCII
		return i
	case f.pos == nil:
		f.pos = offsetsOfRunes(f.s)
	}
	return f.pos[i]
}

// offsetsOfRunes returns the byte offset of each rune in s.
func offsetsOfRunes(s string) []int {
	offsets := make([]int, 0, len(s))
	for i := range s {
		offsets = append(offsets, i)
	}
	return offsets
}

// at returns the byte at i, or a space if i is outside the text.
func (f *folded) at(i int) byte {
	if i < 0 || i >= len(f.c) {
		return ' '
	}
	return f.c[i]
}
