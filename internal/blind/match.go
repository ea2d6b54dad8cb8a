package blind

import (
	"strings"
	"unicode/utf8"

	"instaview-mcp/internal/fold"
)

// match is what a word of a text has in common with the name.
type match struct {
	part        *part
	parts       int // number of parts of the name in the word
	first, last bool
	exact       bool // equal except for case and accents; otherwise inflected
}

// matchWord returns which part of the name w is, or nil.
func (m *Mask) matchWord(w *word) *match {
	if w.unspacedName != nil {
		return &match{part: &part{caseless: true, id: -1}, parts: w.unspacedName.parts, first: w.unspacedName.first, last: w.unspacedName.last, exact: true}
	}
	if w.isUnspaced() {
		return nil
	}
	for i := range m.parts {
		if p := &m.parts[i]; w.key == p.key {
			return &match{p, 1, p.first, p.last, true}
		}
	}
	if found := m.matchJoined(w); found != nil {
		return found
	}
	// A word with another meaning is not taken for an inflected name.
	if hasOtherMeaning(w.key) || isForeignWord(w.key) {
		return nil
	}
	w.skeleton = skeleton(fold.Latin(softEndings.Replace(w.key)))
	for i := range m.parts {
		if p := &m.parts[i]; !p.particle && !p.initial && p.isFormOf(w) {
			return &match{p, 1, p.first, p.last, false}
		}
	}
	return nil
}

// softEndings makes Russian names that differ only in a soft sign alike, such
// as "Наталья" and "Наталия".
var softEndings = strings.NewReplacer("ье", "ие", "ью", "ию", "ьи", "ии")

// matchJoined finds a name that is written as one word ("JaneDoe", "janedoe42",
// "jdoe"), or a part of it that is joined to another word, as in "NovákSoft".
func (m *Mask) matchJoined(w *word) *match {
	both := &match{part: &part{id: -2}, parts: 2, first: true, last: true, exact: true}
	name := strings.Trim(w.key, "0123456789")
	// "benchmark" is a word even if the name is Mark Bench.
	if hasOtherMeaning(name) && w.camelParts == nil {
		return nil
	}
	if m.joined[name] || m.handles[name] && !hasOtherMeaning(name) && !w.upper {
		return both
	}
	for joined := range m.joined {
		if len(joined) >= 7 && strings.Contains(w.key, joined) {
			return both
		}
	}
	for i := range m.parts {
		p := &m.parts[i]
		if p.meaning == nameOnly && len(p.latin) >= 4 {
			for _, hump := range w.camelParts {
				if hump == p.key {
					return &match{p, 1, p.first, p.last, true}
				}
			}
		}
		if rest, ok := strings.CutPrefix(w.key, p.key); ok && p.meaning == nameOnly && len(p.key) >= 4 && (firmWords.has(rest) && len(rest) > 2 || strings.Trim(rest, "0123456789") == "") {
			return &match{p, 1, p.first, p.last, true}
		}
	}
	return nil
}

// isFormOf reports whether w is p inflected or transliterated.
func (p *part) isFormOf(w *word) bool {
	if p.caseless && w.caseless && len([]rune(p.key)) >= 3 && sameScript(p.key, w.key) {
		return caselessForm(p.key, w.key)
	}
	if len(p.skeleton) < 3 {
		return false
	}
	if genitive, ok := strings.CutSuffix(w.key, "s"); ok && genitive == p.key {
		return len(genitive) >= 4
	}
	s := w.skeleton
	if s == p.skeleton {
		return len(s) >= 4
	}
	if p.caseless && !w.caseless && len(p.consonants) >= 3 && consonants(s) == p.consonants {
		return true
	}
	if len(s) < 3 {
		return false
	}
	if len(s) >= 4 && p.forms[s] { // "Марии" from "Мария", "Novákov" from "Nováková"
		return true
	}
	for cut := max(2, len(s)-maxEnding); cut < len(s); cut++ {
		if p.forms[s[:cut]] && endings.has(s[cut:]) && p.acceptsEnding(s[cut:]) {
			return true
		}
	}
	return false
}

// acceptsEnding reports whether an ending may follow p. Short names accept no
// single consonant, since that makes another name, such as Janet of Jane.
func (p *part) acceptsEnding(ending string) bool {
	switch {
	case strings.IndexAny(ending[:1], "aeiou") == 0:
		return true
	case len(ending) == 1:
		return len(p.skeleton) >= 5
	}
	return len(p.latin) >= 4
}

// sameScript reports whether a starts and b ends in the same script.
func sameScript(a, b string) bool {
	first, _ := utf8.DecodeRuneInString(a)
	last, _ := utf8.DecodeLastRuneInString(b)
	return scriptOf(first) == scriptOf(last)
}

// caselessForm reports whether text is name inflected in a script without
// capitals: with the short words that Hebrew and Arabic join to the front, or
// with an ending.
func caselessForm(name, text string) bool {
	before, after, found := strings.Cut(text, name)
	if !found {
		stem := strings.TrimRight(name, "ი") // Georgian drops this letter before an ending
		before, after, found = strings.Cut(text, stem)
		return found && before == "" && stem != name && stem != "" && len([]rune(after)) <= 4
	}
	switch scriptOf([]rune(name)[0]) {
	case "Hebrew", "Arabic":
		return strings.Trim(before, "ולבמשכהفبلكوا") == "" && len([]rune(before)) <= 3 && len([]rune(after)) <= 1
	}
	return before == "" && len([]rune(after)) <= 4
}

// stems returns what may be left of a name's skeleton when it is inflected:
// "novakov" of "novakova", "mark" of "marek", "kovalsk" of "kovalski".
func stems(skeleton string) map[string]bool {
	stems := map[string]bool{}
	if len(skeleton) < 3 {
		return stems
	}
	stems[skeleton] = true
	last := skeleton[len(skeleton)-1]
	if last == 'a' || len(skeleton) >= 5 && strings.IndexByte("eio", last) >= 0 {
		stems[skeleton[:len(skeleton)-1]] = true
	}
	// Greek, Lithuanian, Icelandic.
	for _, drop := range []string{"os", "as", "is", "us", "es", "ir"} {
		if stem, ok := strings.CutSuffix(skeleton, drop); ok && len(stem) >= 3 {
			stems[stem] = true
		}
	}
	if stem, ok := strings.CutSuffix(skeleton, "s"); ok && len(stem) >= 5 { // Latvian
		stems[stem] = true
	}
	if stem, ok := strings.CutSuffix(skeleton, "nen"); ok { // Finnish
		stems[stem+"s"] = true
	}
	// Marek, Pavel, Hudec.
	if n := len(skeleton); n >= 5 && strings.IndexByte("eo", skeleton[n-2]) >= 0 && strings.IndexByte("kclrnt", last) >= 0 {
		stems[skeleton[:n-2]+skeleton[n-1:]] = true
	}
	return stems
}
