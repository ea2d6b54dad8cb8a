//go:build unix

package setup

import (
	"io/fs"
	"os"
	"syscall"
)

// chownLike gives a file or directory to the owner of another one. Under sudo
// that is not the current user. For a file the group
// must be the same too.
func chownLike(path string, like fs.FileInfo) error {
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
