// Package sanitizetest checks that a text is safe to show, for the tests of
// every package that shows third-party text. It shares no code with package
// sanitize.
package sanitizetest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Unsafe returns what is wrong with a line that is about to be shown to a
// model, or "" if it is safe.
func Unsafe(s string) string {
	switch {
	case !utf8.ValidString(s):
		return "invalid UTF-8"
	case !norm.NFC.IsNormalString(s):
		return "not NFC"
	case s != strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " "):
		return "white space that is not one space between words"
	case strings.ContainsAny(s, "[]`|⟦⟧〚〛"), tag.MatchString(s):
		return "active markup"
	}
	if wrong := forbiddenRune([]rune(s)); wrong != "" {
		return wrong
	}
	if !strings.ContainsAny(asRead(s), `:/\?#.`) {
		return ""
	}
	read := stores.ReplaceAllString(asRead(companies.ReplaceAllString(s, "$1 $2")), " ")
	for _, link := range links {
		if found := link.FindString(read); found != "" {
			return fmt.Sprintf("link %q", found)
		}
	}
	return ""
}

// forbiddenRune returns what is wrong with the first rune that may not be where
// it is, or "".
func forbiddenRune(runes []rune) string {
	marks := 0
	for i, r := range runes {
		if r >= ' ' && r < 0x7F {
			marks = 0
			continue
		}
		prev, next := rune(0), rune(0)
		if i > 0 {
			prev = runes[i-1]
		}
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me):
			marks++
		case r != 0x200C && r != 0x200D:
			marks = 0
		}
		switch {
		case marks > 4:
			return "piled-up marks"
		case r == 0xFE0F:
			if !unicode.In(prev, unicode.So, unicode.Sm, unicode.Sk, unicode.Po, unicode.Ll, unicode.Pd) && !(unicode.IsDigit(prev) && next == 0x20E3) &&
				prev < 0x1F000 {
				return "variation selector without an emoji"
			}
		case r == 0x200C:
			if !unicode.IsLetter(next) && !unicode.IsMark(next) || prev < 0x600 && !unicode.IsMark(prev) || next < 0x600 {
				return "ZWNJ without work"
			}
		case r == 0x200D:
			if prev < 0xA9 || unicode.Is(unicode.Latin, prev) || next == 0x200C || next == 0x200D {
				return "ZWJ without work"
			}
		case slices.Contains([]rune{0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x2800, 0x3164, 0xFFA0}, r),
			unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r),
			unicode.In(r, unicode.Cc, unicode.Co, unicode.Noncharacter_Code_Point, unicode.Variation_Selector),
			r >= 0xE0000 && r <= 0xE0FFF:
			return fmt.Sprintf("%U", r)
		}
	}
	return ""
}

// asRead replaces every rune by the ASCII character that a browser or a model
// takes it for.
func asRead(s string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return unicode.ToLower(r)
		}
		if read, ok := lookalikes[r]; ok {
			return read
		}
		if k := []rune(norm.NFKC.String(string(r))); len(k) == 1 && k[0] < utf8.RuneSelf {
			r = k[0]
		}
		return unicode.ToLower(r)
	}, s)
}

var lookalikes = map[rune]rune{'⁄': '/', '∕': '/', '⧸': '/', '╱': '/', '∶': ':', '꞉': ':'}

var (
	// tag matches the start of a tag of HTML, CommonMark or a model's template.
	tag = regexp.MustCompile(`<(?:[A-Za-z/!?<¦｜]|[^ >]*@[^ >]*>)`)

	// companies and stores match what only looks like a link:
	// "Booking.com/Agoda" names two companies, and browsers do not follow
	// "s3://bucket".
	companies = regexp.MustCompile(`(\p{Lu}[\pL.]*)/(\p{Lu})`)
	stores    = regexp.MustCompile(`(?:s3[an]?|g?cs|gs|(?:view|h)dfs|abfss?|wasbs?|adl|dbfs|oss|cos|swift|oci|docker|postgres(?:ql)?|mysql|mariadb|sqlite|sqlserver|oracle|` +
		`mongodb|rediss?|cassandra|neo4j|bolt|clickhouse|snowflake|amqps?|kafka|mqtts?|nats|pulsar|tcp|udp|unix|grpc|thrift|zk|rts?m?p|jdbc|odbc)://`)
)

var links = []*regexp.Regexp{
	regexp.MustCompile(`[a-z0-9]://[/\\]*[\pL\pN_%@.-]`),
	regexp.MustCompile(`(?:javascript|vbscript):[a-z0-9.,:_-]{0,20}[(=%]`),
	regexp.MustCompile(`https?:[a-z0-9%@:_-]{0,20}[./\\]`),
	regexp.MustCompile(`mailto:[a-z0-9%.:_-]{0,20}@`),
	regexp.MustCompile(`\bdata:[,;]|\bdata:(?:text|image|application)/`),
	regexp.MustCompile(`\b(?:file|blob):/`),
	regexp.MustCompile(`\btel:\+?[0-9]{3}`),
	regexp.MustCompile(`\bwww\.[a-z0-9]`),
	regexp.MustCompile(`[/\\]{2}(?:[a-z0-9][a-z0-9-]*\.)+(?:com|net|org|example|ru)_*(?:[^\pL\pM\pN_.…+-]|$)`),
	regexp.MustCompile(`(?:^|[^a-z0-9])[a-z0-9][a-z0-9_]{2,}\.(?:com|org|example|ru|рф)[/?#][a-z0-9]`),
}
