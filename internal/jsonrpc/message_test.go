package jsonrpc

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	for name, tt := range map[string]struct {
		raw  string
		want Message
		code int
	}{
		"a request":             {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{}}`, Message{Method: "ping", ID: "1", IsRequest: true}, 0},
		"a string id":           {`{"jsonrpc":"2.0","id":"a\u0062","method":"ping"}`, Message{Method: "ping", ID: `"ab"`, IsRequest: true}, 0},
		"a notification":        {`{"jsonrpc":"2.0","method":"notifications/initialized"}`, Message{Method: "notifications/initialized"}, 0},
		"a null id":             {`{"jsonrpc":"2.0","id":null,"method":"ping"}`, Message{}, -32600},
		"a response":            {`{"jsonrpc":"2.0","id":1,"result":{}}`, Message{ID: "1", IsResponse: true}, 0},
		"a method of no string": {`{"jsonrpc":"2.0","id":1,"method":5}`, Message{ID: "1"}, -32600},
		"only an id":            {`{"jsonrpc":"2.0","id":1}`, Message{ID: "1"}, -32600},
		"request and answer":    {`{"jsonrpc":"2.0","id":1,"method":"tools/call","result":{}}`, Message{}, -32600},
		"a notification's id":   {`{"jsonrpc":"2.0","id":1,"method":"notifications/cancelled"}`, Message{ID: "1"}, -32600},
		"an id of 2^53":         {`{"jsonrpc":"2.0","id":9007199254740992,"method":"x"}`, Message{Method: "x", ID: "9007199254740992", IsRequest: true}, 0},
		"a time stamp as id":    {`{"jsonrpc":"2.0","id":1763900000000000,"method":"x"}`, Message{Method: "x", ID: "1763900000000000", IsRequest: true}, 0},
		"white space around":    {" \t{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}\n ", Message{Method: "x", ID: "1", IsRequest: true}, 0},
		"not JSON":              {`{"jsonrpc":"2.0","id":1,`, Message{}, -32700},
		"nothing":               {``, Message{}, -32700},
		"a batch":               {`[]`, Message{}, -32700},
		"two documents":         {`{} {}`, Message{}, -32700},
		"a name twice":          {`{"jsonrpc":"2.0","id":1,"id":2}`, Message{}, -32700},
		"a name twice, deep":    {`{"jsonrpc":"2.0","params":{"a":{"b":1,"b":2}}}`, Message{}, -32700},
		"a name in upper case":  {`{"jsonrpc":"2.0","METHOD":"ping"}`, Message{}, -32600},
		"a name with a long s":  {`{"jsonrpc":"2.0","paramſ":{}}`, Message{}, -32600},
		"an id of 2^53 + 1":     {`{"jsonrpc":"2.0","id":9007199254740993}`, Message{}, -32600},
		"an id with a fraction": {`{"jsonrpc":"2.0","id":1.0}`, Message{}, -32600},
		"an id that is -0":      {`{"jsonrpc":"2.0","id":-0}`, Message{}, -32600},
		"an object for an id":   {`{"jsonrpc":"2.0","id":{}}`, Message{}, -32600},
		"64 deep":               {`{"jsonrpc":"2.0","method":"x","params":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, Message{Method: "x"}, 0},
		"65 deep":               {`{"jsonrpc":"2.0","params":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, Message{}, -32600},
		"65 deep in a request":  {`{"jsonrpc":"2.0","method":"x","params":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `,"id":7}`, Message{ID: "7"}, -32600},
		"65 deep in an answer":  {`{"jsonrpc":"2.0","result":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `,"id":7}`, Message{}, -32600},
		"65 deep, then no JSON": {`{"jsonrpc":"2.0","method":"x","id":7,"params":` + strings.Repeat("[", 64) + strings.Repeat("]", 64), Message{}, -32600},
		"upper case, a request": {`{"jsonrpc":"2.0","id":7,"METHOD":"x","method":"x"}`, Message{ID: "7"}, -32600},
		"a million deep":        {`{"jsonrpc":"2.0","params":` + strings.Repeat("[", 1_000_000), Message{}, -32600},
		"invalid UTF-8":         {"{\"a\":\"\xff\"}", Message{}, -32700},
		"a byte order mark":     {"\ufeff{}", Message{}, -32700},
		"no version":            {`{"id":1,"method":"ping"}`, Message{ID: "1"}, -32600},
		"a version as number":   {`{"jsonrpc":2.0,"id":1,"method":"ping"}`, Message{ID: "1"}, -32600}, // N04, N06
		"a version as object":   {`{"jsonrpc":{"v":"2.0"},"id":1,"method":"ping"}`, Message{ID: "1"}, -32600},
		"a null version":        {`{"jsonrpc":null,"id":"a","method":"ping"}`, Message{ID: `"a"`}, -32600},
		"another version":       {`{"jsonrpc":"1.0","id":1,"method":"ping"}`, Message{ID: "1"}, -32600},
		"a no-break space":      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\u00a0", Message{}, -32700}, // N06
		"a line separator":      {"\u2028{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", Message{}, -32700},
		"a vertical tab":        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\v", Message{}, -32700},
	} {
		t.Run(name, func(t *testing.T) {
			got, refused := Read([]byte(tt.raw))
			code := 0
			if refused != nil {
				code = refused.Code
			}
			if got != tt.want || code != tt.code {
				t.Errorf("got %+v, code %d; want %+v, %d", got, code, tt.want, tt.code)
			}
		})
	}
}

// mcp-go's decoder must read every accepted message in the same way.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{}}}`,
		`{"jsonrpc":"2.0","id":"\u0041","method":"ping","Id":2}`, `{"jsonrpc":"2.0","id":1,"method":"a","METHOD":"b"}`, `{"jsonrpc":"2.0","id":-0}`, `[]`, `{"jsonrpc":2.0,"id":1e2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, refused := Read(raw)
		if refused != nil {
			if !json.Valid(refused.Response("")) {
				t.Errorf("the refusal is not JSON: %s", refused.Response(""))
			}
			return
		}
		var other struct {
			ID     any
			Method any
		}
		if err := json.Unmarshal(raw, &other); err != nil {
			t.Fatalf("%q was let through: %v", raw, err)
		}
		method, _ := other.Method.(string)
		if method != got.Method {
			t.Errorf("%q: method %q, and %q for mcp-go", raw, got.Method, method)
		}
		id := ""
		if other.ID != nil {
			back, err := json.Marshal(other.ID)
			if err != nil {
				t.Fatal(err)
			}
			m, refused := Read([]byte(`{"jsonrpc":"2.0","id":` + string(back) + `,"result":1}`))
			if refused != nil {
				t.Fatalf("%q: the id would come back as %s", raw, back)
			}
			id = m.ID
		}
		if id != got.ID {
			t.Errorf("%q: id %s, which would come back as %s", raw, got.ID, id)
		}
	})
}
