package sanitize

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

func TestLinkedInKeepsProfiles(t *testing.T) {
	for raw, want := range map[string]Clean{
		"https://www.linkedin.com/in/janedoe-ml":                   "linkedin.com/in/janedoe-ml",
		"https://linkedin.com/in/janedoe/":                         "linkedin.com/in/janedoe",
		"https://sk.linkedin.com/in/j%C3%A1n-nov%C3%A1k-123/":      "linkedin.com/in/j%C3%A1n-nov%C3%A1k-123",
		"https://WWW.LinkedIn.com/in/Jane_Doe.1":                   "linkedin.com/in/Jane_Doe.1",
		"https://www.linkedin.com/in/jane?trk=people&utm_source=x": "linkedin.com/in/jane",
		"https://www.linkedin.com/in/jane/#about":                  "linkedin.com/in/jane",
		"https://www.linkedin.com/in/ján":                          "linkedin.com/in/j%C3%A1n",
		"https://www.linkedin.com/in/%e6%9d%8e%e9%9b%b7%e5%90%9b":  "linkedin.com/in/%e6%9d%8e%e9%9b%b7%e5%90%9b",
		"https://www.linkedin.com/in/jane/en":                      "linkedin.com/in/jane",
		"https://www.linkedin.com/in/jane/de-de?trk=y":             "linkedin.com/in/jane",
		"https://www.linkedin.com/in/jane/pt_BR/":                  "linkedin.com/in/jane",
		"https://www.linkedin.com/in/jane-%F0%9F%9A%80":            "linkedin.com/in/jane-%F0%9F%9A%80",
		"https://www.linkedin.com/in/jane🚀":                        "linkedin.com/in/jane%F0%9F%9A%80",
		"https://www.linkedin.com/in/dev-%E2%9D%A4%EF%B8%8F":       "linkedin.com/in/dev-%E2%9D%A4%EF%B8%8F",
		"https://www.linkedin.com/in/jane-doe®":                    "linkedin.com/in/jane-doe%C2%AE",
		"https://www.linkedin.com/in/sean-o’brien":                 "linkedin.com/in/sean-o%E2%80%99brien",
		"https://www.linkedin.com/in/sean-o'brien":                 "linkedin.com/in/sean-o%27brien",
		"https://www.linkedin.com/in/नेहा-शर्मा":                   "linkedin.com/in/%E0%A4%A8%E0%A5%87%E0%A4%B9%E0%A4%BE-%E0%A4%B6%E0%A4%B0%E0%A5%8D%E0%A4%AE%E0%A4%BE",
		"https://www.linkedin.com/in/می\u200cخواهم":                "linkedin.com/in/%D9%85%DB%8C%E2%80%8C%D8%AE%D9%88%D8%A7%D9%87%D9%85",
		"https://www.linkedin.com/in/" + strings.Repeat("a", 100):  Clean("linkedin.com/in/" + strings.Repeat("a", 100)),
	} {
		if got, fault := LinkedIn(raw); got != want || fault != "" {
			t.Errorf("LinkedIn(%q) = %q, %q, want %q", raw, got, fault, want)
		}
	}
}

func TestLinkedInRefusesEverythingElse(t *testing.T) {
	for _, raw := range []string{
		"", "jane", "linkedin.com/in/jane", "//www.linkedin.com/in/jane", "http://www.linkedin.com/in/jane", "HTTPS://www.linkedin.com/in/jane",
		" https://www.linkedin.com/in/jane", "https://www.linkedin.com/in/jane ", "https://www.linkedin.com/in/jane\n", "https:www.linkedin.com/in/jane",
		"https://evillinkedin.com/in/jane", "https://linkedin.com.evil.example/in/jane", "https://m.linkedin.com/in/jane", "https://abc.linkedin.com/in/jane",
		"https://de.www.linkedin.com/in/jane", "https://1a.linkedin.com/in/jane", "https://www.linkedin.com./in/jane", "https://.linkedin.com/in/jane",
		"https://www.lіnkedin.com/in/jane", "https://www.lin\u212aedin.com/in/jane", "https://user@www.linkedin.com/in/jane", "https://www.linkedin.com:443/in/jane",
		"https://www.linkedin.com\\@evil.example/in/jane", "https://evil.example/https://www.linkedin.com/in/jane", "https://[fe80::1%25en0]/in/jane",
		"https://www.linkedin.com", "https://www.linkedin.com/in/", "https://www.linkedin.com/IN/jane", "https://www.linkedin.com/company/acme",
		"https://www.linkedin.com/in/../redir", "https://www.linkedin.com/in/%2e%2e%2fredir", "https://www.linkedin.com/in/a..b", "https://www.linkedin.com/in/...",
		"https://www.linkedin.com/in/jane/details", "https://www.linkedin.com/in/jane//", "https://www.linkedin.com//in/jane", "https://www.linkedin.com/in/jane%2Fx",
		"https://www.linkedin.com/in/jane%00", "https://www.linkedin.com/in/jane%0a", "https://www.linkedin.com/in/ja%E2%80%8Bne", "https://www.linkedin.com/in/ja%E2%80%AEne",
		"https://www.linkedin.com/in/ja%EF%B8%8Fne", "https://www.linkedin.com/in/jane%F3%A0%81%81", "https://www.linkedin.com/in/ja%E3%85%A4ne", "https://www.linkedin.com/in/%ff%fe%fd",
		"https://www.linkedin.com/in/ja%253Cne", "https://www.linkedin.com/in/<b>", "https://www.linkedin.com/in/jane](x)", "https://www.linkedin.com/in/ja`ne", "https://www.linkedin.com/in/ja|ne",
		"https://www.linkedin.com/in/ja%ne", "https://www.linkedin.com/in/jane;x", "https://www.linkedin.com/in/ja:ne", "https://www.linkedin.com/in/ja ne", "https://www.linkedin.com/in/ja%20ne",
		"https://www.linkedin.com/in/ab", "https://www.linkedin.com/in/---", "https://www.linkedin.com/in/" + strings.Repeat("a", 101), "https://www.linkedin.com/in/" + strings.Repeat("%41", 5000),
	} {
		if got, fault := LinkedIn(raw); fault == "" || got != "" {
			t.Errorf("LinkedIn(%q) = %q, %q, want it refused", brief(raw), got, fault)
		}
	}
}

func TestLinkedInSaysWhatAnotherLinkIs(t *testing.T) {
	for raw, want := range map[string]Clean{
		"http://www.linkedin.com/in/jane":          NotHTTPS,
		"www.linkedin.com/in/jane":                 NotHTTPS,
		"https://github.com/jane":                  OtherSite,
		"https://evillinkedin.com/in/jane":         OtherSite,
		"https://www.linkedin.com/company/acme":    NotProfile,
		"https://www.linkedin.com/pub/jane":        NotProfile,
		"https://www.linkedin.com/in/jane/details": NotProfile,
		"https://www.linkedin.com/in/ja%20ne":      Malformed,
		"https://m.linkedin.com/in/jane":           Malformed,
		" HTTPS://www.linkedin.com/in/jane":        Malformed,
		"https://www.linkedin.com:443/in/jane":     Malformed,
		"https://u@www.linkedin.com/in/jane":       Malformed,
		"https://www.linkedin.com/in/ja%ne":        Malformed,
	} {
		if _, fault := LinkedIn(raw); fault != want {
			t.Errorf("LinkedIn(%q): %q, want %q", raw, fault, want)
		}
	}
}

var profile = regexp.MustCompile(`^linkedin\.com/in/(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})+$`)

func FuzzLinkedIn(f *testing.F) {
	for _, raw := range []string{
		"https://www.linkedin.com/in/janedoe-ml/?trk=x#y", "https://sk.linkedin.com/in/j%C3%A1n", "https://linkedin.com/in/李雷君", "https://u@www.linkedin.com:1/in/..%2f",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, fault := LinkedIn(raw)
		if fault != "" {
			if got != "" {
				t.Errorf("LinkedIn(%q) = %q, though it is refused", raw, got)
			}
			return
		}
		if !profile.MatchString(string(got)) || strings.Contains(string(got), "..") {
			t.Errorf("LinkedIn(%q) = %q", raw, got)
		}
		if again, fault := LinkedIn("https://" + string(got)); again != got || fault != "" {
			t.Errorf("LinkedIn(%q) = %q, and of that %q, %q", raw, got, again, fault)
		}
	})
}

// The usual URL is recognised without a parser, which must not differ from it.
func TestLinkedInAgreesWithItsParser(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 9))
	parts := strings.Split("https://www.linkedin.com/in/|jane|-|_|/|.|é|%41|0|?x|#|in/|-doe|'| |"+strings.Repeat("a", 97), "|")
	links := 0
	for range 20_000 {
		raw := parts[0]
		for range random.IntN(5) {
			raw += parts[random.IntN(len(parts))]
		}
		link, fault := LinkedIn(raw)
		if wantLink, wantFault := parseLinkedIn(raw); link != wantLink || fault != wantFault {
			t.Errorf("LinkedIn(%q) = %q, %q, and its parser says %q, %q", raw, link, fault, wantLink, wantFault)
		}
		if link != "" {
			links++
		}
	}
	if links < 1000 {
		t.Errorf("only %d links", links)
	}
}
