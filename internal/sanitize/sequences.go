package sanitize

import (
	"strings"
	"unicode/utf8"
)

// sequences are short sequences of bytes that are searched for all at once, by
// the Shift-And algorithm of Baeza-Yates and Gonnet. The search has no branches
// that depend on the words of a text, which a processor cannot predict.
//
// Each bit of a state is a place in one of the sequences, which the text may
// have reached; they have up to 64 places in all.
type sequences struct {
	places [256]uint64 // the places at which each byte may stand
	starts uint64      // the first places
	bits   int         // how many places there are
}

// add adds sequences and returns the bits that a state has at their ends.
// Letters stand for both cases, and capitals for a class of bytes.
func (q *sequences) add(added ...string) (ends uint64) {
	for _, sequence := range added {
		q.starts |= 1 << q.bits
		for _, place := range []byte(sequence) {
			for c := range q.places {
				if mayStandAt(place, byte(c)) {
					q.places[c] |= 1 << q.bits
				}
			}
			q.bits++
		}
		ends |= 1 << (q.bits - 1)
	}
	return ends
}

// after returns the state after one more byte.
func (q *sequences) after(state uint64, c byte) uint64 { return (state<<1 | q.starts) & q.places[c] }

// mayStandAt reports whether c may stand at a place of a sequence.
func mayStandAt(place, c byte) bool {
	beyond := c >= utf8.RuneSelf // the first byte stands for a whole rune
	switch place {
	case 'A': // any but a space
		return c != ' '
	case 'C': // a control
		return c < ' ' || c == 0x7F
	case 'S': // a slash
		return isSlash(c)
	case 'L': // a letter of ASCII
		return isLetter(c)
	case 'U': // a rune beyond ASCII
		return beyond
	case 'O': // one of two vowels
		return lower(c) == 'o' || lower(c) == 'u'
	case 'G': // a gap between words
		return beyond || strings.IndexByte(" _-", c) >= 0
	case 'B': // an opening bracket
		return strings.IndexByte("({<", c) >= 0
	case 'W': // the start of a word for '@' in brackets
		return beyond || strings.IndexByte(" @azmck", lower(c)) >= 0
	}
	return lower(c) == place
}
