package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// maxInit is how many bytes a package may allocate when the program starts, in
// whatever way it is used. The largest need is less than half of this.
const maxInit = 64 << 10

// With text/template's own execution, which calls methods by name, the linker
// keeps every method of every type: 12 MB more, part of which is also memory.
func TestTheProgramCallsNoMethodsByName(t *testing.T) {
	built, err := os.ReadFile(program(t))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(built, []byte("text/template/parse.Parse")) {
		t.Fatal("the program names no functions")
	}
	if bytes.Contains(built, []byte("text/template.(*state).evalCall")) {
		t.Error("the program executes a template with text/template: use internal/template")
	}
}

// Every client starts the program anew for each chat, so tables, patterns and
// documents are made when they are first needed.
func TestPackagesPrepareLittleAtTheStart(t *testing.T) {
	cmd := exec.Command(program(t), "version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	packages := 0
	for line := range strings.Lines(string(out)) {
		var name string
		var at, took float64
		var size int
		if n, _ := fmt.Sscanf(line, "init %s @%f ms, %f ms clock, %d bytes", &name, &at, &took, &size); n < 4 || !strings.HasPrefix(name, "instaview-mcp/") {
			continue
		}
		packages++
		if size > maxInit {
			t.Errorf("%s allocates %d bytes when the program starts", name, size)
		}
	}
	if packages == 0 {
		t.Errorf("no package is told:\n%s", out)
	}
}
