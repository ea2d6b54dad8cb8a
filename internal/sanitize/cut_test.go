package sanitize

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"instaview-mcp/internal/sanitize/sanitizetest"
)

func TestLineIsCutAtAWord(t *testing.T) {
	const greeting = "Hello wonderful world of Jane"
	for _, c := range []struct {
		name string
		in   string
		max  int
		want Text
	}{
		{"no maximum", greeting, 0, Text{Clean: greeting}},
		{"a negative maximum is none", greeting, -1, Text{Clean: greeting}},
		{"it fits", greeting, 29, Text{Clean: greeting}},
		{"between words", greeting, 28, Text{Clean: "Hello wonderful world of …", Cut: true}},
		{"within a word", greeting, 22, Text{Clean: "Hello wonderful …", Cut: true}},
		{"the space counts", "Hello wonder", 7, Text{Clean: "Hello …", Cut: true}},
		{"a very long word is broken", "To " + strings.Repeat("x", 30), 20, Text{Clean: "To xxxxxxxxxxxxxxxx…", Cut: true}},
		{"one character", greeting, 1, Text{Clean: "…", Cut: true}},
		{"characters, not bytes", "李雷李雷", 4, Text{Clean: "李雷李雷"}},
		{"without spaces", "李雷李雷李雷", 4, Text{Clean: "李雷李…", Cut: true}},
		{"a family stays together", "ab👨‍👩‍👧", 5, Text{Clean: "ab…", Cut: true}},
		{"a flag stays together", "ab🇩🇪🇫🇷x", 6, Text{Clean: "ab🇩🇪…", Cut: true}},
		{"a mark stays with its base", "कित", 2, Text{Clean: "…", Cut: true}},
		{"no colon before the ellipsis", "javascript: x", 12, Text{Clean: "javascript…", Cut: true}},
		{"cleaning comes first", "\u200b\u200bJane\u200b", 4, Text{Clean: "Jane"}},
		{"far beyond what is looked at", strings.Repeat("\u200b", 100_000) + "Jane", 10, Text{Clean: "…", Altered: true, Cut: true}},
		{"a comment that ends beyond it", "Jane <!--" + strings.Repeat("x", 100_000) + "--> Doe", 20, Text{Clean: "Jane…", Altered: true, Cut: true}},
	} {
		if diff := cmp.Diff(c.want, checkLine(t, c.in, c.max)); diff != "" {
			t.Errorf("%s: Line(%q, %d) (-want +got):\n%s", c.name, brief(c.in), c.max, diff)
		}
	}
}

// A text of 16 times the length takes 16 times as long, and not 256 times.
// Other work of the machine can only make one attempt look slower than that.
func TestFloodsTakeLinearTime(t *testing.T) {
	if testing.Short() {
		t.Skip("cleans many long texts")
	}
	const short, times, attempts = 6_250, 16, 5
	took := func(flood string, size int) time.Duration {
		s := strings.Repeat(flood, size/len(flood))
		start := cpuTime()
		Line(s, 0)
		HideContacts(Clean(s))
		return cpuTime() - start
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, flood := range floods {
		linear := false
		for attempt := 0; attempt < attempts && !linear; attempt++ {
			long := took(flood, times*short)
			linear = long < 100*time.Millisecond || long < 6*times*took(flood, short)
		}
		if !linear {
			t.Errorf("%q repeated takes more than linear time", flood)
		}
	}
}

func TestCleanedFloodsAreSafeAndSettle(t *testing.T) {
	if testing.Short() {
		t.Skip("cleans many long texts")
	}
	for _, flood := range floods {
		s := strings.Repeat(flood, 200_000/len(flood))
		for _, max := range []int{0, 300} {
			got := Line(s, max)
			if wrong := sanitizetest.Unsafe(brief(string(ForModel(got.Clean)))); wrong != "" && len(got.Clean) <= 300 {
				t.Errorf("Line(%q repeated, %d): %s", flood, max, wrong)
			}
			if second := Line(string(got.Clean), max); second != (Text{Clean: got.Clean}) {
				t.Errorf("Line(%q repeated, %d) does not settle", flood, max)
			}
		}
	}
}

var floods = []string{
	"A", "![", "[[", "<!--", "<!-- --!", "-->", "https://a(", "https:x ", "http", "//", "//a", "//a.b@", "::", "www.", "a.", "a.foo/", "a.b:1", "1.1.1.1/",
	"javascript:", "skype:", "data:a/", "+a.b", "a_", "\x1b]", "\x1b[1", "\u009d", "\u009b1", "\u200d", "क\u200d", "क\u094d\u200d", "👩\u200d", "🇩", "e\u0301", "\u0301",
	"\u3164", "\xff", "李", "李@", "請a.b/", "ｈｔｔｐｓ：", "  ", "\n",
	"a@", "a@b.c ", "\"a@", "a at b dot ", "at_", "-at- ", "(dot)", "a at b.1 ", "１ ", "(at)", "&#64;", "git@a.bc ", "5@1.0 ", "1 ", "(1)", "+1 ", "0905 ", "0905 123 456 ", "2019 / ", "tel 1 ",
	"a at a.a ", "Gmail.com ät ", "_at_gmail.com ", "A at x dot net ", "Tel. (1) ", "&#", "<&# dot#", "李_at_a_dot_net9 ", "李_at_a_dot_net9", "李-at-李_dot_zz9_", "李www.", "\u202e", "\u202e👩",
}
