// Package blind hides a person's name in texts about that person, as a help
// against bias. What is left is not anonymous: employers, dates and places
// stay.
//
// A word of a name that means nothing else is hidden wherever it stands, also
// declined or transliterated. One that is also a word, a place, a month, a tool
// or a firm is hidden only where the text uses it as a name. Facts, such as
// skills and places, are hidden only if the whole name stands there.
package blind

import (
	"strings"
	"unicode/utf8"

	"instaview-mcp/internal/fold"
)

// Placeholder stands where a name was.
const Placeholder = "the candidate"

// Field is the kind of text that a name is looked for in.
type Field int

// The kinds of text.
const (
	Prose   Field = iota // sentences and headlines
	Company              // names of firms, which may be a person's own
	Fact                 // roles, skills, places and durations
)

// Mask hides one person's name. It is safe for concurrent use.
type Mask struct {
	parts    []part
	compact  []compact           // ways to write it in scripts without spaces
	joined   map[string][]string // keys of first and last name in one word
	handles  map[string]bool     // initial and last name in one word: "jdoe"
	phrases  []string            // the person's own facts of several words
	initials string              // the first letters of the parts
}

// New returns the mask for a name, as a profile's name field holds it, with
// titles, degrees and slogans. The companies and facts are those of the same
// profile: a text that names one of them is not taken to use the name.
func New(name string, companies, facts []string) *Mask {
	m := &Mask{joined: map[string][]string{}, handles: map[string]bool{}}
	read := readName(name)
	m.addParts(read)
	m.addCompact(read)
	m.addJoined()
	for _, s := range append(m.untouched(companies, Company), m.untouched(facts, Fact)...) {
		m.protect(s)
	}
	return m
}

// untouched returns the texts that hold no name.
func (m *Mask) untouched(texts []string, field Field) []string {
	var kept []string
	for _, s := range texts {
		if m.Hide(s, field) == s {
			kept = append(kept, s)
		}
	}
	return kept
}

// protect keeps a fact of the profile from being hidden in prose: one of
// several words as it is written, one of a single word unless it is used as a
// name.
func (m *Mask) protect(fact string) {
	words := m.split(fact)
	if len(words) > 1 {
		m.phrases = append(m.phrases, fact)
		if place, _, found := strings.Cut(fact, ","); found {
			m.protect(place)
		}
		return
	}
	for i := range m.parts {
		if len(words) == 1 && words[0].key == m.parts[i].key && m.parts[i].use == nameOnly {
			m.parts[i].use = properNoun
		}
	}
}

// Hide returns s with the Placeholder where the name stands.
func (m *Mask) Hide(s string, field Field) string {
	if len(m.parts) == 0 && len(m.compact) == 0 {
		return s
	}
	t := m.read(s)
	if !t.mentions() {
		return s
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
	b.WriteString(s[end:])
	return b.String()
}

// InID reports whether an id seems to be made of the name. A false alarm costs
// nothing, as a candidate can be called by rank instead.
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
		if match := m.match(&w); match != nil && (match.parts > 1 || utf8.RuneCountInString(w.key) >= 2) {
			return true
		}
	}
	return false
}
