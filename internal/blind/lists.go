package blind

import (
	"embed"
	"iter"
	"strings"
	"sync"
	"unicode"
)

// files holds a file for each list. All words but the credentials are folded,
// as by package fold.
//
//go:embed words/*.txt
var files embed.FS

// file returns the text of a list.
func file(name string) string {
	content, err := files.ReadFile("words/" + name + ".txt")
	if err != nil {
		panic("blind: " + err.Error()) // the tests use every list
	}
	return string(content)
}

// isEnglish reports whether key is a common English word.
func isEnglish(key string) bool {
	return englishWords.has(key) || functionWords.has(key) || workWords.has(key)
}

// isProperNoun reports whether key is a month, a place, a tool or a brand.
func isProperNoun(key string) bool {
	return months.has(key) || places.has(key) || tools.has(key) || brandWords.has(key)
}

// hasOtherMeaning reports whether a word is more than a name.
func hasOtherMeaning(key string) bool { return isEnglish(key) || isProperNoun(key) }

// isForeignWord reports whether a name is also a word of another language, or
// the feminine form of such an adjective.
func isForeignWord(key string) bool {
	masculine, feminine := strings.CutSuffix(key, "a")
	return foreignWords.has(key) || feminine && foreignWords.has(masculine+"y")
}

// set is a set of words that is built when it is first needed, which in most
// runs of the program is never.
type set struct {
	make func() map[string]bool
}

func (s set) has(word string) bool { return s.make()[word] }

// words returns the set of the words in a file, which white space separates.
func words(name string) set {
	return set{sync.OnceValue(func() map[string]bool { return setOf(strings.FieldsSeq(file(name))) })}
}

// phrases returns the set of the lines in a file.
func phrases(name string) set {
	return set{sync.OnceValue(func() map[string]bool { return setOf(strings.Lines(strings.TrimSpace(file(name)))) })}
}

func setOf(words iter.Seq[string]) map[string]bool {
	set := map[string]bool{}
	for word := range words {
		set[strings.TrimSpace(word)] = true
	}
	return set
}

var (
	// englishWords are the ten thousand most common English words of three to
	// ten letters that are written in lower case: sizes 10 and 20 of SCOWL,
	// whose licence is beside the list.
	englishWords = words("english")

	// workWords are lower-case words of profiles that englishWords lack.
	workWords = words("work_words")

	functionWords = words("function_words")
	articles      = words("articles")
	months        = words("months")

	particles       = words("particles")
	formerNameWords = words("former_name_words")

	// titles and suffixes are not names; suffixes count only after a name.
	titles   = words("titles")
	suffixes = words("suffixes")

	// credentials are degrees that only their capitals distinguish from names.
	credentials = words("credentials")

	roleWords = words("role_words")
	firmWords = words("firm_words")

	honorifics        = words("honorifics")
	humanVerbs        = words("human_verbs")
	generalVerbs      = words("general_verbs")
	timeWords         = words("time_words")
	meetingVerbs      = words("meeting_verbs")
	personalNouns     = words("personal_nouns")
	honorificSuffixes = strings.Fields("先生 女士 小姐 老师 经理 总 工 同学 さん 様 氏 君 くん ちゃん 先輩 部長 씨 님 군 양 선생 대리 과장 부장 팀장 さま")

	doubleSurnames = words("double_surnames")

	places = words("places")
	tools  = words("tools")

	// givenNames are tools and months that are more often first names.
	givenNames = words("given_names")

	// brands are companies and products that are named like a person.
	brands = phrases("brands")

	brandWords = words("brand_words")

	// mostlyNames are words that are nearly always names when capitalised.
	mostlyNames = words("mostly_names")

	// foreignWords are names that are also words: of other languages, rare
	// ones of English, and those for religions and peoples.
	foreignWords = words("foreign_words")
)

// nicknames returns the nicknames of a name. All are in Latin letters and lower
// case. The file has a name and its nicknames on each line.
var nicknames = sync.OnceValue(func() map[string][]string {
	all := map[string][]string{}
	for line := range strings.Lines(file("nicknames")) {
		names := strings.Fields(line)
		for i, name := range names {
			for j, other := range names {
				// Each nickname replaces the name, but two of them do not
				// always replace each other.
				if i != j && (i == 0 || j == 0) {
					all[name] = append(all[name], other)
				}
			}
		}
	}
	return all
})

// maxEnding is the length of the longest of endings, in letters.
const maxEnding = 7

// endings are the skeletons of what may follow the stem of an inflected name.
var endings = words("endings")

// scripts are those without capitals that are treated separately.
var scripts = strings.Fields("Hebrew Arabic Georgian Devanagari Bengali Tamil Telugu Kannada Malayalam Gujarati Gurmukhi Oriya Sinhala Ethiopic Mongolian Tibetan")

// scriptOf returns the name of a letter's script if it is one of scripts, or
// "".
func scriptOf(r rune) string {
	for _, name := range scripts {
		if unicode.Is(unicode.Scripts[name], r) {
			return name
		}
	}
	return ""
}
