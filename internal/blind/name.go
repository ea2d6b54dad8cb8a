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

// nameWord is a word of a name field that is part of the name.
type nameWord struct {
	text      string
	first     bool // the first name, or the only name
	last      bool // the last name, or the only name
	uncertain bool // may be a degree instead
}

var (
	// bracketed matches a nickname, a former name, a pronoun or a slogan.
	bracketed = onFirstUse(`\(([^)]*)\)?|\[([^\]]*)\]?|\{([^}]*)\}?|[“”„"«]([^“”„"»]*)[“”"»]?|(?:^|\s)['‘]([^'‘’]*)['’](?:\s|$)`)
	// separators matches what separates a name from a title or a slogan.
	separators = onFirstUse(`\s[-–—/:·@]+\s|\s[-–—]+$|[-–—]\s|[|¦•;*]|\sat\s`)
)

// onFirstUse compiles pattern when it is first needed, which in most runs of
// the program is never.
func onFirstUse(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// readName returns the words of the name in a profile's name field: Jana and
// Nováková for "Ing. Jana Nováková, PhD (she/her) | CTO".
func readName(field string) []nameWord {
	field = norm.NFKC.String(field)
	var inBrackets []nameWord
	outside := bracketed().ReplaceAllStringFunc(field, func(s string) string {
		inside := strings.Trim(s, " ()[]{}“”„\"«»'‘’")
		if words, slogan := nameWords(inside); !slogan && len(words) <= 4 && !strings.Contains(inside, "/") {
			inBrackets = append(inBrackets, words...)
		}
		return " "
	})
	names := mainName(outside)
	// Hiding a word too many is better than showing the name.
	if len(names) == 0 && len(inBrackets) == 0 {
		for text := range strings.FieldsSeq(outside) {
			if key := fold.Word(text); key != "" && !roleWords.has(key) {
				names = append(names, nameWord{text: text, uncertain: true})
			}
		}
	}
	return append(markFirstAndLast(names), markFirstAndLast(inBrackets)...)
}

// mainName returns the words of the segment that is most likely the name: the
// first of two words or more, or else of one. A name in another script is added
// to it.
func mainName(outside string) []nameWord {
	var best []nameWord
	segments := separators().Split(strings.Map(separateSymbols, outside), -1)
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

// separateSymbols replaces emoji and trademark signs by a separator.
func separateSymbols(r rune) rune {
	if unicode.In(r, unicode.So, unicode.Sk) && r > unicode.MaxLatin1 || r == '®' || r == '™' {
		return '|'
	}
	return r
}

// severalCharacters reports whether words is a single word that, in a script
// without spaces, can be a whole name.
func severalCharacters(words []nameWord) bool {
	if len(words) != 1 {
		return false
	}
	first, _ := utf8.DecodeRuneInString(words[0].text)
	return isUnspaced(first) && utf8.RuneCountInString(words[0].text) > 1
}

// latinWords reports whether the first word has Latin letters.
func latinWords(words []nameWord) bool {
	return strings.ContainsFunc(words[0].text, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
}

// nameWords returns the words of a segment that may be part of a name. slogan
// reports whether the segment is a slogan or a role instead.
func nameWords(segment string) (words []nameWord, slogan bool) {
	if before, after, found := strings.Cut(segment, ","); found {
		return namesAroundComma(before, after)
	}
	sloganWords := 0
	mixed := strings.ToUpper(segment) != segment
	for text := range strings.FieldsSeq(segment) {
		text = strings.Trim(text, ".!?:/&+~_#\"“”„«»‘’'")
		key := fold.Word(text)
		switch {
		case key == "", isTitle(text, len(words)), formerNameWords.has(key):
		case isSloganWord(text, key), tools.has(key) && sloganWords > 0:
			sloganWords++
		default:
			words = append(words, nameWord{text: text, uncertain: mixed && len(words) >= 2 && isShortUpper(text)})
		}
	}
	return words, sloganWords > len(words)
}

// isSloganWord reports whether a word belongs to a slogan or a role.
func isSloganWord(text, key string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return roleWords.has(key) || strings.ContainsAny(text, "@0123456789") ||
		functionWords.has(key) && !unicode.IsUpper(first) && !particles.has(key)
}

// isShortUpper reports whether a word could be the abbreviation of a degree:
// "CCSP".
func isShortUpper(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	n := utf8.RuneCountInString(text)
	return 1 < n && n <= 5 && hasCase(first) && strings.ToUpper(text) == text
}

// namesAroundComma reads a segment with a comma, such as "Nováková, Jana" and
// "Jana Nováková, PhD".
func namesAroundComma(before, after string) (words []nameWord, slogan bool) {
	next, rest, _ := strings.Cut(after, ",")
	left, slogan := nameWords(before)
	right, isSlogan := nameWords(next)
	switch {
	case len(left) == 0:
		return nameWords(after)
	case len(right) == 0 && !isSlogan && rest != "": // a degree comes first
		return namesAroundComma(before, rest)
	case isSlogan, len(right) == 0, len(right) > 2, len(left) > 2, allUpper(right) && !allUpper(left):
		return left, slogan
	// "Jane Doe, Acme Corp".
	case len(left) == 2 && (len(right) > 1 || hasOtherMeaning(fold.Word(right[0].text))):
		return left, slogan
	}
	return append(slices.Clone(right), left...), false
}

// allUpper reports whether all words are in capitals.
func allUpper(words []nameWord) bool {
	return !slices.ContainsFunc(words, func(w nameWord) bool { return strings.ToUpper(w.text) != w.text })
}

// markFirstAndLast sets first and last in words. Words that may be degrees get
// neither.
func markFirstAndLast(words []nameWord) []nameWord {
	var whole []int
	for i := range words {
		if !words[i].uncertain {
			whole = append(whole, i)
		}
	}
	if len(whole) > 0 {
		words[whole[0]].first = true
		words[whole[len(whole)-1]].last = true
	}
	return words
}

var dottedInitials = onFirstUse(`^(\p{Lu}\.){1,3}\p{Lu}?$`)

// isTitle reports whether a word is a title or a degree. position is the number
// of words of the name before it.
func isTitle(text string, position int) bool {
	if dottedInitials().MatchString(text) && position < 2 { // the initials of "J.R. Smith"
		return false
	}
	if credentials.has(strings.ReplaceAll(text, ".", "")) {
		return position >= 1
	}
	key := fold.Word(text)
	return titles.has(key) || position > 0 && suffixes.has(key)
}
