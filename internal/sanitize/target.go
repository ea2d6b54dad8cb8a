package sanitize

import (
	"strings"
	"unicode/utf8"
)

// ForModel escapes a cleaned text for a language model, and for chat clients
// that render the model's input as Markdown or HTML. It escapes each '<' that
// could start a tag, a comment, an autolink or a control token of a model, and
// the '>' that closes it. Comparisons and arrows ("a < b", "p99<10ms", "->")
// stay.
func ForModel(c Clean) Clean {
	s := string(c)
	if strings.IndexByte(s, '<') < 0 {
		return c
	}
	var out strings.Builder
	open := 0
	for i := range len(s) {
		switch {
		case s[i] == '<' && opensMarkup(s[i+1:]):
			out.WriteString("&lt;")
			open++
		case s[i] == '>' && open > 0:
			out.WriteString("&gt;")
			open--
		default:
			out.WriteByte(s[i])
		}
	}
	return Clean(out.String())
}

// opensMarkup reports whether a '<' before rest could start a tag or a comment
// (HTML 13.2.5.6), an autolink (CommonMark 6.5, also of an e-mail address with
// any first character), or a token such as "<|im_start|>" or "<<SYS>>". At the
// end of a text it could, since our own text follows.
func opensMarkup(rest string) bool {
	if rest == "" || isLetter(rest[0]) || strings.IndexByte("/!?<|", rest[0]) >= 0 || strings.HasPrefix(rest, "¦") || strings.HasPrefix(rest, "｜") {
		return true
	}
	word, _, _ := strings.Cut(rest, " ")
	word, _, closed := strings.Cut(word, ">")
	return closed && strings.Contains(word, "@")
}

// ForMarkdown escapes a cleaned text for a Markdown document: what ForModel
// escapes, and the syntax of emphasis, links, escapes, entities and blocks.
func ForMarkdown(c Clean) Clean {
	s := string(c)
	var out strings.Builder
	if n := blockMarkerEnd(s); n > 0 {
		out.WriteString(s[:n-1] + `\`)
		s = s[n-1:]
	}
	for i := range len(s) {
		if i > 0 && isMarkdownSyntax(s, i) {
			out.WriteByte('\\')
		}
		out.WriteByte(s[i])
	}
	return ForModel(Clean(out.String()))
}

// blockMarkerEnd returns where the marker ends that makes the line s a heading,
// a list item or a quotation, or that is Markdown syntax at its start. It
// returns 0 if there is none.
func blockMarkerEnd(s string) int {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	rest := s[digits:]
	switch {
	case rest == "":
		return 0
	case digits > 0 && (rest[0] == '.' || rest[0] == ')'), digits == 0 && (rest[0] == '-' || rest[0] == '+'):
		if len(rest) > 1 && rest[1] != ' ' {
			return 0
		}
		return digits + 1
	case digits == 0 && (rest[0] == '>' || rest[0] == '#' || isMarkdownSyntax(s, 0)):
		return 1
	}
	return 0
}

// isMarkdownSyntax reports whether the character at i has a meaning in Markdown
// in the middle of a line. A '_' within a word and a single '~' have none.
func isMarkdownSyntax(s string, i int) bool {
	switch rest := s[i+1:]; s[i] {
	case '*', '[', ']':
		return true
	case '_':
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(rest)
		return !isWordRune(before) || !isWordRune(after)
	case '~':
		return i > 0 && s[i-1] == '~' || strings.HasPrefix(rest, "~")
	case '\\': // at the end, it would escape our own text
		return rest == "" || rest[0] < utf8.RuneSelf && rest[0] != ' ' && !isWordRune(rune(rest[0]))
	case '&':
		name, _, ended := strings.Cut(rest, ";")
		return ended && name != "" && strings.Trim(name, entityName) == ""
	}
	return false
}

// entityName holds the characters of an HTML entity's name.
const entityName = "#0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
