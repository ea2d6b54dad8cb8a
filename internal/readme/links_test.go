package main

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"instaview-mcp/internal/config"
)

// The links are read as the clients read them.
func TestInstallLinksLeadToTheServer(t *testing.T) {
	text, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`\((https://[^)]*install[^)]*config=[^)]*)\)`).FindAllStringSubmatch(string(text), -1)
	var names []string
	for _, match := range links {
		link, err := url.Parse(match[1])
		if err != nil {
			t.Fatal(err)
		}
		query := link.Query()
		raw := []byte(query.Get("config"))
		if link.Host == "cursor.com" {
			if raw, err = base64.StdEncoding.DecodeString(string(raw)); err != nil {
				t.Fatal(err)
			}
		}
		var server struct {
			Type, Command string
			Args          []string
			Env           map[string]string
		}
		if err := json.Unmarshal(raw, &server); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
		names = append(names, link.Host+" "+query.Get("name"))
		if server.Command != "npx" || len(server.Args) < 2 || server.Args[1] != "instaview-mcp" {
			t.Errorf("%s starts %s %q", link.Host, server.Command, server.Args)
		}
		isDemo := strings.HasSuffix(query.Get("name"), "-demo")
		if isDemo != slices.Contains(server.Args, "--demo") || isDemo != (len(server.Env) == 0) {
			t.Errorf("%s: %q with %q", query.Get("name"), server.Args, server.Env)
		}
		for variable, reference := range server.Env {
			// The program takes what it does not know for misspelt.
			c := config.Load(t.Context(), []string{variable + "=" + reference}, config.Use{Demo: true})
			if len(c.Warnings) > 0 || !config.IsReference(reference) {
				t.Errorf("%s=%s is no variable with a reference: %q", variable, reference, c.Warnings)
			}
			if id, ok := strings.CutPrefix(reference, "${input:"); ok && !asksFor(t, query.Get("inputs"), strings.TrimSuffix(id, "}")) {
				t.Errorf("nothing asks for %s in %s", reference, query.Get("inputs"))
			}
		}
	}
	want := []string{"insiders.vscode.dev instaview", "insiders.vscode.dev instaview-demo", "cursor.com instaview", "cursor.com instaview-demo"}
	if !slices.Equal(names, want) {
		t.Errorf("links for %q, want %q", names, want)
	}
}

// asksFor reports whether VS Code asks for the input of that id, without
// showing what is typed.
func asksFor(t *testing.T, inputs, id string) bool {
	t.Helper()
	var all []input
	if err := json.Unmarshal([]byte(inputs), &all); err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(all, func(i input) bool { return i.ID == id && i.Type == "promptString" && i.Password })
}
