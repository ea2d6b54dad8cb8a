package main

import (
	"fmt"
	"regexp"
	"strings"
)

// heading matches the heading of a version in a changelog.
var heading = regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+[^\]]*)\].*$`)

// releaseNotes returns what a changelog says of a version.
func releaseNotes(changelog, version string) (string, error) {
	_, rest, ok := strings.Cut(changelog, "\n## ["+version+"]")
	if !ok {
		return "", fmt.Errorf("CHANGELOG.md says nothing of version %s", version)
	}
	_, rest, _ = strings.Cut(rest, "\n")
	text, _, _ := strings.Cut(rest, "\n## [")
	return strings.TrimSpace(text) + "\n", nil
}

// latestVersion returns the newest version that a changelog names.
func latestVersion(changelog string) (string, error) {
	match := heading.FindStringSubmatch(changelog)
	if match == nil {
		return "", fmt.Errorf("CHANGELOG.md names no version")
	}
	return match[1], nil
}
