package tools

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// What is sent of a brief can be seen, and is cleaned only once.
func FuzzBrief(f *testing.F) {
	for _, text := range []string{"Go engineer", "a\r\nb", " x\t", "G\U000E0041o\u202e", "\xff", "ก้า", "👩\u200d💻", "none", "“x”"} {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, oneLine bool) {
		read := func(text string) string {
			a := readArgumentsOf(map[string]any{"title": text}, []string{"title"})
			return a.brief("title", 1<<20, oneLine)
		}
		got := read(text)
		if !utf8.ValidString(got) || oneLine && strings.ContainsAny(got, "\n\t") || strings.TrimSpace(got) != got {
			t.Errorf("%q became %q", text, got)
		}
		for _, r := range got {
			if !unicode.IsGraphic(r) && !strings.ContainsRune("\n\t\u200c\u200d", r) {
				t.Errorf("%U is left of %q", r, text)
			}
		}
		if again := read(got); again != got {
			t.Errorf("%q became %q and then %q", text, got, again)
		}
	})
}
