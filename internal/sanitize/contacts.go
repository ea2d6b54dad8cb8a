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
	address, number := mayHoldContact(s)
	if !address && !number {
		return s
	}
	f := fold(s)
	var found []span
	if address {
		found = f.addresses()
	}
	if number {
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

// mayHoldContact reports whether s may hold an address and whether it may hold
// a number. This fast check spares most texts the full search; it never misses
// a contact.
func mayHoldContact(s string) (address, number bool) {
	digits, atWord, dotWord := 0, false, false
	for i := 0; i < len(s); i++ {
		if !contactBytes[s[i]] {
			continue
		}
		switch c := s[i]; {
		case isDigit(c):
			digits++
		case c == '@':
			address = address || mayStartDomain(s[i+1:])
		case c == '%' || c == '&':
			address = address || hasAnyPrefix(s[i+1:], encodedAts...)
		case c == '(' || c == '{' || c == '<':
			address = address || hasAnyPrefix(strings.TrimPrefix(s[i+1:], " "), bracketedAts...)
		case (c == ' ' || c == '_' || c == '-') && i+1 < len(s) && spacedStarts[s[i+1]]:
			atWord = atWord || hasAnyPrefix(s[i+1:], spacedAts...)
			dotWord = dotWord || hasAnyPrefix(s[i+1:], spacedDots...)
		case c == '.':
			dotWord = dotWord || i+1 < len(s) && s[i+1] != ' ' && endsInProvider(s[:i])
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			i += size - 1
			if r >= 0x660 && !(r >= 0x3400 && r < 0xA000) && unicode.Is(unicode.Nd, r) {
				digits++
			}
			address = address || (r == '＠' || r == '﹫') && mayStartDomain(s[i+1:]) || r == '（' && hasAnyPrefix(s[i+1:], "at", "ａｔ")
		}
	}
	spelled := atWord && (dotWord || strings.Contains(s, "mail") || strings.Contains(s, "Mail") || strings.Contains(s, "MAIL"))
	return address || spelled, digits >= minDigits
}

// contactBytes reports for each byte whether mayHoldContact looks at it: most
// are letters, which it does not.
var contactBytes = func() (table [256]bool) {
	for c := range table {
		table[c] = c >= utf8.RuneSelf || isDigit(byte(c)) || strings.IndexByte("@%&({< _-.", byte(c)) >= 0
	}
	return table
}()

// The ways to write '@' and '.' that mayHoldContact finds: what follows '%'
// or '&', a bracket, or a space.
var (
	encodedAts   = []string{"40", "#6", "#0", "#x", "commat;"}
	bracketedAts = []string{"at", "a)", "a}", "a>", "ät", "arroba", "zavin", "malpa", "małpa", "chiocciola", "klammeraffe", "kukac"}
	spacedAts    = []string{"at ", "at_", "at-", "ät", "arroba", "zavin", "malpa", "małpa", "chiocciola", "klammeraffe", "kukac"}
	spacedDots   = []string{"dot ", "dot_", "dot-", "punkt", "punto", "ponto", "tečka", "tecka", "bodka", "kropka", "pont"}
)

// spacedStarts reports for each byte whether a word of spacedAts or spacedDots
// starts with it. It spares most words the comparison with all of them.
var spacedStarts = func() (table [256]bool) {
	for _, word := range slices.Concat(spacedAts, spacedDots) {
		table[word[0]] = true
		table[word[0]&^0x20] = true // the capital of an ASCII letter
	}
	return table
}()

// endsInProvider reports whether s ends in what the names of mail providers end
// in.
func endsInProvider(s string) bool {
	return strings.HasSuffix(s, "mail") || strings.HasSuffix(s, "proton") || strings.HasSuffix(s, "icloud")
}

// mayStartDomain reports whether a dot, or something used for one, is near the
// start of s. "Engineer @ Acme" therefore needs no search.
func mayStartDomain(s string) bool {
	const near = 256 // bytes: a label of 63 characters with up to 4 bytes each
	s = s[:min(len(s), near)]
	return strings.ContainsAny(s, ".,․·。．｡﹒&%({<") || strings.Contains(strings.ToLower(s), "dot") || strings.Contains(s, " pun") || strings.Contains(s, " pon")
}

// hasAnyPrefix reports whether s starts with one of prefixes, ignoring case.
func hasAnyPrefix(s string, prefixes ...string) bool {
	if s == "" {
		return false
	}
	for _, p := range prefixes {
		if lower(s[0]) == p[0] && len(s) >= len(p) && strings.EqualFold(s[:len(p)], p) {
			return true
		}
	}
	return false
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
	c   []byte
	pos []int // byte offset of each rune in s; nil if s is ASCII
	s   string
}

// fold returns the folded form of s.
func fold(s string) *folded {
	f := &folded{c: make([]byte, 0, len(s)), s: s}
	for i, r := range s {
		if r >= utf8.RuneSelf && f.pos == nil {
			f.pos = make([]int, i, len(s))
			for p := range f.pos {
				f.pos[p] = p
			}
		}
		f.c = append(f.c, foldRune(r))
		if f.pos != nil {
			f.pos = append(f.pos, i)
		}
	}
	return f
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
	case f.pos == nil:
		return i
	}
	return f.pos[i]
}

// at returns the byte at i, or a space if i is outside the text.
func (f *folded) at(i int) byte {
	if i < 0 || i >= len(f.c) {
		return ' '
	}
	return f.c[i]
}
