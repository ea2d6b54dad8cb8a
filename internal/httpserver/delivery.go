package httpserver

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"instaview-mcp/client"
)

const (
	// maxDeliveryID is in bytes; InstaView's are UUIDs of 36.
	maxDeliveryID = 128
	// maxNamed is how many runs one delivery may name. It should be one.
	maxNamed = 4
)

// runNames are the names under which a delivery may hold a request id, in lower
// case and without separators. An id in an object counts as named after that:
// run.id is a runid.
var runNames = []string{"requestid", "runid", "sourcingid", "sourcingrequestid", "sourcingrunid"}

// delivery is what a webhook reports, as far as it can be read. InstaView does
// not document where a delivery about sourcing names the run.
type delivery struct {
	id    string   // "" if there is none, or more than one
	event string   // in lower case and with dots; "" if there is none, or more than one
	runs  []string // valid request ids, wherever they stand
}

// lenient accepts bodies that readers disagree on, because a hint is harmless.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// readDelivery reads the body of a delivery. Of a body that is not one JSON
// object it reads nothing.
func readDelivery(body []byte) delivery {
	object := jsontext.Value(body)
	if !object.IsValid(lenient) || object.Kind() != '{' {
		return delivery{}
	}
	var d delivery
	var ids, events []string
	eachMember(object, func(within []string, name, value string, isText bool) {
		top := len(within) == 1
		if name == "id" {
			name = within[len(within)-1] + name
		}
		switch {
		case name == "event" && top:
			events = append(events, strings.ReplaceAll(strings.ToLower(value), "_", "."))
		case name == "deliveryid" && top:
			ids = append(ids, value)
		case isText && slices.Contains(runNames, name) && client.ValidRequestID(value) && len(d.runs) < maxNamed && !slices.Contains(d.runs, value):
			d.runs = append(d.runs, value)
		}
	})
	if len(ids) == 1 && len(ids[0]) <= maxDeliveryID {
		d.id = ids[0]
	}
	if len(events) == 1 {
		d.event = events[0]
	}
	return d
}

var separators = strings.NewReplacer("_", "", "-", "")

// eachMember calls f for the members of valid JSON whose values are texts or
// numbers, at any depth. within are the names of the objects and lists around,
// of which the outermost has none. Names are in lower case, without _ and -.
func eachMember(object jsontext.Value, f func(within []string, name, value string, isText bool)) {
	dec := jsontext.NewDecoder(bytes.NewReader(object), lenient)
	var within []string
	name := "" // of the value that comes next; "" in a list
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return
		}
		kind := token.Kind()
		switch in, n := dec.StackIndex(dec.StackDepth()); {
		case kind == '{' || kind == '[':
			within = append(within, name)
		case kind == '}' || kind == ']':
			within = within[:len(within)-1]
		case in == '{' && n%2 == 1:
			name = strings.ToLower(separators.Replace(token.String()))
			continue
		case name != "" && (kind == '"' || kind == '0'):
			f(within, name, token.String(), kind == '"')
		}
		name = ""
	}
}

// isPing reports whether the delivery only tries the way. InstaView's number of
// a ping is 2.
func (d delivery) isPing() bool {
	last := d.event[strings.LastIndex(d.event, ".")+1:]
	return last == "ping" || last == "test" || d.event == "2"
}

// isOther reports whether the event is known to be about something else than
// sourcing. The numbers are those of InstaView's analyses and interviews; none
// is documented for sourcing.
func (d delivery) isOther() bool {
	kind, _, _ := strings.Cut(d.event, ".")
	return slices.Contains([]string{"analysis", "interview", "enrich", "0", "1", "3", "4", "5"}, kind)
}
