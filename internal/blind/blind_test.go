package blind

import (
	"strings"
	"testing"
	"unicode/utf8"

	"instaview-mcp/internal/sanitize"
)

func TestTheMaskHidesNamesAndNothingElse(t *testing.T) {
	for name, tt := range map[string]struct{ person, text, want sanitize.Clean }{
		"the whole name":    {"Jane Doe", "Jane Doe leads; Doe decides.", "the candidate leads; the candidate decides."},
		"parts":             {"Jane Doe", "Jane's team and Ms Doe", "the candidate's team and Ms the candidate"},
		"not inside words":  {"Jane Doe", "Janet and Does", "Janet and Does"},
		"not in lower case": {"Will Mark", "will mark the Mark", "will mark the Mark"},
		"in capitals":       {"JANE DOE", "Jane has led; DOE too", "the candidate has led; the candidate too"},
		"two characters":    {"李雷", "李雷负责数据平台", "the candidate负责数据平台"},
		"degrees stay":      {"Jane Doe, MBA, AWS Certified", "AWS; MBA; Doe", "AWS; MBA; the candidate"},
		"pronouns stay":     {"Jane Doe (She/Her)", "Her team and She", "Her team and She"},
		"particles stay":    {"Zoë van der Meer", "van het team, der beste Meer", "van het team, der beste the candidate"},
		"no second pass":    {"Jane Candidate", "Jane has", "the candidate has"},
		"joined by a ZWNJ":  {"مریم احمدی", "مریم\u200cها و مریم", "مریم\u200cها و the candidate"},
		"parts of two stay": {"Bo Li", "Bo Li leads; Li decides", "the candidate leads; Li decides"},
		"with diacritics":   {"Zuzana Hrušková", "Hrušková and Zuzana", "the candidate and the candidate"},
		"romanised":         {"陈思远 (Siyuan Chen)", "Siyuan Chen (陈思远) and 陈思远说", "the candidate and the candidate说"},
		"hyphens":           {"Anne-Marie O'Brien", "Anne-Marie met Brien", "the candidate met the candidate"},
		"Arabic":            {"سلمى الخطيب", "تقود سلمى فريقًا", "تقود the candidate فريقًا"},
		"Devanagari":        {"अनन्या शर्मा", "अनन्या शर्मा टीम", "the candidate टीम"},
		"one space is left": {"Ludwig van Beethoven", "With Ludwig van Beethoven in it", "With the candidate in it"},
		"ё and е":           {"Пётр Семёнов", "с Петром; Семенова; Petr Semenov; Semyonov", "с the candidate; the candidate; the candidate; the candidate"},
		"a glide":           {"Фёдор Достоевский", "Fyodor Dostoyevsky; Fedor Dostoevski", "the candidate; the candidate"},
		"Serbian":           {"Jovan Živković", "Јован Живковић; Живковића", "the candidate; the candidate"},
		"words of both":     {"Mark Down", "Markdown and markdown; MarkDown", "Markdown and markdown; the candidate"},
		"countries":         {"Ján Nemec", "Nemecko; Nemca", "Nemecko; the candidate"},
		"a soft ending":     {"Наталья Кузнецова", "с Натальей и Наталью", "с the candidate и the candidate"},
		"short adjectives":  {"Peter Malý", "s Petrom Malým, Malému; Malá firma", "s the candidate, the candidate; Malá firma"},
		"particles joined":  {"Vincent van Gogh", "vangogh.com, VanGogh", "the candidate.com, the candidate"},
		"words of work":     {"Charlotte Web", "web apps; Charlotte Web", "web apps; the candidate"},
		"Max":               {"Max Power", "Max throughput; Max led", "Max throughput; the candidate led"},
		"a month":           {"June Kim", "in June she left, and June left; since June 2019", "in June she left, and the candidate left; since June 2019"},
		"a tool":            {"Taylor Swift", "Swift's compiler, Swift's team; we hired Swift", "Swift's compiler, the candidate's team; we hired the candidate"},
		"a place":           {"Anna Paris", "Worked in Paris; interview Paris, with Paris in mind", "Worked in Paris; interview the candidate, with the candidate in mind"},
		"an archaic script": {"ͰͰ Nováková", "Nováková leads", "the candidate leads"},
		"no name":           {"", "Jane", "Jane"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := New(tt.person, nil, nil).Hide(tt.text, Prose); got != tt.want {
				t.Errorf("%q becomes %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

// For any profile, the same texts give the same valid text, and a name without
// another meaning is found where it is written in full.
func FuzzHide(f *testing.F) {
	f.Add("Ing. Jana Nováková, PhD | CTO", "S Janou Novákovou; JanaNovakova; rose")
	f.Add("王小明 (Xiaoming Wang)", "王先生 and 小明, Wang X.")
	f.Add("(((\"'", "a.b.c, d-e_f (g) “h")
	f.Add("J. R. R. T. van der Öl-Ǆ ß", "J.R.R. T ǆ ẞ SS İi")
	f.Add("ͰͰ Nováková", "Nováková")
	f.Add("\u0301\u200d", "\u0301a\u200d\u0600")
	f.Fuzz(func(t *testing.T, name, s string) {
		if !utf8.ValidString(name) || !utf8.ValidString(s) || len(name) > 500 || len(s) > 5_000 {
			t.Skip()
		}
		person, text := sanitize.Line(name, 0).Clean, sanitize.Line(s, 0).Clean
		m := New(person, []sanitize.Clean{text}, []sanitize.Clean{person})
		for _, field := range []Field{Prose, Company, Fact} {
			got := m.Hide(text, field)
			if !utf8.ValidString(string(got)) || sanitize.Line(string(got), 0).Clean != got {
				t.Errorf("Hide(%q) of %q is no clean text: %q", s, name, got)
			}
			if again := New(person, []sanitize.Clean{text}, []sanitize.Clean{person}).Hide(text, field); again != got {
				t.Errorf("Hide(%q) of %q is %q, and then %q", s, name, got, again)
			}
		}
		m.InID(s)
		const plain = "Žofia Šimková"
		if got := New(plain, nil, nil).Hide(text+" ; "+plain+" ; "+text, Prose); strings.Contains(string(got), " "+plain+" ") {
			t.Errorf("the name survives in %q", got)
		}
	})
}
