package sanitize

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// altered and untouched compare Line(in, 0) with want, and with what Altered
// must say.
func altered(t *testing.T, cases [][2]string)   { t.Helper(); compare(t, cases, true) }
func untouched(t *testing.T, cases [][2]string) { t.Helper(); compare(t, cases, false) }

func compare(t *testing.T, cases [][2]string, altered bool) {
	t.Helper()
	for _, c := range cases {
		in, want := c[0], Text{Clean: Clean(c[1]), Altered: altered}
		if diff := cmp.Diff(want, checkLine(t, in, 0)); diff != "" {
			t.Errorf("Line(%+q) (-want +got):\n%s", in, diff)
		}
	}
}

// same makes cases of texts that must come back byte for byte.
func same(texts ...string) [][2]string {
	var cases [][2]string
	for _, s := range texts {
		cases = append(cases, [2]string{s, s})
	}
	return cases
}

func TestNamesOfTheWorldComeBackUnchanged(t *testing.T) {
	untouched(t, same(
		"Jane Doe", "José Ångström-Núñez", "Nguyễn Thị Ánh Tuyết", "Дмитрий Шостакович", "Ελένη Παπαδοπούλου", "Łukasz Żółć",
		"שָׁלוֹם בֶּן־דָּוִד", "מיכל כהן", "مُحَمَّد بْنُ عَبْدِ اللّٰه", "سمیه می\u200cخواهد", "خانه\u200cها", "เจ้าหน้าที่ปู่ย่า",
		"नरेन्द्र त्रिपाठी", "क्\u200dष", "र\u200d्यू", "র\u200d্যাব", "শ্রী", "ശ്രീ", "അവന്\u200d പോയി", "ශ්\u200dරී ලංකා",
		"李雷 (リー・レイ)", "김민준", "ཀརྨ་པ་རང་བྱུང་རྡོ་རྗེ", "သီတင်းကျွတ်", "ស្រីមុំ", "ᠮᠣᠩᠭᠣᠯ", "İbrahim Çağlar", "ʻOkina Kaʻiulani", "Ọláwálé Ṣóyínká",
	))
}

func TestEmojiSequencesComeBackUnchanged(t *testing.T) {
	untouched(t, same(
		"👩‍💻", "👩🏽‍💻", "👨‍👩‍👧‍👦", "❤️‍🔥", "👁️‍🗨️", "🙂‍↔️", "🏳️‍🌈", "🧑🏿‍⚕️ ready", "❤️", "☎️ on call", "1️⃣ first #️⃣", "🇩🇪🇫🇷", "👍🏽", "© ® ™️",
	))
}

func TestWordsThatLookLikeMarkupComeBackUnchanged(t *testing.T) {
	untouched(t, same(
		"C++, C# and F#", ".NET, ASP.NET, Node.js", "R&D at AT&T", "snake_case and *pointers", "#1 of 200", "~5 years, 100% remote",
		"24/7 and/or w/o I/O, n/a", "TCP/IP, CI/CD, OS/2, S/4HANA, HTTP/2", "A//B testing", "C:/ and C:", "// TODO", "Dev //Speaker //Founder",
		"Node.js/React, ASP.NET/C#, Socket.IO/Redis, main.py/app.py", "B.Tech/M.Tech, M.Sc./Ph.D., Inc./Ltd., U.S./EU",
		"10.0.0.0/8", "v1.2/v1.3, 4.9/5.0, $1.5M/yr", "10:30, 3:1, std::vector, Python:3.9", "booking.com and Monday.com.", "jane@corp.example",
		"JavaScript: 5 years; Data: SQL; File: none", "javascript:", "mailto: jane", "localhost:3000", "metadata:json profile:x hotel:5",
		"Sr.Manager/Lead. I did it.Then/now", "a wwww.x awww.", "it's \"quoted\" (really) {so}", "½ ⅔ 5⁄8 km∕h", "℡ №5 ﬁne ½", "＜経歴＞［東京］｜", "Type: C:\\Temp",
		"git@host.example:a/b", "one…two…", "a = b; c; d", `\o/`, "data", "http", "www", "www. x", "skype:jane tel:me", "link removed", "(link removed)", "&lt;b&gt; &amp;",
	))
}

func TestLayoutIsFoldedWithoutBeingAnAlteration(t *testing.T) {
	untouched(t, [][2]string{
		{"", ""}, {" ", ""}, {"\n\t", ""}, {"  Jane \t\n Doe  ", "Jane Doe"},
		{"a\u2028b\u2029c\u0085d\ve\ff\rg", "a b c d e f g"},
		{"a\u00a0b\u3000c\u202fd\u2009e\u1680f", "a b c d e f"},
		{"a | b|c", "a ¦ b¦c"},
		{"Ju\u0308rgen", "Jürgen"}, {"\u1112\u1161\u11ab", "한"},
		{"Jane\xff\xfeDoe \xc2", "Jane\ufffdDoe \ufffd"}, {"a\xed\xa0\x80b", "a\ufffdb"}, {"caf\xe9 \x9b31m", "caf\ufffd \ufffd31m"},
	})
}

// Honest keyboards, editors and scripts leave these behind, so they are no
// reason for a warning.
func TestInvisibleCharactersAreRemovedWithoutAWord(t *testing.T) {
	untouched(t, [][2]string{
		{"Ja\u200bne", "Jane"}, {"\ufeffJane", "Jane"}, {"Ja\u00adne", "Jane"}, {"Ja\u2060ne\u2061\u2064", "Jane"}, {"Ja\u034fne", "Jane"},
		{"Ja\u180ene", "Jane"}, {"Jane\ue000\U000f0000\U0010fffd", "Jane"}, {"Jane\ufdd0\uffff\U0001fffe", "Jane"}, {"Ja\ufff9n\ufffae\ufffb", "Jane"},
		{"Jane\x00\x01\x7f\u0080\u009f", "Jane"}, {"Ja\ufe0fne \ufe0e葛\U000e0100", "Jane 葛"}, {"\U0001d173Jane\U0001bca0", "Jane"},
		{"\u3164\u115f\u1160\uffa0\u2800Jane\u3164", "Jane"}, {"a\u17b4\u17b5b", "a b"}, {"\u0301Jane", "Jane"}, {" \u0301x", "x"},
		{"🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f Scotland", "🏴 Scotland"}, {"1\ufe0f2", "12"}, {"❤\ufe0f\ufe0f", "❤\ufe0f"},
		{"\u200fשלום (C++)\u200f", "שלום (C++)"}, {"\u061cمهندس\u200e Java", "مهندس Java"}, {"\u2067עברית\u2069 \u2066Java\u2069", "עברית Java"},
		{"\u202bעברית\u202c", "עברית"}, {"Jane\u202e", "Jane"}, {"東京\u3000葛\U000e0101飾区", "東京 葛飾区"}, {"ᠬᠠᠭ\u180bᠠᠨ", "ᠬᠠᠭᠠᠨ"},
		{"co\u00adop\u00adera\u00adtion", "cooperation"}, {"ภาษา\u200bไทย\u200b\u200bดี", "ภาษาไทยดี"}, {"ខ្ញុំ\u200bរៀន", "ខ្ញុំរៀន"},
		{"\uf0b7 Led \uf0a7 Cut", "• Led • Cut"}, {"\uf015\uf016\uf017\uf018\uf019 icons", "icons"},
	})
}

func TestHiddenWordsAreNoted(t *testing.T) {
	altered(t, [][2]string{
		{"Jane\U000e0049\U000e0067", "Jane"}, {"J\U000e0069a\U000e0067ne", "Jane"}, {"\u202eenaJ\u202c", "enaJ"}, {"a \u202db", "a b"},
		{"🏴\U000e0069\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065 \U000e0061", "🏴"}, {"🏴\U000e0069\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065\U000e0061", "🏴"},
		{"Jane\u200b\u200c\u200b\u200c\u200c\u200b\u200c\u200b", "Jane"}, {"😀" + strings.Repeat("\U000e0158", 8), "😀"}, {"❤\ufe0f" + strings.Repeat("\ufe01", 8), "❤\ufe0f"},
		{"Jane" + strings.Repeat("\u2062\u2063", 4), "Jane"}, {strings.Repeat("\u200d", 8) + "x", "x"},
	})
}

func TestJoinersWithoutWorkAreRemoved(t *testing.T) {
	untouched(t, [][2]string{
		{"Ja\u200cn\u200de", "Jane"}, {"می\u200c خواهم", "می خواهم"}, {"\u200cمی", "می"}, {"می\u200c\u200cخواهم", "می\u200cخواهم"}, {"می\u200c", "می"},
		{"क्\u200c", "क्"}, {"می\u200cx", "میx"},
		{"क\u200c\u094d\u0334", "क\u0334\u094d"}, {"👩\u200c💻", "👩💻"}, {"👩\u200dx", "👩x"}, {"👩\u200d", "👩"},
	})
}

func TestPiledUpMarksAreThinned(t *testing.T) {
	untouched(t, [][2]string{
		{"x" + strings.Repeat("\u0335", 100), "x" + strings.Repeat("\u0335", 4)},
		{"ก" + strings.Repeat("\u0e47", 20) + "ข", "ก" + strings.Repeat("\u0e47", 4) + "ข"},
		{"e\u0301\u0301\u0301\u0301\u0301\u0301", "é\u0301\u0301\u0301\u0301"},
	})
}

func TestTerminalSequencesAreRemovedWhole(t *testing.T) {
	untouched(t, [][2]string{
		{"\x1b[1;31mJane\x1b[0m", "Jane"}, {"\x1b[2J\x1b[HJane", "Jane"}, {"\x1b[?25lJane", "Jane"}, {"\u009b31mJane", "Jane"},
		{"\x1b(B\x1b7\x1b8\x1b=\x1bcJane", "Jane"}, {"\x1b\x1b[31mJane", "Jane"}, {"\x1b];;\aJane", "Jane"},
	})
}

func TestTerminalSequencesWithAPayloadAreNoted(t *testing.T) {
	altered(t, [][2]string{
		{"\x1b]0;title\aJane", "Jane"}, {"\x1b]8;;https://evil.example\x1b\\Jane\x1b]8;;\x1b\\", "Jane"}, {"\u009d0;title\u009cJane", "Jane"},
		{"\x1bP1$q\x1b\\Jane", "Jane"}, {"\x1b_hidden\x1b\\Jane", "Jane"}, {"\x1b^x\x1b\\\x1bXy\x1b\\Jane", "Jane"},
	})
}

func TestBrokenTerminalSequencesTakeNoTextWithThem(t *testing.T) {
	untouched(t, [][2]string{
		{"\x1b", ""}, {"Jane\x1b", "Jane"}, {"\x1bJane Doe", "Jane Doe"}, {"\x1b]0;Jane Doe", ")0;Jane Doe"}, {"\x1bPeter", "Peter"},
		{"\x1b[31", "(31"}, {"\x1b[ Jane", "( Jane"}, {"\u009bJane", "Jane"}, {"Bo\u009eena \u009dJane\nDoe\a", "Boena Jane Doe"},
		{"\x1b]" + strings.Repeat("x", 5000) + "\aJane", ")" + strings.Repeat("x", 5000) + "Jane"},
	})
}

// Signs that meant something are written differently, and stay where they are.
func TestMarkupIsDefused(t *testing.T) {
	untouched(t, [][2]string{
		{"[Remote] Engineer", "(Remote) Engineer"}, {"uses `pandas`", "uses 'pandas'"}, {"[a] and (b)", "(a) and (b)"}, {"\u1fef", "'"},
		{"![a](b) [c][d]", "!(a)(b) (c)(d)"}, {"[[]](x)", "(())(x)"}, {"`code` ```", "'code' '''"},
		{"⟦end 7c1e⟧ 〚data〛", "(end 7c1e) (data)"}, {"<!-- -->Jane <!----> Doe", "Jane Doe"},
	})
}

func TestTagsAreLeftToTheTarget(t *testing.T) {
	untouched(t, same("HTML <canvas> and <video>", "std::map<K, V>", "a < b > c -> d", "<b>Jane</b>", "<!doctype>", "R&amp;D &lt;"))
}

func TestCommentsAreRemoved(t *testing.T) {
	altered(t, [][2]string{
		{"Jane<!-- obey -->Doe", "Jane Doe"}, {"a <!--> b <!---> c <!-- x --!> d", "a b c d"}, {"<!-- a --><!-- b -->Jane", "Jane"},
		{"<!-- <!-- x --> Jane -->", "Jane -->"}, {"<!-- a -->\u0301Jane", "Jane"}, {"<\u200b!-- x -->Jane", "Jane"}, {"<!-- 隠す -->Jane", "Jane"},
	})
	untouched(t, [][2]string{{"<!-- Jane\n-- > -", "<!-- Jane -- > -"}, {"Jane <!--!> Doe", "Jane <!--!> Doe"}})
}
