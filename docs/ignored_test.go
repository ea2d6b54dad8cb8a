package docs

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Files that documented commands write, or that hold secrets in them, are not
// committed by accident, and not sent to a Docker build.
func TestFilesOfDocumentedCommandsAreIgnored(t *testing.T) {
	written := regexp.MustCompile("(?:go build -o|--csv|--from-file=[a-z-]+=|-hex 32 >)\\s?(\\w[\\w.-]+)|file `(\\.env)`")
	var names []string
	for _, text := range files(t, ".md") {
		for _, match := range written.FindAllStringSubmatch(text, -1) {
			if name := match[1] + match[2]; name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, want := range []string{"instaview-mcp", "instaview-mcp.exe", "shortlist.csv", "key.txt", "token.txt", "webhook-secret.txt", ".env"} {
		if !slices.Contains(names, want) {
			t.Errorf("no document names %s; they name %q", want, names)
		}
	}
	for _, file := range []string{".gitignore", ".dockerignore"} {
		raw, err := os.ReadFile("../" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.ToUpper(name) == name { // a placeholder such as FILE
				continue
			}
			if !slices.ContainsFunc(strings.Fields(string(raw)), func(pattern string) bool {
				matched, _ := path.Match(strings.TrimPrefix(pattern, "/"), name)
				return matched
			}) {
				t.Errorf("%s ignores no %s", file, name)
			}
		}
	}
}
