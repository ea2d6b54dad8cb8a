package blind

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"instaview-mcp/internal/fold"
	"instaview-mcp/internal/sanitize"
)

// word is a word of a text, without the punctuation around it.
type word struct {
	start, end   int
	key          string // folded, see package fold
	capital      bool   // starts with a capital, or its script has none
	accented     bool   // has diacritics, unlike English words
	upper        bool   // two or more letters, all capitals
	caseless     bool   // its script has no capitals
	skeleton     string // set when inflected forms are searched for
	unspacedName *unspacedName
	camelParts   []string // keys of "Jane" and "Doe" in "JaneDoe"
	match        *match
}

// split returns the words of a text. In a script without spaces, a word is
// either the name or a single character.
func (m *Mask) split(s string) []word {
	var words []word
	before := rune(0)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case isUnspaced(r):
			w := word{start: i, end: i + size, key: s[i : i+size], capital: true, caseless: true}
			if c := m.unspacedAt(s[i:], before); c != nil {
				w.end, w.key, w.unspacedName = i+len(c.text), c.text, c
			}
			words = append(words, w)
			i = w.end
		case isWordRune(r):
			end := i + strings.IndexFunc(s[i:], func(r rune) bool { return !isWordRune(r) || isUnspaced(r) })
			if end < i {
				end = len(s)
			}
			words = append(words, newWord(s, i, end))
			i = end
		default:
			i += size
		}
		before, _ = utf8.DecodeLastRuneInString(s[:i])
	}
	return words
}

// newWord returns the word at s[start:end].
func newWord(s string, start, end int) word {
	text := s[start:end]
	w := word{start: start, end: end, key: fold.Word(text)}
	first, _ := utf8.DecodeRuneInString(text)
	w.caseless = !hasCase(first)
	w.capital = w.caseless || unicode.IsUpper(first) || unicode.IsTitle(first)
	w.upper = !w.caseless && utf8.RuneCountInString(text) > 1 && strings.ToUpper(text) == text
	w.accented = !w.caseless && len(w.key) < len(text) && onlyASCII(w.key)
	if !w.upper {
		w.camelParts = camelParts(text)
	}
	return w
}

// isUnspaced reports whether the word is in a script without spaces.
func (w *word) isUnspaced() bool {
	first, _ := utf8.DecodeRuneInString(w.key)
	return isUnspaced(first)
}

// onlyASCII reports whether s has only ASCII characters.
func onlyASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// hasCase reports whether r belongs to a script that capitalises names.
// Georgian has capitals but does not use them for names.
func hasCase(r rune) bool {
	return (unicode.IsUpper(r) || unicode.IsTitle(r) || unicode.ToUpper(r) != r) && !unicode.Is(unicode.Georgian, r)
}

// camelParts splits a word before each capital that follows a lower-case
// letter, and returns the keys of its parts. It returns nil for one part.
func camelParts(text string) []string {
	var keys []string
	start, before := 0, rune(0)
	for i, r := range text {
		if unicode.IsUpper(r) && unicode.IsLower(before) {
			keys = append(keys, fold.Word(text[start:i]))
			start = i
		}
		before = r
	}
	if keys == nil {
		return nil
	}
	return append(keys, fold.Word(text[start:]))
}

// isWordRune reports whether r may be part of a word.
func isWordRune(r rune) bool {
	const apostrophe = 'ʼ' // a letter in Unicode, but used as a quotation mark
	return r != apostrophe && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || unicode.Is(unicode.Cf, r))
}

// isUnspaced reports whether r belongs to a script without spaces between
// words, or is the sign of a long vowel, which Unicode counts to none.
func isUnspaced(r rune) bool { return sanitize.IsUnspaced(r) || r == 'ー' }

// skeleton reduces a transliterated word to what the usual transliterations of
// it have in common: "dmitri" for "dmitriy", "dmitrij" and "dmitry".
func skeleton(latin string) string {
	s := transliterations.Replace(latin)
	var b strings.Builder
	before := rune(0)
	for _, r := range s {
		if r != before {
			b.WriteRune(r)
		}
		before = r
	}
	s = b.String()
	if rest, ok := strings.CutPrefix(s, "ie"); ok { // "Yevgeny" is also written "Evgeny"
		s = "e" + rest
	}
	return s
}

// transliterations maps the spellings of a sound to one of them.
var transliterations = strings.NewReplacer(
	// Dostoyevsky.
	"oyev", "ov", "oiev", "ov", "ojev", "ov", "ayev", "av", "aiev", "av", "ajev", "av", "eyev", "ev", "eiev", "ev", "ejev", "ev",
	"shch", "s", "tsch", "k", "tsh", "k", "sch", "s", "sh", "s", "sz", "s", "ch", "k", "cz", "k", "tz", "k", "ts", "k", "ck", "k", "c", "k", "qu", "kv", "q", "k",
	"kh", "h", "ph", "v", "f", "v", "th", "t", "gh", "g", "zh", "z", "rz", "z", "dz", "z", "dj", "d", "x", "ks",
	"ue", "u", "oe", "o", "ae", "a", "ou", "u", "w", "v", "y", "i", "j", "i",
)

// consonants returns a skeleton without vowels, except its first letter, as
// some scripts are written: "amt" for "amit".
func consonants(skeleton string) string {
	if skeleton == "" {
		return ""
	}
	return skeleton[:1] + strings.Map(func(r rune) rune {
		if strings.ContainsRune("aeiou", r) {
			return -1
		}
		return r
	}, skeleton[1:])
}
