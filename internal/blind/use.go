package blind

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// usedAsName reports whether a word with another meaning is used as the
// person's name.
func (t *text) usedAsName(i int) bool {
	w := &t.words[i]
	if !w.capital || w.upper && utf8.RuneCountInString(w.key) <= 4 && !t.isAllCapitals() {
		return false
	}
	if t.inCompound(i) {
		return false
	}
	before, after := t.adjacentWord(i, -1), t.adjacentWord(i, 1)
	use := w.match.part.meaning
	switch {
	case before != nil && honorifics.has(before.key):
		return true
	case after != nil && humanVerbs.has(after.key):
		return true
	case t.isPossessive(i):
		owned := t.word(i + 2)
		return use == commonWord || givenNames.has(w.key) || owned != nil && personalNouns.has(owned.key)
	case after != nil && (use == commonWord || t.usuallyPerson(w.key)) && (generalVerbs.has(after.key) || isPastTense(t.s[after.start:after.end])):
		return true
	case months.has(w.key) && givenNames.has(w.key) && !t.isDate(i):
		return t.hasNameCapital(i)
	case use == properNoun:
		return before != nil && (meetingVerbs.has(before.key) || (before.key == "with" || before.key == "by") && (months.has(w.key) || places.has(w.key)))
	}
	return t.hasNameCapital(i) || t.isOwnClause(i)
}

// usuallyPerson reports whether a proper noun, as the subject of a verb, is a
// person rather than a tool or a month.
func (t *text) usuallyPerson(key string) bool {
	return givenNames.has(key) || !tools.has(key) && !months.has(key)
}

// isAllCapitals reports whether the whole text is in capitals.
func (t *text) isAllCapitals() bool { return strings.ToUpper(t.s) == t.s }

// word returns word i, or nil if there is none.
func (t *text) word(i int) *word {
	if i < 0 || i >= len(t.words) {
		return nil
	}
	return &t.words[i]
}

// adjacentWord returns the word before (step -1) or after (step 1) word i. It
// returns nil if more than a space, or the dot of an abbreviated title,
// separates them.
func (t *text) adjacentWord(i, step int) *word {
	other := t.word(i + step)
	if other == nil {
		return nil
	}
	gap := t.gapAfter(min(i, i+step))
	if gap == " " || step < 0 && gap == ". " && honorifics.has(other.key) {
		return other
	}
	return nil
}

// isPossessive reports whether 's follows word i.
func (t *text) isPossessive(i int) bool {
	after := t.word(i + 1)
	return after != nil && after.key == "s" && strings.ContainsAny(t.gapAfter(i), "'’ʼ") && len(t.gapAfter(i)) <= len("’")
}

// isPastTense reports whether a word looks like an English verb in the past
// tense.
func isPastTense(verb string) bool {
	return len(verb) > 4 && strings.HasSuffix(verb, "ed") && strings.ToLower(verb) == verb
}

// inCompound reports whether a word is part of a hyphenated one, such as
// "mark-up".
func (t *text) inCompound(i int) bool {
	for _, j := range []int{i - 1, i + 1} {
		if other := t.word(j); other != nil && other.match == nil && strings.Trim(t.gapAfter(min(i, j)), "-‐‑") == "" && t.gapAfter(min(i, j)) != "" {
			return true
		}
	}
	return false
}

// isDate reports whether a month means a time: "since May", "May 2019".
func (t *text) isDate(i int) bool {
	before, after := t.word(i-1), t.word(i+1)
	return before != nil && (timeWords.has(before.key) || isNumber(before.key)) || after != nil && isNumber(after.key)
}

// isNumber reports whether key consists of digits.
func isNumber(key string) bool { return key != "" && strings.Trim(key, "0123456789") == "" }

// isOwnClause reports whether a word is a clause by itself, as in "led; Baker".
func (t *text) isOwnClause(i int) bool {
	apart := func(j int) bool {
		return j < 0 || j+1 >= len(t.words) || strings.ContainsAny(t.gapAfter(j), ",;:.!?()|")
	}
	return len(t.words) > 1 && apart(i-1) && apart(i)
}

// hasNameCapital reports whether a common word is capitalised although it
// neither starts a sentence nor belongs to a longer name.
func (t *text) hasNameCapital(i int) bool {
	before := t.adjacentWord(i, -1)
	if before == nil || articles.has(before.key) {
		return false
	}
	if first, _ := utf8.DecodeRuneInString(t.s[before.start:]); !unicode.IsLower(first) && !functionWords.has(before.key) {
		return false
	}
	after := t.adjacentWord(i, 1)
	return after == nil || !after.capital || after.caseless
}
