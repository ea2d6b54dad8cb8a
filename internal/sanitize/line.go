// Package sanitize turns text from third parties into text that is safe to show
// to a language model and, through it, to a person.
//
// These are the decisions and their reasons:
//
//   - The final string has to be safe. A step can create what an earlier one
//     removed ("ja<!-- x -->vascript:"), so the steps are repeated until
//     nothing changes; [Line] returns a cleaned line unchanged.
//   - Visible words stay. Brackets and backticks are replaced by harmless
//     signs. Only HTML comments, the payload of terminal sequences and the
//     targets of links are removed, since no reader of the original page sees
//     those.
//   - A cleaned line is not escaped: '<' and '&' stay. [ForModel] and
//     [ForMarkdown] escape what their target would read as markup; a CSV table
//     needs neither.
//   - A text is reported as altered if it hid words or held links. Invisible
//     characters that ordinary keyboards, editors and scripts leave behind are
//     removed without being reported.
//   - Each run of invalid UTF-8 becomes one U+FFFD. U+0080 to U+009F are read
//     as terminal controls, but the raw bytes 0x80 to 0x9F are not, because in
//     real text they are Windows-1252 letters.
//   - Of a terminal sequence that never ends, only the ESC is removed. An HTML
//     comment that never ends is text.
//   - A scheme without "//" starts a link only if an address or code follows:
//     "JavaScript:React" and "file:line" are words. tel: and sms: start a link
//     only before a number, skype: and similar ones only before parameters.
//   - A bare domain is a word ("booking.com", "Node.js"). Several clients make
//     it a link if a path, query or fragment follows, so that is removed; the
//     domain stays, because "golang.org/x/net" names a skill. Domains are
//     recognised by their endings, so that "Node.js/React" and "10.0.0.0/8"
//     stay words.
//   - Full-width brackets and angle brackets stay: they are ordinary
//     punctuation in Japanese and mean nothing to Markdown or HTML.
//   - ZWNJ and ZWJ stay where RFC 5892 allows them (between letters of one
//     joining script; ZWJ after a virama). Its joining types are not applied,
//     so a ZWNJ that Persian writers type after a letter that never joins
//     stays.
package sanitize

import (
	"unicode/utf8"
)

// Text is the result of cleaning a line. The zero value is an empty line.
type Text struct {
	// Clean is one line in NFC, without white space at its ends.
	Clean Clean
	// Altered reports whether links were removed, or content that is invisible
	// on the original page: comments and terminal sequences with words, tag
	// characters, runs of invisible characters, direction overrides.
	Altered bool
	// Cut reports whether the end of the text is missing.
	Cut bool
}

// With a maximum length, only this much of the input is read. That is enough
// even if most of it is invisible.
const (
	windowBase    = 64 << 10 // bytes
	windowPerRune = 32       // bytes more for each rune of the maximum
)

// How often the steps are repeated. Honest text is stable after relaxedRounds;
// any other loses all joiners from then on, which ends every cycle (see
// untilStable).
const (
	relaxedRounds = 3
	maxRounds     = 8
)

// Line returns s as one line of plain text of at most max runes: Whole followed
// by Shorten. A max of zero or less means no limit.
func Line(s string, max int) Text { return Whole(s, max).Shorten(max) }

// Whole returns s as one line of plain text that is not shortened yet, for
// callers that hide something in it first. Escape the result for its target
// before showing it. max is the length in runes that it will be shortened to,
// which bounds how much of s is read; zero or less reads all of it. Cleaning a
// clean text changes nothing.
func Whole(s string, max int) Text {
	s, clipped := clip(s, max)
	s, altered := untilStable(s, clipped)
	return Text{Clean: Clean(s), Altered: altered, Cut: clipped}
}

// Shorten cuts the text to at most max runes, at a word if possible, and ends
// it in "…". A max of zero or less means no limit.
func (t Text) Shorten(max int) Text {
	short, cut := shorten(string(t.Clean), max, t.Cut)
	return Text{Clean: Clean(short), Altered: t.Altered, Cut: cut}
}

// clip returns the start of s that is read for a maximum of max runes, and
// reports whether there is more.
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

// untilStable repeats the steps until they change nothing, and reports whether
// any of them altered s. Honest text needs the second round only to confirm the
// first; more are needed if a removal puts a joiner or a mark where it may not
// be.
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

// cleanOnce runs the steps that s needs once, in an order in which a step
// uncovers what the next one removes.
func cleanOnce(s string, clipped, joiners bool) (string, bool) {
	stripped, defused, unlinked := false, false, false
	switch quickCheck(s) {
	case plain:
		return s, false
	case unclean:
		s, stripped = removeInvisible(s, joiners)
		s = limitMarks(compose(s))
		fallthrough
	case maybeMarkup:
		s, defused = neutralizeMarkup(s, clipped)
		fallthrough
	case maybeLink:
		s, unlinked = removeLinks(s)
	}
	return s, stripped || defused || unlinked
}

// class is the result of quickCheck: the first of the steps that a text needs.
type class uint8

const (
	plain       class = iota // none: it is clean
	maybeLink                // the removal of links
	maybeMarkup              // the removal of markup
	unclean                  // all of them
)

// What makes a text one of the classes. A link has one of linkSigns, or a dot
// and a sign that may follow it.
var (
	lineSequences sequences
	uncleanSigns  = lineSequences.add("  ", "C")
	markupSigns   = lineSequences.add("[", "]", "|", "`", "<!--")
	linkSigns     = lineSequences.add("SS", ":A", "www.")
	dotSigns      = lineSequences.add(".")
	pathSigns     = lineSequences.add("S", "?", "#")
)

// quickCheck returns the class of s in one pass. Most texts need nothing else.
// It must find every link that mayHoldLink finds.
func quickCheck(s string) class {
	if s == "" {
		return plain
	}
	if s[0] == ' ' || s[len(s)-1] == ' ' {
		return unclean
	}
	state, found := uint64(0), uint64(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			p := propertiesOf(r)
			if p&ordinary == 0 {
				return unclean
			}
			if p&linkLike != 0 {
				found |= linkSigns
			}
			i += size - 1
		}
		state = lineSequences.after(state, c)
		found |= state
	}
	switch {
	case found&uncleanSigns != 0:
		return unclean
	case found&markupSigns != 0:
		return maybeMarkup
	case found&linkSigns != 0, found&dotSigns != 0 && found&pathSigns != 0:
		return maybeLink
	}
	return plain
}
