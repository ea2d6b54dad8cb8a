package sanitize

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxProfileURL is above the longest URL of a profile: a hundred characters of four bytes, each escaped, and the rest.
	maxProfileURL = 2048

	// LinkedIn's own rule for the last part of a profile's URL, in characters.
	minSlug, maxSlug = 3, 100
)

// LinkedIn returns "linkedin.com/in/<slug>" for an https URL of a LinkedIn profile, and whether it is one. The host may be linkedin.com,
// www.linkedin.com or that of a country; the slug stays percent-encoded. A query and a fragment, which only track, are dropped. A
// user, a port, further path segments, and anything else make it some other URL, which is refused.
func LinkedIn(raw string) (string, bool) {
	if len(raw) > maxProfileURL || !strings.HasPrefix(raw, "https://") {
		return "", false
	}
	u, err := url.Parse(raw)
	if err != nil || u.User != nil || u.Opaque != "" || !isLinkedIn(u.Host) {
		return "", false
	}
	slug, found := strings.CutPrefix(u.EscapedPath(), "/in/")
	slug = strings.TrimSuffix(slug, "/")
	if !found || !isSlug(slug) {
		return "", false
	}
	return "linkedin.com/in/" + slug, true
}

// isLinkedIn compares byte by byte: Unicode folding would take the Kelvin sign for a k.
func isLinkedIn(host string) bool {
	name := []byte(host)
	for i, c := range name {
		name[i] = lower(c)
	}
	sub, found := strings.CutSuffix(string(name), "linkedin.com")
	switch {
	case !found:
		return false
	case sub == "", sub == "www.":
		return true
	}
	return len(sub) == 3 && isLetter(sub[0]) && isLetter(sub[1]) && sub[2] == '.'
}

// isSlug says whether escaped, decoded, is made of letters, their marks, digits, '-', '_' and '.' only.
func isSlug(escaped string) bool {
	slug, err := url.PathUnescape(escaped)
	if err != nil || !utf8.ValidString(slug) || strings.Contains(slug, "..") {
		return false
	}
	n, named := 0, false
	for _, r := range slug {
		word := unicode.IsLetter(r) || unicode.Is(unicode.Nd, r)
		if !word && !(isMark(r) || r == '-' || r == '_' || r == '.') || kindOf(r) != shown && kindOf(r) != mark {
			return false
		}
		named = named || word
		n++
	}
	return named && n >= minSlug && n <= maxSlug
}
