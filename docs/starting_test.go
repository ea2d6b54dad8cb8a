package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The answers on the page are those of the tools' golden files.
func TestTheAnswersAboutStartingAreTheTools(t *testing.T) {
	page, err := os.ReadFile("starting.md")
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob("../tools/testdata/*.golden")
	if err != nil {
		t.Fatal(err)
	}
	var golden []string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		golden = append(golden, strings.TrimSpace(string(text)))
	}
	blocks := regexp.MustCompile("(?s)\n```(\\w*)\n(.*?)\n```\n").FindAllStringSubmatch(string(page), -1)
	answers := 0
	for _, block := range blocks {
		if block[1] != "" { // a command
			continue
		}
		answers++
		if !slices.Contains(golden, block[2]) {
			t.Errorf("no golden file has the answer:\n%s", block[2])
		}
	}
	if answers < 3 {
		t.Errorf("%d answers, want those of the page", answers)
	}
}
