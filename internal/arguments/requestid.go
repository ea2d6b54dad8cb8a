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

// maxPasted bounds what an id is looked for in, in bytes.
const maxPasted = 2048

// FindRequestID finds a sourcing run's id in what was pasted for one: the id in
// quotation marks or brackets, behind "Request ID:", in a URL or in JSON. In
// prose it looks for none, nor in anything with a control character: what a
// stranger wrote must not choose the run.
func FindRequestID(pasted string) (id string, ok bool) {
	if len(pasted) > maxPasted || strings.ContainsFunc(pasted, unicode.IsControl) {
		return "", false
	}
	s := unwrap(pasted)
	if link := markdownLink().FindStringSubmatch(s); link != nil {
		s = link[1]
	}
	for range 3 { // labels, and what is behind them
		switch {
		case client.ValidRequestID(s):
			name, _ := Name(s)
			return s, name != RequestID && !IsNothing(s) // or it names the argument, or nothing
		case schemePattern().MatchString(s):
			return inURL(s)
		case strings.HasPrefix(s, "{"), strings.HasPrefix(s, "["):
			return inJSON(s)
		}
		label := labelPattern().FindString(s)
		if label == "" {
			return inURL("https://" + s) // without its scheme
		}
		s = unwrap(s[len(label):])
	}
	return "", false
}

// labelPattern is what people copy with an id.
var labelPattern = onFirstUse("(?i)^[\"'`]?(?:(?:the|my|our|this|instaview|sourcing|search|request|run|req|id|uuid|identifier|number|no|ref|reference|is)[ _.-]*)*[\"'`]?[:=# ]+")

// markdownLink is a link as chats show and copy it.
var markdownLink = onFirstUse(`^\[[^\[\]]*\]\(([^()\s]+)\)$`)

var schemePattern = onFirstUse(`(?i)^[a-z]+://`)

// pairs are what stands around an id that is quoted or linked.
var pairs = []string{`""`, `''`, "``", "“”", "„“", "”“", "‘’", "‚‘", "«»", "»«", "<>", "()", "[]"}

// unwrap takes spaces, and quotation marks and brackets in pairs, from around a
// text.
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

// afterID are the segments of a path that an id follows or stands before.
var afterID = []string{"sourcing", "sourcings", "runs", "run", "requests", "request", "shortlist", "shortlists", "searches", "search"}

// knownID is what the ids of InstaView begin with, or a UUID.
var knownID = onFirstUse(`(?i)^(?:req_[A-Za-z0-9_-]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

// inURL finds the one id that a URL names: in its query, behind "sourcing" or
// the like, or by its form. A path that goes up again names none.
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
		behind := i > 0 && slices.Contains(afterID, strings.ToLower(segments[i-1])) && !slices.Contains(afterID, strings.ToLower(segment))
		if (behind && strings.ContainsAny(segment, "0123456789_-") || knownID().MatchString(segment)) && client.ValidRequestID(segment) && !slices.Contains(found, segment) {
			found = append(found, segment)
		}
	}
	if len(found) != 1 {
		return "", false
	}
	return found[0], true
}

// inJSON finds the id in an object with one under whatever name, or in a list
// that holds nothing but one.
func inJSON(s string) (string, bool) {
	var value any
	if json.Unmarshal([]byte(s), &value) != nil {
		return "", false
	}
	return RequestIDOf(value)
}

// RequestIDOf is FindRequestID for a value of JSON.
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
