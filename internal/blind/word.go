package blind

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"instaview-mcp/internal/fold"
)

// word is a word of a text, without the signs around it.
type word struct {
	start, end int
	key        string // folded: without case, marks and width
	capital    bool   // begins with a capital, or its script has none
	accented   bool   // Latin with diacritics, which no English word has
	upper      bool   // two capitals or more, and nothing else
	caseless   bool   // its script has no capitals
	skeleton   string // once forms are looked for
	compact    *compact
	humps      []string // the keys of "Jane" and "Doe" in "JaneDoe"
	match      *match
}

// split reads the words of a text. In a script without spaces a word is either
// a way to write the name or a single character.
func (m *Mask) split(s string) []word {
	var words []word
	before := rune(0)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case spaceless(r):
			w := word{start: i, end: i + size, key: s[i : i+size], capital: true, caseless: true}
			if c := m.compactAt(s[i:], before); c != nil {
				w.end, w.key, w.compact = i+len(c.text), c.text, c
			}
			words = append(words, w)
			i = w.end
		case isWordRune(r):
			end := i + strings.IndexFunc(s[i:], func(r rune) bool { return !isWordRune(r) || spaceless(r) })
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

func newWord(s string, start, end int) word {
	text := s[start:end]
	w := word{start: start, end: end, key: fold.Word(text)}
	first, _ := utf8.DecodeRuneInString(text)
	w.caseless = !hasCase(first)
	w.capital = w.caseless || unicode.IsUpper(first) || unicode.IsTitle(first)
	w.upper = !w.caseless && utf8.RuneCountInString(text) > 1 && strings.ToUpper(text) == text
	w.accented = !w.caseless && len(w.key) < len(text) && onlyASCII(w.key)
	if !w.upper {
		w.humps = humps(text)
	}
	return w
}

func (w *word) spaceless() bool {
	first, _ := utf8.DecodeRuneInString(w.key)
	return spaceless(first)
}

func onlyASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// hasCase reports whether r is a letter of a script that begins names with a
// capital. Georgian has capitals, and does not use them so.
func hasCase(r rune) bool {
	return (unicode.IsUpper(r) || unicode.IsTitle(r) || unicode.ToUpper(r) != r) && !unicode.Is(unicode.Georgian, r)
}

// humps splits a word before each capital that follows a small letter.
func humps(text string) []string {
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

func isWordRune(r rune) bool {
	const apostrophe = 'ʼ' // a letter to Unicode, but writers end a name with it
	return r != apostrophe && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || unicode.Is(unicode.Cf, r))
}

func spaceless(r rune) bool {
	return r > unicode.MaxLatin1 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) ||
		r == 'ー'
}

// skeleton reduces a transliterated word to what the usual transliterations of
// it agree on: "dmitriy", "dmitrij" and "dmitry" are all "dmitri".
func skeleton(latin string) string {
	s := agree.Replace(latin)
	var b strings.Builder
	before := rune(0)
	for _, r := range s {
		if r != before {
			b.WriteRune(r)
		}
		before = r
	}
	s = b.String()
	if rest, ok := strings.CutPrefix(s, "ie"); ok { // Yevgeny, Evgeny
		s = "e" + rest
	}
	return s
}

var agree = strings.NewReplacer(
	"shch", "s", "tsch", "k", "sch", "s", "sh", "s", "sz", "s", "ch", "k", "cz", "k", "tz", "k", "ts", "k", "ck", "k", "c", "k", "qu", "kv", "q", "k",
	"kh", "h", "ph", "v", "f", "v", "th", "t", "gh", "g", "zh", "z", "rz", "z", "dz", "z", "dj", "d", "x", "ks",
	"ue", "u", "oe", "o", "ae", "a", "ou", "u", "w", "v", "y", "i", "j", "i",
)

// consonants is a transliterated word without its vowels but the first, as some
// scripts are written: "amt" of "amit".
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
