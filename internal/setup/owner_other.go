//go:build !unix

package setup

import "io/fs"

// chownLike does nothing on systems without such owners.
func chownLike(string, fs.FileInfo) error { return nil }
