package sanitize

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxProfileURLBytes is more than the longest profile URL has: a slug of
	// 100 characters of four bytes, with every byte percent-encoded.
	maxProfileURLBytes = 2048

	// The length of a slug, the last part of a profile URL, in characters.
	// LinkedIn itself requires 3 to 100.
	minSlug, maxSlug = 3, 100
)

// The faults of a link to a profile. They continue a sentence that starts with
// "the profile link".
const (
	NotHTTPS   Clean = "is not an https address"
	OtherSite  Clean = "leads to another site than LinkedIn"
	NotProfile Clean = "leads to a page of LinkedIn that is no profile"
	Malformed  Clean = "is not written as LinkedIn writes it"
)

// LinkedIn returns "linkedin.com/in/<slug>" for the https URL of a LinkedIn
// profile, with the slug percent-encoded. The host may be linkedin.com,
// www.linkedin.com or that of a country ("sk.linkedin.com"). A language, a
// query and a fragment are dropped. For any other URL, link is empty and fault
// is NotHTTPS, OtherSite, NotProfile or Malformed.
func LinkedIn(raw string) (link, fault Clean) {
	if slug, found := strings.CutPrefix(raw, "https://www.linkedin.com/in/"); found {
		plain, ok := Plain(strings.TrimSuffix(slug, "/"), maxSlug)
		if ok && len(plain) >= minSlug && strings.Trim(string(plain), "-_") != "" {
			return "linkedin.com/in/" + plain, ""
		}
	}
	return parseLinkedIn(raw)
}

// parseLinkedIn does what LinkedIn does, also for the usual URL.
func parseLinkedIn(raw string) (link, fault Clean) {
	const scheme = "https://"
	switch {
	case len(raw) > maxProfileURLBytes:
		return "", Malformed
	case strings.HasPrefix(raw, scheme):
	case strings.HasPrefix(strings.ToLower(strings.TrimSpace(raw)), scheme):
		return "", Malformed
	default:
		return "", NotHTTPS
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Opaque != "":
		return "", Malformed
	// Only the hosts of countries lead to profiles, not "m.linkedin.com".
	case strings.HasSuffix(u.Hostname(), ".linkedin.com") && !isLinkedIn(u.Hostname()):
		return "", Malformed
	case !isLinkedIn(u.Hostname()):
		return "", OtherSite
	case u.User != nil || u.Port() != "" || strings.HasSuffix(u.Host, ":"):
		return "", Malformed
	}
	path, found := strings.CutPrefix(u.EscapedPath(), "/in/")
	if !found {
		return "", NotProfile
	}
	escaped, rest, more := strings.Cut(strings.TrimSuffix(path, "/"), "/")
	if more && !isLanguage(rest) {
		return "", NotProfile
	}
	slug, err := url.PathUnescape(escaped)
	if err != nil || !isSlug(slug) {
		return "", Malformed
	}
	return "linkedin.com/in/" + Clean(strings.ReplaceAll(escaped, "'", "%27")), ""
}

// isLinkedIn reports whether host belongs to LinkedIn. It compares bytes,
// because Unicode case folding would accept the Kelvin sign as a k.
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

// isLanguage reports whether s is a language code ("en", "de-de"), which ends
// the URL of a profile that was written in several languages.
func isLanguage(s string) bool {
	return len(s) == 2 && isLetter(s[0]) && isLetter(s[1]) ||
		len(s) == 5 && (s[2] == '-' || s[2] == '_') && isLanguage(s[:2]) && isLanguage(s[3:])
}

// isSlug reports whether s has only what LinkedIn allows in a slug, or allowed
// in earlier years: letters, digits, '-', '_', '.', apostrophes and visible
// symbols such as emoji.
func isSlug(s string) bool {
	if !utf8.ValidString(s) || strings.Contains(s, "..") {
		return false
	}
	if quickCheck(s) == unclean {
		if visible, _ := removeInvisible(s, true); visible != s {
			return false
		}
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
