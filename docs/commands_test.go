package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What a documented command of make or go test names exists: targets, folders,
// flags of our own, and tests that match.
func TestTheCommandsThatDocumentsNameExist(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	tests := files(t, "_test.go")
	count := 0
	for document, text := range files(t, ".md") {
		for _, match := range regexp.MustCompile("(?m)^((?:make|go test) [^#\n]*)|`((?:make|go test) [^`]+)`").FindAllStringSubmatch(text, -1) {
			count++
			command := strings.ReplaceAll(match[1]+match[2], `\|`, "|")
			if missing := unknownIn(command, string(makefile), tests); missing != "" {
				t.Errorf("%s: %q: there is no %s", document, command, missing)
			}
		}
	}
	if count < 20 {
		t.Errorf("%d commands, want those of all documents", count)
	}
}

func TestCommandsThatDoNotExistAreFound(t *testing.T) {
	tests := map[string]string{"client/a_test.go": "package client\nvar soak = flag.Bool(\"soak\", false, \"\")\nfunc TestN01(t) {}\nfunc FuzzDecode(f) {}\nfunc BenchmarkWaits(b) {}\n"}
	for command, want := range map[string]string{
		"make test": "", "make deploy": "target deploy", "make bench BENCH=Waits": "", "make bench BENCH=Gone": "benchmark Gone", "make fuzz TIME=1m": "variable TIME",
		"go test ./client -run N01 -soak": "", "go test ./... -run 'N01|N02'": "Test N01|N02", "go test -run N01 ./tools": "Test N01",
		"go test ./client -long": "flag -long", "go test -fuzz FuzzDecode ./client": "", "go test -fuzz FuzzGone ./client": "Fuzz FuzzGone",
		"go test -run '^$' -bench . ./client": "", "go test -bench Gone ./...": "Benchmark Gone", "go test -bench Waits -benchtime 5s ./client": "",
	} {
		if got := unknownIn(command, "\nBENCH ?= .\n\ntest: # all\nbench:\nfuzz:\n", tests); got != want {
			t.Errorf("%q: there is no %q, want %q", command, got, want)
		}
	}
}

// unknownIn returns the first thing that a command names and that does not
// exist, or "".
func unknownIn(command, makefile string, tests map[string]string) string {
	words := strings.Fields(strings.ReplaceAll(command, "'", ""))
	if words[0] == "make" {
		if !strings.Contains(makefile, "\n"+words[1]+":") {
			return "target " + words[1]
		}
		for _, word := range words[2:] {
			name, pattern, _ := strings.Cut(word, "=")
			if !strings.Contains(makefile, "\n"+name) {
				return "variable " + name
			}
			if name == "BENCH" && !matches("Benchmark", pattern, tests, nil) {
				return "benchmark " + pattern
			}
		}
		return ""
	}
	var folders []string
	for _, word := range words[2:] {
		if strings.HasPrefix(word, ".") {
			folders = append(folders, word)
		}
	}
	for i, word := range words {
		flag, isFlag := strings.CutPrefix(word, "-")
		kind, isPattern := map[string]string{"run": "Test", "bench": "Benchmark", "fuzz": "Fuzz"}[flag]
		switch {
		case !isFlag || slices.Contains([]string{"v", "short", "race", "benchtime"}, flag):
		case isPattern && words[i+1] != "^$" && !matches(kind, words[i+1], tests, folders):
			return kind + " " + words[i+1]
		case !isPattern && !declaresFlag(flag, tests, folders):
			return "flag " + word
		}
	}
	return ""
}

// matches reports whether each part of a pattern matches a test of this kind in
// one of the folders; nil means all folders.
func matches(kind, pattern string, tests map[string]string, folders []string) bool {
	for part := range strings.SplitSeq(pattern, "|") {
		name := regexp.MustCompile(`(?m)^func ` + kind + `\w*` + strings.TrimPrefix(part, kind))
		if part == "." {
			name = regexp.MustCompile(`(?m)^func ` + kind)
		}
		if !found(name, tests, folders) {
			return false
		}
	}
	return true
}

// declaresFlag reports whether tests in one of the folders declare a flag.
func declaresFlag(name string, tests map[string]string, folders []string) bool {
	return found(regexp.MustCompile(`flag\.\w+\("`+name+`"`), tests, folders)
}

func found(what *regexp.Regexp, tests map[string]string, folders []string) bool {
	for path, text := range tests {
		inFolder := folders == nil || slices.ContainsFunc(folders, func(folder string) bool {
			under, all := strings.CutSuffix(folder, "/...")
			dir := "./" + filepath.ToSlash(filepath.Dir(path))
			return filepath.Clean(dir) == filepath.Clean(under) || all && strings.HasPrefix(dir+"/", under+"/")
		})
		if inFolder && what.MatchString(text) {
			return true
		}
	}
	return false
}
