package blind

import (
	"strings"
	"unicode/utf8"

	"instaview-mcp/internal/fold"
)

// match is what a word of a text has in common with a name.
type match struct {
	part        *part
	parts       int // how many parts of the name are in the word
	first, last bool
	sure        bool // the very word, in whatever case; else a form of it
}

// match returns which part of the name a word is, or nil.
func (m *Mask) match(w *word) *match {
	if w.compact != nil {
		return &match{part: &part{caseless: true, id: -1}, parts: w.compact.parts, first: w.compact.first, last: w.compact.last, sure: true}
	}
	if w.spaceless() {
		return nil
	}
	for i := range m.parts {
		if p := &m.parts[i]; w.key == p.key {
			return &match{p, 1, p.first, p.last, true}
		}
	}
	if found := m.severalIn(w); found != nil {
		return found
	}
	// A form must look like a name, and mean nothing else.
	if knownWord(w.key) || isOther(w.key) {
		return nil
	}
	w.skeleton = skeleton(fold.Latin(softEnding.Replace(w.key)))
	for i := range m.parts {
		if p := &m.parts[i]; !p.particle && !p.initial && p.hasForm(w) {
			return &match{p, 1, p.first, p.last, false}
		}
	}
	return nil
}

// softEnding declines "Наталья" like "Наталия".
var softEnding = strings.NewReplacer("ье", "ие", "ью", "ию", "ьи", "ии")

// severalIn finds a name written in one word: "JaneDoe", "janedoe42", "jdoe",
// or a part of it joined to another word, as in "NovákSoft".
func (m *Mask) severalIn(w *word) *match {
	both := &match{part: &part{id: -2}, parts: 2, first: true, last: true, sure: true}
	name := strings.Trim(w.key, "0123456789")
	if knownWord(name) && w.humps == nil { // "benchmark" of Mark Bench
		return nil
	}
	if m.joined[name] != nil || m.handles[name] && !knownWord(name) && !w.upper {
		return both
	}
	for joined := range m.joined {
		if len(joined) >= 7 && strings.Contains(w.key, joined) {
			return both
		}
	}
	for i := range m.parts {
		p := &m.parts[i]
		if p.use == nameOnly && len(p.latin) >= 4 {
			for _, hump := range w.humps {
				if hump == p.key {
					return &match{p, 1, p.first, p.last, true}
				}
			}
		}
		if rest, ok := strings.CutPrefix(w.key, p.key); ok && p.use == nameOnly && len(p.key) >= 4 && (firmWords.has(rest) && len(rest) > 2 || strings.Trim(rest, "0123456789") == "") {
			return &match{p, 1, p.first, p.last, true}
		}
	}
	return nil
}

// hasForm reports whether a word is a declined or transliterated form of p.
func (p *part) hasForm(w *word) bool {
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
	if len(s) >= 4 && p.forms[s] { // "Марии" of "Мария", "Novákov" of "Nováková"
		return true
	}
	for cut := max(2, len(s)-maxEnding); cut < len(s); cut++ {
		if p.forms[s[:cut]] && endings.has(s[cut:]) && p.takes(s[cut:]) {
			return true
		}
	}
	return false
}

// takes reports whether an ending may follow the name: a single consonant makes
// another name of a short one, such as Janet of Jane.
func (p *part) takes(ending string) bool {
	switch {
	case strings.IndexAny(ending[:1], "aeiou") == 0:
		return true
	case len(ending) == 1:
		return len(p.skeleton) >= 5
	}
	return len(p.latin) >= 4
}

func sameScript(a, b string) bool {
	first, _ := utf8.DecodeRuneInString(a)
	last, _ := utf8.DecodeLastRuneInString(b)
	return scriptOf(first) == scriptOf(last)
}

// caselessForm knows the short words that Hebrew and Arabic write before a
// name, and the endings that other scripts without capitals put after it.
func caselessForm(name, text string) bool {
	before, after, found := strings.Cut(text, name)
	if !found {
		stem := strings.TrimRight(name, "ი") // Georgian drops it before an ending
		before, after, found = strings.Cut(text, stem)
		return found && before == "" && stem != name && stem != "" && len([]rune(after)) <= 4
	}
	switch scriptOf([]rune(name)[0]) {
	case "Hebrew", "Arabic":
		return strings.Trim(before, "ולבמשכהفبلكوا") == "" && len([]rune(before)) <= 3 && len([]rune(after)) <= 1
	}
	return before == "" && len([]rune(after)) <= 4
}

// stems are what a name keeps when it is declined: "novakov" of "novakova",
// "mark" of "marek", "kovalsk" of "kovalski".
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
	for _, drop := range []string{"os", "as", "is", "us", "es", "ir"} { // Greek, Lithuanian, Icelandic
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
	if n := len(skeleton); n >= 5 && strings.IndexByte("eo", skeleton[n-2]) >= 0 && strings.IndexByte("kclrnt", last) >= 0 { // Marek, Pavel, Hudec
		stems[skeleton[:n-2]+skeleton[n-1:]] = true
	}
	return stems
}
