package jsonrpc

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
)

// A text is encoded as encoding/json would encode it, but for escapes that mean
// the same, and anything else is left to encoding/json.
func TestTextResultsAreEncodedAsByEncodingJSON(t *testing.T) {
	text := func(s string) *mcp.CallToolResult { return mcp.NewToolResultText(s) }
	withMeta, structured, typed, annotated := text("x"), text("x"), text("x"), text("x")
	withMeta.Meta = &mcp.Meta{AdditionalFields: map[string]any{"a": 1}}
	structured.StructuredContent = map[string]any{"a": 1}
	typed.ResultType = mcp.ResultTypeComplete
	annotated.Content = []mcp.Content{mcp.TextContent{Type: "text", Text: "x", Annotated: mcp.Annotated{Annotations: &mcp.Annotations{}}}}
	two := text("x")
	two.Content = append(two.Content, mcp.NewTextContent("y"))
	for name, tt := range map[string]struct {
		result any
		fast   bool
	}{
		"a text":             {text("Zoë <b>\"quoted\"</b>\n\t\\ \u2028 & ⟦data⟧\x01"), true},
		"an empty text":      {text(""), true},
		"an error":           {mcp.NewToolResultError("no"), true},
		"invalid UTF-8":      {text("a\xffb"), false},
		"with _meta":         {withMeta, false},
		"structured":         {structured, false},
		"with a result type": {typed, false},
		"annotated":          {annotated, false},
		"two texts":          {two, false},
		"an image":           {mcp.NewToolResultImage("x", "eA==", "image/png"), false},
		"no result":          {(*mcp.CallToolResult)(nil), false},
		"another result":     {&mcp.ListToolsResult{}, false},
	} {
		for _, id := range []string{"1", `"a \"b\""`} {
			response := mcp.JSONRPCResponse{JSONRPC: mcp.JSONRPC_VERSION, ID: mcp.NewRequestId(json.RawMessage(id)), Result: tt.result}
			line := encodeText(id, response)
			if (line != nil) != tt.fast {
				t.Errorf("%s: encoded as %q", name, line)
			}
			if line == nil {
				continue
			}
			want, err := json.Marshal(response)
			if err != nil {
				t.Fatal(err)
			}
			var gotValue, wantValue any
			if err := json.Unmarshal(line, &gotValue); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if err := json.Unmarshal(want, &wantValue); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wantValue, gotValue); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}
