package sanitize

import (
	"strings"
	"testing"
	"time"
)

func TestPlainReturnsWordsOnly(t *testing.T) {
	for _, s := range []string{"a", "prof_67a3995d-ea79", "REQUEST_NOT_FOUND", "-", strings.Repeat("x", 64)} {
		if got, ok := Plain(s, 64); string(got) != s || !ok {
			t.Errorf("Plain(%q) = %q, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", " ", "a b", "a.b", "a\n", "é", "ａ", "a\u200b", "a|b", "[a]", "\xff", strings.Repeat("x", 65)} {
		if got, ok := Plain(s, 64); got != "" || ok {
			t.Errorf("Plain(%q) = %q, %v, want it refused", s, got, ok)
		}
	}
}

func TestNumbersAndTimesAreFormatted(t *testing.T) {
	for want, got := range map[Clean]Clean{
		"0": Number(0), "-7": Number(-7), "1000000": Number(1_000_000), "97.5": Number(97.5), "100": Number(100.0), "0.000001": Number(1e-6),
		"20 May 2026 13:05": Time(time.Date(2026, 5, 20, 13, 5, 0, 0, time.UTC), "2 Jan 2006 15:04"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestJoinLeavesOutEmptyParts(t *testing.T) {
	for want, parts := range map[Clean][]Clean{
		"": {}, "a": {"", "a", ""}, "a| b": {"a", "", "b"}, "a| b| c": {"", "a", "b", "c"},
	} {
		if got := Join("| ", parts...); got != want {
			t.Errorf("Join(%q) = %q, want %q", parts, got, want)
		}
	}
}

func TestAnUnquotedTextCannotEndAQuotation(t *testing.T) {
	if got := Unquoted("“a” said “b"); got != "'a' said 'b" {
		t.Errorf("got %q", got)
	}
}

// A placeholder stands beside text that makes a link only together with it.
func TestWhatHidingAContactLeavesIsClean(t *testing.T) {
	found := false
	for _, s := range []string{"//jane@evil.com/x", "file:jane@evil.com", "javascript:+421 905 123 456", "data:+421905123456/x", "vbscript:0905 123 456 tel"} {
		in := Line(s, 0).Clean
		got := HideContacts(in)
		if again := Line(string(got), 0).Clean; again != got {
			t.Errorf("%q is shown as %q, which is not clean: %q", in, got, again)
		}
		found = found || replaceContacts(string(in)) != string(got)
	}
	if !found {
		t.Error("no placeholder made a link")
	}
}
