package setup

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// state describes a file at the time it was read.
type state struct {
	target string      // the file after following links
	info   fs.FileInfo // nil if there is no file
}

// read returns the content of a file, or nil if it does not exist. It returns
// an error for files that setup must not write.
func read(file string) ([]byte, state, error) {
	s := state{target: file}
	_, err := os.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, s, nil
	}
	if s.target, err = filepath.EvalSymlinks(file); err != nil {
		return nil, s, errors.New("it cannot be looked at, or is a link that leads nowhere")
	}
	info, err := os.Stat(s.target)
	switch {
	case err != nil:
		return nil, s, errors.New("it cannot be looked at")
	case info.IsDir():
		return nil, s, errors.New("it is a directory")
	case !info.Mode().IsRegular():
		return nil, s, errors.New("it is not a regular file")
	case info.Mode().Perm()&0o200 == 0:
		return nil, s, errors.New("it is read-only: another program may manage it")
	}
	s.info = info
	text, err := os.ReadFile(s.target)
	if err != nil {
		return nil, s, errors.New("it cannot be read")
	}
	return text, s, nil
}

// backupSuffix stands between the name of a file and the time of a backup.
const backupSuffix = ".bak-"

// Apply writes the change, and returns the name of the backup of the previous
// file, or "" if there was none. It returns an error if the file has changed
// since the edit was planned.
func (e Edit) Apply(now time.Time) (backup string, err error) {
	text, s, err := read(e.File)
	switch {
	case err != nil:
		return "", err
	case !bytes.Equal(text, e.now) || s.target != e.state.target:
		return "", errors.New("it has changed meanwhile: run setup again")
	case s.info == nil:
		return "", replace(s.target, e.next, 0o600, nil)
	}
	for {
		if backup = e.File + backupSuffix + now.Format("20060102-150405.000"); !exists(backup) {
			break
		}
		now = now.Add(time.Millisecond) // two changes may come in one
	}
	if err := replace(backup, e.now, s.info.Mode().Perm(), s.info); err != nil {
		return "", err
	}
	if err := replace(s.target, e.next, s.info.Mode().Perm(), s.info); err != nil {
		_ = os.Remove(backup)
		return "", err
	}
	return backup, nil
}

// replace writes a file atomically. Its owner is that of like, or that of its
// directory if like is nil.
func replace(file string, text []byte, mode fs.FileMode, like fs.FileInfo) (err error) {
	dir := filepath.Dir(file)
	parent, err := makeDir(dir)
	if err != nil {
		return err
	}
	if like == nil {
		like = parent
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = chownLike(f.Name(), like)
	}
	if err == nil {
		err = os.Chmod(f.Name(), mode)
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// makeDir makes a directory if it does not exist, which only the owner of its
// parent can access.
func makeDir(dir string) (fs.FileInfo, error) {
	info, err := os.Stat(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return info, err
	}
	above, err := makeDir(filepath.Dir(dir))
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	if err := chownLike(dir, above); err != nil {
		return nil, err
	}
	return os.Stat(dir)
}

// WriteKey writes the API key to a file that only its owner can read, in a
// directory that only its owner can enter. On Windows both inherit the access
// rules of the user's profile, which excludes other users by default.
func WriteKey(file, key string) error {
	dir := filepath.Dir(file)
	if _, err := makeDir(dir); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	_, s, err := read(file)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return replace(s.target, []byte(key+"\n"), 0o600, s.info)
}
