// Package view makes the page on which people look at a shortlist: one HTML
// document that holds its style, its script and its data, loads nothing and
// sends nothing. It is saved as a file, or shown by a chat as an MCP App.
package view

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"

	"instaview-mcp/internal/sanitize"
	"instaview-mcp/tools/shortlist"
)

// Data is what a page shows: a run, and a label for all of it.
type Data struct {
	shortlist.Report
	// Label stands above everything, such as that the people are invented; "" =
	// none.
	Label sanitize.Clean `json:"label,omitempty"`
}

// JSON returns d for a page that gets its data from elsewhere. It may stand in
// an HTML document, since encoding/json escapes "<", ">" and "&".
func (d Data) JSON() json.RawMessage {
	raw, err := json.Marshal(d)
	if err != nil { // no field has a type that could fail
		panic("view: " + err.Error())
	}
	return raw
}

// Page returns a document that shows d.
func Page(d Data) string { return withData(string(d.JSON())) }

// App returns a document without data, which asks the chat that shows it for
// them, as an MCP App does.
func App() string { return withData("null") }

func withData(data string) string {
	before, after := document()
	return before + data + after
}

// The files of the page. The scripts form one module, in this order.
//
//go:embed page
var files embed.FS

var scripts = []string{"dom.js", "profiles.js", "cards.js", "filters.js", "compare.js", "copy.js", "inline.js", "host.js", "main.js"}

// document returns what stands before and after the data. Most servers show no
// page, so it is put together when the first is.
var document = sync.OnceValues(assemble)

// assemble puts the files together. Only this style and these scripts may run
// in the page, so the policy names their hashes.
func assemble() (before, after string) {
	var script strings.Builder
	for _, name := range scripts {
		script.WriteString(file(name))
	}
	style := file("page.css")
	policy := "default-src 'none'; script-src " + hash(script.String()) + "; style-src " + hash(style) +
		"; base-uri 'none'; form-action 'none'"
	page := strings.NewReplacer("{{policy}}", policy, "{{style}}", style, "{{script}}", script.String()).Replace(file("page.html"))
	before, after, _ = strings.Cut(page, "{{data}}")
	return before, after
}

func file(name string) string {
	text, err := files.ReadFile("page/" + name)
	if err != nil { // all of them are embedded
		panic("view: " + err.Error())
	}
	// A checkout on Windows may have added carriage returns, which browsers
	// remove before they compare hashes.
	return string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
}

// hash returns the source expression of a style or script for a
// Content-Security-Policy.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
