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
		"a string id":           {`{"id":"a\u0062","method":"ping"}`, message{method: "ping", id: `"ab"`, isCall: true}, 0},
		"a notification":        {`{"method":"notifications/initialized"}`, message{method: "notifications/initialized"}, 0},
		"a null id":             {`{"id":null,"method":"ping"}`, message{}, -32600},
		"a response":            {`{"id":1,"result":{}}`, message{id: "1", isAnswer: true}, 0},
		"a method of no string": {`{"id":1,"method":5}`, message{}, -32600},
		"only an id":            {`{"id":1}`, message{}, -32600},
		"request and answer":    {`{"id":1,"method":"tools/call","result":{}}`, message{}, -32600},
		"a notification's id":   {`{"id":1,"method":"notifications/cancelled"}`, message{}, -32600},
		"an id of 2^53":         {`{"id":9007199254740992,"method":"x"}`, message{method: "x", id: "9007199254740992", isCall: true}, 0},
		"a time stamp as id":    {`{"id":1763900000000000,"method":"x"}`, message{method: "x", id: "1763900000000000", isCall: true}, 0},
		"white space around":    {" \t{\"id\":1,\"method\":\"x\"}\n ", message{method: "x", id: "1", isCall: true}, 0},
		"not JSON":              {`{"id":1,`, message{}, -32700},
		"nothing":               {``, message{}, -32700},
		"a batch":               {`[]`, message{}, -32700},
		"two documents":         {`{} {}`, message{}, -32700},
		"a name twice":          {`{"id":1,"id":2}`, message{}, -32700},
		"a name twice, deep":    {`{"params":{"a":{"b":1,"b":2}}}`, message{}, -32700},
		"a name in upper case":  {`{"METHOD":"ping"}`, message{}, -32600},
		"a name with a long s":  {`{"paramſ":{}}`, message{}, -32600},
		"an id of 2^53 + 1":     {`{"id":9007199254740993}`, message{}, -32600},
		"an id with a fraction": {`{"id":1.0}`, message{}, -32600},
		"an id that is -0":      {`{"id":-0}`, message{}, -32600},
		"an object for an id":   {`{"id":{}}`, message{}, -32600},
		"64 deep":               {`{"method":"x","params":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, message{method: "x"}, 0},
		"65 deep":               {`{"params":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, message{}, -32600},
		"65 deep in a request":  {`{"method":"x","params":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `,"id":7}`, message{id: "7"}, -32600},
		"65 deep in an answer":  {`{"result":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `,"id":7}`, message{}, -32600},
		"65 deep, then no JSON": {`{"method":"x","id":7,"params":` + strings.Repeat("[", 64) + strings.Repeat("]", 64), message{}, -32600},
		"upper case, a request": {`{"id":7,"METHOD":"x","method":"x"}`, message{id: "7"}, -32600},
		"a million deep":        {`{"params":` + strings.Repeat("[", 1_000_000), message{}, -32600},
		"invalid UTF-8":         {"{\"a\":\"\xff\"}", message{}, -32700},
		"a byte order mark":     {"\ufeff{}", message{}, -32700},
	} {
		t.Run(name, func(t *testing.T) {
			got, refused := readMessage([]byte(tt.raw))
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
		`{"id":"\u0041","method":"ping","Id":2}`, `{"id":1,"method":"a","METHOD":"b"}`, `{"id":-0}`, `[]`, `{"id":1e2}`,
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
			m, refused := readMessage([]byte(`{"id":` + string(back) + `,"result":1}`))
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
