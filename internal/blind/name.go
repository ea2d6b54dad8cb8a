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
			if key := fold.Word(text); key != "" && !roleWords.has(key) {
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

// severalCharacters reports whether a single word is a whole name in its
// script.
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
// whether the segment says something rather than names someone.
func nameWords(segment string) (words []nameWord, slogan bool) {
	if before, after, found := strings.Cut(segment, ","); found {
		return acrossComma(before, after)
	}
	told := 0 // words that say something
	mixed := strings.ToUpper(segment) != segment
	for text := range strings.FieldsSeq(segment) {
		text = strings.Trim(text, ".!?:/&+~_#\"“”„«»‘’'")
		key := fold.Word(text)
		switch {
		case key == "", isTitle(text, len(words)), formerly.has(key):
		case tellsSomething(text, key), tools.has(key) && told > 0:
			told++
		default:
			words = append(words, nameWord{text: text, maybe: mixed && len(words) >= 2 && isShortUpper(text)})
		}
	}
	return words, told > len(words)
}

// tellsSomething reports whether a word is one of a slogan.
func tellsSomething(text, key string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return roleWords.has(key) || strings.ContainsAny(text, "@0123456789") ||
		functionWords.has(key) && !unicode.IsUpper(first) && !particles.has(key)
}

// isShortUpper reports whether a word has the form of a degree: "CCSP".
func isShortUpper(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	n := utf8.RuneCountInString(text)
	return 1 < n && n <= 5 && hasCase(first) && strings.ToUpper(text) == text
}

// acrossComma reads "Nováková, Jana" and "Jana Nováková, PhD".
func acrossComma(before, after string) (words []nameWord, slogan bool) {
	next, rest, _ := strings.Cut(after, ",")
	left, slogan := nameWords(before)
	right, says := nameWords(next)
	switch {
	case len(left) == 0:
		return nameWords(after)
	case len(right) == 0 && !says && rest != "": // a degree stands between
		return acrossComma(before, rest)
	case says, len(right) == 0, len(right) > 2, len(left) > 2, allUpper(right) && !allUpper(left):
		return left, slogan
	case len(left) == 2 && (len(right) > 1 || knownWord(fold.Word(right[0].text))): // "Jane Doe, Acme Corp"
		return left, slogan
	}
	return append(slices.Clone(right), left...), false
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
