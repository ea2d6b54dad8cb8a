package sanitize_test

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const module, sanitizePath = "instaview-mcp", "instaview-mcp/internal/sanitize"

// program holds the packages of the program, without their tests.
type program struct {
	files   map[string][]string // of each of our packages, by import path
	exports map[string]string   // the compiled types of every package
}

// load lists the packages as the go command builds them.
var load = sync.OnceValues(func() (program, error) {
	p := program{map[string][]string{}, map[string]string{}}
	// Reading the folders makes go test run again when one has a new file.
	for _, folder := range []string{"client", "internal", "prompts", "tools"} {
		_ = filepath.WalkDir(filepath.Join("..", "..", folder), func(string, os.DirEntry, error) error { return nil })
	}
	list := exec.Command("go", "list", "-export", "-deps", "-f", `{{.ImportPath}}|{{.Export}}|{{.Dir}}|{{join .GoFiles " "}}`, module+"/...")
	list.Dir, list.Stderr = filepath.Join("..", ".."), os.Stderr
	out, err := list.Output()
	for line := range strings.Lines(string(out)) {
		parts := strings.Split(strings.TrimSpace(line), "|")
		path := parts[0]
		p.exports[path] = parts[1]
		if path == module || strings.HasPrefix(path, module+"/") {
			for file := range strings.FieldsSeq(parts[3]) {
				p.files[path] = append(p.files[path], filepath.Join(parts[2], file))
			}
		}
	}
	return p, err
})

// check compiles a package, together with planted as one more of its files
// unless that is empty. It returns where the package makes a Clean or cleans
// one again, and what does not compile.
func (p program) check(t *testing.T, path, planted string) (found []string, err error) {
	t.Helper()
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.files[path] {
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	if planted != "" {
		file, err := parser.ParseFile(set, "planted.go", planted, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	exported := importer.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) { return os.Open(p.exports[path]) })
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	if _, err := (&types.Config{Importer: exported}).Check(path, set, files, info); err != nil {
		return nil, err
	}
	sanitize, err := exported.Import(sanitizePath)
	if err != nil {
		t.Fatal(err)
	}
	clean := sanitize.Scope().Lookup("Clean").Type()
	for expr := range info.Types {
		if makes(expr, info, clean) || fills(expr, info, clean) || cleansAgain(expr, info, clean) {
			found = append(found, fmt.Sprint(set.Position(expr.Pos())))
		}
	}
	for _, spec := range unchecked(files) {
		found = append(found, fmt.Sprint(set.Position(spec.Pos())))
	}
	return found, nil
}

// unchecked returns the imports of packages that write to any type, if a
// package has both clean texts and one of them.
func unchecked(files []*ast.File) (found []*ast.ImportSpec) {
	cleans := false
	for _, file := range files {
		for _, spec := range file.Imports {
			switch strings.Trim(spec.Path.Value, "`\"") {
			case sanitizePath:
				cleans = true
			case "reflect", "unsafe":
				found = append(found, spec)
			}
		}
	}
	if !cleans {
		return nil
	}
	return found
}

// makes reports whether an expression makes a clean text of anything else: a
// conversion to it, to a pointer to it or to a type parameter that may be it,
// or a pointer through which another package could write it.
func makes(expr ast.Expr, info *types.Info, clean types.Type) bool {
	isClean := func(to types.Type) bool {
		if pointer, ok := to.Underlying().(*types.Pointer); ok {
			to = pointer.Elem()
		}
		if parameter, ok := types.Unalias(to).(*types.TypeParam); ok {
			return types.Satisfies(clean, parameter.Constraint().Underlying().(*types.Interface))
		}
		return types.Identical(to, clean)
	}
	switch e := expr.(type) {
	case *ast.CallExpr:
		return info.Types[e.Fun].IsType() && isClean(info.TypeOf(e.Fun))
	case *ast.UnaryExpr:
		return e.Op == token.AND && types.Identical(info.TypeOf(e.X), clean)
	}
	return false
}

// fills reports whether an expression lets another module write a clean text:
// it passes a pointer to something that holds one as an interface, as
// json.Unmarshal needs it, or makes a pointer to one with new.
func fills(expr ast.Expr, info *types.Info, clean types.Type) bool {
	call, ok := expr.(*ast.CallExpr)
	if !ok {
		return false
	}
	pointsTo := func(e ast.Expr) types.Type {
		if pointer, ok := info.TypeOf(e).Underlying().(*types.Pointer); ok {
			return pointer.Elem()
		}
		return types.Typ[types.Invalid]
	}
	if info.Types[call.Fun].IsBuiltin() {
		return types.Identical(pointsTo(call), clean)
	}
	function, ok := info.TypeOf(call.Fun).(*types.Signature)
	if !ok || cannotFill(call.Fun, info) {
		return false
	}
	for i, arg := range call.Args {
		parameter := function.Params().At(min(i, function.Params().Len()-1)).Type()
		if list, ok := parameter.(*types.Slice); ok && function.Variadic() && i >= function.Params().Len()-1 && !call.Ellipsis.IsValid() {
			parameter = list.Elem()
		}
		to := pointsTo(arg)
		if types.IsInterface(parameter) && !types.Identical(to, clean) && holds(to, clean, map[types.Type]bool{}) {
			return true // a pointer to one itself was found where it was made
		}
	}
	return false
}

// cannotFill reports whether a function that is called belongs to this module,
// where fills finds what it does, or is errors.As, which only copies an error.
func cannotFill(function ast.Expr, info *types.Info) bool {
	name, ok := function.(*ast.Ident)
	if selector, isSelector := function.(*ast.SelectorExpr); isSelector {
		name, ok = selector.Sel, true
	}
	if !ok || info.Uses[name] == nil || info.Uses[name].Pkg() == nil {
		return false
	}
	path := info.Uses[name].Pkg().Path()
	return path == module || strings.HasPrefix(path, module+"/") || path == "errors"
}

// holds reports whether a value of a type holds a clean text. It visits each
// type once.
func holds(t, clean types.Type, visited map[types.Type]bool) bool {
	if visited[t] {
		return false
	}
	visited[t] = true
	if types.Identical(t, clean) {
		return true
	}
	switch t := t.Underlying().(type) {
	case *types.Struct:
		for field := range t.Fields() {
			if holds(field.Type(), clean, visited) {
				return true
			}
		}
	case *types.Map:
		return holds(t.Key(), clean, visited) || holds(t.Elem(), clean, visited)
	case interface{ Elem() types.Type }: // a pointer, list or channel
		return holds(t.Elem(), clean, visited)
	}
	return false
}

// cleansAgain reports whether an expression is a call of package sanitize with
// a clean text that is converted back to a string.
func cleansAgain(expr ast.Expr, info *types.Info, clean types.Type) bool {
	call, ok := expr.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return false
	}
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || info.Uses[function.Sel] == nil || info.Uses[function.Sel].Pkg() == nil || info.Uses[function.Sel].Pkg().Path() != sanitizePath {
		return false
	}
	conversion, ok := call.Args[0].(*ast.CallExpr)
	return ok && info.Types[conversion.Fun].IsType() && types.Identical(info.TypeOf(conversion.Args[0]), clean)
}

func TestOnlySanitizeMakesClean(t *testing.T) {
	p, err := load()
	if err != nil {
		t.Fatal(err)
	}
	users := 0
	for path := range p.files {
		if path == sanitizePath {
			continue
		}
		found, err := p.check(t, path, "")
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		for _, at := range found {
			t.Errorf("%s: a Clean is made outside package sanitize, or cleaned again", at)
		}
		users++
	}
	if users < 20 {
		t.Errorf("%d packages, want those of the whole program", users)
	}
}

// Third-party text that is written without being cleaned does not compile, and
// a conversion to Clean is found.
func TestTextThatIsNotCleanedIsFound(t *testing.T) {
	const shortlist, tools, prompts, completion, blind = module + "/tools/shortlist", module + "/tools", module + "/prompts", module + "/internal/completion", module + "/internal/blind"
	const doesNotCompile, isFound, isAllowed = "as sanitize.Clean value", "found", ""
	p, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ path, code, want string }{
		"a candidate's field":       {shortlist, `func planted(w *candidateWriter) { w.field("x", w.candidate.Name) }`, doesNotCompile},
		"a part of a line":          {shortlist, `func planted(w *candidateWriter) { w.out.Write("name: ", w.candidate.Name) }`, doesNotCompile},
		"a message of the API":      {shortlist, `func planted(r *client.Results) sanitize.Clean { return sanitize.Join(" ", "It says", r.Message) }`, doesNotCompile},
		"a cell of the table":       {shortlist, `func planted(c *client.Candidate) string { return escapeFormula(c.Name) }`, doesNotCompile},
		"a row of the table":        {shortlist, `func planted(c *client.Candidate) []sanitize.Clean { return append(row(c, "r", false), c.Name) }`, doesNotCompile},
		"an error of a document":    {tools, `func planted(c *client.Candidate) error { return UserError{Text: c.Name} }`, doesNotCompile},
		"progress of a wait":        {tools, `func planted(p *progress, e *client.Error) { p.send(e.Reason) }`, doesNotCompile},
		"a fault of a prompt":       {prompts, `func planted(a *reader) { a.refuse(a.given["role"]) }`, doesNotCompile},
		"an error of a prompt":      {prompts, `func planted(a *reader) error { return UserError{a.given["role"]} }`, doesNotCompile},
		"a remark":                  {shortlist, `func planted(c *client.Candidate) View { return View{Notes: []sanitize.Clean{c.Name}} }`, doesNotCompile},
		"a formatted text":          {shortlist, `func planted(w *candidateWriter) { w.field("x", fmt.Sprintf("%s", w.candidate.Name)) }`, doesNotCompile},
		"an answer of a tool":       {tools, `func planted(c *client.Candidate) reply { return reply{text: c.Name} }`, doesNotCompile},
		"an argument's value":       {tools, `func planted(a *reader) { a.note(fmt.Sprint(a.given["request_id"])) }`, doesNotCompile},
		"a failure":                 {tools, `func planted(e *client.Error) reply { return failed("x", e.ServerCode) }`, doesNotCompile},
		"an argument of a prompt":   {prompts, `func planted(a *reader) values { return values{Role: a.given["role"]} }`, doesNotCompile},
		"a completion":              {completion, `func planted(c *client.Candidate) candidate { return candidate{name: c.Name} }`, doesNotCompile},
		"a name to hide":            {blind, `func planted(name string) *Mask { return New(name, nil, nil) }`, doesNotCompile},
		"a conversion":              {shortlist, `func planted(w *candidateWriter) { w.field("x", sanitize.Clean(w.candidate.Name)) }`, isFound},
		"a conversion by an alias":  {shortlist, `type own = sanitize.Clean; func planted(s string) sanitize.Clean { return own(s) }`, isFound},
		"a conversion of a pointer": {shortlist, `func planted(s string) sanitize.Clean { return *(*sanitize.Clean)(&s) }`, isFound},
		"a conversion by a generic": {shortlist, `func to[T ~string](s string) T { return T(s) }; func planted(s string) sanitize.Clean { return to[sanitize.Clean](s) }`, isFound},
		"a pointer to write to":     {shortlist, `func planted(s string) (c sanitize.Clean) { _, _ = fmt.Sscan(s, &c); return }`, isFound},
		"a decoded list":            {shortlist, `func planted(s string) (c []sanitize.Clean) { _ = json.Unmarshal([]byte(s), &c); return }`, isFound},
		"a decoded struct":          {shortlist, `func planted(s string) sanitize.Clean { var v struct{ Text map[string]sanitize.Clean }; _ = json.NewDecoder(strings.NewReader(s)).Decode(&v); return v.Text[""] }`, isFound},
		"a new pointer":             {shortlist, `func planted(s string) sanitize.Clean { c := new(sanitize.Clean); _, _ = fmt.Sscan(s, c); return *c }`, isFound},
		"reflection":                {shortlist, `func planted(s string) sanitize.Clean { v := reflect.New(reflect.TypeFor[sanitize.Clean]()); v.Elem().SetString(s); return v.Elem().Interface().(sanitize.Clean) }`, isFound},
		"a second cleaning":         {shortlist, `func planted(w *candidateWriter) { w.field("x", sanitize.Line(string(w.name()), 9).Clean) }`, isFound},
		"our own words":             {shortlist, `func planted(w *candidateWriter) { w.field("of", sanitize.Join(" ", "of "+w.name(), "and", sanitize.Number(3))) }`, isAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			source := "package " + tt.path[strings.LastIndexByte(tt.path, '/')+1:] + "\n"
			for as, path := range map[string]string{
				"client.": module + "/client", "sanitize.": sanitizePath,
				"fmt.": "fmt", "json.": "encoding/json", "reflect.": "reflect", "strings.": "strings",
			} {
				if strings.Contains(tt.code, as) {
					source += fmt.Sprintf("import %q\n", path)
				}
			}
			found, err := p.check(t, tt.path, source+tt.code)
			switch {
			case tt.want == doesNotCompile && (err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "planted.go")):
				t.Errorf("err = %v, want one that says %q", err, tt.want)
			case tt.want == isFound && (err != nil || len(found) != 1 || !strings.Contains(found[0], "planted.go")):
				t.Errorf("found at %q, want it in planted.go (%v)", found, err)
			case tt.want == isAllowed && (err != nil || len(found) > 0):
				t.Errorf("found at %q, %v, want it allowed", found, err)
			}
		})
	}
}
