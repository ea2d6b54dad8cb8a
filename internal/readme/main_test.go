package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheTablesAreCurrent(t *testing.T) {
	got, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := fill(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("README.md is stale: run go generate (-want +got):\n%s", diff)
	}
}

func TestAMissingPlaceIsAnError(t *testing.T) {
	if _, err := fill([]byte("# README\n")); err == nil {
		t.Error("no error for a text without markers")
	}
}
