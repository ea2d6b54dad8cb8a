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
	eachMember(object, func(depth int, name, value string, isText bool) {
		switch {
		case name == "event" && depth == 1:
			events = append(events, strings.ReplaceAll(strings.ToLower(value), "_", "."))
		case name == "deliveryid" && depth == 1:
			ids = append(ids, value)
		case name == "requestid" && isText && client.ValidRequestID(value) && len(d.runs) < maxNamed && !slices.Contains(d.runs, value):
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
// numbers, at any depth. Names are in lower case, without _ and -.
func eachMember(object jsontext.Value, f func(depth int, name, value string, isText bool)) {
	dec := jsontext.NewDecoder(bytes.NewReader(object), lenient)
	name := "" // of the value that comes next; "" in a list
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return
		}
		depth := dec.StackDepth()
		switch within, n := dec.StackIndex(depth); {
		case within == '{' && n%2 == 1:
			name = strings.ToLower(separators.Replace(token.String()))
			continue
		case name != "" && (token.Kind() == '"' || token.Kind() == '0'):
			f(depth, name, token.String(), token.Kind() == '"')
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
