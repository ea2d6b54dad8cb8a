package arguments

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"instaview-mcp/client"
)

// maxPasted limits the text that is searched for an id, in bytes.
const maxPasted = 2048

// FindRequestID finds a sourcing run's id in a pasted text: the id in quotation
// marks or brackets, after "Request ID:", in a URL or in JSON. It finds none in
// prose or in text with a control character, since text that a third party
// wrote must not choose the run.
func FindRequestID(pasted string) (id string, ok bool) {
	if len(pasted) > maxPasted || strings.ContainsFunc(pasted, unicode.IsControl) {
		return "", false
	}
	s := unwrap(strings.TrimRight(pasted, " .,")) // the end of a sentence or of a line of JSON
	if bold, ok := strings.CutPrefix(s, "**"); ok {
		s = unwrap(strings.Replace(bold, "**", "", 1))
	}
	if link := markdownLink().FindStringSubmatch(s); link != nil {
		s = link[1]
	}
	for range 3 { // at most three labels, such as "InstaView run: id: …"
		switch {
		case client.ValidRequestID(s):
			name, _ := Name(s)
			return s, name != RequestID && !IsNothing(s) // not an argument's name or “none”
		case schemePattern().MatchString(s):
			return inURL(s)
		case strings.HasPrefix(s, "{"), strings.HasPrefix(s, "["):
			return inJSON(s)
		}
		label := labelPattern().FindString(s)
		switch {
		case label != "":
		case strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//"): // a path without its host
			return inURL("https://instaview.invalid" + s)
		default:
			return inURL("https://" + s) // a URL without its scheme
		}
		s = unwrap(s[len(label):])
	}
	return "", false
}

// labelPattern matches a label that people copy along with an id.
var labelPattern = onFirstUse("(?i)^[\"'`]?(?:(?:the|my|our|this|instaview|sourcing|search|request|run|req|id|uuid|identifier|number|no|ref|reference|is)[ _.-]*)*[\"'`]?[:=# ]+")

// markdownLink matches a link in Markdown, as chats copy it.
var markdownLink = onFirstUse(`^\[[^\[\]]*\]\(([^()\s]+)\)$`)

var schemePattern = onFirstUse(`(?i)^[a-z]+://`)

// pairs are the quotation marks and brackets that may surround an id.
var pairs = []string{`""`, `''`, "``", "“”", "„“", "”“", "‘’", "‚‘", "«»", "»«", "<>", "()", "[]"}

// unwrap removes surrounding spaces and pairs of quotation marks and brackets.
func unwrap(s string) string {
	for {
		s = strings.Trim(s, " \u00a0")
		before := s
		for _, pair := range pairs {
			_, size := utf8.DecodeRuneInString(pair)
			if inner, ok := strings.CutPrefix(s, pair[:size]); ok {
				inner, ok = strings.CutSuffix(inner, pair[size:])
				if ok && (pair[:size] != pair[size:] || !strings.Contains(inner, pair[size:])) {
					s = inner
				}
			}
		}
		if s == before {
			return s
		}
	}
}

// segmentsBeforeID are the path segments after which an id may stand.
var segmentsBeforeID = []string{"sourcing", "sourcings", "runs", "run", "requests", "request", "shortlist", "shortlists", "searches", "search"}

// knownID matches an id with InstaView's prefix, or a UUID.
var knownID = onFirstUse(`(?i)^(?:req_[A-Za-z0-9_-]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

// inURL returns the only id in a URL: in its query, after a path segment such
// as "sourcing", or by its form. It finds none if the URL contains "..".
func inURL(s string) (string, bool) {
	u, err := url.Parse(s)
	if err != nil || strings.Contains(s, "..") || strings.ContainsAny(s, ` \`) || u.Host == "" {
		return "", false
	}
	if u.Scheme == "sourcing" {
		return u.Host, client.ValidRequestID(u.Host)
	}
	for name, values := range u.Query() {
		if meant, _ := Name(name); meant == RequestID && len(values) == 1 && client.ValidRequestID(values[0]) {
			return values[0], true
		}
	}
	segments := strings.Split(strings.Trim(u.EscapedPath(), "/"), "/")
	segments = append(segments, strings.Split(strings.Trim(u.Fragment, "/"), "/")...)
	var found []string
	for i, segment := range segments {
		follows := i > 0 && slices.Contains(segmentsBeforeID, strings.ToLower(segments[i-1])) && !slices.Contains(segmentsBeforeID, strings.ToLower(segment))
		if (follows && strings.ContainsAny(segment, "0123456789_-") || knownID().MatchString(segment)) && client.ValidRequestID(segment) && !slices.Contains(found, segment) {
			found = append(found, segment)
		}
	}
	if len(found) != 1 {
		return "", false
	}
	return found[0], true
}

// inJSON returns the id in a JSON object, under any of its names, or in a list
// with one element.
func inJSON(s string) (string, bool) {
	var value any
	if json.Unmarshal([]byte(s), &value) != nil {
		return "", false
	}
	return RequestIDOf(value)
}

// RequestIDOf finds a sourcing run's id in a decoded JSON value, as
// FindRequestID does in a text.
func RequestIDOf(value any) (id string, ok bool) {
	switch v := value.(type) {
	case string:
		return FindRequestID(v)
	case []any:
		if len(v) == 1 {
			return RequestIDOf(v[0])
		}
	case map[string]any:
		values, _ := Rename(v, []string{RequestID}, func(value any, _ string) any { return value })
		if s, isText := values[RequestID].(string); isText {
			return FindRequestID(s)
		}
	}
	return "", false
}
