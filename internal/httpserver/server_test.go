package httpserver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mcpgo "github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/mcpserver"
	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/sandbox"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools"
)

const token = "correct-horse-battery-staple"

// site is a server on in-memory connections, so that it works in a synctest
// bubble. Each of its two keys has its own sandbox.
type site struct {
	sandbox *sandbox.Sandbox // accepts sandbox.Key
	mcp     *server.MCPServer
	server  *Server
	conns   chan net.Conn
	calls   chan tools.Call // calls that have ended
	waits   atomic.Int64    // waits in progress
	dials   atomic.Int64    // connections opened
	stop    func()          // returns when the server has stopped
}

// takes is how long the run req_ends takes.
const takes = 21 * time.Second

const otherKey = "other-key"

// runs is what Poller and Pool have in common.
type runs interface {
	tools.Waiter
	Runs
}

func newSite(t testing.TB, change func(*Settings)) *site {
	t.Helper()
	return newSiteBehind(t, change, nil)
}

// newSiteBehind is newSite with something before the sandbox, unless it is nil,
// and with options of the sandbox.
func newSiteBehind(t testing.TB, change func(*Settings), before func(http.Handler) http.Handler, opts ...sandbox.Option) *site {
	t.Helper()
	settings := Settings{Addr: "127.0.0.1:0", MaxConnections: 100}
	if change != nil {
		change(&settings)
	}
	s := &site{conns: make(chan net.Conn), calls: make(chan tools.Call, 10_000)}
	dials := map[string]func(context.Context, string, string) (net.Conn, error){}
	var stops []func()
	for key, name := range map[string]string{sandbox.Key: "Ada Alpha", otherKey: "Ben Beta"} {
		box := sandbox.New(append(opts, sandbox.WithKey(key), sandbox.WithRun("req_same", sandbox.Run{
			Found: 1, Scored: 1, Candidates: []sandbox.Candidate{{ProfileID: "p1", Name: name}},
		}), sandbox.WithRun("req_ends", sandbox.Run{Takes: takes}))...)
		if key == sandbox.Key {
			s.sandbox = box
		}
		start := box.Start
		if before != nil {
			start = func() (mcptest.Dial, func()) { return mcptest.ServePipes(before(box)) }
		}
		dial, stop := start()
		dials[key], stops = dial, append(stops, stop)
	}
	open := func(key client.Key) (*client.Client, error) {
		dial := dials[key.Reveal()]
		if dial == nil {
			dial = dials[sandbox.Key] // which refuses the key
		}
		return client.New(key, client.WithBaseURL("http://localhost"), client.WithDialContext(dial))
	}
	var poller runs = tenant.NewPool(open)
	if !settings.CallerKeys {
		api, err := open(client.NewKey(sandbox.Key))
		if err != nil {
			t.Fatal(err)
		}
		stops = append(stops, api.CloseIdleConnections)
		poller = poll.New(api)
		if settings.OAuth.CompanyClaim != "" {
			poller = tenant.NewPool(open).ForCompanies(client.NewKey(sandbox.Key))
		}
	}
	if settings.WebhookSecret.Reveal() != "" && settings.Hint == nil {
		settings.Hint = poller.(interface{ Hint(string) }).Hint
	}
	callerWaits := 0
	if settings.OAuth.Issuer != "" {
		callerWaits = 5
	}
	mcp := mcpserver.New(mcpserver.Options{Version: "test", Runs: poller, Log: slog.New(slog.DiscardHandler), Settings: tools.Settings{
		MaxWaits: 10_000, CallerWaits: callerWaits, OnCall: func(_ context.Context, c tools.Call) {
			select {
			case s.calls <- c:
			default: // a flood test makes more calls than fit
			}
		},
	}})
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "figures") })
	mcp.Use(func(next server.ToolHandlerFunc) server.ToolHandlerFunc {
		return func(ctx context.Context, req mcpgo.CallToolRequest) (*mcpgo.CallToolResult, error) {
			s.waits.Add(1)
			defer s.waits.Add(-1)
			return next(ctx, req)
		}
	})
	s.mcp = mcp
	s.server = New(mcp, settings, poller, metrics, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.server.serve(ctx, &pipes{conns: s.conns, closed: make(chan struct{})}) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		poller.Close()
		for i := range stops {
			stops[len(stops)-1-i]()
		}
	})
	t.Cleanup(s.stop)
	return s
}

// pipes is a listener of in-memory connections.
type pipes struct {
	conns  <-chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (*pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (s *site) dial(t testing.TB) net.Conn {
	t.Helper()
	ours := s.pipe()
	t.Cleanup(func() { _ = ours.Close() })
	return ours
}

func (s *site) pipe() net.Conn {
	s.dials.Add(1)
	ours, theirs := net.Pipe()
	s.conns <- theirs
	return ours
}

// answer is what was received on a connection.
type answer struct {
	*http.Response
	body   string
	closed bool // the server closed the connection after it
}

// send writes raw to a new connection and reads one answer.
func (s *site) send(t testing.TB, raw string) answer {
	t.Helper()
	conn := s.dial(t)
	defer func() { _ = conn.Close() }()
	go func() { _, _ = io.WriteString(conn, raw) }() // the answer may come before all is written
	r := bufio.NewReader(conn)
	method, _, _ := strings.Cut(raw, " ")
	a := receive(t, r, method)
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	a.body = string(b)
	if a.Close {
		_, err := r.ReadByte()
		a.closed = err != nil
	}
	return a
}

// receive reads the header of the answer to a request with that method.
func receive(t testing.TB, r *bufio.Reader, method string) answer {
	t.Helper()
	resp, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	return answer{Response: resp}
}

// post returns a POST as clients send it. Each header replaces one of the same
// name; one without a value removes it.
func post(path, body string, headers ...string) string {
	all := [][2]string{
		{"Host", "localhost"}, {"Content-Type", "application/json"}, {"Accept", "application/json, text/event-stream"},
		{"Content-Length", fmt.Sprint(len(body))},
	}
	return "POST " + path + " HTTP/1.1\r\n" + header(all, headers) + body
}

func get(path string, headers ...string) string {
	return "GET " + path + " HTTP/1.1\r\n" + header([][2]string{{"Host", "localhost"}}, headers)
}

func header(all [][2]string, changes []string) string {
	for _, change := range changes {
		name, value, _ := strings.Cut(change, ":")
		value = strings.TrimSpace(value)
		replaced := false
		for i := range all {
			if strings.EqualFold(all[i][0], name) {
				all[i][1], replaced = value, true
			}
		}
		if !replaced {
			all = append(all, [2]string{name, value})
		}
	}
	var b strings.Builder
	for _, h := range all {
		if h[1] != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
		}
	}
	return b.String() + "\r\n"
}

const ping = `{"jsonrpc":"2.0","id":1,"method":"ping"}`

// modern returns a request of revision 2026-07-28.
func modern(id any, method, params string) string {
	return mcptest.Request(id, method, mcptest.Modern(params, ""))
}

func toCall(id any, tool, arguments string) string {
	return mcptest.Request(id, "tools/call", mcptest.Call(tool, arguments))
}

// Hostile requests, by their case numbers.
func TestHTTPCases(t *testing.T) {
	open := newSite(t, nil)
	locked := newSite(t, func(s *Settings) { s.Token = client.NewKey(token) })
	page := newSite(t, func(s *Settings) { s.AllowedOrigins = []string{"https://app.example.com"} })
	deep := strings.Repeat("[", 200) + strings.Repeat("]", 200)
	big := `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"` + strings.Repeat("x", 2<<20) + `"}}`
	modernHeaders := []string{"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: tools/list"}
	list := modern(1, "tools/list", "{}")
	callOf := modern(1, "tools/call", `{"name":"get_sourcing_results","arguments":{}}`)
	const legacyHeader = "Mcp-Protocol-Version: 2025-11-25"
	for _, tt := range []struct {
		name   string
		site   *site
		raw    string
		status int
		holds  string // text in header or body
	}{
		{"a ping", open, post("/mcp", ping), 200, `"result":{}`},
		{"H01 an evil origin", open, post("/mcp", ping, "Origin: https://evil.example"), 403, "origin not allowed"},
		{"H01 another port of this machine", open, post("/mcp", ping, "Host: localhost:8080", "Origin: http://localhost:3000"), 403, ""},
		{"the server's own origin", open, post("/mcp", ping, "Host: localhost:8080", "Origin: http://localhost:8080"), 200, ""},
		{"an evil host's own origin", open, post("/mcp", ping, "Host: evil.example", "Origin: http://evil.example"), 403, ""},
		{"H02 Origin null", open, post("/mcp", ping, "Origin: null"), 403, ""},
		{"H02 two origins", page, post("/mcp", ping, "Origin: https://app.example.com", "Origin : x"), 400, ""},
		{"H03 an evil origin, GET", open, get("/healthz", "Origin: https://evil.example"), 403, ""},
		{"H04 an evil host", open, post("/mcp", ping, "Host: evil.example"), 403, "host not allowed"},
		{"H04 an evil host with our port", open, post("/mcp", ping, "Host: evil.example:8080"), 403, ""},
		{"H04 an evil host, health", open, get("/healthz", "Host: evil.example"), 403, ""},
		{"H04 a host that begins as ours", open, post("/mcp", ping, "Host: localhost.evil.example"), 403, ""},
		{"H05 cross-site without an origin", open, post("/mcp", ping, "Sec-Fetch-Site: cross-site"), 403, ""},
		{"H05 same-site without an origin", open, post("/mcp", ping, "Sec-Fetch-Site: same-site"), 403, ""},
		{"typed by a person", open, get("/healthz", "Sec-Fetch-Site: none"), 200, "ok"},
		{"H06 no token", locked, post("/mcp", ping), 401, `WWW-Authenticate: Bearer realm="instaview-mcp"`},
		{"H07 a wrong token", locked, post("/mcp", ping, "Authorization: Bearer wrong"), 401, `error="invalid_token"`},
		{"H07 another scheme", locked, post("/mcp", ping, "Authorization: Basic "+token), 401, ""},
		{"the right token", locked, post("/mcp", ping, "Authorization: bearer "+token), 200, ""},
		{"H08 GET", open, get("/mcp", "Accept: text/event-stream"), 405, "Allow: POST"},
		{"H09 DELETE", open, strings.Replace(post("/mcp", ""), "POST", "DELETE", 1), 405, "Allow: POST"},
		{"H10 TRACE", open, strings.Replace(post("/mcp", ""), "POST", "TRACE", 1), 405, ""},
		{"H10 PUT", open, strings.Replace(post("/mcp", ping), "POST", "PUT", 1), 405, ""},
		{"H10 PATCH", open, strings.Replace(post("/mcp", ping), "POST", "PATCH", 1), 405, ""},
		{"H10 CONNECT", open, "CONNECT /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, ""},
		{"H10 HEAD", open, "HEAD /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405, ""},
		{"HEAD of health", open, "HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 200, ""},
		{"H11 text/plain", open, post("/mcp", ping, "Content-Type: text/plain"), 415, ""},
		{"H11 no type", open, post("/mcp", ping, "Content-Type:"), 415, ""},
		{"H12 gzip", open, post("/mcp", ping, "Content-Encoding: gzip"), 415, ""},
		{"H13 2 MiB", open, post("/mcp", big), 413, ""},
		{"H14 2 MiB in chunks", open, post("/mcp", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(big), big), "Content-Length:", "Transfer-Encoding: chunked"), 413, ""},
		{"H15 200 deep", open, post("/mcp", `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":`+deep+`}}`), 400, `"id":1`},
		{"H16 a batch", open, post("/mcp", "["+ping+"]"), 400, "-32700"},
		{"H17 an empty batch", open, post("/mcp", "[]"), 400, "-32700"},
		{"H18 a name in upper case", open, post("/mcp", `{"jsonrpc":"2.0","id":1,"METHOD":"ping"}`), 400, "-32600"},
		{"H19 a name with a long s", open, post("/mcp", `{"jsonrpc":"2.0","id":1,"method":"ping","paramſ":{}}`), 400, "-32600"},
		{"H20 id null", open, post("/mcp", `{"jsonrpc":"2.0","id":null,"method":"ping"}`), 400, "-32600"},
		{"H21 id an object", open, post("/mcp", `{"jsonrpc":"2.0","id":{},"method":"ping"}`), 400, "-32600"},
		{"H21 id true", open, post("/mcp", `{"jsonrpc":"2.0","id":true,"method":"ping"}`), 400, "-32600"},
		{"H22 id beyond 2^53", open, post("/mcp", `{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}`), 400, "-32600"},
		{"H23 id 1e400", open, post("/mcp", `{"jsonrpc":"2.0","id":1e400,"method":"ping"}`), 400, "-32600"},
		{"H24 method twice", open, post("/mcp", `{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}`), 400, "-32700"},
		{"H25 params in two cases", open, post("/mcp", `{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"Params":{}}`), 400, "-32600"},
		{"H26 a second object", open, post("/mcp", ping+ping), 400, "-32700"},
		{"H27 a byte order mark", open, post("/mcp", "\ufeff"+ping), 400, "-32700"},
		{"H28 NUL", open, post("/mcp", "\x00"+ping), 400, "-32700"},
		{"H29 invalid UTF-8", open, post("/mcp", `{"jsonrpc":"2.0","id":1,"method":"p`+"\xff"+`ing"}`), 400, "-32700"},
		{"H30 a lone surrogate", open, post("/mcp", `{"jsonrpc":"2.0","id":"\ud800","method":"ping"}`), 400, "-32700"},
		{"H31 nothing", open, post("/mcp", ""), 400, "-32700"},
		{"H32 null", open, post("/mcp", "null"), 400, "-32700"},
		{"H32 42", open, post("/mcp", "42"), 400, "-32700"},
		{"H32 a string", open, post("/mcp", `"x"`), 400, "-32700"},
		{"H33 jsonrpc 1.0", open, post("/mcp", `{"jsonrpc":"1.0","id":1,"method":"ping"}`), 400, "-32600"},
		{"H34 an unknown method", open, post("/mcp", `{"jsonrpc":"2.0","id":1,"method":"<script>"}`), 200, "-32601"},
		{"H34 is no page", open, post("/mcp", `{"jsonrpc":"2.0","id":1,"method":"<script>"}`), 200, "X-Content-Type-Options: nosniff"},
		{"H34 is JSON", open, post("/mcp", `{"jsonrpc":"2.0","id":1,"method":"<script>"}`), 200, "Content-Type: application/json"},
		{"H35 an unknown tool", open, post("/mcp", toCall(1, "../../etc/passwd", "{}")), 200, "-32602"},
		{"H36 params an array", open, post("/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}`), 200, "-32600"}, // mcp-go's own answer
		{"H37 a result nobody asked for", open, post("/mcp", `{"jsonrpc":"2.0","id":1,"result":{}}`), 400, "-32600"},
		{"H37 an error nobody asked for", open, post("/mcp", `{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}`), 400, "-32600"},
		{"H39 a cancel with an object for an id", open, post("/mcp", `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}`), 202, ""},
		{"H40 an unknown revision", open, post("/mcp", ping, "Mcp-Protocol-Version: 1999-01-01"), 400, ""},
		{"H41 modern header, legacy body", open, post("/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, modernHeaders...), 400, ""},
		{"H42 another name in the header", open, post("/mcp", modern(1, "tools/call", `{"name":"get_sourcing_results","arguments":{}}`),
			"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", "Mcp-Name: wait_for_sourcing"), 400, ""},
		{"a modern list", open, post("/mcp", list, modernHeaders...), 200, "wait_for_sourcing"},
		{"H43 Last-Event-ID on a modern POST", open, post("/mcp", list, append([]string{"Last-Event-ID: 1"}, modernHeaders...)...), 400, ""},
		{"H44 a session id of 5,000 bytes", open, post("/mcp", ping, "Mcp-Session-Id: "+strings.Repeat("x", 5_000)), 400, ""},
		{"H45 two hosts", open, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400, ""},
		{"H46 no host", open, "POST /mcp HTTP/1.1\r\n\r\n", 400, ""},
		{"H46 no host, HTTP/1.0", open, "GET /healthz HTTP/1.0\r\n\r\n", 403, ""},
		{"H50 a header of 32 KiB", open, post("/mcp", ping, "X: "+strings.Repeat("x", 32<<10)), 431, ""},
		{"H58 a preflight from an evil origin", page, "OPTIONS /mcp HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n", 403, ""},
		{"H59 an HTTP/2 preface", open, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 403, ""},
		{"H60 dots", open, post("/mcp/../mcp", ping), 404, ""},
		{"H60 two slashes", open, post("//mcp", ping), 404, ""},
		{"H60 upper case", open, post("/MCP", ping), 404, ""},
		{"H60 encoded", open, post("/%6dcp", ping), 404, ""},
		{"N06 jsonrpc a number", open, post("/mcp", `{"jsonrpc":2.0,"id":1,"method":"ping"}`), 400, `"id":1,"error":{"code":-32600`},
		{"N06 jsonrpc null", open, post("/mcp", `{"jsonrpc":null,"id":1,"method":"ping"}`), 400, "-32600"},
		{"N06 jsonrpc a list", open, post("/mcp", `{"jsonrpc":["2.0"],"id":1,"method":"ping"}`), 400, "-32600"},
		{"N06 jsonrpc an object", open, post("/mcp", `{"jsonrpc":{"2.0":[[1]]},"id":1,"method":"ping"}`), 400, "-32600"},
		{"N06 no jsonrpc", open, post("/mcp", `{"id":1,"method":"ping"}`), 400, "-32600"},
		{"N06 jsonrpc last", open, post("/mcp", `{"id":1,"method":"ping","jsonrpc":2}`), 400, "-32600"},
		{"N06 jsonrpc a number in a notification", open, post("/mcp", `{"jsonrpc":2.0,"method":"notifications/initialized"}`), 400, "-32600"},
		{"N06 jsonrpc spelt with an escape", open, post("/mcp", `{"jsonrpc":"\u0032.0","id":1,"method":"ping"}`), 200, `"result":{}`},
		{"N06 NBSP before", open, post("/mcp", "\u00a0"+ping), 400, "-32700"},
		{"N06 NBSP after", open, post("/mcp", ping+"\u00a0"), 400, "-32700"},
		{"N06 U+2028 after", open, post("/mcp", ping+"\u2028"), 400, "-32700"},
		{"N06 a vertical tab after", open, post("/mcp", ping+"\v"), 400, "-32700"},
		{"N06 a form feed after", open, post("/mcp", ping+"\f"), 400, "-32700"},
		{"N06 the white space of JSON around", open, post("/mcp", "\r\n\t "+ping+" \t\r\n"), 200, `"result":{}`},
		{"N07 a connector's discovery", open, post("/mcp", modern(1, "server/discover", "{}"), legacyHeader), 200, "2026-07-28"},
		{"N07 a connector's list", open, post("/mcp", list, legacyHeader), 200, "wait_for_sourcing"},
		{"N07 a connector's call", open, post("/mcp", callOf, legacyHeader), 200, "request_id is missing"},
		{"N07 with the other headers", open, post("/mcp", callOf, legacyHeader, "Mcp-Method: tools/call", "Mcp-Name: get_sourcing_results"), 200, "request_id is missing"},
		{"N07 with another name", open, post("/mcp", callOf, legacyHeader, "Mcp-Method: tools/call", "Mcp-Name: wait_for_sourcing"), 400, "-32020"},
		{"N07 with another method", open, post("/mcp", list, legacyHeader, "Mcp-Method: tools/call"), 400, "-32020"},
		{"N07 an older header", open, post("/mcp", list, "Mcp-Protocol-Version: 2025-06-18"), 400, "-32020"},
		{"N07 no header", open, post("/mcp", list), 400, "-32020"},
		{"N07 a later body", open, post("/mcp", strings.Replace(list, "2026-07-28", "2027-01-01", 1), legacyHeader), 400, ""},
		{"N07 modern headers without a method", open, post("/mcp", list, "Mcp-Protocol-Version: 2026-07-28"), 400, "-32020"},
		{"N08 a slash after", open, post("/mcp/", ping), 404, "MCP is on /mcp"},
		{"N08 the other transport", open, get("/sse", "Accept: text/event-stream"), 404, "MCP is on /mcp"},
		{"N08 the root in a browser", open, get("/", "Accept: text/html", "Sec-Fetch-Site: none"), 404, "MCP is on /mcp, which an MCP client opens, not a browser"},
		{"N08 the address in a browser", open, get("/mcp", "Accept: text/html", "Sec-Fetch-Site: none"), 405, "MCP is on /mcp, which an MCP client opens, not a browser"},
		{"N08 OAuth's resource", locked, get("/.well-known/oauth-protected-resource/mcp"), 404, `"error_description":"this server has no OAuth; its authentication: bearer token in Authorization"`},
		{"N08 OAuth's server", locked, get("/.well-known/oauth-authorization-server"), 404, "Content-Type: application/json"},
		{"N08 OpenID's", locked, get("/mcp/.well-known/openid-configuration"), 404, `{"error":"invalid_request"`},
		{"N08 a registration", locked, post("/register", `{"redirect_uris":[]}`), 404, `{"error":"invalid_request"`},
		{"N08 a registration without need", open, post("/register", `{"redirect_uris":[]}`), 404, "its authentication: none"},
		{"N08 OAuth from an evil host", locked, get("/.well-known/oauth-protected-resource", "Host: evil.example"), 403, ""},
		{"N09 OPTIONS * from an evil host", open, "OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403, "X-Content-Type-Options: nosniff"},
		{"N09 OPTIONS * from an evil origin", open, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\r\n", 403, "X-Content-Type-Options: nosniff"},
		{"N09 OPTIONS *", open, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "X-Content-Type-Options: nosniff"},
		{"N09 half a bracket", open, post("/mcp", ping, "Host: [localhost"), 403, "host not allowed"},
		{"N09 a port that is none", open, post("/mcp", ping, "Host: localhost:evil.com"), 403, "host not allowed"},
		{"N09 two encodings", open, post("/mcp", ping, "Content-Encoding: identity\r\nContent-Encoding: gzip"), 415, ""},
		{"N09 two encodings in one", open, post("/mcp", ping, "Content-Encoding: identity, gzip"), 415, ""},
		{"N09 an empty encoding, and another", open, post("/mcp", ping, "Content-Encoding: \r\nContent-Encoding: br"), 415, ""},
		{"N09 one encoding, twice", open, post("/mcp", ping, "Content-Encoding: identity\r\nContent-Encoding: identity"), 400, "only once"},
		{"N09 no encoding", open, post("/mcp", ping, "Content-Encoding: Identity"), 200, ""},
		{"N09 two types", open, post("/mcp", ping, "Content-Type: application/json\r\nContent-Type: text/plain"), 400, "only once"},
		{"N09 two revisions", open, post("/mcp", list, "Mcp-Method: tools/list", "Mcp-Protocol-Version: 2026-07-28\r\nMcp-Protocol-Version: 2025-11-25"), 400, "only once"},
		{"N09 two names", open, post("/mcp", callOf, "Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", "Mcp-Name: get_sourcing_results\r\nMcp-Name: wait_for_sourcing"), 400, "only once"},
		{"P08 no profiles", open, get("/debug/pprof/"), 404, ""},
		{"P08 no variables", open, get("/debug/vars"), 404, ""},
		{"no metrics without a token", open, get("/metrics"), 404, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.site.send(t, tt.raw)
			var all strings.Builder
			_ = got.Header.Write(&all)
			all.WriteString(got.body)
			// net/http changes the case of header names.
			if got.StatusCode != tt.status || !strings.Contains(strings.ToLower(all.String()), strings.ToLower(tt.holds)) {
				t.Errorf("got %s, want %d with %q:\n%s", got.Status, tt.status, tt.holds, &all)
			}
			if got.StatusCode == 403 && strings.Contains(strings.ToLower(all.String()), "access-control") {
				t.Errorf("a refused origin is told what may be sent:\n%s", &all)
			}
			if strings.Contains(got.body, "evil") {
				t.Errorf("the answer echoes the request: %s", got.body)
			}
		})
	}
	if n := len(open.sandbox.Requests()) + len(locked.sandbox.Requests()); n > 0 {
		t.Errorf("%d requests upstream for requests that are no call", n)
	}
}
