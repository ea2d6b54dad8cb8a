package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// published is how clients start the program that npm holds.
type published struct {
	Type    string            `json:"type,omitempty"`
	Command string            `json:"command"`
	Args    []string          `json:"args"`
	Env     map[string]string `json:"env,omitempty"`
}

// input is a value that VS Code asks for and keeps.
type input struct {
	Type        string `json:"type"`
	ID          string `json:"id"`
	Description string `json:"description"`
	Password    bool   `json:"password"`
}

var (
	npx     = []string{"-y", "instaview-mcp"}
	npxDemo = append(npx[:len(npx):len(npx)], "--demo")
	keyOf   = func(reference string) map[string]string { return map[string]string{"INSTAVIEW_API_KEY": reference} }
)

// linkTable returns links that install the published program in a client, and
// others for a first try, which need no key.
func linkTable() (string, error) {
	inputs := []input{{"promptString", "instaview-key", "InstaView API key", true}}
	var b strings.Builder
	b.WriteString("| client | with your key | sample data |\n| --- | --- | --- |\n")
	code, err := vsCodeLink("instaview", published{"stdio", "npx", npx, keyOf("${input:instaview-key}")}, inputs)
	if err != nil {
		return "", err
	}
	codeDemo, err := vsCodeLink("instaview-demo", published{"stdio", "npx", npxDemo, nil}, nil)
	if err != nil {
		return "", err
	}
	cursor, err := cursorLink("instaview", published{"", "npx", npx, keyOf("${env:INSTAVIEW_API_KEY}")})
	if err != nil {
		return "", err
	}
	cursorDemo, err := cursorLink("instaview-demo", published{"", "npx", npxDemo, nil})
	fmt.Fprintf(&b, "| VS Code | [install](%s) | [try](%s) |\n", code, codeDemo)
	fmt.Fprintf(&b, "| Cursor | [install](%s), which reads `INSTAVIEW_API_KEY` from the environment | [try](%s) |\n", cursor, cursorDemo)
	return b.String(), err
}

// vsCodeLink returns a link that leads on to vscode:mcp/install, which GitHub
// would not show as a link.
func vsCodeLink(name string, server published, inputs []input) (string, error) {
	config, err := json.Marshal(server)
	if err != nil {
		return "", err
	}
	link := "https://insiders.vscode.dev/redirect/mcp/install?name=" + url.QueryEscape(name)
	if inputs != nil {
		asked, err := json.Marshal(inputs)
		if err != nil {
			return "", err
		}
		link += "&inputs=" + url.QueryEscape(string(asked))
	}
	return link + "&config=" + url.QueryEscape(string(config)), nil
}

// cursorLink returns a link that leads on to cursor://, likewise.
func cursorLink(name string, server published) (string, error) {
	config, err := json.Marshal(server)
	return "https://cursor.com/en/install-mcp?name=" + url.QueryEscape(name) +
		"&config=" + url.QueryEscape(base64.StdEncoding.EncodeToString(config)), err
}
