// Package jsonrpc holds what all transports need to know of JSON-RPC: which
// messages are well-formed, and which of a client's requests are in flight.
package jsonrpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/mark3labs/mcp-go/mcp"
)

// MaxMessage is the largest message in bytes. A client needs most for a call
// with fifty profile ids, about 14 KB.
const MaxMessage = 1 << 20

// maxDepth is far more nesting than any request of the protocol has.
const maxDepth = 64

// WhiteSpace is what JSON allows around a message. Unicode has more.
const WhiteSpace = " \t\r\n"

// Message identifies a JSON-RPC message.
type Message struct {
	Method string
	ID     string // as written, without white space; "" if there is none
	// IsRequest reports whether there are a method and an id, IsResponse
	// whether there is a result or an error.
	IsRequest, IsResponse bool
}

// Error says why a message is refused. Its text never quotes the message.
type Error struct {
	Code int
	Text string
}

func (e *Error) Error() string { return e.Text }

// Response returns a JSON-RPC error response on one line. The id is that of
// Message; "" becomes null.
func (e *Error) Response(id string) []byte {
	if id == "" {
		id = "null"
	}
	text, _ := jsontext.AppendQuote(nil, e.Text) // cannot fail, since the text is valid UTF-8
	return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%s}}`+"\n", id, e.Code, text)
}

// The errors of Read.
var (
	ErrNotJSON   = &Error{mcp.PARSE_ERROR, "not one valid JSON value in UTF-8, or with a name twice in an object"}
	ErrTooLong   = &Error{mcp.PARSE_ERROR, "a line longer than 1 MiB"}
	ErrTooDeep   = &Error{mcp.INVALID_REQUEST, "nested too deep"}
	ErrNotObject = &Error{mcp.PARSE_ERROR, "not a JSON object; batches are not part of the protocol"}
	ErrNeither   = &Error{mcp.INVALID_REQUEST, "neither a request, nor a notification, nor an answer"}
	ErrVersion   = &Error{mcp.INVALID_REQUEST, `"jsonrpc" must be "2.0", a string`}
	ErrCase      = &Error{mcp.INVALID_REQUEST, "a name of the envelope in the wrong case"}
	ErrID        = &Error{mcp.INVALID_REQUEST, "the id must be a string or a whole number up to 2^53"}
)

// Read checks a message before mcp-go decodes it, because mcp-go is too
// lenient: it ignores the case of names, takes the last of two equal names, and
// changes large ids. A proxy in front of this server may have read such a
// message differently, so Read refuses it. The Message of a refused one holds
// only the id, if that can be used in the answer.
func Read(raw []byte) (Message, *Error) {
	if !utf8.Valid(raw) {
		return Message{}, ErrNotJSON
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if dec.PeekKind() != '{' {
		if _, err := dec.ReadValue(); err != nil {
			return Message{}, ErrNotJSON
		}
		return Message{}, ErrNotObject
	}
	var e envelope
	_, err := dec.ReadToken()
	for err == nil && dec.PeekKind() != '}' {
		err = e.readMember(dec)
	}
	if err == nil {
		_, err = dec.ReadToken()
	}
	if err == nil && len(bytes.Trim(dec.UnreadBuffer(), WhiteSpace)) > 0 {
		err = ErrNotJSON
	}
	if refused := e.check(err); refused != nil {
		if err != nil || e.IsResponse {
			return Message{}, refused
		}
		return Message{ID: e.ID}, refused
	}
	e.IsRequest = e.Method != "" && e.ID != ""
	return e.Message, nil
}

// MayLast reports whether a request reads a run, which may take minutes. All
// other requests are answered at once.
func (m Message) MayLast() bool {
	return m.IsRequest && (m.Method == string(mcp.MethodToolsCall) || m.Method == string(mcp.MethodResourcesRead))
}

// cancels returns the id of the request that a message cancels; "" if none.
func (m Message) cancels(raw []byte) (id string) {
	if m.Method != "notifications/cancelled" {
		return ""
	}
	var cancel struct {
		Params map[string]json.RawMessage `json:"params"` // a map, whose names have one case
	}
	if json.Unmarshal(raw, &cancel) != nil {
		return ""
	}
	id, _ = readID(jsontext.Value(cancel.Params["requestId"]))
	return id
}

// envelope holds a message's fields while they are read.
type envelope struct {
	Message
	hasNullID  bool
	hasVersion bool   // "jsonrpc" is "2.0"
	refused    *Error // the error of a message that is valid JSON
}

// check returns why the message is refused; err is how reading it ended.
func (e *envelope) check(err error) *Error {
	switch {
	case e.refused != nil:
		return e.refused
	case err != nil:
		return ErrNotJSON
	case e.Method != "" && e.hasNullID:
		return ErrID // mcp-go would treat the request as a notification
	case !e.hasVersion:
		return ErrVersion
	case e.Method != "" && e.IsResponse, e.ID != "" && e.Method == "" && !e.IsResponse,
		e.ID != "" && strings.HasPrefix(e.Method, "notifications/"):
		return ErrNeither // mcp-go would answer it twice or never
	}
	return nil
}

func (e *envelope) readMember(dec *jsontext.Decoder) error {
	name, err := dec.ReadToken()
	if err != nil {
		return err
	}
	key := name.String()
	for _, known := range []string{"jsonrpc", "id", "method", "params", "result", "error"} {
		if key != known && strings.EqualFold(key, known) {
			e.refused = ErrCase
		}
	}
	switch kind := dec.PeekKind(); {
	case key == "method" && kind == '"':
		token, err := dec.ReadToken()
		if err == nil {
			e.Method = token.String()
		}
		return err
	case key == "jsonrpc" && kind == '"':
		token, err := dec.ReadToken()
		e.hasVersion = err == nil && token.String() == mcp.JSONRPC_VERSION
		return err
	case key == "id" && (kind == '{' || kind == '['):
		e.refused = ErrID
	case key == "id":
		return e.readID(dec)
	case key == "result", key == "error":
		e.IsResponse = true
	}
	tooDeep, err := skipShallow(dec)
	if tooDeep {
		e.refused = ErrTooDeep
	}
	return err
}

func (e *envelope) readID(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if e.ID, err = readID(value); err != nil {
		e.refused = ErrID
	}
	e.hasNullID = err == nil && e.ID == ""
	return nil
}

// readID returns an id in one spelling, or "" for null. It returns ErrID for
// anything else that is not an id.
func readID(value jsontext.Value) (string, error) {
	switch value.Kind() {
	case 'n':
		return "", nil
	case '0':
		if isWhole(value) {
			return string(value), nil
		}
	case '"':
		unquoted, err := jsontext.AppendUnquote(nil, value)
		if err != nil {
			return "", err
		}
		quoted, err := jsontext.AppendQuote(nil, unquoted)
		return string(quoted), err
	}
	return "", ErrID
}

// isWhole reports whether a number is an id that survives mcp-go, which stores
// numbers as float64: a whole number up to 2^53.
func isWhole(number []byte) bool {
	n, err := strconv.ParseInt(string(number), 10, 64)
	return err == nil && n >= -1<<53 && n <= 1<<53 && strconv.FormatInt(n, 10) == string(number)
}

// skipShallow skips a value and reports whether its nesting exceeds maxDepth.
func skipShallow(dec *jsontext.Decoder) (tooDeep bool, err error) {
	depth := dec.StackDepth()
	for {
		if _, err := dec.ReadToken(); err != nil {
			return tooDeep, err
		}
		at := dec.StackDepth()
		tooDeep = tooDeep || at > maxDepth
		if at <= depth {
			return tooDeep, nil
		}
	}
}
