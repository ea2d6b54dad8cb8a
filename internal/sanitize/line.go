// Package sanitize turns text that strangers wrote into text that is safe to show to a language model, and through it to a person.
//
// The decisions, and why:
//
//   - What counts is the final string. Every step may create what an earlier
//     one removed ("ja<!-- x -->vascript:"), so the steps are repeated until
//     nothing changes; [Line] of a cleaned line is that line.
//   - Words stay. Brackets and backticks lose their meaning, not their place;
//     only the text of HTML comments, the payload of terminal sequences and
//     the targets of links go, since no reader of the original page sees those.
//   - A cleaned line is neutral: '<' and '&' stay. [ForModel] and [ForMarkdown]
//     escape what their target would read as markup; a table needs neither.
//   - A text counts as altered if it hid words or led elsewhere. What honest
//     keyboards, editors and scripts leave behind is removed without a word.
//   - Invalid UTF-8 becomes one U+FFFD a run of bytes. Raw bytes 0x80-0x9F are
//     not read as terminal controls: in real text they are Windows-1252
//     letters. U+0080-U+009F are.
//   - A terminal sequence that never ends loses its ESC alone; the rest is
//     text. An HTML comment that never ends is text, too.
//   - A scheme without "//" is a link only if what follows it looks like an
//     address or like code: "JavaScript:React" and "file:line" are words.
//     tel: and sms: are links in front of a number, skype: and its like in
//     front of parameters.
//   - A bare domain is a word ("booking.com", "Node.js"). A path, query or
//     fragment behind it is a link's, since several clients make it one, and
//     goes; the domain stays, because "golang.org/x/net" names a skill.
//     Whether a name is a domain is told by its ending, so that
//     "Node.js/React" and "10.0.0.0/8" stay words.
//   - Full-width brackets and angle brackets stay: they are ordinary
//     punctuation in Japanese and mean nothing to Markdown or HTML.
//   - ZWNJ and ZWJ follow the idea of RFC 5892 (between letters of one joining
//     script; ZWJ after a virama), without its joining types: a ZWNJ that
//     Persian writers type after a letter that never joins stays.
package sanitize

import (
	"strings"
	"unicode/utf8"
)

// Text is a cleaned line.
type Text struct {
	// String is one line of valid UTF-8 in NFC, without white space at its ends.
	String string
	// Altered reports whether something was removed that a reader of the
	// original page would not have seen, or that leads elsewhere: comments and
	// terminal sequences with words, tag characters, runs of invisible
	// characters, overrides of the reading direction, links.
	Altered bool
	// Cut reports whether the end of the text is missing.
	Cut bool
}

// A window of the input is looked at if there is a maximum: enough for any field with a few visible characters among the invisible.
const (
	windowBase    = 64 << 10 // bytes
	windowPerRune = 32       // bytes for each character of the maximum
)

// Text that does not settle in relaxedRounds was made not to: from then on no joiner is allowed, which ends every cycle (see settle).
const (
	relaxedRounds = 3
	maxRounds     = 8
)

// Line returns s as one line of plain text that can forge nothing: [Clean] of
// it, shortened to max characters.
func Line(s string, max int) Text { return Clean(s, max).Shorten(max) }

// Clean returns s as one line of plain text, whole, for a caller that hides
// something in it before it is shortened. It still has to be escaped for where
// it is shown. If it is to be shortened to max characters, only as much of s
// is looked at as they can need. Clean text comes back as it is.
func Clean(s string, max int) Text {
	s, clipped := clip(s, max)
	altered := false
	switch quickCheck(s) {
	case plain:
	case maybeLink:
		if t, found := removeLinks(s); t != s {
			s, _ = untilStable(t, false)
			altered = found
		}
	default:
		s, altered = untilStable(s, clipped)
	}
	return Text{String: s, Altered: altered, Cut: clipped}
}

// Shorten cuts a text to at most max characters (runes), at a word; a shorter
// one ends in "…". A max of zero or less means no limit.
func (t Text) Shorten(max int) Text {
	t.String, t.Cut = shorten(t.String, max, t.Cut)
	return t
}

// clip bounds the work: it returns the beginning of s that is looked at, and whether there was more.
func clip(s string, max int) (string, bool) {
	if max <= 0 || (len(s)-windowBase)/windowPerRune <= max {
		return s, false
	}
	end := windowBase + windowPerRune*max
	for range utf8.UTFMax - 1 {
		if utf8.RuneStart(s[end]) {
			break
		}
		end--
	}
	return s[:end], true
}

// settle repeats the steps until they find nothing to do. In honest text the second round is the proof; more come from text in which one
// removal moves a joiner or a mark to a place it may not have.
func untilStable(s string, clipped bool) (string, bool) {
	altered := false
	for round := range maxRounds {
		next, changed := cleanOnce(s, clipped, round < relaxedRounds)
		altered = altered || changed
		if next == s {
			break
		}
		s = next
	}
	return s, altered
}

// pass takes the steps once, in the order in which each lays open the work of the next.
func cleanOnce(s string, clipped, joiners bool) (string, bool) {
	s, stripped := removeInvisible(s, joiners)
	s, defused := neutralizeMarkup(limitMarks(compose(s)), clipped)
	s, unlinked := removeLinks(s)
	return s, stripped || defused || unlinked
}

// look is what one glance at a text says.
type class uint8

const (
	plain     class = iota // nothing to do
	maybeLink              // clean ASCII, in which there may be a link
	unclean                // everything else
)

// glances holds the first judgement of every byte. A space and the signs
// that links and comments are made of need a second look.
var byteClasses = func() (table [256]class) {
	for c := range table {
		switch {
		case c < ' ' || c >= 0x7F || strings.IndexByte("<[]`|", byte(c)) >= 0:
			table[c] = unclean
		case strings.IndexByte(" .:/\\?#", byte(c)) >= 0:
			table[c] = maybeLink
		}
	}
	return table
}()

// glance is the fast path: most fields of most candidates are clean ASCII, and cost this one scan. What it takes for a possible link is
// what mayHoldLink does.
func quickCheck(s string) class {
	if s == "" {
		return plain
	}
	if s[0] == ' ' || s[len(s)-1] == ' ' {
		return unclean
	}
	found, dot := plain, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if byteClasses[c] == plain {
			continue
		}
		if c == ' ' {
			if s[i-1] == ' ' {
				return unclean
			}
			dot = false
			continue
		}
		hint := false
		switch {
		case c == '<' && !strings.HasPrefix(s[i:], "<!--"):
		case byteClasses[c] == unclean:
			return unclean
		case c == '.':
			dot = true
			hint = i >= 3 && strings.EqualFold(s[i-3:i], "www")
		case c == ':':
			hint = i+1 < len(s) && s[i+1] != ' '
		case isSlash(c):
			hint = dot || i > 0 && isSlash(s[i-1])
		default: // '?' and '#'
			hint = dot
		}
		if hint {
			found = maybeLink
		}
	}
	return found
}
