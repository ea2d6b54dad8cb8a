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

// state is what a file was like when it was read.
type state struct {
	target string      // what the file's name leads to, through links
	info   fs.FileInfo // nil if there is no file
}

// read returns what is in a file, nil if there is none, and refuses one that
// setup must not write.
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

// Apply makes the change and returns the name of a copy of the file as it was,
// "" if there was none. It fails if the file has changed since it was read.
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
	backup = e.File + ".bak-" + now.Format("20060102-150405.000")
	if exists(backup) {
		return "", fmt.Errorf("%s is there already: run setup again", backup)
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

// replace writes a file so that others see it whole, as it was or as it is. It
// belongs to the owner of like or, if that is nil, to its directory's.
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
		err = giveTo(f.Name(), like)
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

// makeDir returns a directory, which it makes if it is not there: for the owner
// of the one above it, and for nobody else.
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
	if err := giveTo(dir, above); err != nil {
		return nil, err
	}
	return os.Stat(dir)
}

// WriteKey writes the API key to a file that only its owner can read, in a
// directory that only they can enter. On Windows both are protected as the
// profile is that they lie in: against other users, unless its owner shares it.
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
