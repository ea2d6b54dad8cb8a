package mcptest

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
)

// Build builds a main package into dir and returns the program's path. A name
// such as instaview-mcp or ./testdata/bare says which, and flags are go
// build's.
func Build(dir, name string, flags ...string) (path string, err error) {
	path = filepath.Join(dir, filepath.Base(name)+".exe") // Windows wants the ending, others do not mind
	args := append([]string{"build", "-o", path}, append(flags, name)...)
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", name, err, out)
	}
	return path, nil
}

// Buffer is a bytes.Buffer that may be read while another goroutine, or a
// process, writes to it.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns all that has been written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
