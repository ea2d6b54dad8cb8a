package setup

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const beforeText = "{\n  // mine\n  \"mcpServers\": {}\n}\n"

func cursor(t *testing.T) Client {
	t.Helper()
	c, ok := Named("cursor")
	if !ok {
		t.Fatal("no Cursor")
	}
	return c
}

func TestAMissingFileIsMadeForItsOwnerAlone(t *testing.T) {
	for _, c := range Clients {
		file := filepath.Join(t.TempDir(), "not", "there", "config")
		edit := plan(t, c.Add, file, server)
		backup, err := edit.Apply(tick())
		if err != nil || backup != "" {
			t.Fatal(backup, err)
		}
		text, err := os.ReadFile(file)
		block, _ := c.Block(server)
		if err != nil || string(text) != block {
			t.Errorf("%s: %v, %q, want the block that --print shows", c.Name, err, text)
		}
		wantModes(t, map[string]os.FileMode{file: 0o600, filepath.Dir(file): 0o700 | os.ModeDir})
		if removed, err := c.Remove(filepath.Join(t.TempDir(), "config")); err != nil || removed.Changed() {
			t.Errorf("%s: %v, removing changes a file that is not there", c.Name, err)
		}
	}
}

func wantModes(t *testing.T, want map[string]os.FileMode) {
	t.Helper()
	if runtime.GOOS == "windows" {
		return // where permissions are of another kind
	}
	for path, mode := range want {
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != mode {
			t.Errorf("%s has the mode %v, want %v", path, info.Mode(), mode)
		}
	}
}

func TestAFileKeepsItsModeAndACopy(t *testing.T) {
	for _, mode := range []os.FileMode{0o600, 0o644, 0o660, 0o755} {
		dir := t.TempDir()
		file := filepath.Join(dir, "mcp.json")
		write(t, file, []byte(beforeText), mode)
		edit := plan(t, cursor(t).Add, file, server)
		at := tick()
		backup, err := edit.Apply(at)
		if err != nil {
			t.Fatal(err)
		}
		if want := file + ".bak-" + at.Format("20060102-150405.000"); backup != want {
			t.Errorf("the copy is %s, want %s", backup, want)
		}
		if text, err := os.ReadFile(backup); err != nil || string(text) != beforeText {
			t.Errorf("%v, the copy holds %q", err, text)
		}
		wantModes(t, map[string]os.FileMode{file: mode, backup: mode})
		if names := names(t, dir); len(names) != 2 {
			t.Errorf("files %q, want the file and its copy", names)
		}
	}
}

func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names
}

func TestALinkIsWrittenThrough(t *testing.T) {
	home, dotfiles := t.TempDir(), t.TempDir()
	target, middle, link := filepath.Join(dotfiles, "real.json"), filepath.Join(dotfiles, "middle"), filepath.Join(home, "mcp.json")
	write(t, target, []byte(beforeText), 0o640)
	for from, to := range map[string]string{middle: "real.json", link: middle} {
		if err := os.Symlink(to, from); err != nil {
			t.Skip(err) // as on Windows without the right to
		}
	}
	backup, err := plan(t, cursor(t).Add, link, server).Apply(tick())
	if err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(link); err != nil || to != middle {
		t.Errorf("%v, the link leads to %q", err, to)
	}
	text, err := os.ReadFile(target)
	if err != nil || !bytes.Contains(text, []byte(server.Command)) {
		t.Errorf("%v, its target holds %q", err, text)
	}
	if copied, err := os.ReadFile(backup); err != nil || string(copied) != beforeText || filepath.Dir(backup) != home {
		t.Errorf("%v, the copy %s holds %q", err, backup, copied)
	}
	wantModes(t, map[string]os.FileMode{target: 0o640, link: 0o777 | os.ModeSymlink})
	if got := names(t, dotfiles); len(got) != 2 {
		t.Errorf("files %q", got)
	}
}

func TestWhatIsNoFileToWriteIsRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		place func(t *testing.T, file string) error
		want  string
	}{
		"a directory":        {func(t *testing.T, file string) error { return os.Mkdir(file, 0o755) }, "it is a directory"},
		"read-only":          {func(t *testing.T, file string) error { write(t, file, []byte(beforeText), 0o444); return nil }, "it is read-only"},
		"a link to nothing":  {func(_ *testing.T, file string) error { return os.Symlink("gone", file) }, "a link that leads nowhere"},
		"a link to itself":   {func(_ *testing.T, file string) error { return os.Symlink(filepath.Base(file), file) }, "a link that leads nowhere"},
		"a link to a folder": {func(_ *testing.T, file string) error { return os.Symlink(".", file) }, "it is a directory"},
		"a device":           {func(_ *testing.T, file string) error { return os.Symlink(os.DevNull, file) }, "it is not a regular file"},
		"below a file": {func(t *testing.T, file string) error {
			write(t, filepath.Dir(file)+"/x", nil, 0o600)
			return os.Symlink(filepath.Dir(file)+"/x/y", file)
		}, "it cannot be looked at"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "mcp.json")
			if err := tt.place(t, file); err != nil {
				t.Skip(err)
			}
			before := names(t, dir)
			for _, c := range Clients {
				if _, err := c.Add(file, server); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%s: error %v, want %q", c.Name, err, tt.want)
				}
			}
			if err := WriteKey(file, "k"); err == nil {
				t.Error("the key was written there")
			}
			if after := names(t, dir); !slices.Equal(before, after) {
				t.Errorf("files %q, before %q", after, before)
			}
		})
	}
}

// Clients write their files, too: while a person reads the diff, for example.
func TestAFileThatChangedMeanwhileIsNotWritten(t *testing.T) {
	for name, change := range map[string]func(file string) error{
		"written": func(file string) error { return os.WriteFile(file, []byte("{}"), 0o600) },
		"removed": os.Remove,
		"moved":   func(file string) error { return os.Rename(file, file+".old") },
	} {
		file := filepath.Join(t.TempDir(), "mcp.json")
		write(t, file, []byte(beforeText), 0o600)
		edit := plan(t, cursor(t).Add, file, server)
		if err := change(file); err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadFile(file)
		if _, err := edit.Apply(tick()); err == nil || !strings.Contains(err.Error(), "it has changed meanwhile") {
			t.Errorf("%s: error %v", name, err)
		}
		if after, _ := os.ReadFile(file); !bytes.Equal(before, after) {
			t.Errorf("%s: the file holds %q", name, after)
		}
	}
	file := filepath.Join(t.TempDir(), "mcp.json")
	edit := plan(t, cursor(t).Add, file, server)
	write(t, file, []byte(beforeText), 0o600)
	if _, err := edit.Apply(tick()); err == nil {
		t.Error("a file that another program has just made was written over")
	}
}

func TestACopyIsNeverWrittenOver(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mcp.json")
	write(t, file, []byte(beforeText), 0o600)
	at := tick()
	backup, err := plan(t, cursor(t).Add, file, server).Apply(at)
	if err != nil {
		t.Fatal(err)
	}
	removal, err := cursor(t).Remove(file)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := removal.Apply(at); err != nil || second == backup || !exists(second) {
		t.Errorf("the second copy of one time is %s, %v; the first is %s", second, err, backup)
	}
	if text, _ := os.ReadFile(backup); string(text) != beforeText {
		t.Errorf("the copy holds %q", text)
	}
}

func TestTheKeyIsForItsOwnerAlone(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, dir string){
		"nothing there": func(t *testing.T, dir string) {},
		"readable for others": func(t *testing.T, dir string) {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "key"), []byte("old"), 0o644)
		},
	} {
		dir := filepath.Join(t.TempDir(), ".config", "instaview")
		prepare(t, dir)
		file := filepath.Join(dir, "key")
		if err := WriteKey(file, "sk_live_1"); err != nil {
			t.Fatal(name, err)
		}
		if text, err := os.ReadFile(file); err != nil || string(text) != "sk_live_1\n" {
			t.Errorf("%s: %v, the file holds %q", name, err, text)
		}
		wantModes(t, map[string]os.FileMode{file: 0o600, dir: 0o700 | os.ModeDir})
		if got := names(t, dir); len(got) != 1 {
			t.Errorf("%s: files %q", name, got)
		}
	}
}
