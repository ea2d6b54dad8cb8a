package docs

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"instaview-mcp/internal/cli"
)

// What documents have people type after instaview-mcp exists: commands, what
// webhook does, and flags. The completions list them all.
func TestTheProgramsCommandsThatDocumentsNameExist(t *testing.T) {
	var fish bytes.Buffer
	cli.Run(t.Context(), cli.System{Args: []string{"completion", "fish"}, Stdout: &fish, Stderr: &fish})
	words := func(pattern string) (all []string) {
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(fish.String(), -1) {
			all = append(all, strings.Fields(match[1])...)
		}
		return all
	}
	commands, actions, flags := words(`__fish_is_first_arg' -a '([^']+)'`), words(`subcommand_from webhook' -a '([^']+)'`), words(`-l (\S+)`)
	if len(commands) < 8 || len(actions) != 4 || len(flags) < 10 {
		t.Fatalf("commands %q, webhook %q, flags %q", commands, actions, flags)
	}
	word := regexp.MustCompile(`^[a-z]+$`)
	count := 0
	for document, text := range files(t, ".md") {
		for _, match := range regexp.MustCompile("(?m)^(?:\\$ )?(?:\\./)?instaview-mcp ([^#|\n]*)|`instaview-mcp ([^`]+)`").FindAllStringSubmatch(text, -1) {
			count++
			typed := strings.Fields(match[1] + match[2])
			for _, w := range typed {
				name, _, _ := strings.Cut(strings.TrimPrefix(w, "--"), "=")
				if strings.HasPrefix(w, "--") && !slices.Contains(flags, name) {
					t.Errorf("%s: %q: there is no flag %s", document, typed, w)
				}
			}
			typed = slices.DeleteFunc(typed, func(w string) bool { return strings.HasPrefix(w, "-") })
			if len(typed) == 0 || !word.MatchString(typed[0]) {
				continue // a placeholder
			}
			if !slices.Contains(commands, typed[0]) {
				t.Errorf("%s: there is no command %s", document, typed[0])
			}
			if typed[0] == "webhook" && (len(typed) < 2 || !slices.Contains(actions, typed[1])) {
				t.Errorf("%s: webhook does nothing called %q", document, typed[1:])
			}
		}
	}
	if count < 20 {
		t.Errorf("%d commands, want those of all documents", count)
	}
}

// The answers on the page are the program's, as its golden file has them for a
// server and an InstaView on this machine.
func TestTheAnswersAboutWebhooksAreThePrograms(t *testing.T) {
	page, err := os.ReadFile("webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("../internal/cli/testdata/webhook.txt")
	if err != nil {
		t.Fatal(err)
	}
	here := strings.NewReplacer("https://mcp.example.com", "http://HOST", "https://api.instaview.sk", "http://HOST",
		"every company of the key", "acme", "the file in INSTAVIEW_MCP_WEBHOOK_SECRET_FILE", "INSTAVIEW_MCP_WEBHOOK_SECRET")
	count := 0
	for _, block := range regexp.MustCompile("(?s)\n```(\\w*)\n(.*?)\n```\n").FindAllStringSubmatch(string(page), -1) {
		if block[1] != "" { // a command
			continue
		}
		for line := range strings.SplitSeq(block[2], "\n") {
			count++
			if !strings.HasPrefix(line, "Go ahead?") && !strings.Contains("\n"+string(golden), "\n"+here.Replace(line)+"\n") {
				t.Errorf("the program never writes %q", line)
			}
		}
	}
	if count < 12 {
		t.Errorf("%d lines, want those of the page", count)
	}
}
