package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"os"
	"regexp"
	"strings"

	"instaview-mcp/internal/cli"
)

// command is the command line whose answer the picture shows.
var command = []string{"--demo", "call", "get_sourcing_results", "request_id=req_demo_done", "limit=2"}

// The dimensions of the picture, in pixels except for columns.
const (
	columns    = 104 // characters in a row
	charWidth  = 7.8 // a monospaced font of 13 px
	lineHeight = 19
	margin     = 20
)

// colours lists the colour of a line by its beginning; the first match counts.
var colours = []struct{ prefix, colour string }{
	{"$", "#7ee787"},
	{"   fit:", "#56d364"},
	{"   risk:", "#f0883e"},
	{"   ", "#c9d1d9"},
	{"1 ", "#ffffff"},
	{"2 ", "#ffffff"},
	{"", "#8b949e"},
}

// picture draws a terminal with the answer, as SVG.
func picture() ([]byte, error) {
	answer, err := demoAnswer()
	if err != nil {
		return nil, err
	}
	var rows bytes.Buffer
	y := margin
	for line := range strings.Lines("$ instaview-mcp " + strings.Join(command, " ") + "\n" + answer) {
		line = strings.TrimSuffix(line, "\n")
		colour := colourOf(line)
		for _, row := range wrap(line) {
			y += lineHeight
			fmt.Fprintf(&rows, `<text x="%d" y="%d" fill="%s">`, margin, y, colour)
			if err := xml.EscapeText(&rows, []byte(row)); err != nil {
				return nil, err
			}
			rows.WriteString("</text>\n")
		}
	}
	width := 2*margin + columns*charWidth
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" role="img" xml:space="preserve" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13">
<title>An answer of get_sourcing_results with invented candidates</title>
<rect width="100%%" height="100%%" rx="8" fill="#0d1117"/>
%s</svg>
`, width, y+margin, rows.Bytes()), nil
}

// demoAnswer returns the demo's answer with fixed markers and times, so that it
// is the same each time the program runs.
func demoAnswer() (string, error) {
	var stdout bytes.Buffer
	status := cli.Run(context.Background(), cli.System{
		Args: command, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: os.Stderr,
	})
	if status != 0 {
		return "", fmt.Errorf("%q: exit status %d", command, status)
	}
	answer := regexp.MustCompile(`⟦(data|end) [0-9a-f]+⟧`).ReplaceAllString(stdout.String(), "⟦$1 7c1e⟧")
	return regexp.MustCompile(`made \d.*?, finished .*? UTC`).ReplaceAllString(answer, "made 20 May 2026 13:20, finished 13:22 UTC"), nil
}

func colourOf(line string) string {
	for _, c := range colours {
		if strings.HasPrefix(line, c.prefix) {
			return c.colour
		}
	}
	return ""
}

// wrap breaks a line at spaces and indents all rows but the first.
func wrap(line string) (rows []string) {
	row := []rune(line)
	for len(row) > columns {
		at := columns
		for at > columns/2 && row[at] != ' ' {
			at--
		}
		rows = append(rows, string(row[:at]))
		row = append([]rune("      "), []rune(strings.TrimLeft(string(row[at:]), " "))...)
	}
	return append(rows, string(row))
}
