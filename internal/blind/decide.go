package blind

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// groupFacts describes a group of words that may be a name.
type groupFacts struct {
	parts             int  // different parts of the name
	hasInitial        bool // an initial, or a particle with a capital
	hasFirst, hasLast bool
	exact             int  // words that are a part of the name exactly, not inflected
	nameOnly          bool // one of them has no other meaning
	capitals          bool // all of them are capitalised
}

// summarise returns the facts about g on which hides decides.
func (t *text) summarise(g group) groupFacts {
	s := groupFacts{capitals: true}
	seen := map[int]bool{}
	for i := g.from; i < g.to; i++ {
		w := &t.words[i]
		if t.notNameAlone(i) {
			s.hasInitial = s.hasInitial || t.isInitial(i) || w.match != nil && w.match.part.particle && w.capital
			continue
		}
		if !seen[w.match.part.id] {
			s.parts += w.match.parts
		}
		seen[w.match.part.id] = true
		s.hasFirst, s.hasLast = s.hasFirst || w.match.first, s.hasLast || w.match.last
		if w.match.exact {
			s.exact++
		}
		s.nameOnly = s.nameOnly || w.isOnlyName()
		s.capitals = s.capitals && w.capital
	}
	return s
}

// hides reports whether g is hidden in this kind of field.
func (t *text) hides(g group, field Field) bool {
	s := t.summarise(g)
	whole := s.parts >= 2 && s.hasFirst && s.hasLast || s.parts == 1 && s.hasInitial && s.hasLast && s.nameOnly
	single := t.mask.isOneWord() && s.hasFirst && s.hasLast && s.nameOnly
	switch field {
	case Fact:
		return whole || single && g.to-g.from == len(t.words)
	case Company:
		return (whole || single) && !t.isBrand(g) || s.nameOnly && s.exact > 0 && t.isOwnFirm(g)
	}
	return !t.isProtected(g) && t.hidesInProse(g, s)
}

// isProtected reports whether g is within a longer fact of the profile.
func (t *text) isProtected(g group) bool {
	from, to := t.span(g)
	return slices.ContainsFunc(t.protected, func(k [2]int) bool {
		return k[0] <= from && to <= k[1] && to-from < k[1]-k[0]
	})
}

// hidesInProse reports whether g is used as the name in sentences.
func (t *text) hidesInProse(g group, s groupFacts) bool {
	switch {
	case t.initialsOnly(g):
		return true
	case s.parts >= 2 && (s.capitals || s.nameOnly || g.to-g.from == 1):
		return !t.isBrand(g) || t.inOrder(g)
	case s.parts >= 2:
		after := t.adjacentWord(g.to-1, 1)
		return after != nil && humanVerbs.has(after.key)
	case s.hasInitial && s.capitals:
		return true
	}
	return !t.isBrand(g) && t.hasNameUse(g)
}

// hasNameUse reports whether a group with one part of the name, which may be
// repeated, uses it as a name.
func (t *text) hasNameUse(g group) bool {
	for i := g.from; i < g.to; i++ {
		w := &t.words[i]
		match := w.match
		switch {
		case t.notNameAlone(i):
		case !match.exact:
			return w.capital
		case w.isOnlyName():
			return true
		case w.accented && (match.part.meaning == commonWord || months.has(w.key)) && !isForeignWord(w.key):
			return true // no English word has accents
		case match.part.meaning == commonWord && isEnglish(match.part.key) && len(match.part.key) > 2 && w.capital && t.isNotEnglish():
			return true // an English word is rare in another language
		case t.usedAsName(i):
			return true
		}
	}
	return false
}

// isOnlyName reports whether a word that matches has no other meaning, at least
// not as it is written.
func (w *word) isOnlyName() bool {
	return w.match.part.meaning == nameOnly && (w.capital || !isEnglish(w.key) && !mostlyNames.has(w.key))
}

// inOrder reports whether the words of g are in the order of the name.
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

// isOwnFirm reports whether a company's name is the person's name and otherwise
// only words for a kind of company: "Novák Consulting s.r.o.".
func (t *text) isOwnFirm(g group) bool {
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

// isBrand reports whether g is part of the name of a well-known company.
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

// span returns the byte offsets of g, including the dot after a last initial
// and the other half of a bracket or quotation mark.
func (t *text) span(g group) (from, to int) {
	from, to = t.words[g.from].start, t.words[g.to-1].end
	if utf8.RuneCountInString(t.words[g.to-1].key) == 1 && strings.HasPrefix(t.s[to:], ".") {
		to++
	}
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

// isNotEnglish reports whether few of the lower-case words are English. A
// common English word in such a text is more likely a name.
func (t *text) isNotEnglish() bool {
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
