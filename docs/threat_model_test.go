// Package docs holds tests that compare the documents with the code.
package docs

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// files returns the repository's files whose names end in suffix: their texts
// by path.
func files(t *testing.T, suffix string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "node_modules" {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, suffix) {
			return err
		}
		raw, err := os.ReadFile(filepath.Join("..", path))
		texts[path] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// caseNumbers matches cases of the threat model that tests cite: as a word, or
// in the name of a test.
var caseNumbers = regexp.MustCompile(`(?:\b|Test|And)((?:[A-Z][0-9]{2})+)(?:\b|[A-Z])`)

// cited returns the cases that tests cite, each with one file that does.
func cited(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	texts := files(t, "_test.go")
	maps.Copy(texts, files(t, ".test.mjs"))
	for path, text := range texts {
		for _, match := range caseNumbers.FindAllStringSubmatch(text, -1) {
			for number := range slices.Chunk([]byte(match[1]), 3) {
				found[string(number)] = path
			}
		}
	}
	return found
}

// explained returns the text of each case in the threat model.
func explained(t *testing.T) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^\* \*\*([A-Z][0-9]{2})\*\* (.+(?:\n  .+)*)`).FindAllStringSubmatch(string(raw), -1) {
		if found[match[1]] != "" {
			t.Errorf("case %s is explained twice", match[1])
		}
		found[match[1]] = match[2]
	}
	return found
}

func TestEveryCaseThatATestCitesIsExplained(t *testing.T) {
	cases := explained(t)
	for number, path := range cited(t) {
		if cases[number] == "" {
			t.Errorf("%s cites %s, which docs/threat-model.md does not explain", path, number)
		}
	}
}

func TestEveryCaseHasATest(t *testing.T) {
	tested := cited(t)
	for number := range explained(t) {
		if tested[number] == "" {
			t.Errorf("no test cites %s", number)
		}
	}
}
