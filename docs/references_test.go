package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// A test that a document names as a proof exists.
func TestEveryTestThatADocumentNamesExists(t *testing.T) {
	var code strings.Builder
	for _, text := range files(t, "_test.go") {
		code.WriteString(text)
	}
	names := regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w*)`")
	count := 0
	for path, text := range files(t, ".md") {
		for _, match := range names.FindAllStringSubmatch(text, -1) {
			count++
			if !strings.Contains(code.String(), "\nfunc "+match[1]+"(") {
				t.Errorf("%s names %s, which does not exist", path, match[1])
			}
		}
	}
	if count == 0 {
		t.Error("no document names a test")
	}
}

// Every link between documents leads to an existing file and heading.
func TestLinksLeadSomewhere(t *testing.T) {
	documents := files(t, ".md")
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	count := 0
	for path, text := range documents {
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(match[1], ":") {
				continue // another site
			}
			count++
			file, heading, _ := strings.Cut(match[1], "#")
			target := path
			if file != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(path), file))
			}
			if _, err := os.Stat(filepath.Join("..", target)); err != nil {
				t.Errorf("%s links to %s, which does not exist", path, match[1])
			} else if heading != "" && !slices.Contains(anchors(documents[target]), heading) {
				t.Errorf("%s links to %s, which has no such heading", path, match[1])
			}
		}
	}
	if count == 0 {
		t.Error("no document links to another")
	}
}

// anchors returns the names that GitHub gives to a document's headings.
func anchors(text string) (names []string) {
	for _, match := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		names = append(names, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, match[1]))
	}
	return names
}
