// Package blind hides a person's name in texts about that person, to reduce
// bias in a review. The texts do not become anonymous: employers, dates and
// places stay.
//
// A part of a name that has no other meaning is hidden everywhere, also
// inflected or transliterated. One that is also a common word, a place, a
// month, a tool or a company is hidden only where the text uses it as a name.
// In facts, such as skills and places, only the whole name is hidden.
package blind

import (
	"strings"
	"unicode/utf8"

	"instaview-mcp/internal/fold"
	"instaview-mcp/internal/sanitize"
)

// Placeholder replaces a name.
const Placeholder = "the candidate"

// Field is the kind of text in which a name is hidden. The zero value is Prose.
type Field int

// The kinds of text.
const (
	Prose   Field = iota // sentences and headlines
	Company              // names of companies, which may contain their founder's
	Fact                 // roles, skills, places and durations
)

// Mask hides one person's name. Use New to make one. It is safe for concurrent
// use.
type Mask struct {
	parts    []part
	unspaced []unspacedName  // the name as written in scripts without spaces
	joined   map[string]bool // first and last name in one word: "janedoe"
	handles  map[string]bool // initial and last name in one word: "jdoe"
	phrases  []string        // facts of several words, which are not hidden
	initials string          // the first letters of the parts
}

// New returns a mask for the name in a profile's name field, which may also
// hold titles, degrees and slogans. companies and facts are from the same
// profile; a text that mentions one of them is not taken to use the name. A
// mask for an empty name hides nothing.
func New(name sanitize.Clean, companies, facts []sanitize.Clean) *Mask {
	m := &Mask{joined: map[string]bool{}, handles: map[string]bool{}}
	read := readName(string(name))
	m.addParts(read)
	m.addUnspaced(read)
	m.addJoined()
	for _, s := range append(m.withoutName(companies, Company), m.withoutName(facts, Fact)...) {
		m.protectFact(string(s))
	}
	return m
}

// withoutName returns those of texts that do not hold the name.
func (m *Mask) withoutName(texts []sanitize.Clean, field Field) []sanitize.Clean {
	var kept []sanitize.Clean
	for _, s := range texts {
		if m.Hide(s, field) == s {
			kept = append(kept, s)
		}
	}
	return kept
}

// protectFact makes prose keep a fact of the profile. A fact of several words
// is kept as it is written; one of a single word is kept unless it is used as a
// name.
func (m *Mask) protectFact(fact string) {
	words := m.split(fact)
	if len(words) > 1 {
		m.phrases = append(m.phrases, fact)
		if place, _, found := strings.Cut(fact, ","); found {
			m.protectFact(place)
		}
		return
	}
	for i := range m.parts {
		if len(words) == 1 && words[0].key == m.parts[i].key && m.parts[i].meaning == nameOnly {
			m.parts[i].meaning = properNoun
		}
	}
}

// Hide returns a text with Placeholder in place of the name.
func (m *Mask) Hide(c sanitize.Clean, field Field) sanitize.Clean {
	if len(m.parts) == 0 && len(m.unspaced) == 0 {
		return c
	}
	s := string(c)
	t := m.analyse(s)
	if !t.hasMatch() {
		return c
	}
	var b strings.Builder
	end := 0
	for _, g := range t.groups() {
		if !t.hides(g, field) {
			continue
		}
		from, to := t.span(g)
		if from < end {
			continue
		}
		if gap := s[end:from]; strings.TrimSpace(gap) != "" || !strings.HasSuffix(b.String(), Placeholder) {
			b.WriteString(gap + Placeholder)
		}
		end = to
	}
	if end == 0 {
		return c
	}
	b.WriteString(s[end:])
	// A placeholder can form a link or markup with the text beside it.
	return sanitize.Whole(b.String(), 0).Clean
}

// InID reports whether an id may be made of the name. It may report true by
// mistake, which does no harm: the answer then shows the rank in its place.
func (m *Mask) InID(id string) bool {
	key, latin := fold.Word(id), fold.Latin(id)
	for _, p := range m.parts {
		if p.particle || p.initial {
			continue
		}
		for _, form := range []string{p.key, p.latin} {
			n := utf8.RuneCountInString(form)
			if n >= 4 && (strings.Contains(key, form) || strings.Contains(latin, form)) {
				return true
			}
		}
	}
	for _, w := range m.split(id) {
		if match := m.matchWord(&w); match != nil && (match.parts > 1 || utf8.RuneCountInString(w.key) >= 2) {
			return true
		}
	}
	return false
}
