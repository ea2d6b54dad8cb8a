package blind

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// sum is what is in a group.
type sum struct {
	parts       int  // different parts of the name
	initial     bool // or a particle with a capital
	first, last bool
	sure        int // words that stand in full
	nameOnly    bool
	capitals    bool
}

func (t *text) sum(g group) sum {
	s := sum{capitals: true}
	seen := map[int]bool{}
	for i := g.from; i < g.to; i++ {
		w := &t.words[i]
		if t.loose(i) {
			s.initial = s.initial || t.isInitial(i) || w.match != nil && w.match.part.particle && w.capital
			continue
		}
		if !seen[w.match.part.id] {
			s.parts += w.match.parts
		}
		seen[w.match.part.id] = true
		s.first, s.last = s.first || w.match.first, s.last || w.match.last
		if w.match.sure {
			s.sure++
		}
		s.nameOnly = s.nameOnly || w.match.part.use == nameOnly && (w.capital || !isEnglish(w.key) && !mostlyNames.has(w.key))
		s.capitals = s.capitals && w.capital
	}
	return s
}

// hides reports whether a group is to be hidden in such a field.
func (t *text) hides(g group, field Field) bool {
	s := t.sum(g)
	whole := s.parts >= 2 && s.first && s.last || s.parts == 1 && s.initial && s.last && s.nameOnly
	single := t.mask.isOneWord() && s.first && s.last && s.nameOnly
	switch field {
	case Fact:
		return whole || single && g.to-g.from == len(t.words)
	case Company:
		return (whole || single) && !t.isBrand(g) || s.nameOnly && s.sure > 0 && t.ownFirm(g)
	}
	from, to := t.span(g)
	for _, k := range t.kept {
		if k[0] <= from && to <= k[1] && to-from < k[1]-k[0] {
			return false
		}
	}
	switch {
	case t.initialsOnly(g):
		return true
	case s.parts >= 2 && (s.capitals || s.nameOnly || g.to-g.from == 1):
		return !t.isBrand(g) || t.inOrder(g)
	case s.parts >= 2:
		after := t.neighbour(g.to-1, 1)
		return after != nil && humanVerbs.has(after.key)
	case s.initial && s.capitals:
		return true
	}
	return !t.isBrand(g) && t.anyIsName(g)
}

// anyIsName decides on a group with one part of the name, perhaps repeated.
func (t *text) anyIsName(g group) bool {
	for i := g.from; i < g.to; i++ {
		w := &t.words[i]
		match := w.match
		switch {
		case t.loose(i):
		case !match.sure:
			return w.capital
		case match.part.use == nameOnly && (w.capital || !isEnglish(w.key) && !mostlyNames.has(w.key)),
			w.accented && (match.part.use == commonWord || months.has(w.key)) && !isOther(w.key),
			match.part.use == commonWord && isEnglish(match.part.key) && len(match.part.key) > 2 && w.capital && t.foreign():
			return true
		case t.usedAsName(i):
			return true
		}
	}
	return false
}

// inOrder reports whether the words of a group follow each other as in the
// name.
func (t *text) inOrder(g group) bool {
	before := -1
	for i := g.from; i < g.to; i++ {
		if match := t.words[i].match; match != nil && match.part.id >= 0 {
			if match.part.id < before {
				return false
			}
			before = match.part.id
		}
	}
	return true
}

// ownFirm reports whether a firm is called by the name and by nothing else but
// what firms do: "Novák Consulting s.r.o.".
func (t *text) ownFirm(g group) bool {
	for i := range t.words {
		if i >= g.from && i < g.to {
			continue
		}
		if w := &t.words[i]; !firmWords.has(w.key) && utf8.RuneCountInString(w.key) > 1 {
			return false
		}
	}
	return !t.isBrand(g)
}

// isBrand reports whether a group is within the name of a known firm.
func (t *text) isBrand(g group) bool {
	for from := max(0, g.from-2); from <= g.from; from++ {
		for to := g.to; to <= min(len(t.words), g.to+2); to++ {
			var keys []string
			for _, w := range t.words[from:to] {
				if w.key != "and" {
					keys = append(keys, w.key)
				}
			}
			if brands.has(strings.Join(keys, " ")) {
				return true
			}
		}
	}
	return false
}

// span is the bytes of a group, with the point after a last initial.
func (t *text) span(g group) (from, to int) {
	from, to = t.words[g.from].start, t.words[g.to-1].end
	if utf8.RuneCountInString(t.words[g.to-1].key) == 1 && strings.HasPrefix(t.s[to:], ".") {
		to++
	}
	// A bracket or a quotation mark stays with its other half.
	for _, pair := range []string{"()", "“”", `""`} {
		open, end := pair[:len(pair)/2], pair[len(pair)/2:]
		inside := t.s[from:to]
		switch {
		case open == end && strings.Count(inside, open)%2 == 0, strings.Count(inside, open) == strings.Count(inside, end) && open != end:
		case strings.Contains(inside, open) && strings.HasPrefix(t.s[to:], end):
			to += len(end)
		case strings.Contains(inside, end) && strings.HasSuffix(t.s[:from], open):
			from -= len(open)
		}
	}
	return from, to
}

// foreign reports whether a text is in no English: its small words are none.
func (t *text) foreign() bool {
	words, english := 0, 0
	for _, w := range t.words {
		if r, _ := utf8.DecodeRuneInString(t.s[w.start:]); unicode.IsLower(r) && w.match == nil {
			words++
			if functionWords.has(w.key) || isEnglish(w.key) {
				english++
			}
		}
	}
	return words > 2 && english*3 < words
}
