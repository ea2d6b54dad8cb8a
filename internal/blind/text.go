package blind

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// text is a text that a name is looked for in.
type text struct {
	mask  *Mask
	s     string
	words []word
	kept  [][2]int // where facts of several words stand
}

func (m *Mask) read(s string) *text {
	t := &text{mask: m, s: s, words: m.split(s)}
	for i := range t.words {
		t.words[i].match = m.match(&t.words[i])
	}
	return t
}

// mentions reports whether there is anything to decide on.
func (t *text) mentions() bool {
	return slices.ContainsFunc(t.words, func(w word) bool { return w.match != nil })
}

// group is words [from, to) that stand together and may be a name.
type group struct{ from, to int }

// closely is what may stand between the words of one name.
var closely = onFirstUse(`^(?:[\p{Zs}.\-‐‑_'’·・־་"“”()]{0,3}|, ?)$`)

// groups finds the words of the name, with initials and particles beside them.
func (t *text) groups() []group {
	for _, phrase := range t.mask.phrases {
		for at := 0; ; {
			i := strings.Index(t.s[at:], phrase)
			if i < 0 {
				break
			}
			t.kept = append(t.kept, [2]int{at + i, at + i + len(phrase)})
			at += i + len(phrase)
		}
	}
	var groups []group
	for i := 0; i < len(t.words); i++ {
		if !t.may(i) {
			continue
		}
		g := group{i, i + 1}
		for g.to < len(t.words) && t.may(g.to) && t.together(g.to-1) {
			g.to++
		}
		i = g.to - 1
		if g = t.trim(g); g.from < g.to {
			groups = append(groups, g)
		}
	}
	return groups
}

// together reports whether words i and i+1 may belong to one name. A point with
// a space ends a sentence, unless it ends an initial; a comma stands between
// last and first name alone.
func (t *text) together(i int) bool {
	gap, left, right := t.between(i), t.words[i].match, t.words[i+1].match
	switch {
	case !closely().MatchString(gap):
		return false
	case t.words[i].capital && !t.words[i+1].capital && right != nil && right.part.use == commonWord && !right.part.particle: // "Will will"
		return false
	case strings.HasPrefix(gap, ","):
		return left != nil && right != nil && left.last && right.first && left.part != right.part &&
			(left.part.use == nameOnly || right.part.use == nameOnly) || t.isInitial(i+1) && left != nil && left.last && left.part.use == nameOnly
	case strings.HasPrefix(gap, ". "):
		return utf8.RuneCountInString(t.words[i].key) == 1
	}
	return true
}

// between is what stands between word i and the next.
func (t *text) between(i int) string { return t.s[t.words[i].end:t.words[i+1].start] }

func (t *text) may(i int) bool { return t.words[i].match != nil || t.isInitial(i) }

// isInitial reports whether a word is the first letter of a part of the name.
// "A" and "I" are words of their own without a point.
func (t *text) isInitial(i int) bool {
	w := &t.words[i]
	if (w.key == "a" || w.key == "i") && !strings.HasPrefix(t.s[w.end:], ".") {
		return false
	}
	return !w.caseless && w.capital && utf8.RuneCountInString(w.key) == 1 && strings.Contains(t.mask.initials, w.key)
}

// loose reports whether a word is no name by itself.
func (t *text) loose(i int) bool {
	match := t.words[i].match
	return match == nil || match.part.particle || match.part.initial
}

// trim takes particles off the end of a group, and initials that stand off.
func (t *text) trim(g group) group {
	if t.initialsOnly(g) {
		return g
	}
	for g.to > g.from && t.loose(g.to-1) && !(t.isInitial(g.to-1) && g.to-g.from > 1 && !strings.Contains(t.between(g.to-2), ".")) {
		g.to--
	}
	if !slices.ContainsFunc(t.words[g.from:g.to], func(w word) bool { return w.match != nil && !w.match.part.particle && !w.match.part.initial }) {
		return group{}
	}
	return g
}

// initialsOnly reports whether a group is the initials that the person goes by.
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
