package setup

import (
	"bytes"
	"strings"
)

// spaces are the characters that JSON and TOML ignore between tokens.
const spaces = " \t\r\n"

// splice returns a copy of text with other words from start to end.
func splice(text []byte, start, end int, words string) []byte {
	result := make([]byte, 0, len(text)+len(words))
	result = append(result, text[:start]...)
	result = append(result, words...)
	return append(result, text[end:]...)
}

// lineBreak returns the line break that the file uses.
func lineBreak(text []byte) string {
	if at := bytes.IndexByte(text, '\n'); at > 0 && text[at-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// withBreaks returns words with the line breaks that the file uses.
func withBreaks(text []byte, words string) string {
	return strings.ReplaceAll(words, "\n", lineBreak(text))
}

// lineStart and lineEnd return the start and the end of the line at a position,
// without its line break.
func lineStart(text []byte, at int) int { return bytes.LastIndexByte(text[:at], '\n') + 1 }

func lineEnd(text []byte, at int) int {
	if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(text)
}

// lineIndent returns the indentation of the line at a position.
func lineIndent(text []byte, at int) string {
	line := text[lineStart(text, at):at]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// cut removes text from start to end, and the whole line if nothing else is in
// it.
func cut(text []byte, start, end int) []byte {
	from, to := lineStart(text, start), lineEnd(text, end)
	if len(bytes.TrimSpace(text[from:start])) == 0 && len(bytes.TrimSpace(text[end:to])) == 0 {
		return splice(text, from, min(to+1, len(text)), "")
	}
	if to == end || len(bytes.TrimSpace(text[from:start])) > 0 {
		start = len(bytes.TrimRight(text[:start], " \t"))
	}
	return splice(text, start, end, "")
}
