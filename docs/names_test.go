package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// oldNames are words that names once had in a meaning of this project's own,
// and the field's words for the same. They apply to the directories in dirs. If
// there are none they apply everywhere, also as part of a name, as in onLook.
var oldNames = []struct {
	dirs  []string
	names map[string]string
}{
	{nil, map[string]string{
		"Look": "Snapshot or Get", "Looker": "Getter", "glance": "quickCheck", "dossier": "candidateDetail",
		"deck": "pager", "wordly": "isWordRune", "unlink": "removeLinks", "machineMade": "looksLikeURL",
		"gate": "filter", "Outbox": "AsyncWriter", "misplaced": "a plain verb",
		"told": "reported", "tell": "log or report", "said": "a plain verb", "say": "a plain verb", "fine": "ok",
	}},
	{[]string{"client/poll"}, map[string]string{
		"pause": "breaker", "memory": "cache", "DefaultMemory": "DefaultCacheSize", "WithMemory": "WithCacheSize",
		"ask": "request", "peek": "snapshot", "rest": "retire", "follow": "await", "made": "dispatched", "watched": "activeRuns",
	}},
	{[]string{"internal/stdio", "internal/httpserver", "internal/jsonrpc", "internal/logging"}, map[string]string{
		"requests": "inFlight", "stream": "responseWriter", "sign": "heartbeat", "Words": "LibraryWriter",
	}},
	{[]string{"tools", "internal/tenant"}, map[string]string{
		"account": "record or entry", "Refusal": "UserError", "named": "parseURI or parseValues", "words.go": "format.go",
	}},
	{[]string{"tools/shortlist"}, map[string]string{
		"card": "candidateWriter", "block": "page", "stand": "namePlaceholder",
	}},
	{[]string{"internal/sanitize"}, map[string]string{
		"sketch": "skeleton", "settle": "untilStable", "perhaps": "possibleHost",
	}},
}

// oldName reports whether a name in a directory is an old one, and what to call
// it instead.
func oldName(dir, name string) (better string, old bool) {
	for _, part := range oldNames {
		if part.dirs != nil && !slices.Contains(part.dirs, dir) {
			continue
		}
		for oldName, better := range part.names {
			if strings.EqualFold(oldName, name) || part.dirs == nil && slices.ContainsFunc(words(name), func(word string) bool { return strings.EqualFold(word, oldName) }) {
				return better, true
			}
		}
	}
	return "", false
}

// words returns the words of a name in camel case.
func words(name string) []string {
	return regexp.MustCompile(`[A-Z]?[a-z0-9]+|[A-Z]+`).FindAllString(name, -1)
}

// declared returns the names that a file declares: of itself, functions,
// methods, types, constants, variables, fields and parameters.
func declared(t *testing.T, file, text string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{path.Base(file)}
	add := func(expressions ...ast.Expr) {
		for _, e := range expressions {
			if id, ok := e.(*ast.Ident); ok {
				names = append(names, id.Name)
			}
		}
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			add(n.Name)
		case *ast.TypeSpec:
			add(n.Name)
		case *ast.ValueSpec:
			for _, name := range n.Names {
				add(name)
			}
		case *ast.Field:
			for _, name := range n.Names {
				add(name)
			}
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				add(n.Lhs...)
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				add(n.Key, n.Value)
			}
		}
		return true
	})
	return names
}

func TestNoOldNameIsLeft(t *testing.T) {
	for file, text := range files(t, ".go") {
		if strings.HasSuffix(file, "_test.go") || strings.Contains(file, "testdata/") {
			continue
		}
		for _, name := range declared(t, file, text) {
			if better, old := oldName(path.Dir(file), name); old {
				t.Errorf("%s declares %s: call it %s", file, name, better)
			}
		}
	}
}

// Each old name is found, however it is declared and whether it is exported.
func TestOldNamesAreFound(t *testing.T) {
	if better, old := oldName("internal/app", "onLookLimit"); !old {
		t.Errorf("onLookLimit is not found (%s)", better)
	}
	if better, old := oldName("internal/sanitize", "looksLikeURL"); old {
		t.Errorf("looksLikeURL is taken for an old name of %s", better)
	}
	for _, part := range oldNames {
		dirs := part.dirs
		if dirs == nil {
			dirs = []string{"internal/app"}
		}
		for _, dir := range dirs {
			for name := range part.names {
				if strings.HasSuffix(name, ".go") {
					if _, old := oldName(dir, declared(t, dir+"/"+name, "package p")[0]); !old {
						t.Errorf("a file %s in %s is not found", name, dir)
					}
					continue
				}
				lower := string(unicode.ToLower(rune(name[0]))) + name[1:]
				upper := string(unicode.ToUpper(rune(name[0]))) + name[1:]
				for _, planted := range []string{
					"func " + upper + "() {}", "func (r *run) " + lower + "() {}", "type " + lower + " int", "const " + lower + " = 1",
					"var a, " + upper + " int", "type s struct { " + upper + " int }", "func f(" + lower + " int) {}",
					"func f() { " + lower + " := 1 }", "func f() { for _, " + lower + " := range []int{} {} }",
				} {
					if !slices.ContainsFunc(declared(t, dir+"/p.go", "package p\n"+planted), func(name string) bool {
						_, old := oldName(dir, name)
						return old
					}) {
						t.Errorf("in %s, %q is not found", dir, planted)
					}
				}
			}
		}
	}
}
