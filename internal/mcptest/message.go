// Package mcptest holds the fixtures that the tests of several packages share:
// raw messages of MCP, sessions of a real client, upstreams below HTTP,
// certificates, protocols and the built program. Only tests import it, and it
// imports no package that is tested.
package mcptest

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Hello is the first message of a client of revision 2025-11-25. Its id is 0.
const Hello = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`

// Request returns a request as JSON. An id of type json.RawMessage is sent as
// it is written, and empty params stand for {}.
func Request(id any, method, params string) string {
	if params == "" {
		params = "{}"
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":%q,"params":%s}`, marshal(id), method, params)
}

// Call returns the params of a tool call. Arguments are JSON.
func Call(tool, arguments string) string {
	return fmt.Sprintf(`{"name":%q,"arguments":%s}`, tool, arguments)
}

// Cancel returns the notification that cancels the request of an id.
func Cancel(id any) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%s}}`, marshal(id))
}

// Modern adds to params what revision 2026-07-28 asks for in every request, and
// the members meta of _meta.
func Modern(params, meta string) string {
	const always = `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},` +
		`"io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"}`
	if meta != "" {
		meta += ","
	}
	return WithMeta(params, meta+always)
}

// WithMeta adds a member _meta with the members meta to params. Without
// members, it returns params.
func WithMeta(params, meta string) string {
	if meta == "" {
		return params
	}
	body := strings.TrimSuffix(strings.TrimPrefix(params, "{"), "}")
	if body != "" {
		body += ","
	}
	return fmt.Sprintf(`{%s"_meta":{%s}}`, body, meta)
}

// marshal returns an id as JSON, and panics if it is none.
func marshal(id any) []byte {
	raw, err := json.Marshal(id)
	if err != nil {
		panic(err)
	}
	return raw
}
