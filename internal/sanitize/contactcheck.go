package sanitize

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// What every contact has: one of contactSigns, the start of a word for '@' and
// that of a dot, or digits.
var (
	contactSequences sequences
	contactSigns     = contactSequences.add("@", "%4", "&#", "&c", "BW")
	contactAts       = contactSequences.add("GatG", "UtG", "Garr", "Gzav", "Gmal", "maU", "Gchi", "Gkla", "Gkuk")
	contactDots      = contactSequences.add(".L", "Gdot", "GpOn", "Gte", "bod", "kro")
)

// mayHoldContact reports whether s may hold an address and whether it may hold
// a number. It never misses a contact, and most texts need only its first part.
func mayHoldContact(s string) (address, number bool) {
	digits, state, found := 0, uint64(0), uint64(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if isReadAsASCII(propertiesOf(r).folded()) {
				return checkContact(fold(s).c)
			}
			i += size - 1
		}
		state = contactSequences.after(state, c)
		found |= state
		digits += digitCount[c]
	}
	if found&contactSigns == 0 && (found&contactAts == 0 || found&contactDots == 0) && digits < minDigits {
		return false, false
	}
	return checkContact(s)
}

// digitCount is 1 for the bytes that are digits.
var digitCount = [256]int{'0': 1, '1': 1, '2': 1, '3': 1, '4': 1, '5': 1, '6': 1, '7': 1, '8': 1, '9': 1}

// isReadAsASCII reports whether a rune with this folded byte is read as ASCII
// where that matters to checkContact.
func isReadAsASCII(folded byte) bool {
	return folded >= ' ' && strings.IndexByte(`-'"`, folded) < 0
}

// checkContact does what mayHoldContact does, sign by sign. s may be folded.
func checkContact(s string) (address, number bool) {
	check := contactCheck{spaces: -1, host: len(s)}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			c = propertiesOf(r).folded()
			i += size - 1
		}
		check.read(c, s, i+1)
	}
	return check.address, check.number
}

// contactCheck is what checkContact has found in the text so far.
type contactCheck struct {
	address, number bool

	digits int  // with only signs of numbers between them
	spaces int  // that may still precede the dot after an '@'; negative = none may follow
	atWord bool // a word for '@' was there
	host   int  // where the word after that starts, until it ends
}

// How many spaces may separate an '@' from the first dot of its domain: in "@
// evil . com", and in "( at ) evil ( dot ) com" from the first bracket.
const (
	spacesToDot          = 2
	bracketedSpacesToDot = 4
)

// read reads c, a byte of s or the folded form of a rune, before s[next:].
func (k *contactCheck) read(c byte, s string, next int) {
	rest := s[next:]
	afterAt := k.spaces >= 0
	switch contactBytes[c] {
	case otherByte:
		k.digits = 0
	case digitByte:
		k.digits++
		k.number = k.number || k.digits >= minDigits
	case atByte:
		k.spaces = max(k.spaces, spacesToDot)
	case commaByte:
		k.digits = 0
		k.address = k.address || afterAt && rest != "" && rest[0] != ' '
	case dotByte:
		k.address = k.address || rest != "" && (afterAt || next > k.host && isLetter(rest[0]))
	case codeByte:
		k.address = k.address || afterAt && hasAnyPrefix(rest, "#", "period", "2e")
		if hasAnyPrefix(rest, "#", "commat", "40") {
			k.spaces = max(k.spaces, spacesToDot)
		}
	case bracketByte:
		rest = strings.TrimPrefix(rest, " ")
		k.address = k.address || afterAt && (strings.HasPrefix(rest, ".") || dotWords.lengthIn(rest) > 0)
		if hasAnyPrefix(rest, "@", "a)", "a}", "a>") || atWords.lengthIn(rest) > 0 {
			k.spaces = bracketedSpacesToDot
		}
	case gapByte:
		if c == ' ' {
			k.spaces--
			if next > k.host {
				k.host = len(s)
			}
		}
		if n := atWords.lengthIn(rest); n > 0 {
			k.atWord = true
			k.host = len(s) - len(strings.TrimLeftFunc(rest[n:], isGap))
		}
		k.address = k.address || (k.atWord || k.spaces >= 0) && dotWords.lengthIn(rest) > 0
	}
}

// contactByte is what an ASCII character may be in a contact.
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

var contactBytes = [utf8.RuneSelf]contactByte{
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
// them. A \x01 stands for any rune beyond ASCII.
var (
	atWords  = words{"at", "\x01t", "arroba", "zavinac", "zavin\x01c", "zavina\x01", "zavin\x01\x01", "malpa", "ma\x01pa", "chiocciola", "klammeraffe", "kukac"}
	dotWords = words{"dot", "punkt", "punto", "ponto", "tecka", "te\x01ka", "bodka", "kropka", "pont"}
)

type words []string

// lengthIn returns the length of the word at the start of s, which may be
// folded, or 0 if it is none of w.
func (w words) lengthIn(s string) int {
next:
	for _, word := range w {
		n := 0
		for _, c := range []byte(word) {
			switch {
			case n == len(s):
				continue next
			case s[n] < utf8.RuneSelf:
				if lower(s[n]) != c {
					continue next
				}
				n++
			case c == 1:
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
