package e2e

import (
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"instaview-mcp/internal/config"
)

// The README's curl line, pasted into a shell.
func TestTheREADMEsRequestIsAnswered(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl here")
	}
	s := serveHTTP(t, "http", nil, "--demo")
	asked := false
	for _, block := range readme(t) {
		if block.language != "sh" || !strings.HasPrefix(block.text, "curl ") {
			continue
		}
		asked = true
		out, err := exec.Command("sh", "-c", strings.ReplaceAll(block.text, "http://127.0.0.1:8080", s.root())).Output()
		if err != nil || !strings.Contains(string(out), "20 scored of 134 found") {
			t.Errorf("%s\n%v\n%s", block.text, err, out)
		}
	}
	if !asked {
		t.Error("the README has no such line")
	}
}

// A variable that the program does not know would be set in vain.
func TestTheREADMENamesNoVariableThatThereIsNot(t *testing.T) {
	known := map[string]bool{}
	for c, i := reflect.TypeFor[config.Config](), 0; i < c.NumField(); i++ {
		name, _, _ := strings.Cut(c.Field(i).Tag.Get("env"), ",")
		known[name] = true
	}
	raw, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`INSTAVIEW_[A-Z_]+`).FindAllString(string(raw), -1) {
		if !known[name] {
			t.Errorf("%s is no variable of the program's", name)
		}
	}
}
