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

// How many spaces may separate an '@' from the first dot of its domain: in "@
// evil . com", and in "( at ) evil ( dot ) com" from the first bracket.
const (
	spacesToDot          = 2
	bracketedSpacesToDot = 4
)

// mayHoldContact reports whether s may hold an address and whether it may hold
// a number. This fast check spares most texts the full search; it never misses
// a contact.
func mayHoldContact(s string) (address, number bool) {
	digits := 0     // with only signs of numbers between them
	spaces := -1    // that may still precede the dot after an '@'
	atWord := false // a word for '@' was there
	host := len(s)  // where the word after that starts, until it ends
	for i := 0; i < len(s); i++ {
		c := s[i]
		if contactBytes[c] == otherByte && c < utf8.RuneSelf {
			digits = 0
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			c = propertiesOf(r).folded()
			if c >= ' ' && strings.IndexByte(`-'"`, c) < 0 {
				return mayHoldContact(fold(s).c) // it has look-alikes of ASCII
			}
			i += size - 1
		}
		rest := s[i+1:]
		switch contactBytes[c] {
		case otherByte:
			digits = 0
		case digitByte:
			digits++
			number = number || digits >= minDigits
		case atByte:
			spaces = max(spaces, spacesToDot)
		case commaByte:
			digits = 0
			address = address || spaces >= 0 && rest != "" && rest[0] != ' '
		case dotByte:
			address = address || rest != "" && (spaces >= 0 || i >= host && isLetter(rest[0]))
		case codeByte:
			address = address || spaces >= 0 && hasAnyPrefix(rest, "#", "period", "2e")
			if hasAnyPrefix(rest, "#", "commat", "40") {
				spaces = max(spaces, spacesToDot)
			}
		case bracketByte:
			rest = strings.TrimPrefix(rest, " ")
			address = address || spaces >= 0 && (strings.HasPrefix(rest, ".") || dotWords.lengthIn(rest) > 0)
			if hasAnyPrefix(rest, "@", "a)", "a}", "a>") || atWords.lengthIn(rest) > 0 {
				spaces = bracketedSpacesToDot
			}
		case gapByte:
			if c == ' ' {
				spaces--
				if i >= host {
					host = len(s)
				}
			}
			if n := atWords.lengthIn(rest); n > 0 {
				atWord = true
				host = len(s) - len(strings.TrimLeftFunc(rest[n:], isGap))
			}
			address = address || (atWord || spaces >= 0) && dotWords.lengthIn(rest) > 0
		}
	}
	return address, number
}

// contactByte is what a byte may be in a contact.
type contactByte uint8

const (
	otherByte   contactByte = iota
	digitByte               // of a number
	numberByte              // between the digits of one
	gapByte                 // before a word for '@' or '.', or in a number
	dotByte                 // of a domain, or in a number
	commaByte               // in place of a dot
	atByte                  // '@'
	codeByte                // starts a code for '@' or '.'
	bracketByte             // before either, or in a number
)

var contactBytes = [256]contactByte{
	'0': digitByte, '1': digitByte, '2': digitByte, '3': digitByte, '4': digitByte, '5': digitByte, '6': digitByte, '7': digitByte, '8': digitByte, '9': digitByte,
	' ': gapByte, '_': gapByte, '-': gapByte, '.': dotByte, '/': numberByte, ')': numberByte, ',': commaByte, '@': atByte, '%': codeByte, '&': codeByte,
	'(': bracketByte, '{': bracketByte, '<': bracketByte,
}

// isGap reports whether r separates words in a spelled address.
func isGap(r rune) bool {
	c := propertiesOf(r).folded()
	return c == ' ' || c == '_' || c == '-'
}

// The words for '@' and '.' in several languages, as atName and dotWord have
// them.
var (
	atWords  = newWordTable("at", "\x01t", "arroba", "zavinac", "zavin\x01c", "zavina\x01", "zavin\x01\x01", "malpa", "ma\x01pa", "chiocciola", "klammeraffe", "kukac")
	dotWords = newWordTable("dot", "punkt", "punto", "ponto", "tecka", "te\x01ka", "bodka", "kropka", "pont")
)

// wordTable holds words in lower case by the byte that a text may have first of
// them. A \x01 in a word stands for any rune beyond ASCII.
type wordTable [256][]string

func newWordTable(words ...string) *wordTable {
	var table wordTable
	for _, word := range words {
		table[word[0]] = append(table[word[0]], word)
	}
	for c := range table {
		if c < utf8.RuneSelf {
			table[c] = table[lower(byte(c))]
		} else {
			table[c] = table[1]
		}
	}
	return &table
}

// lengthIn returns the length of the word of the table at the start of s, which
// may be folded, or 0 if there is none.
func (table *wordTable) lengthIn(s string) int {
	if s == "" || table[s[0]] == nil {
		return 0
	}
	return lengthOfAny(table[s[0]], s)
}

// lengthOfAny does what lengthIn does with the words that have the first byte
// of s.
func lengthOfAny(words []string, s string) int {
next:
	for _, word := range words {
		n := 0
		for i := range len(word) {
			switch {
			case n == len(s):
				continue next
			case s[n] < utf8.RuneSelf:
				if lower(s[n]) != word[i] {
					continue next
				}
				n++
			case word[i] == 1:
				_, size := utf8.DecodeRuneInString(s[n:])
				n += size
			default:
				continue next
			}
		}
		if n == len(s) || !isAlnum(lower(s[n])) {
			return n
		}
	}
	return 0
}

// hasAnyPrefix reports whether s starts with one of prefixes, ignoring case.
func hasAnyPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return len(s) >= len(p) && strings.EqualFold(s[:len(p)], p) })
}

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
