//go:build unix

package config

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Kubernetes mounts a key as a link to ..data/key, where ..data is a link to a
// directory. The mode of a link itself is 0777.
func TestTheKeyFileMayBeALink(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "..2026_05_20", "key")
	link := filepath.Join(dir, "key")
	for _, err := range []error{
		os.Mkdir(filepath.Dir(file), 0o750),
		os.WriteFile(file, []byte("sk_live_1"), 0o440),
		os.Symlink("..2026_05_20", filepath.Join(dir, "..data")),
		os.Symlink(filepath.Join("..data", "key"), link),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"INSTAVIEW_API_KEY_FILE": link}
	if c := load(t, env); c.Faults != nil || c.APIKey.Reveal() != "sk_live_1" {
		t.Errorf("key %q, %q", c.APIKey.Reveal(), c.Faults)
	}
	if err := os.Chmod(file, 0o444); err != nil {
		t.Fatal(err)
	}
	load(t, env).wants(t, "a link to a file that others can read", "chmod o-rwx")
}

// A FIFO without a writer must not block the start: this test would not end.
func TestTheKeyFileMustBeARegularFile(t *testing.T) {
	dir := t.TempDir()
	fifo, link, socket := filepath.Join(dir, "fifo"), filepath.Join(dir, "link"), filepath.Join(dir, "s")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(fifo, link); err != nil {
		t.Fatal(err)
	}
	// A socket's path is limited to about 100 bytes, and a temporary directory
	// may be longer.
	t.Chdir(dir)
	listener, err := net.Listen("unix", "s")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	for _, path := range []string{fifo, link, socket, dir, os.DevNull} {
		load(t, map[string]string{"INSTAVIEW_API_KEY_FILE": path}).wants(t, path, "not a regular file")
	}
}
