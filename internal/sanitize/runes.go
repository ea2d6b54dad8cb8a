package sanitize

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/rangetable"
)

const (
	// maxMarks is how many nonspacing marks may follow a base character. Hebrew with niqqud, Arabic with tashkeel, Thai and Devanagari
	// need three; four leave room. More is "zalgo".
	maxMarks = 4

	// maxRawMarks bounds them before normalisation, which would break a run of more than thirty with a U+034F of its own.
	maxRawMarks = 16

	// maxStray is how many invisible characters in a row editors and keyboards
	// leave behind at most. More spell something: a letter takes eight, if they
	// are its bits.
	maxInvisibleRun = 7

	// maxFlagTags is how many tag characters the flag of a region has, as
	// Scotland's.
	maxFlagTags = 6
)

// wordBullets are the private-use characters that Word's symbol fonts show as
// bullets.
const symbolFontBullets = "\uF0A7\uF0B7\uF0D8\uF0FC"

// hidden holds what is never shown: format characters, controls, private use, noncharacters, variation selectors, and all that a
// renderer ignores by default.
var hidden = rangetable.Merge(unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Variation_Selector,
	unicode.Noncharacter_Code_Point, unicode.Other_Default_Ignorable_Code_Point)

// fillers look like a space or like nothing, and count as letters: Hangul, Khmer, Braille, and the null note head of music.
var fillers = rangetable.New(0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0x1D159)

// kind is what strip does with a rune.
type kind uint8

const (
	shown    kind = iota
	mark          // combines with what is before it
	joiner        // stays where it does real work
	selector      // U+FE0F: stays after an emoji
	space         // all white space is one space
	filler        // becomes a space
	removed
)

func kindOf(r rune) kind {
	switch {
	case r > ' ' && r < 0x7F, r >= 0xC0 && r < 0x300, r >= 0x4E00 && r < 0xA000, r >= 0xAC00 && r < 0xD7A4:
		return shown // the bulk of real text, spared the tables
	case r == zwj || r == zwnj:
		return joiner
	case r == emojiStyle:
		return selector
	case unicode.IsSpace(r):
		return space
	case unicode.Is(fillers, r):
		return filler
	case unicode.Is(hidden, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r): // these are signs around a number
		return removed
	case isMark(r):
		return mark
	}
	return shown
}

func isMark(r rune) bool { return unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc) }

// strip removes terminal sequences and everything invisible, and folds white
// space. It reports whether words were hidden there.
func removeInvisible(s string, joiners bool) (string, bool) {
	if quickCheck(s) != unclean {
		return s, false
	}
	p := cleaner{out: make([]byte, 0, len(s)), keepJoiners: joiners}
	for i := 0; i < len(s); {
		if n := escapeLen(s[i:]); n > 0 {
			p.altered = p.altered || carriesText(s[i:i+n])
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

func invalidAt(s string) bool {
	r, size := utf8.DecodeRuneInString(s)
	return r == utf8.RuneError && size == 1
}

// stripper writes what is kept, and remembers as much of it as the next decision needs.
type cleaner struct {
	out          []byte
	altered      bool // something hidden was removed that a reader should know of
	keepJoiners  bool // whether any may stay
	pendingSpace bool // white space waits for a character to stand before

	pendingJoiner rune          // a joiner that waits for its right neighbour, or 0
	left          joinerContext // its left neighbour
	marks         int           // marks since the base
	invisibleRun  int           // invisible characters since the last visible one
}

func (p *cleaner) write(r rune, rest string) {
	k := kindOf(r)
	if k == mark && (len(p.out) == 0 || p.marks >= maxRawMarks) { // a mark without a base would combine with our own text
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

// invisible notes what the invisible r hides: a tag character is a letter
// outside a flag, an override turns the text around that follows, and many in a
// row are a message.
func (p *cleaner) noteInvisible(r rune, rest string) {
	const blackFlag = '\U0001F3F4'
	if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Co, r) || isMark(r) && !unicode.Is(hidden, r) {
		return // what a font lacks, and what a printer was told
	}
	p.invisibleRun++
	switch {
	case r >= 0xE0020 && r < 0xE007F: // tags
		p.altered = p.altered || p.left.last != blackFlag || p.invisibleRun > maxFlagTags
	case r == '\u202D' || r == '\u202E': // overrides
		p.altered = p.altered || strings.ContainsFunc(rest, isWordRune)
	case r != 0xE007F || p.left.last != blackFlag:
		p.altered = p.altered || p.invisibleRun > maxInvisibleRun
	}
}

// release writes the waiting joiner if it has work to do between its neighbours, of which next is the right one.
func (p *cleaner) flushJoiner(next rune) {
	if p.pendingJoiner != 0 && p.left.keeps(p.pendingJoiner, next) {
		p.out = utf8.AppendRune(p.out, p.pendingJoiner)
	}
	p.pendingJoiner = 0
}

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

// thinMarks keeps the first maxMarks of a run of nonspacing marks. Spacing ones
// (Mc) stand beside their base, not above one another.
func limitMarks(s string) string {
	var out []byte
	done, run := 0, 0
	for i, r := range s {
		switch {
		case r < 0x300:
			run = 0
		case unicode.In(r, unicode.Mn, unicode.Me):
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
