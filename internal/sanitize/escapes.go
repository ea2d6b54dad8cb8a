package sanitize

import (
	"strings"
	"unicode/utf8"
)

const (
	esc = '\x1b'

	// maxParameters and maxPayload bound what a terminal sequence may take with it, in bytes: real ones are far shorter.
	maxParameters = 64
	maxPayload    = 4096
)

// escapeLen returns the length in bytes of the terminal control sequence (ECMA-48) at the start of s, and 0 if there is none. A sequence
// that does not end is its ESC alone.
func escapeLen(s string) int {
	if s[0] == esc {
		return max(1, sevenBitLen(s))
	}
	if s[0] == '\xc2' && len(s) > 1 {
		return eightBitLen(s)
	}
	return 0
}

// hidesWords reports whether the terminal sequence carries a text that is not
// shown, such as a link or a title: a control string does, a colour does not.
func carriesText(sequence string) bool {
	r, size := utf8.DecodeRuneInString(sequence)
	if r == esc && len(sequence) > 1 {
		r, size = rune(sequence[1])+0x40, 2 // the eight-bit form of the same control
	}
	switch r {
	case 0x90, 0x98, 0x9D, 0x9E, 0x9F: // DCS, SOS, OSC, PM, APC
		return strings.ContainsFunc(sequence[size:], isWordRune)
	}
	return false
}

// sevenBit reads a sequence that begins with ESC.
func sevenBitLen(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch c := s[1]; {
	case c == '[':
		return addIntroducer(2, controlSequenceLen(s[2:]))
	case strings.IndexByte("]PX^_", c) >= 0:
		return addIntroducer(2, controlStringLen(s[2:]))
	default:
		return addIntroducer(1, shortSequenceLen(s[1:]))
	}
}

// eightBit reads a sequence that begins with one of the C1 controls U+0080-U+009F. Windows-1252 letters read as Latin-1 end up there
// too, so a lone introducer takes nothing with it.
func eightBitLen(s string) int {
	switch s[1] {
	case 0x9B: // CSI
		if len(s) > 2 && s[2] >= '0' && s[2] <= '?' {
			return addIntroducer(2, controlSequenceLen(s[2:]))
		}
	case 0x90, 0x98, 0x9D, 0x9E, 0x9F: // DCS, SOS, OSC, PM, APC
		return addIntroducer(2, controlStringLen(s[2:]))
	}
	return 0
}

// after adds the length of an introducer to that of a body which was found.
func addIntroducer(introducer, body int) int {
	if body == 0 {
		return 0
	}
	return introducer + body
}

// controlSequence returns the length of the parameters and the final byte of a CSI sequence. The space, an intermediate byte by the
// standard, is not taken: text after a broken sequence begins with one.
func controlSequenceLen(s string) int {
	for i := range min(len(s), maxParameters) {
		switch c := s[i]; {
		case c >= '@' && c <= '~':
			return i + 1
		case c < '!' || c > '?':
			return 0
		}
	}
	return 0
}

// controlString returns the length of the payload and the terminator (BEL or ST) of an OSC, DCS, SOS, PM or APC string.
func controlStringLen(s string) int {
	for i := range min(len(s), maxPayload) {
		switch s[i] {
		case '\a':
			return i + 1
		case esc:
			if strings.HasPrefix(s[i+1:], `\`) {
				return i + 2
			}
			return 0
		case '\xc2':
			if strings.HasPrefix(s[i+1:], "\x9c") {
				return i + 2
			}
			if i+1 < len(s) && s[i+1] < 0xA0 { // another control: also keeps a flood of introducers linear
				return 0
			}
		case '\n', '\r':
			return 0
		}
	}
	return 0
}

// shortSequence returns the length of what follows the ESC of a sequence such as ESC 7 or ESC ( B. A letter in front of a small one
// begins a word: a stray ESC must not behead it.
func shortSequenceLen(s string) int {
	i := 0
	for i < len(s) && i < 3 && s[i] >= '!' && s[i] <= '/' {
		i++
	}
	if i == len(s) || s[i] < '0' || s[i] > '~' {
		return 0
	}
	if i+1 < len(s) && isLetter(s[i]) && s[i+1] >= 'a' && s[i+1] <= 'z' {
		return 0
	}
	return i + 1
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
