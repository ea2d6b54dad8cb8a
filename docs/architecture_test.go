package docs

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func exists(path string) bool {
	_, err := os.Stat(filepath.Join("..", path))
	return err == nil
}

func TestThePathsThatDocumentsNameExist(t *testing.T) {
	path := regexp.MustCompile("`((?:client|tools|prompts|internal)(?:/[a-z0-9_.]+)+)`")
	count := 0
	for document, text := range files(t, ".md") {
		for _, match := range path.FindAllStringSubmatch(text, -1) {
			count++
			if !exists(match[1]) {
				t.Errorf("%s names %s, which does not exist", document, match[1])
			}
		}
	}
	if count < 20 {
		t.Errorf("%d paths, want those of the architecture", count)
	}
}

func TestTheIdentifiersThatDocumentsNameExist(t *testing.T) {
	known := map[string]bool{} // as package.Name
	declaration := regexp.MustCompile(`(?m)^(?:func (?:\(.*?\) )?|type |const |var |\t)([A-Z]\w*)\b`)
	for file, text := range files(t, ".go") {
		for _, match := range declaration.FindAllStringSubmatch(text, -1) {
			known[filepath.Base(filepath.Dir(file))+"."+match[1]] = true
		}
	}
	names := regexp.MustCompile("`((?:client|poll|tools|shortlist|sanitize|config)\\.[A-Z]\\w*)`")
	count := 0
	for document, text := range files(t, ".md") {
		for _, match := range names.FindAllStringSubmatch(text, -1) {
			count++
			if !known[match[1]] {
				t.Errorf("%s names %s, which does not exist", document, match[1])
			}
		}
	}
	if count < 5 {
		t.Errorf("%d identifiers, want those of the architecture", count)
	}
}

func TestTheArchitectureNamesEveryPackage(t *testing.T) {
	raw, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for file := range files(t, ".go") {
		dir := filepath.ToSlash(filepath.Dir(file))
		if dir == "." || strings.Contains(dir, "testdata") {
			continue
		}
		if !strings.Contains(string(raw), "`"+dir+"`") {
			t.Errorf("docs/architecture.md does not name %s", dir)
		}
	}
}

// In the drawing of the packages, each is below those that import it.
func TestImportsRunDownTheDrawing(t *testing.T) {
	raw, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, drawing, _ := strings.Cut(string(raw), "```text\nmain.go\n")
	drawing, _, _ = strings.Cut(drawing, "```")
	line := map[string]int{} // of each package
	for i, text := range strings.Split(drawing, "\n") {
		if match := regexp.MustCompile(`─ ([a-z/]+)`).FindStringSubmatch(text); match != nil {
			line[match[1]] = i
		}
	}
	count := 0
	for file, text := range files(t, ".go") {
		from := filepath.ToSlash(filepath.Dir(file))
		if strings.HasSuffix(file, "_test.go") || from == "." || from == "internal/readme" || from == "internal/packaging" || strings.Contains(from, "testdata") ||
			from == "internal/mcptest" || from == "internal/sanitize/sanitizetest" || from == "internal/store/fakeredis" {
			continue
		}
		if _, ok := line[from]; !ok {
			t.Errorf("the drawing lacks %s", from)
		}
		for _, to := range imports(t, file, text) {
			count++
			if line[to] <= line[from] {
				t.Errorf("%s imports %s, which the drawing does not have below it", file, to)
			}
		}
	}
	if count < 20 {
		t.Errorf("%d imports, want those of the whole program", count)
	}
}

// imports returns the packages of this module that a file imports.
func imports(t *testing.T, file, text string) (packages []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range parsed.Imports {
		if path, ok := strings.CutPrefix(strings.Trim(spec.Path.Value, "`\""), "instaview-mcp/"); ok {
			packages = append(packages, path)
		}
	}
	return packages
}

// Imports are found however they are written.
func TestEveryFormOfAnImportIsFound(t *testing.T) {
	for _, text := range []string{
		`import "instaview-mcp/tools"`, `import t "instaview-mcp/tools"`, `import . "instaview-mcp/tools"`,
		"import `instaview-mcp/tools`", "import (\n\t\"fmt\"\n\t_ \"instaview-mcp/tools\" // why\n)",
	} {
		if got := imports(t, "p.go", "package p\n"+text+"\n"); !slices.Equal(got, []string{"tools"}) {
			t.Errorf("%q imports %q", text, got)
		}
	}
}
