package template

import (
	"strings"
	"testing"
	"text/template"
)

type person struct{ Name string }

type fields struct {
	Text   string
	Number int
	Yes    bool
	Person person
}

// What texts may use, and where they are wrong. text/template is the measure.
func TestTextsAreExecutedAsByTextTemplate(t *testing.T) {
	const shared = `{{define "a passage" -}} about {{.Text}} {{- end}}`
	for _, text := range []string{
		"",
		"plain",
		"{{.Text}}, {{.Number}}, {{.Yes}}, {{.Person.Name}}",
		"{{if .Text}}yes{{else}}no{{end}} {{if .Number}}yes{{else}}no{{end}} {{if .Yes}}yes{{end}} {{if .Person.Name}}yes{{else}}no{{end}}",
		"{{with .Text}}“{{.}}”{{else}}none{{end}} {{with .Person}}{{.Name}}{{end}}",
		"{{if .Text}}{{if .Yes}}both{{else if .Number}}number{{end}}{{end}}",
		"a {{- .Text -}} b\n{{/* nothing */}}",
		`{{template "a passage"}} and {{.Number}}`,
	} {
		for _, data := range []fields{{}, {Text: "a {{.Number}} <b>", Number: 3, Yes: true, Person: person{"Ada"}}, {Text: "x"}, {Number: -1}} {
			want := &strings.Builder{}
			// A passage gets no data from text/template, and all of it here.
			standard := strings.ReplaceAll(text, `"a passage"`, `"a passage" .`)
			if err := template.Must(template.Must(template.New("shared").Parse(shared)).New("text").Parse(standard)).Execute(want, data); err != nil {
				t.Fatal(err)
			}
			if got := Must(text, shared).Execute(data); got != want.String() {
				t.Errorf("%s with %+v: %q, want %q", text, data, got, want)
			}
		}
	}
}

func TestMistakesArePanics(t *testing.T) {
	for _, text := range []string{
		"{{.Text", "{{.Missing}}", "{{.Person.Missing}}", `{{template "missing"}}`, "{{range .Text}}{{end}}",
		"{{.Text | print}}", "{{$x := .Text}}", "{{if and .Yes .Yes}}{{end}}", `{{template "a" .Text}}{{define "a"}}{{end}}`,
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is no mistake", text)
				}
			}()
			Must(text).Execute(fields{Text: "x", Yes: true})
		}()
	}
}
