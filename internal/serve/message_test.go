package serve

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestReadMessage(t *testing.T) {
	for name, tt := range map[string]struct {
		raw  string
		want message
		code int
	}{
		"a request":             {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{}}`, message{method: "ping", id: "1", isCall: true}, 0},
		"a string id":           {`{"jsonrpc":"2.0","id":"a\u0062","method":"ping"}`, message{method: "ping", id: `"ab"`, isCall: true}, 0},
		"a notification":        {`{"jsonrpc":"2.0","method":"notifications/initialized"}`, message{method: "notifications/initialized"}, 0},
		"a null id":             {`{"jsonrpc":"2.0","id":null,"method":"ping"}`, message{}, -32600},
		"a response":            {`{"jsonrpc":"2.0","id":1,"result":{}}`, message{id: "1", isAnswer: true}, 0},
		"a method of no string": {`{"jsonrpc":"2.0","id":1,"method":5}`, message{id: "1"}, -32600},
		"only an id":            {`{"jsonrpc":"2.0","id":1}`, message{id: "1"}, -32600},
		"request and answer":    {`{"jsonrpc":"2.0","id":1,"method":"tools/call","result":{}}`, message{}, -32600},
		"a notification's id":   {`{"jsonrpc":"2.0","id":1,"method":"notifications/cancelled"}`, message{id: "1"}, -32600},
		"an id of 2^53":         {`{"jsonrpc":"2.0","id":9007199254740992,"method":"x"}`, message{method: "x", id: "9007199254740992", isCall: true}, 0},
		"a time stamp as id":    {`{"jsonrpc":"2.0","id":1763900000000000,"method":"x"}`, message{method: "x", id: "1763900000000000", isCall: true}, 0},
		"white space around":    {" \t{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}\n ", message{method: "x", id: "1", isCall: true}, 0},
		"not JSON":              {`{"jsonrpc":"2.0","id":1,`, message{}, -32700},
		"nothing":               {``, message{}, -32700},
		"a batch":               {`[]`, message{}, -32700},
		"two documents":         {`{} {}`, message{}, -32700},
		"a name twice":          {`{"jsonrpc":"2.0","id":1,"id":2}`, message{}, -32700},
		"a name twice, deep":    {`{"jsonrpc":"2.0","params":{"a":{"b":1,"b":2}}}`, message{}, -32700},
		"a name in upper case":  {`{"jsonrpc":"2.0","METHOD":"ping"}`, message{}, -32600},
		"a name with a long s":  {`{"jsonrpc":"2.0","paramſ":{}}`, message{}, -32600},
		"an id of 2^53 + 1":     {`{"jsonrpc":"2.0","id":9007199254740993}`, message{}, -32600},
		"an id with a fraction": {`{"jsonrpc":"2.0","id":1.0}`, message{}, -32600},
		"an id that is -0":      {`{"jsonrpc":"2.0","id":-0}`, message{}, -32600},
		"an object for an id":   {`{"jsonrpc":"2.0","id":{}}`, message{}, -32600},
		"64 deep":               {`{"jsonrpc":"2.0","method":"x","params":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, message{method: "x"}, 0},
		"65 deep":               {`{"jsonrpc":"2.0","params":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, message{}, -32600},
		"65 deep in a request":  {`{"jsonrpc":"2.0","method":"x","params":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `,"id":7}`, message{id: "7"}, -32600},
		"65 deep in an answer":  {`{"jsonrpc":"2.0","result":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `,"id":7}`, message{}, -32600},
		"65 deep, then no JSON": {`{"jsonrpc":"2.0","method":"x","id":7,"params":` + strings.Repeat("[", 64) + strings.Repeat("]", 64), message{}, -32600},
		"upper case, a request": {`{"jsonrpc":"2.0","id":7,"METHOD":"x","method":"x"}`, message{id: "7"}, -32600},
		"a million deep":        {`{"jsonrpc":"2.0","params":` + strings.Repeat("[", 1_000_000), message{}, -32600},
		"invalid UTF-8":         {"{\"a\":\"\xff\"}", message{}, -32700},
		"a byte order mark":     {"\ufeff{}", message{}, -32700},
		"no version":            {`{"id":1,"method":"ping"}`, message{id: "1"}, -32600},
		"a version as number":   {`{"jsonrpc":2.0,"id":1,"method":"ping"}`, message{id: "1"}, -32600}, // N04, N06
		"a version as object":   {`{"jsonrpc":{"v":"2.0"},"id":1,"method":"ping"}`, message{id: "1"}, -32600},
		"a null version":        {`{"jsonrpc":null,"id":"a","method":"ping"}`, message{id: `"a"`}, -32600},
		"another version":       {`{"jsonrpc":"1.0","id":1,"method":"ping"}`, message{id: "1"}, -32600},
		"a no-break space":      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\u00a0", message{}, -32700}, // N06
		"a line separator":      {"\u2028{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", message{}, -32700},
		"a vertical tab":        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\v", message{}, -32700},
	} {
		t.Run(name, func(t *testing.T) {
			got, refused := readMessage([]byte(tt.raw))
			got.version = false // holds for all that are not refused
			code := 0
			if refused != nil {
				code = refused.code
			}
			if got != tt.want || code != tt.code {
				t.Errorf("got %+v, code %d; want %+v, %d", got, code, tt.want, tt.code)
			}
		})
	}
}

// What the gate lets through, mcp-go's decoder must read in the same way.
func FuzzReadMessage(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{}}}`,
		`{"jsonrpc":"2.0","id":"\u0041","method":"ping","Id":2}`, `{"jsonrpc":"2.0","id":1,"method":"a","METHOD":"b"}`, `{"jsonrpc":"2.0","id":-0}`, `[]`, `{"jsonrpc":2.0,"id":1e2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, refused := readMessage(raw)
		if refused != nil {
			if !json.Valid(refused.response("")) {
				t.Errorf("the refusal is not JSON: %s", refused.response(""))
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
		if method != got.method {
			t.Errorf("%q: method %q, and %q for mcp-go", raw, got.method, method)
		}
		id := ""
		if other.ID != nil {
			back, err := json.Marshal(other.ID)
			if err != nil {
				t.Fatal(err)
			}
			m, refused := readMessage([]byte(`{"jsonrpc":"2.0","id":` + string(back) + `,"result":1}`))
			if refused != nil {
				t.Fatalf("%q: the id would come back as %s", raw, back)
			}
			id = m.id
		}
		if id != got.id {
			t.Errorf("%q: id %s, which would come back as %s", raw, got.id, id)
		}
	})
}
