package sanitize

import "strings"

// Terminal sequences are measured by hand: one regular expression gave the same
// lengths, but was 7 to 30 times slower on a text full of them.

// The longest parameters and payload that are removed with a terminal sequence,
// in bytes. Real ones are far shorter.
const (
	maxParameters = 64
	maxPayload    = 4096
)

const esc = '\x1b'

// escapeLen returns the length in bytes of the terminal control sequence
// (ECMA-48) at the start of s, or 0 if there is none; s must not be empty. Of
// a sequence that never ends, only the ESC counts. It also reports whether the
// sequence contains words that a terminal does not show, such as a window
// title or the target of a link.
func escapeLen(s string) (length int, hidesWords bool) {
	var introducer byte // in its seven-bit form, the byte after ESC
	switch {
	case s[0] == esc && len(s) > 1:
		length, introducer = 1, s[1]
	case s[0] == esc:
		return 1, false
	case s[0] == '\xc2' && len(s) > 1 && s[1] < 0xA0:
		// A C1 control, U+0080 to U+009F. Misread Windows-1252 letters look
		// like one, so those that start no complete sequence have length 0.
		introducer = s[1] - 0x40
	default:
		return 0, false
	}
	body := 0
	switch {
	case introducer == '[' && (s[0] == esc || startsParameter(s[2:])): // CSI
		body = controlSequenceLen(s[2:])
	case strings.IndexByte("PX]^_", introducer) >= 0: // DCS, SOS, OSC, PM, APC
		body = controlStringLen(s[2:])
		hidesWords = strings.ContainsFunc(s[2:2+body], isWordRune)
	case s[0] == esc:
		return 1 + shortSequenceLen(s[1:]), false
	}
	if body > 0 {
		length = 2 + body
	}
	return length, hidesWords
}

// startsParameter reports whether s starts with a byte of a parameter, as CSI
// sequences in eight-bit form require, to be distinguished from a letter.
func startsParameter(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '?' }

// controlSequenceLen returns the length of the parameters and the final byte of
// a CSI sequence, or 0 if it never ends. It does not accept the space, which
// the standard allows, because text behind a broken sequence often starts with
// one.
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
// ST) of an OSC, DCS, SOS, PM or APC string, or 0 if it never ends.
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
// such as ESC 7 or ESC ( B, or 0 if nothing of it does. A letter before a
// lower-case letter is not a final byte but the start of a word, which a stray
// ESC must not shorten.
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
