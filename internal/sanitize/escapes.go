package sanitize

import (
	"strings"
	"unicode/utf8"
)

const (
	esc = '\x1b'

	// The longest parameters and payload that are removed with a terminal
	// sequence, in bytes. Real ones are far shorter.
	maxParameters = 64
	maxPayload    = 4096
)

// escapeLen returns the length in bytes of the terminal control sequence
// (ECMA-48) at the start of s, or 0 if there is none. Of a sequence that never
// ends, only the ESC counts. s must not be empty.
func escapeLen(s string) int {
	if s[0] == esc {
		return max(1, sevenBitLen(s))
	}
	if s[0] == '\xc2' && len(s) > 1 {
		return eightBitLen(s)
	}
	return 0
}

// carriesText reports whether a terminal sequence contains words that a
// terminal does not show, such as a window title or the target of a link. A
// colour contains none.
func carriesText(sequence string) bool {
	r, size := utf8.DecodeRuneInString(sequence)
	if r == esc && len(sequence) > 1 {
		r, size = rune(sequence[1])+0x40, 2 // the eight-bit form of this control
	}
	switch r {
	case 0x90, 0x98, 0x9D, 0x9E, 0x9F: // DCS, SOS, OSC, PM, APC
		return strings.ContainsFunc(sequence[size:], isWordRune)
	}
	return false
}

// sevenBitLen returns the length of a sequence that starts with ESC, or 0 if it
// never ends.
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

// eightBitLen returns the length of a sequence that starts with a C1 control,
// U+0080 to U+009F. Misread Windows-1252 letters look like C1 controls, so one
// that does not start a complete sequence has length 0.
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

// addIntroducer returns the length of an introducer and its body, or 0 if there
// is no body.
func addIntroducer(introducer, body int) int {
	if body == 0 {
		return 0
	}
	return introducer + body
}

// controlSequenceLen returns the length of the parameters and the final byte of
// a CSI sequence. It does not accept the space, an intermediate byte in the
// standard, because the text after a broken sequence often starts with one.
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

// controlStringLen returns the length of the payload and the terminator (BEL or
// ST) of an OSC, DCS, SOS, PM or APC string.
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
			// Another control ends the search, which keeps the time linear for
			// a text of many introducers.
			if i+1 < len(s) && s[i+1] < 0xA0 {
				return 0
			}
		case '\n', '\r':
			return 0
		}
	}
	return 0
}

// shortSequenceLen returns the length of what follows the ESC in a sequence
// such as ESC 7 or ESC ( B. A letter before a lower-case letter is not a final
// byte but the start of a word, which a stray ESC must not shorten.
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
