//go:build unix

package setup

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Under sudo, what setup writes must still belong to the person.
func TestAnotherOwnersFilesStayTheirs(t *testing.T) {
	const uid, gid = 12345, 12346
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	home := t.TempDir()
	file := filepath.Join(home, "mcp.json")
	write(t, file, []byte(beforeText), 0o640)
	for _, path := range []string{home, file} {
		if err := os.Chown(path, uid, gid); err != nil {
			t.Skip(err)
		}
	}
	backup, err := plan(t, cursor(t).Add, file, server).Apply(tick())
	if err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(home, ".config", "x", "mcp.json")
	if _, err := plan(t, cursor(t).Add, made, server).Apply(tick()); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(home, ".config", "instaview", "key")
	if err := WriteKey(key, "k"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, backup, made, filepath.Dir(made), key, filepath.Dir(key)} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != uid || owner.Gid != gid {
			t.Errorf("%s belongs to %d:%d", path, owner.Uid, owner.Gid)
		}
	}
}
