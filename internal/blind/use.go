package blind

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// usedAsName reports whether a word that means something else, too, is used as
// the person's name.
func (t *text) usedAsName(i int) bool {
	w := &t.words[i]
	if !w.capital || w.upper && utf8.RuneCountInString(w.key) <= 4 && !t.shouts() {
		return false
	}
	if t.inCompound(i) {
		return false
	}
	before, after := t.neighbour(i, -1), t.neighbour(i, 1)
	use := w.match.part.use
	switch {
	case before != nil && honorifics.has(before.key):
		return true
	case after != nil && humanVerbs.has(after.key):
		return true
	case t.possessive(i):
		owned := t.at(i + 2)
		return use == commonWord || givenNames.has(w.key) || owned != nil && personal.has(owned.key)
	case after != nil && (use == commonWord || t.rarelyAThing(w.key)) && (generalVerbs.has(after.key) || isPast(t.s[after.start:after.end])):
		return true
	case months.has(w.key) && givenNames.has(w.key) && !t.tellsTime(i):
		return t.capitalInside(i)
	case use == properNoun:
		return before != nil && (meeting.has(before.key) || (before.key == "with" || before.key == "by") && (months.has(w.key) || places.has(w.key)))
	}
	return t.capitalInside(i) || t.alone(i)
}

// rarelyAThing reports whether a proper noun is a person rather than a tool or
// a month where something is told of it.
func (t *text) rarelyAThing(key string) bool {
	return givenNames.has(key) || !tools.has(key) && !months.has(key)
}

// shouts reports whether the whole text is in capitals.
func (t *text) shouts() bool { return strings.ToUpper(t.s) == t.s }

func (t *text) at(i int) *word {
	if i < 0 || i >= len(t.words) {
		return nil
	}
	return &t.words[i]
}

// neighbour is the word before or after word i, if only a space is between, or
// the point of an abbreviation.
func (t *text) neighbour(i, step int) *word {
	other := t.at(i + step)
	if other == nil {
		return nil
	}
	gap := t.between(min(i, i+step))
	if gap == " " || step < 0 && gap == ". " && honorifics.has(other.key) {
		return other
	}
	return nil
}

// possessive reports whether word i goes on in 's.
func (t *text) possessive(i int) bool {
	after := t.at(i + 1)
	return after != nil && after.key == "s" && strings.ContainsAny(t.between(i), "'’ʼ") && len(t.between(i)) <= len("’")
}

func isPast(verb string) bool {
	return len(verb) > 4 && strings.HasSuffix(verb, "ed") && strings.ToLower(verb) == verb
}

// inCompound reports whether a word is a part of one such as "mark-up".
func (t *text) inCompound(i int) bool {
	for _, j := range []int{i - 1, i + 1} {
		if other := t.at(j); other != nil && other.match == nil && strings.Trim(t.between(min(i, j)), "-‐‑") == "" && t.between(min(i, j)) != "" {
			return true
		}
	}
	return false
}

// tellsTime reports whether a month is used as one: "since May", "May 2019".
func (t *text) tellsTime(i int) bool {
	before, after := t.at(i-1), t.at(i+1)
	return before != nil && (timeWords.has(before.key) || isNumber(before.key)) || after != nil && isNumber(after.key)
}

func isNumber(key string) bool { return key != "" && strings.Trim(key, "0123456789") == "" }

// alone reports whether a word is a clause of its own: "led; Baker".
func (t *text) alone(i int) bool {
	apart := func(j int) bool {
		return j < 0 || j+1 >= len(t.words) || strings.ContainsAny(t.between(j), ",;:.!?()|")
	}
	return len(t.words) > 1 && apart(i-1) && apart(i)
}

// capitalInside reports whether a common word has a capital that neither the
// sentence's beginning nor a longer name explains.
func (t *text) capitalInside(i int) bool {
	before := t.neighbour(i, -1)
	if before == nil || articles.has(before.key) {
		return false
	}
	if first, _ := utf8.DecodeRuneInString(t.s[before.start:]); !unicode.IsLower(first) && !functionWords.has(before.key) {
		return false
	}
	after := t.neighbour(i, 1)
	return after == nil || !after.capital || after.caseless
}
