package tools

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"instaview-mcp/client"
	"instaview-mcp/internal/arguments"
	"instaview-mcp/internal/sanitize"
)

// brief reads a text of at most most characters as it is to be sent: without
// what a person could not see in it, and with composed letters, so that what
// looks the same is the same. oneLine joins its lines.
func (a *reader) brief(name sanitize.Clean, most int, oneLine bool) string {
	text := ""
	switch v := a.get(name).(type) {
	case nil:
	case string:
		text = v
	case []any: // a list of must-haves
		var items []string
		for _, item := range v {
			items = append(items, fmt.Sprint(item))
		}
		text = strings.Join(items, "; ")
	case json.Number, float64, bool, map[string]any:
		a.refuse(name + " must be a text.")
		return ""
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\u200c', r == '\u200d': // of scripts that join letters
			return r
		case !unicode.IsGraphic(r): // control characters, and tags that no one sees
			return -1
		}
		return r
	}, strings.ReplaceAll(norm.NFC.String(strings.ToValidUTF8(text, "")), "\r\n", "\n"))
	if oneLine {
		text = strings.Join(strings.Fields(text), " ")
	}
	text = strings.TrimSpace(text)
	if n := utf8.RuneCountInString(text); n > most {
		a.refuse(name + " has " + counted(n, "character") + ", and may have at most " + sanitize.Number(most) + ": shorten it with the user.")
	}
	if arguments.IsNothing(text) {
		return ""
	}
	return text
}

// credits reads a number of candidates, which cost a credit each, and returns
// client.DefaultLimit if none is given. Nothing is lowered, since a person is
// to agree to the very number; the ledger refuses what is too large.
func (a *reader) credits(name sanitize.Clean) int {
	f, given := a.number(name, arguments.Count)
	switch {
	case !given, f == 0:
		return client.DefaultLimit
	case f != math.Trunc(f):
		a.refuse(name + " must be a whole number. For example: " + examples[name] + ".")
	case f < 1:
		a.refuse(name + " must be at least 1. For example: " + examples[name] + ".")
	}
	return int(min(f, math.MaxInt32))
}

// counted returns n with a noun in the singular or the plural.
func counted(n int, noun sanitize.Clean) sanitize.Clean {
	if n == 1 {
		return "1 " + noun
	}
	return sanitize.Number(n) + " " + noun + "s"
}

// shown prepares a text of a brief for an answer: in quotation marks, and with
// at most size characters.
func shown(text string, size int) sanitize.Clean {
	return "“" + sanitize.Unquoted(sanitize.ForModel(sanitize.Line(text, size).Clean)) + "”"
}
