package cli

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
)

func TestCallWritesTheTableOfTheRun(t *testing.T) {
	for name, form := range map[string]func(file string) []string{
		"a word of its own": func(file string) []string { return []string{"--csv", file} },
		"with =":            func(file string) []string { return []string{"--csv=" + file} },
		"with one dash":     func(file string) []string { return []string{"-csv", file} },
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "shortlist.csv")
			if err := os.WriteFile(file, []byte(strings.Repeat("old ", 10_000)), 0o600); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				args := append([]string{"--demo", "call", "wait_for_sourcing", "request_id=req_demo", "limit=1"}, form(file)...)
				execute(t, nil, args...).wants(t, 0, []string{"Showing 1 in summary"}, []string{"All candidates of the run are in " + file + ".\n"})
			})
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff"))).ReadAll()
			if err != nil || len(records) != 21 {
				t.Errorf("%d lines, %v; want the header and 20 candidates", len(records), err)
			}
		})
	}
}

func TestV09ATableOfPeopleIsForItsOwner(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	file := filepath.Join(t.TempDir(), "shortlist.csv")
	for _, before := range []os.FileMode{0, 0o644} { // 0 = no such file
		if before != 0 {
			if err := os.Chmod(file, before); err != nil {
				t.Fatal(err)
			}
		}
		execute(t, nil, "--demo", "call", "get_sourcing_results", "requestId=sourcing://req_demo_done", "--csv", file).wants(t, 0, []string{"completed"}, []string{file})
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("mode %o, once %o, want 600", mode, before)
		}
	}
}

func TestATableHidesNamesIfTheOperatorDoes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shortlist.csv")
	env := map[string]string{"INSTAVIEW_MCP_BLIND": "true"}
	execute(t, env, "--demo", "call", "get_sourcing_results", "request_id=req_demo_done", "blind=true", "--csv", file).wants(t, 0, []string{"(name hidden)"}, []string{file})
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(text); strings.Count(s, "(name hidden)") != 20 || strings.Contains(s, "linkedin.com") || !strings.Contains(s, "not anonymous") {
		t.Errorf("the table is:\n%s", s)
	}
}

func TestATableThatCannotBeWrittenIsExplained(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shortlist.csv")
	get := []string{"--demo", "call", "get_sourcing_results"}
	for name, tt := range map[string]struct {
		args   []string
		stdout []string
		stderr string
	}{
		"no file":           {[]string{"request_id=req_demo_done", "--csv"}, nil, "flag needs an argument: -csv"},
		"no file, but more": {[]string{"--csv", "request_id=req_demo_done"}, nil, "flag -csv: needs the name of a file"},
		"an empty name":     {[]string{"request_id=req_demo_done", "--csv="}, nil, "flag -csv: needs the name of a file"},
		"blind, as meant":   {[]string{"requestId=req_demo_done", "Blind=yes", "--csv", file}, nil, "--csv writes names, which blind hides"},
		"blind, wrapped":    {[]string{`arguments={"request_id":"req_demo_done","blind":true}`, "--csv", file}, nil, "--csv writes names, which blind hides"},
		"blind":             {[]string{"request_id=req_demo_done", "blind=true", "--csv", file}, nil, "--csv writes names, which blind hides"},
		"not finished":      {[]string{"request_id=req_demo_slow", "--csv", file}, []string{"still processing"}, file + " is not written: Sourcing run req_demo_slow is still processing"},
		"no page":           {[]string{"request_id=req_demo_done", "--html"}, nil, "flag needs an argument: -html"},
		"no page, but more": {[]string{"--html", "request_id=req_demo_done"}, nil, "flag -html: needs the name of a file: --html shortlist.html"},
		"a blind page":      {[]string{"request_id=req_demo_done", "blind=true", "--html", file}, nil, "--html writes names, which blind hides"},
		"nothing to open":   {[]string{"request_id=req_demo_done", "--open"}, nil, "--open needs a page to open: add --html shortlist.html"},
		"no such folder":    {[]string{"request_id=req_demo_done", "--csv", filepath.Join(file, "x.csv")}, []string{"completed"}, "open " + file},
	} {
		t.Run(name, func(t *testing.T) {
			execute(t, nil, append(get, tt.args...)...).wants(t, 1, tt.stdout, []string{tt.stderr})
			if _, err := os.Stat(file); err == nil {
				t.Error("there is a file")
			}
		})
	}
	execute(t, nil, append(get, "request_id=req_unknown", "--csv", file)...).wants(t, 1, []string{"knows no such sourcing run"}, nil)
}

func TestV09CallWritesThePageOfARunInAnyState(t *testing.T) {
	for id, want := range map[string]string{
		"req_demo_done": `"state":"completed"`, "req_demo_empty": `"state":"empty"`, "req_demo_slow": `"state":"processing"`,
	} {
		file := filepath.Join(t.TempDir(), "shortlist.html")
		execute(t, nil, "--demo", "call", "get_sourcing_results", "request_id="+id, "--html", file).wants(t, 0, []string{id}, []string{"The run's page is in " + file})
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if s := string(text); !strings.HasPrefix(s, "<!doctype html>") || !strings.Contains(s, want) || !strings.Contains(s, "Sample data of the demo") {
			t.Errorf("%s: the page lacks %s or the demo's label", id, want)
		}
		if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, mode %o; want 600", id, err, info.Mode().Perm())
		}
	}
	file := filepath.Join(t.TempDir(), "shortlist.html")
	execute(t, nil, "--demo", "call", "get_sourcing_results", "request_id=req_unknown", "--html", file).wants(t, 1, []string{"knows no such sourcing run"}, nil)
	if _, err := os.Stat(file); err == nil {
		t.Error("there is a page of a run that does not exist")
	}
}

func TestATableAndAPageCanBeWrittenAtOnce(t *testing.T) {
	dir := t.TempDir()
	execute(t, nil, "--demo", "call", "get_sourcing_results", "request_id=req_demo_done",
		"--csv", filepath.Join(dir, "a.csv"), "--html", filepath.Join(dir, "a.html")).wants(t, 0, []string{"completed"}, []string{"a.csv", "a.html"})
}

// A stand-in for the desktop's program writes what it is asked to open.
func TestOpenStartsABrowserWithThePage(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the stand-in is xdg-open, which only Linux uses")
	}
	dir := t.TempDir()
	opened := filepath.Join(dir, "opened")
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte("#!/bin/sh\nprintf %s \"$1\" > "+opened+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	file := filepath.Join(dir, "short list #1.html")
	args := []string{"--demo", "call", "get_sourcing_results", "request_id=req_demo_done", "--html", file, "--open"}
	execute(t, nil, args...).wants(t, 0, []string{"completed"}, []string{file})
	if got, err := os.ReadFile(opened); err != nil || string(got) != "file://"+strings.ReplaceAll(strings.ReplaceAll(file, " ", "%20"), "#", "%23") {
		t.Errorf("opened %q, %v", got, err)
	}
	if err := os.Remove(filepath.Join(dir, "xdg-open")); err != nil {
		t.Fatal(err)
	}
	execute(t, nil, args...).wants(t, 1, []string{"completed"}, []string{"no browser could be started: open " + file + " yourself"})
}

func TestTheOnlyToolIsNamedAlone(t *testing.T) {
	execute(t, map[string]string{"INSTAVIEW_MCP_TOOLS": "get_sourcing_results"}, "--demo", "call", "show_shortlist", "request_id=x").wants(t, 1, nil,
		[]string{`there is no tool "show_shortlist": use get_sourcing_results` + "\n"})
}
