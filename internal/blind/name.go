package blind

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"instaview-mcp/internal/fold"
)

// nameWord is a word that a name field holds as a part of the name.
type nameWord struct {
	text  string
	first bool // a first name, or the whole of a name of one word
	last  bool // a last name, or the whole of a name of one word
	maybe bool // perhaps a degree
}

var (
	// inBrackets finds a nickname, a former name, a pronoun or a slogan.
	inBrackets = onFirstUse(`\(([^)]*)\)?|\[([^\]]*)\]?|\{([^}]*)\}?|[“”„"«]([^“”„"»]*)[“”"»]?|(?:^|\s)['‘]([^'‘’]*)['’](?:\s|$)`)
	// between finds what stands between a name and a title or a slogan.
	between = onFirstUse(`\s[-–—/:·@]+\s|\s[-–—]+$|[-–—]\s|[|¦•;*]|\sat\s`)
)

// onFirstUse compiles a pattern that most runs of the program never need.
func onFirstUse(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// readName finds the words of a name in a profile's name field: "Ing. Jana
// Nováková, PhD (she/her) | CTO" names Jana and Nováková.
func readName(field string) []nameWord {
	field = norm.NFKC.String(field)
	var extra []nameWord
	outside := inBrackets().ReplaceAllStringFunc(field, func(s string) string {
		inside := strings.Trim(s, " ()[]{}“”„\"«»'‘’")
		if words, slogan := nameWords(inside); !slogan && len(words) <= 4 && !strings.Contains(inside, "/") {
			extra = append(extra, words...)
		}
		return " "
	})
	names := mainName(outside)
	if len(names) == 0 && len(extra) == 0 { // better a word too many than the name
		for text := range strings.FieldsSeq(outside) {
			if !roleWords.has(fold.Word(text)) {
				names = append(names, nameWord{text: text, maybe: true})
			}
		}
	}
	return append(markEnds(names), markEnds(extra)...)
}

// mainName reads the part of the field that is most like a name: the first of
// two words or more, or else of one. A name in another script is one, too.
func mainName(outside string) []nameWord {
	var best []nameWord
	segments := between().Split(strings.Map(separateSymbols, outside), -1)
	for _, least := range []int{2, 1} {
		for _, segment := range segments {
			words, slogan := nameWords(segment)
			if slogan && len(segments) > 1 || len(words) < least && !severalCharacters(words) {
				continue
			}
			if best == nil || latinWords(best) != latinWords(words) && least == 2 {
				best = append(best, words...)
			}
		}
		if best != nil {
			break
		}
	}
	return best
}

// separateSymbols makes an emoji a separator.
func separateSymbols(r rune) rune {
	if unicode.In(r, unicode.So, unicode.Sk) && r > unicode.MaxLatin1 || r == '®' || r == '™' {
		return '|'
	}
	return r
}

// severalCharacters reports whether a single word is a whole name in its script.
func severalCharacters(words []nameWord) bool {
	if len(words) != 1 {
		return false
	}
	first, _ := utf8.DecodeRuneInString(words[0].text)
	return spaceless(first) && utf8.RuneCountInString(words[0].text) > 1
}

func latinWords(words []nameWord) bool {
	return strings.ContainsFunc(words[0].text, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
}

// nameWords reads the words of a segment that are no titles; slogan reports
// whether the segment rather says something. After a comma stands a first name,
// if only a last name stands before it, or more often a degree.
func nameWords(segment string) (words []nameWord, slogan bool) {
	all := strings.FieldsFunc(segment, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == '，' })
	mixed := strings.ToUpper(segment) != segment
	told := 0 // words that say something
	comma := false
	for _, text := range all {
		text = strings.Trim(text, ".!?:/&+~_#\"“”„«»‘’'")
		key := fold.Word(text)
		switch {
		case key == "":
		case isTitle(text, len(words)), formerly.has(key):
		case functionWords.has(key) && !unicode.IsUpper([]rune(text)[0]) && !particles.has(key), strings.ContainsAny(text, "@0123456789") && !strings.HasPrefix(text, "A-"):
			told++
		case roleWords.has(key), tools.has(key) && len(all) > 1 && told > 0:
			told++
		default:
			credential := mixed && len(words) >= 2 && utf8.RuneCountInString(text) <= 5 && utf8.RuneCountInString(text) > 1 && strings.ToUpper(text) == text && hasCase([]rune(text)[0])
			words = append(words, nameWord{text: text, maybe: credential})
		}
	}
	before, after, found := strings.Cut(segment, ",")
	if found {
		words, comma = acrossComma(before, after)
	}
	if comma {
		return words, false
	}
	return words, told > len(words)
}

// acrossComma reads "Nováková, Jana" and "Jana Nováková, PhD"; swapped reports
// the former.
func acrossComma(before, after string) (words []nameWord, swapped bool) {
	left, _ := nameWords(before)
	next, rest, _ := strings.Cut(after, ",")
	right, slogan := nameWords(next)
	if len(left) == 0 {
		return nameWords(after)
	}
	if slogan || len(right) == 0 || len(right) > 2 || len(left) > 2 || allUpper(right) && !allUpper(left) {
		return left, false
	}
	if len(left) == 2 && (knownWord(fold.Word(right[0].text)) || len(right) > 1) {
		return left, false // "Jane Doe, Acme Corp"
	}
	_ = rest // degrees
	return append(slices.Clone(right), left...), true
}

func allUpper(words []nameWord) bool {
	return !slices.ContainsFunc(words, func(w nameWord) bool { return strings.ToUpper(w.text) != w.text })
}

// markEnds notes which words are the first and the last name.
func markEnds(words []nameWord) []nameWord {
	var whole []int
	for i := range words {
		if !words[i].maybe {
			whole = append(whole, i)
		}
	}
	if len(whole) > 0 {
		words[whole[0]].first = true
		words[whole[len(whole)-1]].last = true
	}
	return words
}

var dotted = onFirstUse(`^(\p{Lu}\.){1,3}\p{Lu}?$`)

// isTitle reports whether a word of a name field is a title or a degree, after
// so many words of the name.
func isTitle(text string, position int) bool {
	if dotted().MatchString(text) && position < 2 { // J.R. Smith
		return false
	}
	if credentials.has(strings.ReplaceAll(text, ".", "")) {
		return position >= 1
	}
	key := fold.Word(text)
	return titles.has(key) || position > 0 && suffixes.has(key)
}
