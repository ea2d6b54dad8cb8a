package docs

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The program writes each message that a row of troubleshooting's tables begins
// with, in backticks or quotation marks.
func TestTroubleshootingQuotesTheProgram(t *testing.T) {
	var code strings.Builder
	for path, text := range files(t, ".go") {
		if !strings.HasSuffix(path, "_test.go") {
			code.WriteString(regexp.MustCompile(`"\s*\+\s*"`).ReplaceAllString(text, ""))
		}
	}
	said := strings.NewReplacer(`\"`, `"`).Replace(code.String())
	raw, err := os.ReadFile("troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, table := range regexp.MustCompile(`(?m)^\| message \|.*\n((?:\|.*\n)+)`).FindAllStringSubmatch(string(raw), -1) {
		for _, row := range regexp.MustCompile(`(?m)^\| (.*?) \|`).FindAllStringSubmatch(table[1], -1) {
			for _, match := range regexp.MustCompile("`([^`]+)`|“([^”]+)”").FindAllStringSubmatch(row[1], -1) {
				count++
				if !strings.Contains(said, match[1]+match[2]) {
					t.Errorf("the program never writes %q", match[1]+match[2])
				}
			}
		}
	}
	if count < 15 {
		t.Errorf("%d messages, want all of the tables'", count)
	}
}
