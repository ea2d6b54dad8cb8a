//go:build unix

package setup

import (
	"io/fs"
	"os"
	"syscall"
)

// giveTo makes a file or directory belong to the owner of another one, who is
// not the user where setup runs under sudo. The group counts only for files.
func giveTo(path string, like fs.FileInfo) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	got, gotOK := info.Sys().(*syscall.Stat_t)
	want, wantOK := like.Sys().(*syscall.Stat_t)
	if !gotOK || !wantOK || got.Uid == want.Uid && (got.Gid == want.Gid || like.IsDir()) {
		return nil
	}
	return os.Chown(path, int(want.Uid), int(want.Gid))
}
