package sanitize

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"instaview-mcp/internal/sanitize/sanitizetest"
)

// checkLine asserts all that must hold of Line for any text.
func checkLine(t *testing.T, s string, max int) Text {
	t.Helper()
	got := Line(s, max)
	text := string(got.Clean)
	if wrong := sanitizetest.Unsafe(string(ForModel(got.Clean))); wrong != "" {
		t.Errorf("Line(%q, %d) = %q: %s", brief(s), max, brief(text), wrong)
	}
	if n := utf8.RuneCountInString(text); max > 0 && n > max {
		t.Errorf("Line(%q, %d) has %d characters", brief(s), max, n)
	}
	if got.Cut != strings.HasSuffix(text, "…") && (got.Cut || !strings.Contains(norm.NFC.String(s), "…")) {
		t.Errorf("Line(%q, %d) = %q, Cut = %t", brief(s), max, brief(text), got.Cut)
	}
	for _, again := range []int{0, max} {
		if second := Line(text, again); second != (Text{Clean: got.Clean}) {
			t.Errorf("Line(%q, %d) = %q, and the Line of that, with %d, %+q (altered: %t, cut: %t)",
				brief(s), max, got.Clean, again, second.Clean, second.Altered, second.Cut)
		}
	}
	if max <= 0 {
		if want, altered := allSteps(s); text != want || got.Altered != altered {
			t.Errorf("Line(%q) = %q, altered: %t, and all steps make %q, altered: %t", brief(s), brief(text), got.Altered, brief(want), altered)
		}
		if MixedScript(got.Clean) != mixesScripts(text) {
			t.Errorf("the fast check misses words of mixed scripts in %q", brief(text))
		}
		if got, want := replaceContacts(text), searchContacts(text, true, true); got != want {
			t.Errorf("the fast check misses a contact in %q, shown as %q, want %q", brief(text), brief(got), brief(want))
		}
	}
	return got
}

// allSteps cleans s without the fast checks that say which steps it needs.
func allSteps(s string) (string, bool) {
	altered := false
	for round := range maxRounds {
		next, stripped := removeInvisible(s, round < relaxedRounds)
		next, defused := neutralizeMarkup(limitMarks(compose(next)), false)
		next, unlinked := replaceLinks(next)
		altered = altered || stripped || defused || unlinked
		if next == s {
			break
		}
		s = next
	}
	return s, altered
}

func brief(s string) string {
	if len(s) > 300 {
		return s[:300] + fmt.Sprintf("[and %d bytes]", len(s)-300)
	}
	return s
}

func FuzzSanitize(f *testing.F) {
	for _, s := range seeds {
		f.Add(s, 0)
		f.Add(s, 20)
	}
	f.Fuzz(func(t *testing.T, s string, max int) {
		checkLine(t, s, max)
	})
}

// A mutation rarely builds a token; mixing tokens finds what one removal does
// to the next.
func TestLineIsSafeForAnyMixture(t *testing.T) {
	const mixtures = 20_000
	random := rand.New(rand.NewPCG(1, 2))
	for range mixtures {
		var s strings.Builder
		for range 1 + random.IntN(9) {
			s.WriteString(shards[random.IntN(len(shards))])
		}
		checkLine(t, s.String(), 0)
		checkLine(t, s.String(), 1+random.IntN(40))
		if t.Failed() {
			return
		}
	}
}

// Every letter and sign that the fast path lets pass, next to the others.
func TestOrdinaryLettersAndSignsStayAsTheyAre(t *testing.T) {
	var passed []string
	const lastOfScripts = 0x1FFFF // rare Chinese characters follow, and planes that are empty
	for r := rune(utf8.RuneSelf); r <= unicode.MaxRune; r++ {
		if r > lastOfScripts {
			r += 100
		}
		if utf8.ValidRune(r) && quickCheck(string(r)) != unclean {
			passed = append(passed, string(r))
			checkLine(t, "a "+string(r)+"b", 0)
		}
	}
	if len(passed) < 30_000 {
		t.Fatalf("only %d characters pass", len(passed))
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		var s strings.Builder
		for range 2 + random.IntN(6) {
			s.WriteString(passed[random.IntN(len(passed))])
			if random.IntN(2) == 0 {
				s.WriteString(shards[random.IntN(len(shards))])
			}
		}
		checkLine(t, s.String(), 0)
		if t.Failed() {
			return
		}
	}
}

var shards = strings.Split("a|b|Zoë|Košice|й|ο|ع|א|ệ|·|–|’|…|•|€| |  |\n|.|,|:|/|//|\\\\|\\|?|#|=|@|&|;|!|-|+|_|*|~|%|$|'|\"|(|)|[|]|<|>|`|{|}|…|0|8|123|"+
	"http|https|ftp|javascript|JavaScript|data|file|tel|mailto|skype|www|www.|evil.example|a.co|x.com|node.js|asp.net|b.tech|10.0.0.1|"+
	"localhost|:80|xn--|https://|://|&lt;|&gt;|<!--|-->|--!>|--|![|](|⟦|⟧|〚|<b|\u200b|\u200c|\u200d|\ufe0f|\u20e3|\u00ad|\u202e|\u2066|"+
	"\U000e0041|\U000e0100|\ue000|\u3164|\u2800|\u115f|\u1160|\u00a0|\u2028|\u0085|\v|\x00|\x1b|\x1b[|\x1b[31m|\x1b]8;;|\a|\x1b\\|\u009b|\u009d|"+
	"\u009c|\xff|\xc2|\xe2\x80|e\u0301|\u0301|\u0338|\u0327|\u0334|\u1fef|\u212a|\u034f|क|\u094d|\u093c|ष|ত|ي|م|\u064e|\u0651|ש|\u05b8|ที่|한|ᄒ|\u1161|李|リ|"+
	"👩|👩🏽|💻|❤|🏴|🇩|🇪|©|½|⁄|∕|：|／|．|。|ｈｔｔｐ|𝐡𝐭𝐭𝐩𝐬|ⓦ|ſ|∶|＜|［|｜|ﬁ|\u0f71|\u0f72|\u0f74|ᠠ|\u180b|\u180e", "|")

// seeds are the shapes that a mutation should begin from, and what fuzzing
// found.
var seeds = []string{
	"Jane Doe", "evil.example?a=b", "evil.example#a=b", "//server/x", "a | b",
	"see https://evil.example/a?b=c, www.evil.example and evil.example/x (//evil.example) \\\\evil\\share",
	"ja<!-- x -->vascript:alert(1) java\u200bscript:alert(1) JavaScript:React data:text/html,x",
	"[[]](x) ![y](z) <b>`⟦data 7c1e⟧`</b> | < 5 > 4 -> <- <!-- open",
	"\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\aClick\x1b]8;;\a \u009b2J \x1bPq\x1b\\ \x1b(B",
	"नमस्ते क्\u200dष می\u200cخواهم 👩🏽\u200d💻 ❤\ufe0f\u200d🔥 1\ufe0f\u20e3 🇩🇪🇫🇷",
	"z\u0335\u0336\u0337\u0338\u0321\u0322 e\u0301\u0323 שָׁלוֹם ที่ Việt Nam",
	"ｈｔｔｐｓ：／／ｅｖｉｌ．ｅｘａｍｐｌｅ 请访问www.evil.example/路径 https:⁄∕evil.example",
	"Node.js/React 10.0.0.0/8 TCP/IP C:/ A//B b.tech/m.sc //a.cooo tel:+49 mailto:a@b",
	"\u3164\u115f\u2800\u00a0\u2028\u0085\ufeff\u202e\u2066\U000e0041\ue000\ufdd0\u00ad",
	"\xff\xfe\xc2 \xed\xa0\x80",
	"½ᄒ-evil.example#x x.comx.com∕<b //evil.example_क //x.com리 //-x.com ❴\ufe0f क\u200c\u094d\u0334",
}
