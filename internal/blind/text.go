package blind

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// text is a text in which the name is searched for.
type text struct {
	mask      *Mask
	s         string
	words     []word
	protected [][2]int // byte ranges of facts of several words
}

// analyse returns the words of s and what each has in common with the name.
func (m *Mask) analyse(s string) *text {
	t := &text{mask: m, s: s, words: m.split(s)}
	for i := range t.words {
		t.words[i].match = m.matchWord(&t.words[i])
	}
	return t
}

// hasMatch reports whether any word may be part of the name.
func (t *text) hasMatch() bool {
	return slices.ContainsFunc(t.words, func(w word) bool { return w.match != nil })
}

// findProtected returns where the facts of several words are in the text.
func (t *text) findProtected() [][2]int {
	var found [][2]int
	for _, phrase := range t.mask.phrases {
		for at := 0; ; {
			i := strings.Index(t.s[at:], phrase)
			if i < 0 {
				break
			}
			found = append(found, [2]int{at + i, at + i + len(phrase)})
			at += i + len(phrase)
		}
	}
	return found
}

// group is a range of adjacent words, from up to but not including to, that may
// be a name.
type group struct{ from, to int }

// nameGap matches what may separate the words of one name.
var nameGap = onFirstUse(`^(?:[\p{Zs}.\-‐‑_'’·・־་"“”()]{0,3}|, ?)$`)

// groups returns the groups of words that may be a name, including initials and
// particles beside them.
func (t *text) groups() []group {
	t.protected = t.findProtected()
	var groups []group
	for i := 0; i < len(t.words); i++ {
		if !t.mayBelong(i) {
			continue
		}
		g := group{i, i + 1}
		for g.to < len(t.words) && t.mayBelong(g.to) && t.adjacent(g.to-1) {
			g.to++
		}
		i = g.to - 1
		if g = t.trim(g); g.from < g.to {
			groups = append(groups, g)
		}
	}
	return groups
}

// adjacent reports whether words i and i+1 may belong to one name. A dot and a
// space end a sentence, except after an initial. A comma may only separate a
// last name from a first name.
func (t *text) adjacent(i int) bool {
	gap, left, right := t.gapAfter(i), t.words[i].match, t.words[i+1].match
	switch {
	case !nameGap().MatchString(gap):
		return false
	// As in "Will will lead".
	case t.words[i].capital && !t.words[i+1].capital && right != nil && right.part.meaning == commonWord && !right.part.particle:
		return false
	case strings.HasPrefix(gap, ","):
		return left != nil && right != nil && left.last && right.first && left.part != right.part &&
			(left.part.meaning == nameOnly || right.part.meaning == nameOnly) || t.isInitial(i+1) && left != nil && left.last && left.part.meaning == nameOnly
	case strings.HasPrefix(gap, ". "):
		return utf8.RuneCountInString(t.words[i].key) == 1
	}
	return true
}

// gapAfter returns the text between word i and the next.
func (t *text) gapAfter(i int) string { return t.s[t.words[i].end:t.words[i+1].start] }

// mayBelong reports whether word i may be part of a name.
func (t *text) mayBelong(i int) bool { return t.words[i].match != nil || t.isInitial(i) }

// isInitial reports whether a word is the first letter of a part of the name.
// "A" and "I" are English words unless a dot follows.
func (t *text) isInitial(i int) bool {
	w := &t.words[i]
	if (w.key == "a" || w.key == "i") && !strings.HasPrefix(t.s[w.end:], ".") {
		return false
	}
	return !w.caseless && w.capital && utf8.RuneCountInString(w.key) == 1 && strings.Contains(t.mask.initials, w.key)
}

// notNameAlone reports whether a word is not a name by itself: an initial or a
// particle.
func (t *text) notNameAlone(i int) bool {
	match := t.words[i].match
	return match == nil || match.part.particle || match.part.initial
}

// trim removes particles from the end of a group, and initials that are not
// right beside the name. It returns an empty group if no name is left.
func (t *text) trim(g group) group {
	if t.initialsOnly(g) {
		return g
	}
	for g.to > g.from && t.notNameAlone(g.to-1) && !(t.isInitial(g.to-1) && g.to-g.from > 1 && !strings.Contains(t.gapAfter(g.to-2), ".")) {
		g.to--
	}
	if !slices.ContainsFunc(t.words[g.from:g.to], func(w word) bool { return w.match != nil && !w.match.part.particle && !w.match.part.initial }) {
		return group{}
	}
	return g
}

// initialsOnly reports whether a group is only initials, of a person whose name
// field has initials too.
func (t *text) initialsOnly(g group) bool {
	if g.to-g.from < 2 {
		return false
	}
	for i := g.from; i < g.to; i++ {
		if match := t.words[i].match; match == nil || !match.part.initial || !t.words[i].capital {
			return false
		}
	}
	return true
}
