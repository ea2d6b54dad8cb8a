package serve

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/mark3labs/mcp-go/mcp"
)

// maxDepth is far above what any request of the protocol nests.
const maxDepth = 64

// whiteSpace is JSON's. Unicode has more, which JSON does not allow.
const whiteSpace = " \t\r\n"

// message is what a transport must know of a JSON-RPC message before mcp-go,
// whose decoder is more forgiving than is good, may have it.
type message struct {
	method string
	id     string // as written, without white space; "" for none or null
	isCall bool   // a request, that is, with a method and an id

	isAnswer bool // it has a result or an error
	nullID   bool // its id is null, which only an answer's may be

	version bool      // "jsonrpc" is "2.0"
	refused *rpcError // well-formed JSON that will not do
}

// rpcError is why a message is refused.
type rpcError struct {
	code int
	text string
}

func (e *rpcError) Error() string { return e.text }

var (
	errNotJSON   = &rpcError{mcp.PARSE_ERROR, "not one valid JSON value in UTF-8, or with a name twice in an object"}
	errTooDeep   = &rpcError{mcp.INVALID_REQUEST, "nested too deep"}
	errNotObject = &rpcError{mcp.PARSE_ERROR, "not a JSON object; batches are not part of the protocol"}
	errNeither   = &rpcError{mcp.INVALID_REQUEST, "neither a request, nor a notification, nor an answer"}
	errVersion   = &rpcError{mcp.INVALID_REQUEST, `"jsonrpc" must be "2.0", a string`}
	errCase      = &rpcError{mcp.INVALID_REQUEST, "a name of the envelope in the wrong case"}
	errID        = &rpcError{mcp.INVALID_REQUEST, "the id must be a string or a whole number up to 2^53"}
)

// isWhole reports whether a number is an id that mcp-go, which holds numbers as
// float64, returns as it was sent: a whole one up to 2^53.
func isWhole(number []byte) bool {
	n, err := strconv.ParseInt(string(number), 10, 64)
	return err == nil && n >= -1<<53 && n <= 1<<53 && strconv.FormatInt(n, 10) == string(number)
}

// readMessage checks raw and reads what identifies it. Of a message that is
// refused it returns the id alone, and none of an answer. mcp-go matches names
// whatever their case, so a name that differs from a known one by case alone is
// refused: a filter before this server could have read the other.
func readMessage(raw []byte) (message, *rpcError) {
	if !utf8.Valid(raw) {
		return message{}, errNotJSON
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if dec.PeekKind() != '{' {
		if _, err := dec.ReadValue(); err != nil {
			return message{}, errNotJSON
		}
		return message{}, errNotObject
	}
	var m message
	_, err := dec.ReadToken()
	for err == nil && dec.PeekKind() != '}' {
		err = m.member(dec)
	}
	if err == nil {
		_, err = dec.ReadToken()
	}
	if err == nil && len(bytes.Trim(dec.UnreadBuffer(), whiteSpace)) > 0 {
		err = errNotJSON
	}
	refusedID := message{id: m.id}
	if err != nil || m.isAnswer {
		refusedID = message{}
	}
	switch {
	case m.refused != nil:
		return refusedID, m.refused
	case err != nil:
		return message{}, errNotJSON
	case m.method != "" && m.nullID:
		return message{}, errID
	case !m.version:
		return refusedID, errVersion
	case m.method != "" && m.isAnswer, m.id != "" && m.method == "" && !m.isAnswer,
		m.id != "" && strings.HasPrefix(m.method, "notifications/"):
		return refusedID, errNeither // mcp-go would answer it twice, or never
	}
	m.isCall = m.method != "" && m.id != ""
	return m, nil
}

func (m message) isToolCall() bool { return m.isCall && m.method == string(mcp.MethodToolsCall) }

// mayLast reports whether a request looks at a run, which may take its time. All
// others are answered at once.
func (m message) mayLast() bool {
	return m.isToolCall() || m.isCall && m.method == string(mcp.MethodResourcesRead)
}

// cancels returns the id of the request that a message cancels; "" if none.
func (m message) cancels(raw []byte) (id string) {
	if m.method != "notifications/cancelled" {
		return ""
	}
	var cancel struct {
		Params struct {
			RequestID jsontext.Value `json:"requestId"`
		} `json:"params"`
	}
	if json.Unmarshal(raw, &cancel) != nil {
		return ""
	}
	id, _ = readID(cancel.Params.RequestID)
	return id
}

func (m *message) member(dec *jsontext.Decoder) error {
	name, err := dec.ReadToken()
	if err != nil {
		return err
	}
	key := name.String()
	for _, known := range []string{"jsonrpc", "id", "method", "params", "result", "error"} {
		if key != known && strings.EqualFold(key, known) {
			m.refused = errCase
		}
	}
	switch {
	case key == "method" && dec.PeekKind() == '"':
		token, err := dec.ReadToken()
		if err == nil {
			m.method = token.String()
		}
		return err
	case key == "jsonrpc" && dec.PeekKind() == '"':
		token, err := dec.ReadToken()
		m.version = err == nil && token.String() == mcp.JSONRPC_VERSION
		return err
	case key == "id":
		if kind := dec.PeekKind(); kind == '{' || kind == '[' {
			m.refused = errID
			break
		}
		value, err := dec.ReadValue()
		if err != nil {
			return err
		}
		m.id, err = readID(value)
		m.nullID = err == nil && m.id == ""
		if err != nil {
			m.refused = errID
		}
		return nil
	case key == "result", key == "error":
		m.isAnswer = true
	}
	tooDeep, err := skipShallow(dec)
	if tooDeep {
		m.refused = errTooDeep
	}
	return err
}

// readID returns an id in one spelling, "" for null. The error is errID for
// what is no id.
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
	return "", errID
}

// skipShallow passes over a value, and reports whether it is nested deeper than
// maxDepth.
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

// response writes a JSON-RPC error; id is as in message, "" for null.
func (e *rpcError) response(id string) []byte {
	if id == "" {
		id = "null"
	}
	text, _ := jsontext.AppendQuote(nil, e.text) // ours, so it quotes
	return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%s}}`+"\n", id, e.code, text)
}
