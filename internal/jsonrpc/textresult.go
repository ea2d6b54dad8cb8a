package jsonrpc

import (
	"reflect"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/mark3labs/mcp-go/mcp"
)

// encodeText encodes the answer to a tool call that is one text, as nearly all
// are, and returns nil for any other response. encoding/json would write that
// text four times over, because mcp-go's types implement json.Marshaler.
func encodeText(id string, response mcp.JSONRPCMessage) []byte {
	r, ok := response.(mcp.JSONRPCResponse)
	if !ok {
		return nil
	}
	result, ok := r.Result.(*mcp.CallToolResult)
	if !ok || result == nil || len(result.Content) != 1 ||
		!reflect.DeepEqual(*result, mcp.CallToolResult{Content: result.Content, IsError: result.IsError}) {
		return nil
	}
	content, ok := result.Content[0].(mcp.TextContent)
	if !ok || content != (mcp.TextContent{Type: mcp.ContentTypeText, Text: content.Text}) {
		return nil
	}
	line := make([]byte, 0, len(content.Text)+len(content.Text)/16+128)
	line = append(line, `{"jsonrpc":"2.0","id":`...)
	line = append(line, id...)
	line = append(line, `,"result":{"content":[{"type":"text","text":`...)
	line, err := jsontext.AppendQuote(line, content.Text)
	if err != nil {
		return nil // not valid UTF-8, which encoding/json replaces
	}
	line = append(line, `}]`...)
	if result.IsError {
		line = append(line, `,"isError":true`...)
	}
	return append(line, "}}\n"...)
}
