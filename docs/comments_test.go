package docs

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// maxColumns is where comments are wrapped, with a tab as four columns.
const maxColumns = 80

// tooWide returns the numbers of the lines that are wider than maxColumns and
// only a comment. Directives and the output of examples cannot be wrapped.
func tooWide(text string) (numbers []int) {
	output := false
	n := 0
	for line := range strings.Lines(text) {
		n++
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "//")
		output = ok && (output || strings.TrimSpace(comment) == "Output:")
		if !ok || output || strings.HasPrefix(comment, "go:") {
			continue
		}
		if utf8.RuneCountInString(strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    ")) > maxColumns {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func TestCommentsAreWrapped(t *testing.T) {
	for file, text := range files(t, ".go") {
		for _, n := range tooWide(text) {
			t.Errorf("%s:%d: a comment is wider than %d columns", file, n, maxColumns)
		}
	}
}

func TestWideCommentsAreFound(t *testing.T) {
	wide := "// " + strings.Repeat("é", maxColumns-2) + "\n"
	for text, want := range map[string]int{
		wide: 1, "\t" + wide[:len(wide)-7] + "\n": 1, wide[:len(wide)-3] + "\n": 0, "//go:generate " + wide: 0, "x := 1\n// Output:\n" + wide + "}\n" + wide: 1,
	} {
		if got := len(tooWide(text)); got != want {
			t.Errorf("%d wide comments in %q, want %d", got, text, want)
		}
	}
}
