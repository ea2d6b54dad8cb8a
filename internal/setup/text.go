package setup

import (
	"bytes"
	"strings"
)

// spaces are what may stand between the words of a file.
const spaces = " \t\r\n"

// splice returns text with other words from start to end. It changes nothing in
// place.
func splice(text []byte, start, end int, words string) []byte {
	result := make([]byte, 0, len(text)+len(words))
	result = append(result, text[:start]...)
	result = append(result, words...)
	return append(result, text[end:]...)
}

// lineBreak returns how the file ends its lines.
func lineBreak(text []byte) string {
	if at := bytes.IndexByte(text, '\n'); at > 0 && text[at-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// withBreaks writes words with the file's own line breaks.
func withBreaks(text []byte, words string) string {
	return strings.ReplaceAll(words, "\n", lineBreak(text))
}

// lineStart and lineEnd return where the line of a position begins, and where
// its line break or the file's end is.
func lineStart(text []byte, at int) int { return bytes.LastIndexByte(text[:at], '\n') + 1 }

func lineEnd(text []byte, at int) int {
	if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(text)
}

// lineIndent returns the spaces and tabs that the line of a position begins
// with.
func lineIndent(text []byte, at int) string {
	line := text[lineStart(text, at):at]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// cut removes what stands from start to end, and a line that this leaves empty.
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
