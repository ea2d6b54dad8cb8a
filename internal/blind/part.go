package blind

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"instaview-mcp/internal/fold"
)

// meaning is what a word means when it is not the person's name.
type meaning int

const (
	nameOnly   meaning = iota // no other meaning
	commonWord                // a word in lower case: "will", "mark"
	properNoun                // a place, a month, a tool, a company: "Paris", "Rust"
)

// part is one word of the name, or a nickname for it.
type part struct {
	key, latin, skeleton string
	forms                map[string]bool // skeletons that inflected forms of it start with
	meaning              meaning
	first, last          bool
	id                   int  // the same for a word and its nicknames
	particle             bool // "van", "de": only part of a name together with others
	initial              bool // a single letter
	caseless             bool
	consonants           string // set for scripts that leave out vowels
}

// maxWords is more words than a name has; further words of a longer field are
// ignored.
const maxWords = 12

// addParts adds the parts of a name, their nicknames and their
// transliterations.
func (m *Mask) addParts(names []nameWord) {
	id, before := 0, ""
	for i, name := range names[:min(len(names), maxWords)] {
		pieces := strings.FieldsFunc(name.text, func(r rune) bool { return !isWordRune(r) || isUnspaced(r) })
		for j, piece := range pieces {
			p := newPart(piece, id)
			p.first, p.last = name.first && j == 0, name.last && j == len(pieces)-1
			p.particle = particles.has(p.key) && (i > 0 && i < len(names)-1 || unicode.IsLower([]rune(piece)[0])) && !name.first && !name.last
			if name.uncertain && p.meaning == nameOnly {
				p.meaning = properNoun
			}
			m.addPart(p)
			m.addVariants(p)
			if replaceYo(piece) != piece { // also "Semyonov"
				yo := newPart(fold.Latin(piece), id)
				yo.first, yo.last = p.first, p.last
				m.addPart(yo)
			}
			m.addWithParticles(&before, p)
			id++
		}
		if len(pieces) > 1 { // also "ONeill", "Hanspeter"
			p := newPart(strings.Join(pieces, ""), id)
			p.first, p.last = name.first, name.last
			m.addPart(p)
			id++
		}
	}
}

// addWithParticles adds a last name joined to the particles before it:
// "vangogh". before holds the particles seen so far.
func (m *Mask) addWithParticles(before *string, p part) {
	const shortest = 6 // shorter ones, such as "Dela", occur in other words
	switch {
	case p.particle:
		*before += p.latin
		return
	case *before != "" && len(*before+p.latin) >= shortest && !p.initial:
		m.joined[*before+p.latin] = true
	}
	*before = ""
}

// addVariants adds the usual nicknames of a part and its transliteration, also
// the Ukrainian one with h for g.
func (m *Mask) addVariants(p part) {
	add := func(latin string) {
		n := newPart(strings.ToUpper(latin[:1])+latin[1:], p.id)
		n.first, n.last = p.first, p.last
		// Otherwise "Johns" would count as an inflected "Johnny".
		if latin != p.latin && !strings.HasSuffix(n.skeleton, "a") {
			n.forms = map[string]bool{n.skeleton: true}
		}
		m.addPart(n)
	}
	for _, nickname := range nicknames()[p.latin] {
		add(nickname)
	}
	if p.latin != p.key && len(p.latin) > 1 && p.consonants == "" {
		add(p.latin)
		add(strings.ReplaceAll(p.latin, "g", "h"))
	}
}

// newPart returns the part for a word of a name. Nicknames get the id of the
// word.
func newPart(text string, id int) part {
	p := part{key: fold.Word(text), id: id}
	p.latin = fold.Latin(replaceYo(text))
	p.skeleton = skeleton(p.latin)
	p.initial = utf8.RuneCountInString(p.key) == 1
	first, _ := utf8.DecodeRuneInString(text)
	p.caseless = !hasCase(first)
	if p.caseless {
		p.consonants = consonants(p.skeleton)
	}
	switch latin := p.latin == p.key; {
	case mostlyNames.has(p.key):
	case isProperNoun(p.key):
		p.meaning = properNoun
	case latin && (len(p.key) <= 2 || isEnglish(p.key) || isForeignWord(p.key)):
		p.meaning = commonWord
	}
	p.forms = stems(p.skeleton)
	// "Malého" from "Malý".
	if stem, ok := strings.CutSuffix(strings.ToLower(text), "ý"); ok && len(p.skeleton) == 4 {
		p.forms[skeleton(fold.Latin(stem))] = true
	}
	return p
}

// replaceYo replaces each ё by an е, as Russian is usually printed.
func replaceYo(s string) string { return yo.Replace(s) }

var yo = strings.NewReplacer("ё", "е", "Ё", "Е")

// addPart adds p, unless there is a part with the same key.
func (m *Mask) addPart(p part) {
	if p.key == "" || strings.Trim(p.key, "0123456789") == "" {
		return
	}
	for i := range m.parts {
		if m.parts[i].key == p.key {
			m.parts[i].first = m.parts[i].first || p.first
			m.parts[i].last = m.parts[i].last || p.last
			return
		}
	}
	m.parts = append(m.parts, p)
	if first, _ := utf8.DecodeRuneInString(p.key); p.id >= 0 {
		m.initials += string(first)
	}
}

// isOneWord reports whether the name is a single word.
func (m *Mask) isOneWord() bool {
	for _, p := range m.parts {
		if p.id != m.parts[0].id {
			return false
		}
	}
	return len(m.parts) > 0
}

// addJoined adds the first and last names in one word, and as handles.
func (m *Mask) addJoined() {
	for _, p := range m.parts {
		for _, q := range m.parts {
			if p.id == q.id || p.initial || q.initial || p.particle || q.particle || len(p.latin)+len(q.latin) < 5 {
				continue
			}
			if p.latin == "" || q.latin == "" { // of a script without transliteration
				continue
			}
			m.joined[p.latin+q.latin] = true
			if q.last && len(q.latin) >= 3 {
				m.handles[p.latin[:1]+q.latin] = true
			}
		}
	}
}

// unspacedName is a way to write a name in a script without spaces.
type unspacedName struct {
	text        string
	first, last bool
	parts       int
	cannotTouch *unicode.RangeTable // script of letters that make it part of a word; may be nil
}

// addUnspaced adds the ways to write a name without spaces: the whole name,
// its parts of two characters or more, and the last name with an honorific.
func (m *Mask) addUnspaced(names []nameWord) {
	var pieces []string
	for _, name := range names {
		pieces = append(pieces, strings.FieldsFunc(name.text, func(r rune) bool { return !isUnspaced(r) })...)
	}
	if len(pieces) == 1 {
		pieces = splitName(pieces[0])
	}
	if len(pieces) == 0 {
		return
	}
	latin := len(m.parts) > 0
	if name := []rune(pieces[0]); len(pieces) == 1 && len(name) == 2 && unicode.Is(unicode.Han, name[0]) && !latin {
		m.addPinyin(string(name[:1]), string(name[1:]))
	}
	last, first := pieces[0], strings.Join(pieces[1:], "")
	if len(pieces) > 1 {
		m.addWholeName(strings.Join(pieces, ""))
		for _, gap := range []string{" ", "・", "·"} {
			m.addWholeName(strings.Join(pieces, gap))
		}
	}
	for i, piece := range pieces {
		if utf8.RuneCountInString(piece) > 1 {
			m.unspaced = append(m.unspaced, unspacedName{text: piece, parts: 1, first: i > 0 || len(pieces) == 1, last: i == 0, cannotTouch: cannotTouch(piece)})
		}
	}
	for _, suffix := range honorificSuffixes {
		m.unspaced = append(m.unspaced, unspacedName{text: last + suffix, parts: 1, last: true, cannotTouch: nil})
	}
	if !latin && first != "" && unicode.Is(unicode.Han, []rune(last)[0]) {
		m.addPinyin(last, first)
	}
}

// addWholeName adds a way to write the whole name.
func (m *Mask) addWholeName(text string) {
	m.unspaced = append(m.unspaced, unspacedName{text: text, parts: 2, first: true, last: true, cannotTouch: cannotTouch(text)})
}

// cannotTouch returns the script whose letters, right before a name, make it
// part of a longer word: Hangul has spaces between words, and Katakana writes
// foreign words. It returns nil for other scripts.
func cannotTouch(piece string) *unicode.RangeTable {
	switch first := []rune(piece)[0]; {
	case unicode.Is(unicode.Hangul, first):
		return unicode.Hangul
	case unicode.Is(unicode.Katakana, first):
		return unicode.Katakana
	}
	return nil
}

// splitName splits a name in Han or Hangul characters into last name and first
// name.
func splitName(name string) []string {
	runes := []rune(name)
	if !unicode.In(runes[0], unicode.Han, unicode.Hangul) || len(runes) < 3 || len(runes) > 5 {
		return []string{name}
	}
	last := 1
	if len(runes) >= 4 || doubleSurnames.has(string(runes[:2])) {
		last = 2
	}
	return []string{string(runes[:last]), string(runes[last:])}
}

// addPinyin adds a Chinese name in the usual Latin transliteration.
func (m *Mask) addPinyin(last, first string) {
	for _, text := range []string{last, first} {
		p := newPart(fold.Latin(text), len(m.parts)+100)
		if p.key == "" {
			continue
		}
		p.first, p.last = text == first, text == last
		if len(p.key) < 5 && p.meaning == nameOnly {
			p.meaning = commonWord
		}
		m.addPart(p)
	}
	for _, r := range first {
		if p := newPart(fold.Latin(string(r)), len(m.parts)+100); utf8.RuneCountInString(first) > 1 && p.key != "" {
			p.meaning = properNoun
			m.addPart(p)
		}
	}
}

// unspacedAt returns the longest way to write the name at the start of s, or
// nil. before is the rune before s.
func (m *Mask) unspacedAt(s string, before rune) *unspacedName {
	var found *unspacedName
	for i := range m.unspaced {
		c := &m.unspaced[i]
		if !strings.HasPrefix(s, c.text) || found != nil && len(found.text) >= len(c.text) {
			continue
		}
		after, _ := utf8.DecodeRuneInString(s[len(c.text):])
		if c.cannotTouch != nil && unicode.Is(c.cannotTouch, before) || c.cannotTouch == unicode.Katakana && (unicode.Is(c.cannotTouch, after) || after == 'ー') || unicode.IsMark(after) {
			continue
		}
		found = c
	}
	return found
}
