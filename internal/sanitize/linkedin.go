package sanitize

import (
	"errors"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxProfileURL is above the longest URL of a profile: a hundred characters of four bytes, each escaped, and the rest.
	maxProfileURLBytes = 2048

	// LinkedIn's own rule for the last part of a profile's URL, in characters.
	minSlug, maxSlug = 3, 100
)

// Why LinkedIn refuses a URL, in words that follow "the profile link".
var (
	ErrNotHTTPS   = errors.New("is not an https address")
	ErrOtherSite  = errors.New("leads to another site than LinkedIn")
	ErrNotProfile = errors.New("leads to a page of LinkedIn that is no profile")
	ErrMalformed  = errors.New("is not written as LinkedIn writes it")
)

// LinkedIn returns "linkedin.com/in/<slug>" for an https URL of a LinkedIn
// profile, and one of the errors above for any other. The host may be
// linkedin.com, www.linkedin.com or that of a country; the slug is
// percent-encoded. A language, a query and a fragment are dropped.
func LinkedIn(raw string) (string, error) {
	const scheme = "https://"
	switch {
	case len(raw) > maxProfileURLBytes:
		return "", ErrMalformed
	case strings.HasPrefix(raw, scheme):
	case strings.HasPrefix(strings.ToLower(strings.TrimSpace(raw)), scheme):
		return "", ErrMalformed
	default:
		return "", ErrNotHTTPS
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Opaque != "":
		return "", ErrMalformed
	case strings.HasSuffix(u.Hostname(), ".linkedin.com") && !isLinkedIn(u.Hostname()): // "m.linkedin.com"
		return "", ErrMalformed
	case !isLinkedIn(u.Hostname()):
		return "", ErrOtherSite
	case u.User != nil || u.Port() != "" || strings.HasSuffix(u.Host, ":"):
		return "", ErrMalformed
	}
	path, found := strings.CutPrefix(u.EscapedPath(), "/in/")
	if !found {
		return "", ErrNotProfile
	}
	escaped, rest, more := strings.Cut(strings.TrimSuffix(path, "/"), "/")
	if more && !isLanguage(rest) {
		return "", ErrNotProfile
	}
	slug, err := url.PathUnescape(escaped)
	if err != nil || !isSlug(slug) {
		return "", ErrMalformed
	}
	return "linkedin.com/in/" + strings.ReplaceAll(escaped, "'", "%27"), nil
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

// isLanguage reports whether s is the last part of the URL of a profile that was
// written in several languages: "en", "de-de".
func isLanguage(s string) bool {
	return len(s) == 2 && isLetter(s[0]) && isLetter(s[1]) ||
		len(s) == 5 && (s[2] == '-' || s[2] == '_') && isLanguage(s[:2]) && isLanguage(s[3:])
}

// isSlug reports whether s is made of what LinkedIn lets into a slug, now or in
// earlier years: letters, digits, '-', '_', '.', an apostrophe, and symbols such
// as emoji, each of which is visible.
func isSlug(s string) bool {
	if !utf8.ValidString(s) || strings.Contains(s, "..") {
		return false
	}
	if visible, _ := removeInvisible(s, true); visible != s {
		return false
	}
	n, named := 0, false
	for _, r := range s {
		word := unicode.IsLetter(r) || unicode.Is(unicode.N, r)
		switch {
		case word, isMark(r), unicode.Is(unicode.So, r), r >= 0x1F000 && unicode.Is(unicode.Sk, r), r == zwj, r == zwnj:
		case !strings.ContainsRune("-_.'’", r):
			return false
		}
		named = named || word
		n++
	}
	return named && n >= minSlug && n <= maxSlug
}
