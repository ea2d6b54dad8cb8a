package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheDocumentsAreCurrent(t *testing.T) {
	want, err := documents("../..")
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range want {
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(string(got), "\n")); diff != "" {
			t.Errorf("%s is stale: run go generate (-want +got):\n%s", path, diff)
		}
	}
}

func TestAMissingPlaceIsAnError(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"# README\n": "no document has a place",
		"<!-- toys: written by go generate -->\n<!-- end -->\n": "there is no table of toys",
	} {
		if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := documents(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}
