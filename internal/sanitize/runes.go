package sanitize

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/rangetable"
)

const (
	// maxMarks is how many nonspacing marks may follow a base character. Hebrew
	// with niqqud, Arabic with tashkeel, Thai and Devanagari need three. More
	// than four are "zalgo" text, which covers the lines around it.
	maxMarks = 4

	// maxRawMarks is how many may follow before normalisation, which would
	// insert a U+034F into a run of more than thirty.
	maxRawMarks = 16

	// maxInvisibleRun is the most invisible characters in a row that editors
	// and keyboards leave behind. More can be a message: a letter takes eight
	// if they are its bits.
	maxInvisibleRun = 7

	// maxFlagTags is how many tag characters the flag of a region has, such as
	// Scotland's.
	maxFlagTags = 6
)

// symbolFontBullets are the private-use characters that the symbol fonts of
// Microsoft Word show as bullets.
const symbolFontBullets = "\uF0A7\uF0B7\uF0D8\uF0FC"

// hidden holds the characters that are never shown: format characters,
// controls, private use, surrogates, noncharacters, variation selectors, and
// whatever else a renderer ignores by default.
var hidden = rangetable.Merge(unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Variation_Selector,
	unicode.Noncharacter_Code_Point, unicode.Other_Default_Ignorable_Code_Point)

// fillers are letters and symbols that look like a space or like nothing: of
// Hangul, Khmer, Braille, and the null note head of music.
var fillers = rangetable.New(0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0x1D159)

// kind is what removeInvisible does with a rune.
type kind uint8

const (
	shown    kind = iota
	mark          // combines with the rune before it
	joiner        // stays where it has an effect
	selector      // U+FE0F: stays after an emoji
	space         // a run of white space becomes one space
	filler        // becomes a space
	removed
)

// kindOf returns the kind of r.
func kindOf(r rune) kind {
	switch {
	case r == zwj || r == zwnj:
		return joiner
	case r == emojiStyle:
		return selector
	case unicode.IsSpace(r):
		return space
	case unicode.Is(fillers, r):
		return filler
	// Signs that enclose a number are visible.
	case unicode.Is(hidden, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return removed
	case isMark(r):
		return mark
	}
	return shown
}

// isMark reports whether r is a combining mark.
func isMark(r rune) bool { return unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc) }

// removeInvisible removes terminal sequences and invisible characters, and
// makes white space single spaces. It reports whether something was hidden
// there. Without keepJoiners, all joiners are removed.
func removeInvisible(s string, keepJoiners bool) (string, bool) {
	p := cleaner{out: make([]byte, 0, len(s)), keepJoiners: keepJoiners}
	for i := 0; i < len(s); {
		if n, hidesWords := escapeLen(s[i:]); n > 0 {
			p.altered = p.altered || hidesWords
			i += n
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			for i+1 < len(s) && invalidAt(s[i+1:]) {
				i++
			}
		}
		i += size
		p.write(r, s[i:])
	}
	p.flushJoiner(0)
	if string(p.out) == s {
		return s, p.altered
	}
	return string(p.out), p.altered
}

// invalidAt reports whether s starts with a byte that is not valid UTF-8.
func invalidAt(s string) bool {
	r, size := utf8.DecodeRuneInString(s)
	return r == utf8.RuneError && size == 1
}

// cleaner collects the text that stays, and as much of its context as the next
// decision needs.
type cleaner struct {
	out          []byte
	altered      bool // hidden content was removed
	keepJoiners  bool // whether any joiner may stay
	pendingSpace bool // a space is written before the next rune

	pendingJoiner rune          // a joiner whose right neighbour is not known yet, or 0
	left          joinerContext // the text before pendingJoiner
	marks         int           // marks since the last base character
	invisibleRun  int           // invisible characters in a row
	overridden    bool          // a direction override was met
}

// write adds r, as far as it may stay. rest is the text after it.
func (p *cleaner) write(r rune, rest string) {
	k := propertiesOf(r).kind()
	// Without a base, it would combine with our own text.
	if k == mark && (len(p.out) == 0 || p.marks >= maxRawMarks) {
		k = removed
	}
	switch k {
	case removed, joiner, selector:
		p.noteInvisible(r, rest)
	default:
		p.invisibleRun = 0
	}
	switch k {
	case removed:
		if strings.ContainsRune(symbolFontBullets, r) {
			p.write('•', rest)
		}
	case filler, space:
		p.flushJoiner(' ')
		p.pendingSpace = len(p.out) > 0
		p.marks = 0
		p.left = joinerContext{last: ' ', base: ' '}
	case joiner:
		if p.pendingJoiner == 0 && p.keepJoiners {
			p.pendingJoiner = r
		}
	case selector:
		if p.left.takesEmojiStyle(rest) {
			p.flushJoiner(r)
			p.appendRune(r)
			p.left.last = r
		}
	case mark:
		p.flushJoiner(r)
		p.appendRune(r)
		p.marks++
		p.left.addMark(r)
	default:
		p.flushJoiner(r)
		p.appendRune(r)
		p.marks = 0
		p.left = joinerContext{last: r, base: r}
	}
}

// noteInvisible sets altered if the invisible rune r hides something. Tag
// characters outside a flag encode letters, an override reverses the words that
// follow, and a long run of invisible characters can encode a message.
func (p *cleaner) noteInvisible(r rune, rest string) {
	const blackFlag = '\U0001F3F4'
	if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Co, r) || isMark(r) && !unicode.Is(hidden, r) {
		return // glyphs missing from a font, and controls of printers
	}
	p.invisibleRun++
	switch {
	case r >= 0xE0020 && r < 0xE007F: // tags
		p.altered = p.altered || p.left.last != blackFlag || p.invisibleRun > maxFlagTags
	case r == '\u202D' || r == '\u202E': // overrides
		if !p.overridden { // no words follow a later one if none follow the first
			p.altered = p.altered || strings.ContainsFunc(rest, isWordRune)
		}
		p.overridden = true
	case r != 0xE007F || p.left.last != blackFlag:
		p.altered = p.altered || p.invisibleRun > maxInvisibleRun
	}
}

// flushJoiner writes the pending joiner if it has an effect before next.
func (p *cleaner) flushJoiner(next rune) {
	if p.pendingJoiner != 0 && p.left.keeps(p.pendingJoiner, next) {
		p.out = utf8.AppendRune(p.out, p.pendingJoiner)
	}
	p.pendingJoiner = 0
}

// appendRune writes r, after a pending space.
func (p *cleaner) appendRune(r rune) {
	if p.pendingSpace {
		p.out = append(p.out, ' ')
		p.pendingSpace = false
	}
	p.out = utf8.AppendRune(p.out, r)
}

// compose returns s in NFC.
func compose(s string) string {
	if norm.NFC.IsNormalString(s) {
		return s
	}
	return norm.NFC.String(s)
}

// limitMarks keeps the first maxMarks of each run of nonspacing marks. Spacing
// marks (Mc) do not pile up, so their number is not limited.
func limitMarks(s string) string {
	var out []byte
	done, run := 0, 0
	for i, r := range s {
		switch {
		case r < 0x300:
			run = 0
		case propertiesOf(r)&nonspacing != 0:
			if run++; run > maxMarks {
				out = append(out, s[done:i]...)
				done = i + utf8.RuneLen(r)
			}
		case r != zwj && r != zwnj:
			run = 0
		}
	}
	if done == 0 {
		return s
	}
	return string(append(out, s[done:]...))
}
