// Package template executes Go templates that show fields, decide with if, with
// and else, and include passages that a define has named.
//
// text/template parses them but does not execute them here, since it could call
// a method by any name. The linker of a program with such calls keeps every
// method of every type, which made this one larger by three quarters.
package template

import (
	"fmt"
	"reflect"
	"strings"
	"text/template/parse"
)

// Template is a parsed text. It is safe for concurrent use.
type Template struct {
	text     *parse.Tree
	passages map[string]*parse.Tree
}

// Must parses a text, which may include what the texts of shared define. It
// panics at a mistake, since the texts are part of the program.
func Must(text string, shared ...string) *Template {
	passages := map[string]*parse.Tree{}
	for i, s := range append(shared, text) {
		trees, err := parse.Parse(fmt.Sprint("text ", i), s, "", "")
		if err != nil {
			panic("template: " + err.Error())
		}
		for name, tree := range trees {
			passages[name] = tree
		}
	}
	return &Template{passages[fmt.Sprint("text ", len(shared))], passages}
}

// Execute returns the text with the fields of data, a struct. A field that is
// its type's zero value counts as false. It panics if the text uses what there
// is not, which any test that executes it finds.
func (t *Template) Execute(data any) string {
	e := execution{template: t, data: reflect.ValueOf(data)}
	e.list(t.text.Root, e.data)
	return e.out.String()
}

type execution struct {
	template *Template
	data     reflect.Value
	out      strings.Builder
}

// list writes nodes. dot is what a dot alone stands for.
func (e *execution) list(l *parse.ListNode, dot reflect.Value) {
	if l == nil {
		return
	}
	for _, node := range l.Nodes {
		switch n := node.(type) {
		case *parse.TextNode:
			e.out.Write(n.Text)
		case *parse.ActionNode:
			_, _ = fmt.Fprint(&e.out, e.value(n.Pipe, dot))
		case *parse.IfNode:
			e.branch(&n.BranchNode, dot, dot)
		case *parse.WithNode:
			e.branch(&n.BranchNode, dot, e.value(n.Pipe, dot))
		case *parse.TemplateNode:
			passage := e.template.passages[n.Name]
			if passage == nil || n.Pipe != nil {
				panic("template: what is not understood: " + n.String())
			}
			e.list(passage.Root, e.data)
		default:
			panic("template: what is not understood: " + n.String())
		}
	}
}

// branch writes one of two lists, the first with inside as its dot.
func (e *execution) branch(n *parse.BranchNode, dot, inside reflect.Value) {
	if e.value(n.Pipe, dot).IsZero() {
		e.list(n.ElseList, dot)
	} else {
		e.list(n.List, inside)
	}
}

// value returns the value of a dot or of a field such as .Candidate.Who, which
// outside of with is one of the data.
func (e *execution) value(p *parse.PipeNode, dot reflect.Value) reflect.Value {
	if len(p.Decl) == 0 && len(p.Cmds) == 1 && len(p.Cmds[0].Args) == 1 {
		switch arg := p.Cmds[0].Args[0].(type) {
		case *parse.DotNode:
			return dot
		case *parse.FieldNode:
			v := dot
			for _, name := range arg.Ident {
				if v = v.FieldByName(name); !v.IsValid() {
					panic("template: no field for " + arg.String())
				}
			}
			return v
		}
	}
	panic("template: what is not understood: " + p.String())
}
