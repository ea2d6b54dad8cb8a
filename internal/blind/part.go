package blind

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"instaview-mcp/internal/fold"
)

// use is what a word means when it is not the person's name.
type use int

const (
	nameOnly   use = iota // nothing else
	commonWord            // a word that is written small: "will", "mark"
	properNoun            // a place, a month, a tool, a firm: "Paris", "Rust"
)

// part is a word of a name, or a nickname for one.
type part struct {
	key, latin, skeleton string
	forms                map[string]bool // skeletons of its declined forms' stems
	use                  use
	first, last          bool
	id                   int  // equal for a word and its nicknames
	particle             bool // "van", "de": belongs to a name, and is none alone
	initial              bool // a single letter
	caseless             bool
	consonants           string // of a name in a script that leaves out vowels
}

// maxWords is more than any name has; a field of more is something else.
const maxWords = 12

// addParts makes parts of a name's words.
func (m *Mask) addParts(names []nameWord) {
	id, before := 0, ""
	for i, name := range names[:min(len(names), maxWords)] {
		pieces := strings.FieldsFunc(name.text, func(r rune) bool { return !isWordRune(r) || spaceless(r) })
		for j, piece := range pieces {
			p := newPart(piece, id)
			p.first, p.last = name.first && j == 0, name.last && j == len(pieces)-1
			p.particle = particles.has(p.key) && (i > 0 && i < len(names)-1 || unicode.IsLower([]rune(piece)[0])) && !name.first && !name.last
			if name.maybe && p.use == nameOnly {
				p.use = properNoun
			}
			m.addPart(p)
			m.addVariants(p)
			if withoutYo(piece) != piece { // "Semyonov", too
				yo := newPart(fold.Latin(piece), id)
				yo.first, yo.last = p.first, p.last
				m.addPart(yo)
			}
			m.addAfterParticles(&before, p)
			id++
		}
		if len(pieces) > 1 { // "ONeill", "Hanspeter"
			p := newPart(strings.Join(pieces, ""), id)
			p.first, p.last = name.first, name.last
			m.addPart(p)
			id++
		}
	}
}

// addAfterParticles notes a last name in one word with the particles before it,
// which it adds to: "vangogh".
func (m *Mask) addAfterParticles(before *string, p part) {
	const shortest = 6 // or "Dela" and the like would be found in other words
	switch {
	case p.particle:
		*before += p.latin
		return
	case *before != "" && len(*before+p.latin) >= shortest && !p.initial:
		m.joined[*before+p.latin] = []string{p.key}
	}
	*before = ""
}

// addVariants adds the usual nicknames for a word, and what it is in Latin
// letters, in which Ukrainian has an h for a g.
func (m *Mask) addVariants(p part) {
	add := func(latin string) {
		n := newPart(strings.ToUpper(latin[:1])+latin[1:], p.id)
		n.first, n.last = p.first, p.last
		if latin != p.latin && !strings.HasSuffix(n.skeleton, "a") { // or Johnny would be found in Johns
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

func newPart(text string, id int) part {
	p := part{key: fold.Word(text), id: id}
	p.latin = fold.Latin(withoutYo(text))
	p.skeleton = skeleton(p.latin)
	p.initial = utf8.RuneCountInString(p.key) == 1
	first, _ := utf8.DecodeRuneInString(text)
	p.caseless = !hasCase(first)
	if p.caseless {
		p.consonants = consonants(p.skeleton)
	}
	switch latin := p.latin == p.key; {
	case mostlyNames.has(p.key):
	case proper(p.key):
		p.use = properNoun
	case latin && (len(p.key) <= 2 || isEnglish(p.key) || isOther(p.key)):
		p.use = commonWord
	}
	p.forms = stems(p.skeleton)
	if stem, ok := strings.CutSuffix(strings.ToLower(text), "ý"); ok && len(p.skeleton) == 4 { // "Malého" of "Malý"
		p.forms[skeleton(fold.Latin(stem))] = true
	}
	return p
}

// withoutYo writes Russian as it is usually printed, with an е for each ё.
func withoutYo(s string) string { return yo.Replace(s) }

var yo = strings.NewReplacer("ё", "е", "Ё", "Е")

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

// isOneWord reports whether the person has a name of one word.
func (m *Mask) isOneWord() bool {
	for _, p := range m.parts {
		if p.id != m.parts[0].id {
			return false
		}
	}
	return len(m.parts) > 0
}

// addJoined notes what first and last names look like in one word.
func (m *Mask) addJoined() {
	for _, p := range m.parts {
		for _, q := range m.parts {
			if p.id == q.id || p.initial || q.initial || p.particle || q.particle || len(p.latin)+len(q.latin) < 5 {
				continue
			}
			m.joined[p.latin+q.latin] = []string{p.key, q.key}
			if q.last && len(q.latin) >= 3 {
				m.handles[p.latin[:1]+q.latin] = true
			}
		}
	}
}

// compact is a way to write a name in a script without spaces.
type compact struct {
	text        string
	first, last bool
	parts       int
	apart       *unicode.RangeTable // must not stand beside it
}

// addCompact notes the ways to write a name without spaces: whole, its parts of
// two characters or more, and a last name with what politeness puts behind it.
func (m *Mask) addCompact(names []nameWord) {
	var pieces []string
	for _, name := range names {
		pieces = append(pieces, strings.FieldsFunc(name.text, func(r rune) bool { return !spaceless(r) })...)
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
		m.addWhole(strings.Join(pieces, ""))
		for _, gap := range []string{" ", "・", "·"} {
			m.addWhole(strings.Join(pieces, gap))
		}
	}
	for i, piece := range pieces {
		if utf8.RuneCountInString(piece) > 1 {
			m.compact = append(m.compact, compact{text: piece, parts: 1, first: i > 0 || len(pieces) == 1, last: i == 0, apart: apart(piece)})
		}
	}
	for _, polite := range polite {
		m.compact = append(m.compact, compact{text: last + polite, parts: 1, last: true, apart: nil})
	}
	if !latin && first != "" && unicode.Is(unicode.Han, []rune(last)[0]) {
		m.addPinyin(last, first)
	}
}

func (m *Mask) addWhole(text string) {
	m.compact = append(m.compact, compact{text: text, parts: 2, first: true, last: true, apart: apart(text)})
}

// apart is what must not go on before a part of a name: words of Hangul have
// spaces between, and katakana writes words of other languages.
func apart(piece string) *unicode.RangeTable {
	switch first := []rune(piece)[0]; {
	case unicode.Is(unicode.Hangul, first):
		return unicode.Hangul
	case unicode.Is(unicode.Katakana, first):
		return unicode.Katakana
	}
	return nil
}

// splitName splits a name of Han or Hangul characters into last and first name.
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

// addPinyin adds a Chinese name as it is usually written in Latin letters.
func (m *Mask) addPinyin(last, first string) {
	for _, text := range []string{last, first} {
		p := newPart(fold.Latin(text), len(m.parts)+100)
		if p.key == "" {
			continue
		}
		p.first, p.last = text == first, text == last
		if len(p.key) < 5 && p.use == nameOnly {
			p.use = commonWord
		}
		m.addPart(p)
	}
	for _, r := range first {
		if p := newPart(fold.Latin(string(r)), len(m.parts)+100); utf8.RuneCountInString(first) > 1 && p.key != "" {
			p.use = properNoun
			m.addPart(p)
		}
	}
}

// compactAt returns the longest way to write the name that s begins with.
func (m *Mask) compactAt(s string, before rune) *compact {
	var found *compact
	for i := range m.compact {
		c := &m.compact[i]
		if !strings.HasPrefix(s, c.text) || found != nil && len(found.text) >= len(c.text) {
			continue
		}
		after, _ := utf8.DecodeRuneInString(s[len(c.text):])
		if c.apart != nil && unicode.Is(c.apart, before) || c.apart == unicode.Katakana && (unicode.Is(c.apart, after) || after == 'ー') || unicode.IsMark(after) {
			continue
		}
		found = c
	}
	return found
}
